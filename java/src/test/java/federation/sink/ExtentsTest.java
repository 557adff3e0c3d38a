package federation.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Where a transaction's records went")
class ExtentsTest {
    private final Extents extents = new Extents("unified", "dead");

    @Test
    @DisplayName("each partition has its first and last offset and its number of records")
    void counts() {
        written("unified", 1, 10);
        written("unified", 1, 11);
        written("unified", 1, 17);
        written("dead", 0, 3);
        assertEquals(
                List.of(new Extent("unified", 1, 10, 17, 3), new Extent("dead", 0, 3, 3, 1)),
                extents.take());
    }

    @Test
    @DisplayName("what was taken is not counted for the next transaction")
    void takes() {
        written("unified", 2, 5);
        extents.take();
        assertEquals(List.of(), extents.take());
        written("unified", 2, 9);
        assertEquals(List.of(new Extent("unified", 2, 9, 9, 1)), extents.take());
    }

    @Test
    @DisplayName("a record whose offset the brokers do not tell counts, and is sought from the start")
    void unknown() {
        written("unified", 0, -1);
        assertEquals(List.of(new Extent("unified", 0, 0, -1, 1)), extents.take());
        written("unified", 0, -1);
        written("unified", 0, 4);
        assertEquals(List.of(new Extent("unified", 0, 0, -1, 2)), extents.take());
    }

    @Test
    @DisplayName("a record that was not written is nowhere")
    void failed() {
        extents.accept(null);
        extents.accept(new RecordMetadata(new TopicPartition("unified", -1), -1, -1, -1, -1, -1));
        assertEquals(List.of(), extents.take());
    }

    private void written(String topic, int partition, long offset) {
        extents.accept(new RecordMetadata(
                new TopicPartition(topic, partition), offset, 0, offset < 0 ? -1 : 0, 1, 1));
    }
}
