package federation.source;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import federation.record.Record;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.apache.flink.api.common.functions.util.ListCollector;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A record's way to a Python function and back, with a function of Java's in its place. */
@DisplayName("Records on their way through Python")
class TransformedTest {
    private Stage stage;
    private OneInputStreamOperatorTestHarness<Record, byte[]> toPython;
    private FromPython fromPython;

    @BeforeEach
    void begin() throws Exception {
        stage = new Stage();
        stage.spec.put("transforms", true);
        toPython = new OneInputStreamOperatorTestHarness<>(new ToPython());
        toPython.open();
    }

    @AfterEach
    void end() throws Exception {
        toPython.close();
        stage.close();
    }

    private void send(Record... records) throws Exception {
        for (Record record : records) {
            toPython.processElement(record, record.timestamp);
        }
    }

    private List<byte[]> chunks() {
        List<byte[]> chunks = new ArrayList<>(toPython.extractOutputValues());
        toPython.getOutput().clear();
        return chunks;
    }

    private static byte[] bytes(int... parts) {
        byte[] bytes = new byte[parts.length];
        for (int i = 0; i < parts.length; i++) {
            bytes[i] = (byte) parts[i];
        }
        return bytes;
    }

    private static byte[] made(byte[] value) {
        return ByteBuffer.allocate(5 + value.length).put((byte) 0).putInt(value.length).put(value).array();
    }

    private static byte[] refused(String reason, String sentence) {
        byte[] first = Stage.utf8(reason);
        byte[] second = Stage.utf8(sentence);
        return ByteBuffer.allocate(9 + first.length + second.length).put((byte) 2)
                .putInt(first.length).put(first).putInt(second.length).put(second).array();
    }

    /** What becomes of a chunk's records, when a value's verdict is what the function gives for it. */
    private List<Record> answered(byte[] chunk, UnaryOperator<byte[]> function) throws Exception {
        ByteBuffer in = ByteBuffer.wrap(chunk);
        ByteBuffer out = ByteBuffer.allocate(1 << 20);
        out.putInt(0);
        for (int left = in.getInt(); left > 0; left--) {
            byte[] value = new byte[in.getInt()];
            in.get(value);
            out.put(function.apply(value));
        }
        out.putInt(0, out.position() - 4);
        out.put(in);
        byte[] answer = new byte[out.position()];
        out.flip();
        out.get(answer);
        if (fromPython == null) {
            fromPython = new FromPython(stage.spec.toString(), 0);
            fromPython.open(new UnregisteredMetricsGroup());
        }
        List<Record> records = new ArrayList<>();
        fromPython.flatMap(answer, new ListCollector<>(records));
        return records;
    }

    @Test
    @DisplayName("what is untouched comes back as it was, delete markers and dead letters among it in order")
    void untouched() throws Exception {
        send(stage.order("a", 1), stage.tombstone("a"), stage.feed(null, bytes(9)).orElseThrow(), stage.order("b", 2));
        toPython.prepareSnapshotPreBarrier(1);
        try (Stage other = new Stage()) {
            List<Record> wanted = List.of(
                    other.order("a", 1), other.tombstone("a"), other.feed(null, bytes(9)).orElseThrow(),
                    other.order("b", 2));
            List<Record> found = answered(chunks().get(0), TransformedTest::made);
            assertEquals(wanted.size(), found.size());
            for (int i = 0; i < found.size(); i++) {
                Record one = wanted.get(i);
                Record same = found.get(i);
                assertEquals(one.kind, same.kind);
                assertEquals(one.bucket, same.bucket);
                assertEquals(one.timestamp, same.timestamp);
                assertArrayEquals(one.key, same.key);
                assertArrayEquals(one.value, same.value);
                assertArrayEquals(one.headers, same.headers);
                assertEquals(one.hasBusiness, same.hasBusiness);
                assertEquals(one.business1, same.business1);
                assertEquals(one.business2, same.business2);
            }
        }
    }

    @Test
    @DisplayName("a record that is left out is gone, and its neighbours are not")
    void leftOut() throws Exception {
        send(stage.order("a", 1), stage.order("b", 2), stage.order("c", 3));
        toPython.prepareSnapshotPreBarrier(1);
        List<Record> found = answered(chunks().get(0), v -> v[1] == 'b' ? bytes(1) : made(v));
        assertEquals(2, found.size());
        assertArrayEquals(Stage.utf8("a"), found.get(0).key);
        assertArrayEquals(Stage.utf8("c"), found.get(1).key);
    }

    @Test
    @DisplayName("a refused record is a dead letter: the source's bytes, its place, what Python says")
    void refusal() throws Exception {
        send(stage.feed(Stage.key("k"), Stage.value("a", 1)).orElseThrow());
        toPython.prepareSnapshotPreBarrier(1);
        Record dead = answered(chunks().get(0), v -> refused("raised", "KeyError: 'é'")).get(0);
        assertEquals(Record.DEAD, dead.kind);
        assertArrayEquals(Stage.key("k"), dead.key);
        assertArrayEquals(Stage.value("a", 1), dead.value);
        assertEquals("transform", Stage.dead(dead, "stage"));
        assertEquals("raised", Stage.dead(dead, "reason"));
        assertEquals("KeyError: 'é'", Stage.dead(dead, "error"));
        assertEquals(Stage.TOPIC, Stage.dead(dead, "topic"));
        assertEquals("3", Stage.dead(dead, "partition"));
        assertEquals(Long.toString(stage.lastOffset()), Stage.dead(dead, "offset"));
        assertEquals("5", Stage.dead(dead, "schema_id"));
    }

    @Test
    @DisplayName("what has grown beyond the target's limit is a dead letter")
    void grown() throws Exception {
        stage.spec.withObject("/target").put("recordBytes", 5_000);
        send(stage.order("a", 1), stage.order("b", 2));
        toPython.prepareSnapshotPreBarrier(1);
        List<Record> found = answered(chunks().get(0), v -> v[1] == 'b' ? made(new byte[6_000]) : made(v));
        assertEquals(Record.VALUE, found.get(0).kind);
        assertEquals(Record.DEAD, found.get(1).kind);
        assertEquals("too_large", Stage.dead(found.get(1), "reason"));
    }

    @Test
    @DisplayName("a chunk goes on before a checkpoint and a watermark, when it is full, old, or the last")
    void flushes() throws Exception {
        send(stage.order("a", 1));
        assertEquals(0, chunks().size());
        toPython.prepareSnapshotPreBarrier(1);
        assertEquals(1, chunks().size());
        send(stage.order("b", 2));
        toPython.processWatermark(5);
        assertEquals(2, toPython.getOutput().size()); // the watermark behind it
        toPython.getOutput().clear();
        send(stage.order("c", 3));
        toPython.setProcessingTime(toPython.getProcessingTime() + 20);
        assertEquals(1, chunks().size());
        for (int i = 0; i < ToPython.RECORDS; i++) {
            send(stage.order("d" + i, 10 + i));
        }
        assertEquals(1, chunks().size());
        send(stage.order("e", 9));
        toPython.endInput();
        toPython.getOneInputOperator().finish();
        assertEquals(1, chunks().size());
    }

    @Test
    @DisplayName("a slow function gets fewer records at a time, down to one, and more again once it is quick")
    void slow() {
        assertEquals(500, ToPython.fitting(1000, 201));
        assertEquals(1, ToPython.fitting(1, 60_000));
        assertEquals(8, ToPython.fitting(8, 200));
        assertEquals(16, ToPython.fitting(8, 49));
        assertEquals(ToPython.RECORDS, ToPython.fitting(ToPython.RECORDS, 0));
    }

    @Test
    @DisplayName("a stream without a transform keeps no source record")
    void without() throws Exception {
        stage.spec.put("transforms", false);
        assertNull(stage.order("a", 1).from);
    }
}
