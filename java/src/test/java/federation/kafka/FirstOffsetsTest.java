package federation.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("a first run begins at offsets that are decided once")
class FirstOffsetsTest {
    private static final TopicPartition EMPTY = new TopicPartition("t", 0);
    private static final TopicPartition FULL = new TopicPartition("t", 1);
    private static final List<TopicPartition> BOTH = List.of(EMPTY, FULL);

    /** Partition 0 has nothing from 7 on; partition 1 holds 3 to 9, offset 5 at any instant. */
    private static Map<TopicPartition, Long> cluster(Map<TopicPartition, OffsetSpec> asked) {
        Map<TopicPartition, Long> found = new HashMap<>();
        asked.forEach((partition, spec) -> {
            boolean empty = partition.equals(EMPTY);
            if (spec instanceof OffsetSpec.EarliestSpec) {
                found.put(partition, empty ? 7L : 3L);
            } else if (spec instanceof OffsetSpec.LatestSpec) {
                found.put(partition, empty ? 7L : 10L);
            } else {
                found.put(partition, empty ? -1L : 5L);
            }
        });
        return found;
    }

    private static void begins(FirstOffsets first, long empty, long full) throws Exception {
        assertEquals(
                Map.of(EMPTY, empty, FULL, full), first.of(BOTH, FirstOffsetsTest::cluster));
    }

    @Test
    @DisplayName("earliest is the first record that is there")
    void earliest() throws Exception {
        begins(FirstOffsets.earliest(), 7, 3);
    }

    @Test
    @DisplayName("latest is where the partition ends now, with records or without")
    void latest() throws Exception {
        begins(FirstOffsets.latest(), 7, 10);
    }

    @Test
    @DisplayName("an instant behind the last record is where the partition ends now")
    void timestamp() throws Exception {
        begins(FirstOffsets.timestamp(1_700_000_000_000L), 7, 5);
    }

    @Test
    @DisplayName("a partition that is not named begins with the first record that is there")
    void offsets() throws Exception {
        begins(FirstOffsets.offsets(Map.of(EMPTY, 4L)), 4, 3);
    }

    @Test
    @DisplayName("a partition whose leader is silent is asked for later, not begun somewhere")
    void silent() throws Exception {
        assertEquals(
                Map.of(FULL, 3L), FirstOffsets.earliest().of(BOTH, asked -> Map.of(FULL, 3L)));
    }
}
