package federation.sink;

import federation.record.Record;
import federation.settle.Fate;
import federation.settle.TransactionLog;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.api.connector.sink2.CommitterInitContext;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SupportsCommitter;
import org.apache.flink.api.connector.sink2.SupportsWriterState;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.connector.kafka.sink.KafkaCommittable;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.sink.KafkaWriterState;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.streaming.api.connector.sink2.CommittableMessage;
import org.apache.flink.streaming.api.connector.sink2.SupportsPostCommitTopology;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.common.KafkaException;

/**
 * The connector's sink, with three differences: a transaction remembers where its records went, a
 * commit that fails for good ends the job instead of being counted, and closing a writer never fails.
 */
public final class TargetSink
        implements Sink<Record>,
                SupportsWriterState<Record, KafkaWriterState>,
                SupportsCommitter<TargetTransaction>,
                SupportsPostCommitTopology<TargetTransaction> {
    private static final long serialVersionUID = 1L;
    private static final int REACH_MS = 30_000;

    private final KafkaSink<Record> sink;
    private final Properties client;
    private final String target;
    private final String deadLetters;
    private final Set<String> settled;

    /**
     * @param sink what writes and commits
     * @param client properties by which the target's cluster is reached
     * @param settled names of transactions of the restored checkpoint that need no commit any more
     */
    public TargetSink(
            KafkaSink<Record> sink,
            Properties client,
            String target,
            String deadLetters,
            List<String> settled) {
        this.sink = sink;
        this.client = client;
        this.target = target;
        this.deadLetters = deadLetters;
        this.settled = Set.copyOf(settled);
    }

    @Override
    public TargetWriter createWriter(WriterInitContext context) throws IOException {
        return restoreWriter(context, List.of());
    }

    @Override
    public TargetWriter restoreWriter(
            WriterInitContext context, Collection<KafkaWriterState> state) throws IOException {
        reach();
        Extents extents = new Extents(target, deadLetters);
        return new TargetWriter(
                sink.restoreWriter(new ObservedContext(context, extents), state), extents);
    }

    /** A writer that fails while it is made keeps its clients: so none is made while nobody answers. */
    private void reach() throws IOException {
        try (Admin admin = Admin.create(client)) {
            admin.describeCluster(new DescribeClusterOptions().timeoutMs(REACH_MS)).nodes().get();
        } catch (ExecutionException | KafkaException unreachable) {
            throw new IOException("the target's cluster does not answer", unreachable);
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException();
        }
    }

    @Override
    public Committer<TargetTransaction> createCommitter(CommitterInitContext context)
            throws IOException {
        return new TargetCommitter(sink.createCommitter(context), this::fate, settled);
    }

    private Fate fate(TargetTransaction transaction) throws IOException, InterruptedException {
        try (TransactionLog log = new TransactionLog(client)) {
            return log.fate(transaction);
        } catch (KafkaException unreachable) {
            throw new IOException(
                    "cannot read what became of transaction " + transaction, unreachable);
        }
    }

    @Override
    public SimpleVersionedSerializer<KafkaWriterState> getWriterStateSerializer() {
        return sink.getWriterStateSerializer();
    }

    @Override
    public SimpleVersionedSerializer<TargetTransaction> getCommittableSerializer() {
        return new TargetTransactionSerializer(sink.getCommittableSerializer());
    }

    /** The connector only looks at the shape of the topology here: writer and committer stay together. */
    @Override
    @SuppressWarnings({"unchecked", "rawtypes"})
    public void addPostCommitTopology(DataStream<CommittableMessage<TargetTransaction>> committed) {
        sink.addPostCommitTopology((DataStream<CommittableMessage<KafkaCommittable>>) (DataStream) committed);
    }
}
