package federation.sink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import federation.record.HeaderBlock;
import federation.record.Record;
import java.util.List;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetIdentifier;
import org.apache.flink.util.InstantiationUtil;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("Records for the producer")
class TargetSerializerTest {
    private static final TargetSerializer SERIALIZER = new TargetSerializer("unified", "dead");

    @ParameterizedTest
    @CsvSource({"0, unified", "1, unified", "2, dead"})
    @DisplayName("records and delete markers go to the target, dead letters to their own topic")
    void topics(byte kind, String topic) {
        assertEquals(topic, written(kind, 5, new byte[] {1}).topic());
    }

    @Test
    @DisplayName("key, value, headers and time are those of the record; the partition is Kafka's choice")
    void complete() {
        ProducerRecord<byte[], byte[]> out = written(Record.VALUE, 1_700_000_000_123L, new byte[] {1, 2});
        assertArrayEquals(new byte[] {7}, out.key());
        assertArrayEquals(new byte[] {1, 2}, out.value());
        assertEquals(new RecordHeaders().add("h", new byte[] {9}).add("h", null), out.headers());
        assertEquals(1_700_000_000_123L, out.timestamp());
        assertNull(out.partition());
    }

    @Test
    @DisplayName("a delete marker stays null, and time 0 is a time")
    void deleteMarker() {
        ProducerRecord<byte[], byte[]> out = written(Record.TOMBSTONE, 0, null);
        assertNull(out.value());
        assertEquals(0, out.timestamp());
    }

    @Test
    @DisplayName("no timestamp at the source is no timestamp for the producer")
    void noTimestamp() {
        assertNull(written(Record.VALUE, -1, new byte[0]).timestamp());
    }

    @Test
    @DisplayName("it travels to the tasks and still names both topics")
    void travels() throws Exception {
        TargetSerializer there = InstantiationUtil.clone(SERIALIZER);
        var identifier = (DefaultKafkaDatasetIdentifier)
                there.getKafkaDatasetFacet().orElseThrow().getTopicIdentifier();
        assertEquals(List.of("unified", "dead"), identifier.getTopics());
    }

    private static ProducerRecord<byte[], byte[]> written(byte kind, long timestamp, byte[] value) {
        Record record = new Record();
        record.kind = kind;
        record.timestamp = timestamp;
        record.key = new byte[] {7};
        record.value = value;
        record.headers =
                new HeaderBlock.Writer().add("h", new byte[] {9}).add("h", null).toBytes();
        return SERIALIZER.serialize(record, null, null);
    }
}
