package federation.kafka;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Stands behind the last record of a partition that has been read to where it ended at an instant:
 * {@code offset} is the next one to read, {@code at} the instant. Not a record of any topic.
 */
final class CaughtUp extends ConsumerRecord<byte[], byte[]> {
    final long at;

    CaughtUp(TopicPartition partition, long offset, long at) {
        super(partition.topic(), partition.partition(), offset, null, null);
        this.at = at;
    }
}
