package federation.kafka;

import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.kafka.common.TopicPartition;

/** One source partition, and the offset of the next record to read from it. */
public record PartitionSplit(TopicPartition partition, long offset) implements SourceSplit {
    @Override
    public String splitId() {
        return partition.toString();
    }
}
