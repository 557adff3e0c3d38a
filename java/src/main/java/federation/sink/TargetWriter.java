package federation.sink;

import federation.record.Record;
import java.io.IOException;
import java.lang.reflect.Field;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.apache.flink.api.connector.sink2.CommittingSinkWriter;
import org.apache.flink.api.connector.sink2.StatefulSinkWriter;
import org.apache.flink.connector.kafka.sink.KafkaCommittable;
import org.apache.flink.connector.kafka.sink.KafkaWriterState;
import org.apache.flink.connector.kafka.sink.TwoPhaseCommittingStatefulSink.PrecommittingStatefulSinkWriter;
import org.apache.kafka.clients.admin.Admin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The connector's writer, whose transactions remember where their records went. */
final class TargetWriter
        implements StatefulSinkWriter<Record, KafkaWriterState>,
                CommittingSinkWriter<Record, TargetTransaction> {
    private static final Logger LOG = LoggerFactory.getLogger(TargetWriter.class);

    private final PrecommittingStatefulSinkWriter<Record, KafkaWriterState, KafkaCommittable> writer;
    private final Extents extents;

    TargetWriter(
            PrecommittingStatefulSinkWriter<Record, KafkaWriterState, KafkaCommittable> writer,
            Extents extents) {
        this.writer = writer;
        this.extents = extents;
    }

    @Override
    public void write(Record record, Context context) throws IOException, InterruptedException {
        writer.write(record, context);
    }

    @Override
    public void flush(boolean endOfInput) throws IOException, InterruptedException {
        writer.flush(endOfInput);
    }

    /** After a flush: at most one transaction, the open one if it has records. */
    @Override
    public Collection<TargetTransaction> prepareCommit() throws IOException, InterruptedException {
        List<Extent> written = extents.take();
        List<TargetTransaction> prepared = new ArrayList<>();
        for (KafkaCommittable committable : writer.prepareCommit()) {
            prepared.add(new TargetTransaction(committable, written));
        }
        return prepared;
    }

    @Override
    public List<KafkaWriterState> snapshotState(long checkpoint) throws IOException {
        return writer.snapshotState(checkpoint);
    }

    /**
     * Never fails: while a task is cleaned up after a failure, one more (a send that failed as well)
     * would end the whole task manager, and with it every hope of a restart.
     */
    @Override
    public void close() {
        try {
            writer.close();
        } catch (Exception error) {
            LOG.warn("closing a writer of the target", error);
        }
        closeAdmin(writer);
    }

    /** The connector never closes the client by which it has listed open transactions. */
    static void closeAdmin(Object writer) {
        for (Class<?> type = writer.getClass(); type != null; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (Admin.class.isAssignableFrom(field.getType())) {
                    try {
                        field.setAccessible(true);
                        if (field.get(writer) instanceof Admin admin) {
                            admin.close(Duration.ZERO);
                        }
                    } catch (ReflectiveOperationException | RuntimeException error) {
                        LOG.warn("closing a client of the target", error);
                    }
                }
            }
        }
    }
}
