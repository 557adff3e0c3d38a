package federation.sink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import federation.record.HeaderBlock;
import federation.record.Record;
import java.util.List;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetIdentifier;
import org.apache.flink.metrics.SimpleCounter;
import org.apache.flink.util.InstantiationUtil;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("Records for the producer")
class TargetSerializerTest {
    private static final long NOW = 1_800_000_000_000L;
    private static final long HOUR = 3_600_000L;
    private static final TimeLimits NONE = new TimeLimits(-1, -1);
    private static final TargetSerializer SERIALIZER = serializer(NONE, NONE);

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

    @ParameterizedTest
    @CsvSource({
        "-8, false", "-7, false", "-6, true", "0, true", "1, true", "2, false",
    })
    @DisplayName("a time that the topic would refuse or delete at once is the time of writing, and kept beside")
    void clamped(long hours, boolean kept) {
        long time = NOW + hours * HOUR - 1;
        Record record = record(Record.VALUE, time, new byte[] {1});
        // A tenth less than the limits.
        ProducerRecord<byte[], byte[]> out =
                serializer(new TimeLimits(7 * HOUR, 2 * HOUR - HOUR / 10), NONE)
                        .serialize(record, null, null);
        assertEquals(kept ? time : NOW, out.timestamp());
        var header = out.headers().lastHeader("fed.timestamp");
        assertEquals(kept ? null : Long.toString(time), header == null ? null : new String(header.value()));
    }

    @Test
    @DisplayName("a dead letter goes by its own topic's limits, and already says its time")
    void clampedDeadLetter() {
        TargetSerializer serializer = serializer(NONE, new TimeLimits(HOUR, HOUR));
        ProducerRecord<byte[], byte[]> out =
                serializer.serialize(record(Record.DEAD, 5, new byte[] {1}), null, null);
        assertEquals(NOW, out.timestamp());
        assertNull(out.headers().lastHeader("fed.timestamp"));
        assertEquals(5, serializer.serialize(record(Record.VALUE, 5, null), null, null).timestamp());
    }

    private static TargetSerializer serializer(TimeLimits times, TimeLimits deadTimes) {
        TargetSerializer made = new TargetSerializer("unified", "dead", times, deadTimes);
        made.open(() -> NOW, new SimpleCounter());
        return made;
    }

    private static ProducerRecord<byte[], byte[]> written(byte kind, long timestamp, byte[] value) {
        return SERIALIZER.serialize(record(kind, timestamp, value), null, null);
    }

    private static Record record(byte kind, long timestamp, byte[] value) {
        Record record = new Record();
        record.kind = kind;
        record.timestamp = timestamp;
        record.key = new byte[] {7};
        record.value = value;
        record.headers =
                new HeaderBlock.Writer().add("h", new byte[] {9}).add("h", null).toBytes();
        return record;
    }
}
