package federation.source;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer.PartitionOffsetsRetriever;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.consumer.OffsetResetStrategy;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("a first run begins at offsets that are decided once")
class FirstOffsetsTest {
    private static final TopicPartition EMPTY = new TopicPartition("t", 0);
    private static final TopicPartition FULL = new TopicPartition("t", 1);
    private static final List<TopicPartition> BOTH = List.of(EMPTY, FULL);

    /** Partition 0 has nothing from 7 on; partition 1 holds 3 to 9, offset 5 at the asked instant. */
    private static final PartitionOffsetsRetriever CLUSTER = new PartitionOffsetsRetriever() {
        @Override
        public Map<TopicPartition, Long> committedOffsets(Collection<TopicPartition> partitions) {
            throw new AssertionError("what a group has committed decides nothing");
        }

        @Override
        public Map<TopicPartition, Long> endOffsets(Collection<TopicPartition> partitions) {
            return each(partitions, partition -> partition.equals(EMPTY) ? 7 : 10);
        }

        @Override
        public Map<TopicPartition, Long> beginningOffsets(Collection<TopicPartition> partitions) {
            return each(partitions, partition -> partition.equals(EMPTY) ? 7 : 3);
        }

        @Override
        public Map<TopicPartition, OffsetAndTimestamp> offsetsForTimes(
                Map<TopicPartition, Long> timestamps) {
            Map<TopicPartition, OffsetAndTimestamp> found = new HashMap<>();
            timestamps.forEach((partition, timestamp) -> {
                if (partition.equals(FULL)) {
                    found.put(partition, new OffsetAndTimestamp(5, timestamp));
                }
            });
            return found;
        }
    };

    private static Map<TopicPartition, Long> each(
            Collection<TopicPartition> partitions, ToLongFunction<TopicPartition> offset) {
        Map<TopicPartition, Long> found = new HashMap<>();
        partitions.forEach(partition -> found.put(partition, offset.applyAsLong(partition)));
        return Map.copyOf(found);
    }

    private static void begins(FirstOffsets first, long empty, long full) {
        assertEquals(
                Map.of(EMPTY, empty, FULL, full), first.getPartitionOffsets(BOTH, CLUSTER));
        assertEquals(
                OffsetResetStrategy.NONE, first.getAutoOffsetResetStrategy(), "a gap must be heard");
    }

    @Test
    @DisplayName("earliest is the first record that is there")
    void earliest() {
        begins(FirstOffsets.earliest(), 7, 3);
    }

    @Test
    @DisplayName("latest is where the partition ends now, with records or without")
    void latest() {
        begins(FirstOffsets.latest(), 7, 10);
    }

    @Test
    @DisplayName("an instant behind the last record is where the partition ends now")
    void timestamp() {
        begins(FirstOffsets.timestamp(1_700_000_000_000L), 7, 5);
    }

    @Test
    @DisplayName("a partition that is not named begins with the first record that is there")
    void offsets() {
        begins(FirstOffsets.offsets(Map.of(EMPTY, 7L)), 7, 3);
    }
}
