package federation.kafka;

import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.kafka.common.TopicPartition;

/**
 * One source partition, and the offset of the next record to read from it.
 *
 * @param epoch the leader's epoch under which the record before that offset was written, or -1: by it
 *     the brokers tell whether their log is still the one that was read
 */
public record PartitionSplit(TopicPartition partition, long offset, int epoch) implements SourceSplit {
    static final int NO_EPOCH = -1;

    PartitionSplit(TopicPartition partition, long offset) {
        this(partition, offset, NO_EPOCH);
    }

    @Override
    public String splitId() {
        return partition.toString();
    }
}
