package federation.source;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import federation.Vectors;
import federation.plan.Specs;
import federation.plan.StreamSpec;
import federation.plan.StreamSpec.SourceSpec;
import federation.record.BucketSelector;
import federation.record.HeaderBlock;
import federation.record.Record;
import federation.registry.SchemaId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.SimpleCounter;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.AbstractRecords;
import org.apache.kafka.common.record.CompressionType;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

@DisplayName("Dead letters")
class DeadLettersTest {
    private static final SourceSpec SOURCE =
            StreamSpec.parse(Specs.orders("http://r").toString()).sources.get(0);
    private static final SchemaId ID = SchemaId.of(5);
    private static final byte[] KEY = Stage.framed(6, (byte) 1);
    private static final byte[] VALUE = Stage.framed(5, (byte) 2);

    private final Counter count = new SimpleCounter();

    private DeadLetters letters(double ratio, int of) {
        return letters(ratio, of, 1 << 20);
    }

    private DeadLetters letters(double ratio, int of, long most) {
        return new DeadLetters(SOURCE, ratio, of, most, count);
    }

    private static ConsumerRecord<byte[], byte[]> record(byte[] key, byte[] value, Headers headers) {
        return new ConsumerRecord<>("orders", 3, 41, 1_700_000_000_000L, TimestampType.CREATE_TIME,
                -1, -1, key, value, headers, Optional.empty());
    }

    private static ConsumerRecord<byte[], byte[]> record() {
        return record(KEY, VALUE, new RecordHeaders());
    }

    private static List<String> texts(Record record) {
        List<String> texts = new ArrayList<>();
        for (Header header : HeaderBlock.read(record.headers)) {
            texts.add(header.key() + "=" + new String(header.value(), StandardCharsets.UTF_8));
        }
        return texts;
    }

    @Test
    @DisplayName("keep key, value, time and headers, and add what happened, in this order")
    void headers() {
        Headers given = new RecordHeaders().add("a", Stage.utf8("ü")).add("a", Stage.utf8("2"));
        Record dead = letters(1, 10).of(record(KEY, VALUE, given), ID, new Refused("map", "null", "Grund: ü"));
        assertEquals(Record.DEAD, dead.kind);
        assertSame(KEY, dead.key);
        assertSame(VALUE, dead.value);
        assertEquals(1_700_000_000_000L, dead.timestamp);
        assertEquals(List.of(
                "a=ü", "a=2",
                "fed.dead.cluster=eu",
                "fed.dead.cluster_id=eu-id",
                "fed.dead.topic=orders",
                "fed.dead.partition=3",
                "fed.dead.offset=41",
                "fed.dead.timestamp=1700000000000",
                "fed.dead.schema_id=5",
                "fed.dead.stage=map",
                "fed.dead.reason=null",
                "fed.dead.error=Grund: ü",
                "fed.dead.attempt=1"), texts(dead));
        assertEquals(1, count.getCount());
    }

    @Test
    @DisplayName("have the headers that the documentation lists, in its order")
    void documented() throws Exception {
        List<String> listed = Pattern.compile("\\| `(fed\\.dead\\.\\w+)` \\|")
                .matcher(Vectors.page("reference/dead-letters.md")).results().map(r -> r.group(1)).toList();
        Record dead = letters(1, 10, 8_000)
                .of(record(KEY, new byte[9_000], new RecordHeaders()), ID, new Refused("map", "null"));
        assertEquals(listed, texts(dead).stream().map(t -> t.replaceFirst("=.*", "")).toList());
    }

    @Test
    @DisplayName("name a record that is too large for their topic instead of holding it")
    void byReference() {
        Headers given = new RecordHeaders().add("a", Stage.utf8("1"));
        byte[] large = new byte[100_000];
        Refused error = new Refused("target", "too_large");
        Record dead = letters(1, 10, 50_000).of(record(KEY, large, given), ID, error);
        assertSame(KEY, dead.key);
        assertNull(dead.value);
        assertEquals("value", Stage.dead(dead, "omitted"));
        assertEquals("100000", Stage.dead(dead, "bytes"));
        assertTrue(Stage.dead(dead, "sha256").matches("[0-9a-f]{64}"));
        assertEquals("a=1", texts(dead).get(0));
        assertTrue(dead.headers.length < 50_000);
    }

    @Test
    @DisplayName("leave out key and headers, too, where those alone are too large")
    void byReferenceAlone() {
        Headers given = new RecordHeaders().add("a", new byte[60_000]);
        Record dead = letters(1, 10, 50_000)
                .of(record(new byte[9], VALUE, given), ID, new Refused("map", "null"));
        assertNull(dead.key);
        assertNull(dead.value);
        assertEquals("key, value, headers", Stage.dead(dead, "omitted"));
        assertEquals("fed.dead.cluster=eu", texts(dead).get(0));
        assertTrue(dead.headers.length < 50_000);
    }

    @RepeatedTest(200)
    @DisplayName("are judged by a size that Kafka's own never exceeds")
    void size(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        byte[] key = random.nextInt(4) == 0 ? null : new byte[random.nextInt(300)];
        byte[] value = random.nextInt(4) == 0 ? null : new byte[random.nextInt(300_000)];
        Headers headers = new RecordHeaders();
        for (int i = random.nextInt(40); i > 0; i--) {
            headers.add("ü".repeat(random.nextInt(9)), random.nextBoolean() ? null : new byte[random.nextInt(200)]);
        }
        int kafka = AbstractRecords.estimateSizeInBytesUpperBound(
                RecordBatch.CURRENT_MAGIC_VALUE, CompressionType.NONE, key, value, headers.toArray());
        long ours = Sizes.of(key, value, headers);
        assertTrue(kafka <= ours, kafka + " > " + ours);
    }

    @Test
    @DisplayName("name the schema of what failed; none where none could be read")
    void schemaId() {
        DeadLetters letters = letters(1, 10);
        Refused error = new Refused("schema", "x", "why");
        assertEquals("4294967294", Stage.dead(letters.of(record(), SchemaId.of(-2), error), "schema_id"));
        SchemaId global = SchemaId.of(SchemaId.Kind.GLOBAL, 7);
        assertEquals("global 7", Stage.dead(letters.of(record(), global, error), "schema_id"));
        assertNull(Stage.dead(letters.of(record(), null, error), "schema_id"));
    }

    @Test
    @DisplayName("of one source partition share a bucket, so that they keep their order")
    void bucket() {
        DeadLetters letters = letters(1, 10);
        int bucket = letters.of(record(), ID, new Refused("map", "null")).bucket;
        assertEquals(bucket, letters.of(record(null, null, new RecordHeaders()), ID, new Refused("map", "x")).bucket);
        assertTrue(bucket >= 0 && bucket < BucketSelector.BUCKETS);
    }

    @Test
    @DisplayName("do not carry an error of any length")
    void shortened() {
        Record dead = letters(1, 10).of(record(), ID, new Refused("schema", "contract", "x".repeat(100_000)));
        String error = Stage.dead(dead, "error");
        assertEquals(1_000, error.length());
        assertTrue(error.endsWith("x…"));
    }

    @Test
    @DisplayName("are tolerated up to the limit, and the next one stops the job for good, saying why")
    void limit() {
        DeadLetters letters = letters(0.2, 10);
        for (int i = 0; i < 8; i++) {
            letters.passed();
        }
        letters.of(record(), ID, new Refused("map", "null"));
        letters.of(record(), ID, new Refused("map", "null"));
        SuppressRestartsException stop = assertThrows(
                SuppressRestartsException.class, () -> letters.of(record(), ID, new Refused("map", "null")));
        assertEquals("3 of the last 10 records of eu/orders cannot be used; the last one, "
                + "eu/orders-3@41: null, where a value is needed (map/null)", stop.getCause().getMessage());
        assertEquals(2, count.getCount(), "the one that stops the job is not written");
    }

    @Test
    @DisplayName("are not judged before there are as many records as the limit looks at")
    void tooFew() {
        DeadLetters letters = letters(0.2, 10);
        for (int i = 0; i < 9; i++) {
            letters.of(record(), ID, new Refused("map", "null"));
        }
        assertThrows(SuppressRestartsException.class, () -> letters.of(record(), ID, new Refused("map", "null")));
    }

    @RepeatedTest(10)
    @DisplayName("stop the job exactly when over the ratio of the last records are dead, by a naive count")
    void naive(RepetitionInfo info) {
        Random random = new Random(info.getCurrentRepetition());
        int of = 1 + random.nextInt(30);
        double ratio = random.nextInt(11) / 10.0;
        DeadLetters letters = letters(ratio, of);
        List<Boolean> history = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            boolean fails = random.nextDouble() < ratio;
            history.add(fails);
            long failed = history.subList(Math.max(0, i + 1 - of), i + 1).stream().filter(f -> f).count();
            if (!fails) {
                letters.passed();
            } else if (i + 1 >= of && failed > ratio * of) {
                assertThrows(SuppressRestartsException.class,
                        () -> letters.of(record(), ID, new Refused("map", "null")));
            } else {
                assertDoesNotThrow(() -> letters.of(record(), ID, new Refused("map", "null")));
            }
        }
    }

    @Test
    @DisplayName("are a share of all records: what a filter or a policy drops was read well")
    void droppedCounts() throws Exception {
        try (Stage stage = new Stage()) {
            stage.spec.put("deadLetterOf", 10).put("tombstones", "drop");
            stage.source.put("where", "event > 5");
            for (int i = 0; i < 8; i++) {
                assertTrue(stage.feed(Stage.key("A"), i % 2 == 0 ? Stage.value("A", 1) : null).isEmpty());
            }
            assertEquals(Record.DEAD, stage.feed(null, new byte[0]).orElseThrow().kind);
            assertEquals(Record.DEAD, stage.feed(null, new byte[0]).orElseThrow().kind);
            assertThrows(SuppressRestartsException.class, () -> stage.feed(null, new byte[0]));
        }
    }
}
