package federation.sink;

import org.apache.kafka.common.TopicPartition;

/**
 * What one transaction wrote to one partition.
 *
 * @param first offset of its first record
 * @param last offset of its last record; -1 if the brokers did not tell every offset, then first is 0
 * @param count how many there are; other producers' lie between them
 */
public record Extent(String topic, int partition, long first, long last, long count) {
    public TopicPartition place() {
        return new TopicPartition(topic, partition);
    }

    @Override
    public String toString() {
        return topic + "-" + partition;
    }
}
