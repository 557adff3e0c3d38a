package federation.source;

import static federation.source.Stage.headers;
import static federation.source.Stage.key;
import static federation.source.Stage.murmur;
import static federation.source.Stage.value;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import federation.map.Murmur3;
import federation.record.Origin;
import federation.record.Record;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Where a record says that it came from")
@Timeout(60)
class ProvenanceTest {
    private Stage stage;

    @BeforeEach
    void open() throws Exception {
        stage = new Stage();
    }

    @AfterEach
    void close() {
        stage.close();
    }

    @Test
    @DisplayName("a record without an origin gets that of its place here, values and delete markers alike")
    void fresh() throws Exception {
        assertArrayEquals(here(41), origin(stage.order("A1", 3)));
        assertArrayEquals(here(42), origin(stage.tombstone("A1")));
        Record third = stage.feed(null, value("A1", 4), new RecordHeaders().add("h", null)).orElseThrow();
        assertArrayEquals(here(43), origin(third));
        assertFalse(third.hasTransport, "its cluster is the only one: nothing can be a second copy");
    }

    @Test
    @DisplayName("without a business identity, what comes directly and what took a detour are one record")
    void diamond() throws Exception {
        stage.spec.put("severalClusters", true);
        Record direct = stage.tombstone("A1");
        byte[] detour = Origin.withHop(origin(direct), cluster("x"));
        Record relayed = stage.feed(key("A1"), null, with(detour)).orElseThrow();
        assertTrue(direct.hasTransport);
        assertEquals(direct.transport1, relayed.transport1);
        assertEquals(direct.transport2, relayed.transport2);
    }

    @Test
    @DisplayName("a record with a business identity needs no other")
    void oneIdentity() throws Exception {
        stage.spec.put("severalClusters", true);
        for (Headers headers : new Headers[] {new RecordHeaders(), with(elsewhere("ap-id"))}) {
            Record record = stage.feed(null, value("A1", 4), headers).orElseThrow();
            assertTrue(record.hasBusiness);
            assertFalse(record.hasTransport);
        }
    }

    @Test
    @DisplayName("an origin that is there stays, with this source's cluster as one more hop")
    void extended() throws Exception {
        byte[] before = elsewhere("ap-id");
        Record record = stage.feed(null, value("A1", 3), with(before)).orElseThrow();
        assertArrayEquals(Origin.withHop(before, cluster("eu-id")), origin(record));
    }

    @Test
    @DisplayName("two copies that crossed other clusters have one transport identity")
    void transport() throws Exception {
        byte[] origin = elsewhere("ap-id");
        byte[] detour = Origin.withHop(Origin.withHop(origin, cluster("x")), cluster("y"));
        stage.spec.putArray("deduplicationKey");
        Record one = stage.feed(null, value("A1", 3), with(origin)).orElseThrow();
        Record other = stage.feed(key("A1"), null, with(detour)).orElseThrow();
        Murmur3 wanted = murmur(origin);
        for (Record record : new Record[] {one, other}) {
            assertTrue(record.hasTransport);
            assertEquals(wanted.first(), record.transport1);
            assertEquals(wanted.second(), record.transport2);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3})
    @DisplayName("what began in the target's cluster or has crossed it is dropped and counted")
    void loop(int hopsBefore) throws Exception {
        byte[] origin = hopsBefore == 0 ? elsewhere("hub-id") : elsewhere("ap-id");
        for (int i = 1; i <= hopsBefore; i++) {
            origin = Origin.withHop(origin, cluster(i == hopsBefore ? "hub-id" : "c" + i));
        }
        assertEquals(Optional.empty(), stage.feed(null, value("A1", 3), with(origin)));
        assertEquals(Optional.empty(), stage.feed(key("A1"), null, with(origin)));
        assertEquals(2, stage.count("recordsLooped"));
    }

    @Test
    @DisplayName("a copy of a whole stream ends no loop, and remembers no origin")
    void follower() throws Exception {
        stage.spec.put("follows", true);
        stage.spec.putArray("deduplicationKey");
        byte[] before = Origin.withHop(elsewhere("hub-id"), cluster("c1"));
        Record record = stage.feed(null, value("A1", 3), with(before)).orElseThrow();
        assertArrayEquals(Origin.withHop(before, cluster("eu-id")), origin(record));
        assertFalse(record.hasTransport);
        assertEquals(0, stage.count("recordsLooped"));
    }

    @Test
    @DisplayName("eight hops are carried; a ninth is a dead letter with the origin that it came with")
    void hops() throws Exception {
        byte[] seven = elsewhere("ap-id");
        for (int i = 0; i < 7; i++) {
            seven = Origin.withHop(seven, cluster("c" + i));
        }
        byte[] eight = Origin.withHop(seven, cluster("eu-id"));
        assertArrayEquals(
                eight, origin(stage.feed(null, value("A1", 3), with(seven)).orElseThrow()));
        Record dead = stage.feed(null, value("A1", 3), with(eight)).orElseThrow();
        assertEquals(Record.DEAD, dead.kind);
        assertEquals("origin/hops", Stage.dead(dead, "stage") + "/" + Stage.dead(dead, "reason"));
        assertArrayEquals(eight, headers(dead).lastHeader(Origin.HEADER).value());
    }

    @Test
    @DisplayName("what is no origin is replaced, not carried")
    void damaged() throws Exception {
        byte[] damaged = Arrays.copyOf(elsewhere("ap-id"), 15);
        assertArrayEquals(
                here(41), origin(stage.feed(null, value("A1", 3), with(damaged)).orElseThrow()));
        assertArrayEquals(
                here(42), origin(stage.feed(null, value("A1", 3), with(null)).orElseThrow()));
    }

    @Test
    @DisplayName("of several origins the last one counts, and one is left")
    void several() throws Exception {
        byte[] before = elsewhere("ap-id");
        Headers headers = with(elsewhere("hub-id")).add(Origin.HEADER, before);
        Record record = stage.feed(null, value("A1", 3), headers).orElseThrow();
        assertArrayEquals(Origin.withHop(before, cluster("eu-id")), origin(record));
    }

    private static Headers with(byte[] origin) {
        return new RecordHeaders().add(Origin.HEADER, origin);
    }

    /** The value of a record's only origin. */
    private static byte[] origin(Record record) {
        Header[] found = StreamSupport.stream(headers(record).headers(Origin.HEADER).spliterator(), false)
                .toArray(Header[]::new);
        assertEquals(1, found.length);
        return found[0].value();
    }

    private static byte[] here(long offset) {
        return written("eu-id", Stage.TOPIC, Stage.PARTITION, offset);
    }

    private static byte[] elsewhere(String cluster) {
        return written(cluster, "sales", 300, 70_000);
    }

    private static byte[] written(String cluster, String topic, int partition, long offset) {
        byte[] origin = new byte[Origin.MAX_BYTES];
        int length = Origin.write(
                cluster(cluster), Origin.fingerprint(topic, Origin.TOPIC_BYTES), partition, offset, origin);
        return Arrays.copyOf(origin, length);
    }

    private static byte[] cluster(String id) {
        return Origin.fingerprint(id, Origin.CLUSTER_BYTES);
    }
}
