package federation.source;

import static federation.source.Stage.avro;
import static federation.source.Stage.framed;
import static federation.source.Stage.headers;
import static federation.source.Stage.key;
import static federation.source.Stage.murmur;
import static federation.source.Stage.utf8;
import static federation.source.Stage.value;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import federation.map.Murmur3;
import federation.plan.Specs;
import federation.record.BucketSelector;
import federation.record.Record;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayName("A source's records become the stream's")
@Timeout(60)
class NormalizerTest {
    private static final Schema CONTRACT =
            new Schema.Parser().parse(Specs.orders("http://r").get("contract").toString());
    private static final Schema STRING = Schema.create(Schema.Type.STRING);
    private static final Schema LONG = Schema.create(Schema.Type.LONG);

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
    @DisplayName("a value is the contract's record behind the target's own schema id")
    void mapped() throws Exception {
        Record record = stage.order("A1", 3);
        assertEquals(Record.VALUE, record.kind);
        assertEquals(0, record.source);
        assertEquals(Stage.TIME, record.timestamp);
        byte[] wanted = framed(66051, avro(CONTRACT, "id", "A1", "event", 3L, "sum", 7));
        assertArrayEquals(wanted, record.value);
        assertEquals(1, stage.count("recordsRead"));
        assertEquals(0, stage.count("deadLetters"));
    }

    @Test
    @DisplayName("a text key is the field's text, whatever the source's own key was")
    void textKey() throws Exception {
        Record record = stage.feed(utf8("anything"), value("Ä1", 3)).orElseThrow();
        assertArrayEquals(utf8("Ä1"), record.key);
    }

    @Test
    @DisplayName("an Avro key is the fields' bytes in the plan's order behind the target's key schema id")
    void avroKey() throws Exception {
        avroKeys();
        byte[] body = concat(Stage.bytes(LONG, 3L), Stage.bytes(STRING, "A1"));
        assertArrayEquals(framed(77, body), stage.order("A1", 3).key);
    }

    private void avroKeys() {
        stage.spec.set("keySchema", Specs.json("""
                {'type': 'record', 'name': 'OrderKey', 'fields': [
                  {'name': 'event', 'type': 'long'}, {'name': 'id', 'type': 'string'}]}"""));
        stage.spec.set("target", Specs.json("""
                {'keyFields': ['event', 'id'], 'keyEncoding': 'avro', 'valueSchemaId': 66051,
                 'keySchemaId': 77, 'clusterId': 'hub-id', 'recordBytes': 1048576, 'deadBytes': 1048576}"""));
        stage.registry.with(Stage.KEY, """
                {"type": "record", "name": "K", "fields": [
                  {"name": "number", "type": "string"}, {"name": "event", "type": "int"}]}""");
        stage.source.set("keyRules", Specs.json("{'id': 'number'}"));
    }

    @Test
    @DisplayName("a delete marker has the key and the bucket of the value that it deletes: text")
    void sameTextKey() throws Exception {
        sameKey(stage.order("A1", 3), stage.tombstone("A1"));
    }

    @Test
    @DisplayName("a delete marker has the key and the bucket of the value that it deletes: Avro")
    void sameAvroKey() throws Exception {
        avroKeys();
        byte[] key = concat(Stage.bytes(STRING, "A1"), Stage.bytes(Schema.create(Schema.Type.INT), 3));
        sameKey(stage.order("A1", 3), stage.feed(framed(Stage.KEY, key), null).orElseThrow());
    }

    private void sameKey(Record value, Record tombstone) {
        assertEquals(Record.TOMBSTONE, tombstone.kind);
        assertNull(tombstone.value);
        assertArrayEquals(value.key, tombstone.key);
        assertEquals(value.bucket, tombstone.bucket);
        assertFalse(tombstone.hasBusiness, "a delete marker is no duplicate of another");
    }

    @Test
    @DisplayName("a bare key of a source is mapped by the path of one dot")
    void bareKey() throws Exception {
        stage.source.set("keyRules", Specs.json("{'id': '.'}"));
        stage.registry.with(8, "\"string\"");
        byte[] key = framed(8, Stage.bytes(STRING, "A1"));
        assertArrayEquals(utf8("A1"), stage.feed(key, null).orElseThrow().key);
    }

    @Test
    @DisplayName("buckets are within bounds and many")
    void buckets() throws Exception {
        Set<Integer> buckets = new HashSet<>();
        for (int i = 0; i < 500; i++) {
            int bucket = stage.order("order-" + i, i).bucket;
            assertTrue(bucket >= 0 && bucket < BucketSelector.BUCKETS);
            buckets.add(bucket);
        }
        assertTrue(buckets.size() > 400, buckets.size() + " buckets for 500 keys");
    }

    @Test
    @DisplayName("business identity: the deduplication key's bytes, then the target key's")
    void business() throws Exception {
        Record record = stage.order("A1", 3);
        byte[] identity = concat(Stage.bytes(LONG, 3L), Stage.bytes(STRING, "A1"));
        assertBusiness(murmur(identity), record);
        assertEquals(bucket(murmur(utf8("A1"))), record.bucket);
        assertFalse(record.hasTransport);
    }

    @Test
    @DisplayName("across keys: the deduplication key alone, and it decides the bucket")
    void acrossKeys() throws Exception {
        stage.spec.put("acrossKeys", true);
        Record one = stage.order("A1", 3);
        Record other = stage.order("A2", 3);
        assertBusiness(murmur(Stage.bytes(LONG, 3L)), one);
        assertBusiness(murmur(Stage.bytes(LONG, 3L)), other);
        assertEquals(one.bucket, other.bucket);
        assertEquals(bucket(murmur(Stage.bytes(LONG, 3L))), one.bucket);
    }

    @Test
    @DisplayName("without deduplication there is no business identity")
    void noBusiness() throws Exception {
        stage.spec.putArray("deduplicationKey");
        assertFalse(stage.order("A1", 3).hasBusiness);
    }

    private static void assertBusiness(Murmur3 wanted, Record record) {
        assertTrue(record.hasBusiness);
        assertEquals(wanted.first(), record.business1);
        assertEquals(wanted.second(), record.business2);
    }

    private static int bucket(Murmur3 hash) {
        return (int) Math.floorMod(hash.first(), (long) BucketSelector.BUCKETS);
    }

    @Test
    @DisplayName("what a filter does not pass is dropped and counted; what it passes goes on")
    void filter() throws Exception {
        stage.source.put("where", "event > 5");
        assertEquals(Optional.empty(), stage.feed(null, value("A1", 5)));
        assertEquals(Record.VALUE, stage.order("A1", 6).kind);
        assertEquals(1, stage.count("recordsFiltered"));
    }

    @Test
    @DisplayName("delete markers are dropped and counted where the stream says so, whatever their key")
    void tombstonesDropped() throws Exception {
        stage.spec.put("tombstones", "drop");
        assertEquals(Optional.empty(), stage.feed(key("A1"), null));
        assertEquals(Optional.empty(), stage.feed(null, null));
        assertEquals(2, stage.count("tombstonesDropped"));
    }

    @Test
    @DisplayName("a schema is asked for once, of values and keys each")
    void asksOnce() throws Exception {
        for (int i = 0; i < 10; i++) {
            stage.order("A" + i, i);
            stage.tombstone("A" + i);
        }
        assertEquals(List.of("/schemas/ids/5", "/schemas/ids/6"), stage.registry.asked());
    }

    @Test
    @DisplayName("two writer schemas of one topic both become the contract")
    void versions() throws Exception {
        stage.registry.with(9, """
                {"type": "record", "name": "Sale", "fields": [
                  {"name": "sum", "type": "int"}, {"name": "id", "type": "string"},
                  {"name": "event", "type": "long"}]}""");
        byte[] body = concat(
                Stage.bytes(Schema.create(Schema.Type.INT), 7), Stage.bytes(STRING, "A1"),
                Stage.bytes(LONG, 3L));
        for (int i = 0; i < 3; i++) {
            assertArrayEquals(
                    stage.order("A1", 3).value, stage.feed(null, framed(9, body)).orElseThrow().value);
        }
    }

    @Test
    @DisplayName("an interrupt while waiting for a schema ends the task, and stays set")
    void interrupted() throws Exception {
        Thread.currentThread().interrupt();
        assertThrows(IOException.class, () -> stage.order("A1", 3));
        assertTrue(Thread.interrupted());
    }

    @Test
    @DisplayName("headers stay, in order and repeated, with the origin behind them")
    void headersKept() throws Exception {
        Headers given = new RecordHeaders()
                .add("a", utf8("1")).add("a", null).add("b", utf8("2"));
        Record record = stage.feed(null, value("A1", 3), given).orElseThrow();
        Headers kept = headers(record);
        kept.remove("fed.origin");
        assertEquals(given, kept);
        assertEquals("fed.origin", last(headers(record)));
    }

    private static String last(Headers headers) {
        Header[] all = headers.toArray();
        return all[all.length - 1].key();
    }

    static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            bytes.writeBytes(part);
        }
        return bytes.toByteArray();
    }
}
