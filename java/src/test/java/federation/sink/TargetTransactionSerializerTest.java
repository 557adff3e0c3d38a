package federation.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.List;
import java.util.Properties;
import org.apache.flink.connector.kafka.sink.KafkaCommittable;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A transaction in a checkpoint")
class TargetTransactionSerializerTest {
    private final TargetTransactionSerializer serializer = new TargetTransactionSerializer(inner());

    @Test
    @DisplayName("comes back as it was, however much it wrote")
    void comesBack() throws IOException {
        for (List<Extent> extents : List.of(
                List.<Extent>of(),
                List.of(new Extent("unified", 0, 0, -1, 3), new Extent("dead", 11, 5, 1L << 40, 7)))) {
            TargetTransaction before = new TargetTransaction(
                    new KafkaCommittable(Long.MAX_VALUE, Short.MAX_VALUE, "fed.é.-0-1", null), extents);
            byte[] bytes = serializer.serialize(before);
            assertEquals(before, serializer.deserialize(serializer.getVersion(), bytes));
        }
    }

    @Test
    @DisplayName("of another form is refused, not misread")
    void otherForm() {
        assertThrows(IOException.class, () -> serializer.deserialize(1, new byte[0]));
        assertThrows(IOException.class, () -> serializer.deserialize(3, new byte[0]));
    }

    private static SimpleVersionedSerializer<KafkaCommittable> inner() {
        Properties nowhere = new Properties();
        nowhere.setProperty("bootstrap.servers", "none");
        return KafkaSink.<byte[]>builder()
                .setKafkaProducerConfig(nowhere)
                .setRecordSerializer((record, context, timestamp) -> null)
                .build()
                .getCommittableSerializer();
    }
}
