package federation.kafka;

import federation.record.Record;
import federation.source.Normalizer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SourceOutput;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.connector.base.source.reader.RecordEmitter;
import org.apache.flink.connector.base.source.reader.SingleThreadMultiplexSourceReaderBase;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** One reading task of a source: a fetcher beside it, and the positions of what it has emitted. */
final class ClusterReader
        extends SingleThreadMultiplexSourceReaderBase<
                ConsumerRecord<byte[], byte[]>, Record, PartitionSplit, ClusterReader.Position> {
    private final Told told;
    private final TreeMap<Long, Map<TopicPartition, OffsetAndMetadata>> positions = new TreeMap<>();
    private boolean looked;
    private boolean idle;

    /** Where a partition's reading is. */
    static final class Position {
        final TopicPartition partition;
        long offset; // of the next record to emit
        int epoch; // of the one before it

        Position(PartitionSplit split) {
            partition = split.partition();
            offset = split.offset();
            epoch = split.epoch();
        }
    }

    ClusterReader(
            Supplier<Consumer<byte[], byte[]>> clients,
            Gate gate,
            Accepted accepted,
            Troubles troubles,
            Normalizer normalizer,
            SourceReaderContext context) {
        this(clients, gate, accepted, troubles, normalizer, context, new Told());
    }

    private ClusterReader(
            Supplier<Consumer<byte[], byte[]>> clients,
            Gate gate,
            Accepted accepted,
            Troubles troubles,
            Normalizer normalizer,
            SourceReaderContext context,
            Told told) {
        super(
                () -> new PartitionFetcher(
                        clients, told, gate, accepted, troubles, () -> System.nanoTime() / 1_000_000),
                new Emitter(normalizer),
                context.getConfiguration(),
                context);
        this.told = told;
    }

    /** Normalises records in the task's thread. */
    private static final class Emitter
            implements RecordEmitter<ConsumerRecord<byte[], byte[]>, Record, Position>,
                    Collector<Record> {
        private final Normalizer normalizer;
        private SourceOutput<Record> output;
        private long timestamp;

        Emitter(Normalizer normalizer) {
            this.normalizer = normalizer;
        }

        @Override
        public void emitRecord(
                ConsumerRecord<byte[], byte[]> in, SourceOutput<Record> out, Position position)
                throws Exception {
            if (in instanceof CaughtUp end) {
                out.emitWatermark(new Watermark(end.at));
                if (end.offset() > position.offset) { // behind markers, whose epoch nobody tells
                    position.offset = end.offset();
                    position.epoch = PartitionSplit.NO_EPOCH;
                }
                return;
            }
            output = out;
            timestamp = in.timestamp();
            normalizer.deserialize(in, this);
            position.offset = in.offset() + 1;
            position.epoch = in.leaderEpoch().orElse(PartitionSplit.NO_EPOCH);
        }

        @Override
        public void collect(Record record) {
            output.collect(record, timestamp);
        }

        @Override
        public void close() {}
    }

    @Override
    public InputStatus pollNext(ReaderOutput<Record> output) throws Exception {
        if (!idle && looked && getNumberOfCurrentlyAssignedSplits() == 0) {
            output.markIdle(); // the cluster has no partition for this task: it holds nobody's time
            idle = true;
        }
        return super.pollNext(output);
    }

    @Override
    public void handleSourceEvents(SourceEvent event) {
        if (event instanceof Look look) {
            told.look(look);
            looked |= look.trouble().isEmpty();
        } else {
            super.handleSourceEvents(event);
        }
    }

    @Override
    public List<PartitionSplit> snapshotState(long checkpoint) {
        List<PartitionSplit> splits = super.snapshotState(checkpoint);
        Map<TopicPartition, OffsetAndMetadata> now = new HashMap<>();
        splits.forEach(
                split -> now.put(split.partition(), new OffsetAndMetadata(split.offset())));
        positions.put(checkpoint, now);
        return splits;
    }

    @Override
    public void notifyCheckpointComplete(long checkpoint) {
        Map<TopicPartition, OffsetAndMetadata> complete = positions.get(checkpoint);
        if (complete != null) {
            told.commit(complete);
        }
        positions.headMap(checkpoint, true).clear();
    }

    @Override
    protected Position initializedState(PartitionSplit split) {
        return new Position(split);
    }

    @Override
    protected PartitionSplit toSplitType(String id, Position position) {
        return new PartitionSplit(position.partition, position.offset, position.epoch);
    }

    @Override
    protected void onSplitFinished(Map<String, Position> finished) {
        // Streams have no end.
    }
}
