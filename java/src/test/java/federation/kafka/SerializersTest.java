package federation.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.flink.connector.kafka.source.enumerator.KafkaSourceEnumState;
import org.apache.flink.connector.kafka.source.enumerator.KafkaSourceEnumStateSerializer;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplitSerializer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("What a source keeps in checkpoints")
class SerializersTest {
    private static final TopicPartition A = new TopicPartition("t", 0);
    private static final TopicPartition B = new TopicPartition("t", 1);
    private final PartitionSplitSerializer splits = new PartitionSplitSerializer();
    private final DiscoveredSerializer states = new DiscoveredSerializer();

    @Test
    @DisplayName("comes back as it was")
    void back() throws IOException {
        PartitionSplit split = new PartitionSplit(B, 1L << 40, 3);
        assertEquals(split, splits.deserialize(splits.getVersion(), splits.serialize(split)));
        Discovered found = new Discovered(
                true, List.of(A), List.of(split), List.of(B), Map.of("t", "id"));
        assertEquals(found, states.deserialize(states.getVersion(), states.serialize(found)));
    }

    @Test
    @DisplayName("is read where Flink's own KafkaSource wrote it, as gateways before this one did")
    void ofFlink() throws IOException {
        KafkaPartitionSplitSerializer before = new KafkaPartitionSplitSerializer();
        byte[] split = before.serialize(new KafkaPartitionSplit(A, 7));
        assertEquals(new PartitionSplit(A, 7), splits.deserialize(before.getVersion(), split));
        KafkaSourceEnumStateSerializer state = new KafkaSourceEnumStateSerializer();
        byte[] bytes = state.serialize(new KafkaSourceEnumState(
                Set.of(new KafkaPartitionSplit(A, 7)), Set.of(new KafkaPartitionSplit(B, 9)), true));
        assertEquals(
                new Discovered(
                        true, List.of(A), List.of(new PartitionSplit(B, 9)), List.of(), Map.of()),
                states.deserialize(state.getVersion(), bytes));
    }

    @Test
    @DisplayName("is read where a gateway wrote it that knew no epochs")
    void withoutEpoch() throws IOException {
        byte[] split = splits.serialize(new PartitionSplit(B, 9));
        byte[] before = java.util.Arrays.copyOf(split, split.length - Integer.BYTES);
        assertEquals(new PartitionSplit(B, 9), splits.deserialize(100, before));
    }

    @Test
    @DisplayName("is refused where a later gateway wrote it")
    void later() {
        assertThrows(IOException.class, () -> splits.deserialize(102, new byte[0]));
        assertThrows(IOException.class, () -> states.deserialize(102, new byte[0]));
    }
}
