package federation.source;

import static federation.source.Stage.dead;
import static federation.source.Stage.framed;
import static federation.source.Stage.key;
import static federation.source.Stage.value;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import federation.Vectors;
import federation.plan.Specs;
import federation.record.Record;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayName("What cannot be used becomes a dead letter, and says why")
@Timeout(60)
class RefusalsTest {
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
    @DisplayName("frame: an empty value, another first byte, a frame that is cut")
    void frame() throws Exception {
        refused("frame/empty: 0 bytes are neither a record nor a delete marker", null);
        refused("frame/magic: the first bytes are not those of a framing that is read here", null, (byte) '{', (byte) '}');
        refused("frame/short: the bytes end inside the frame", null,
                (byte) 0, (byte) 0, (byte) 0, (byte) 5);
    }

    @Test
    @DisplayName("schema: an id that the registry lacks, one that none can have, another language")
    void schema() throws Exception {
        stage.registry.answers("/schemas/ids/7",
                Specs.json("{'schemaType': 'PROTOBUF', 'schema': 'message M {}'}"));
        refused("schema/unknown_id: the registry does not have schema 404", null, framed(404));
        refused("schema/unknown_id: 4294967295 is none of the registry's ids", null, framed(-1));
        refused("schema/not_avro: schema 7 is of type PROTOBUF", null, framed(7));
        assertEquals(List.of("/schemas/ids/404", "/schemas/ids/7"), stage.registry.asked());
    }

    @Test
    @DisplayName("schema: a writer that cannot meet the contract, with every reason")
    void contract() throws Exception {
        stage.registry.with(7, "{\"type\":\"record\",\"name\":\"R\",\"fields\":"
                + "[{\"name\":\"id\",\"type\":\"string\"}]}");
        Record dead = stage.feed(null, framed(7)).orElseThrow();
        assertEquals("schema/contract", dead(dead, "stage") + "/" + dead(dead, "reason"));
        String error = dead(dead, "error");
        assertTrue(error.startsWith("schema 7: ") && error.contains("event") && error.contains("sum"), error);
    }

    @Test
    @DisplayName("decode and map: the reason's sentence, with the field where there is one")
    void decode() throws Exception {
        byte[] good = value("A1", 3);
        refused("decode/trailing: bytes are left behind the end of the record", null,
                Arrays.copyOf(good, good.length + 2));
        refused("decode/truncated: field sum: the payload ends inside the field", null,
                Arrays.copyOf(good, good.length - 2));
        refused("decode/length: field id: a length is negative or beyond the payload", null,
                framed(Stage.VALUE, (byte) 6, (byte) 1));
        stage.close();
        open();
        stage.source.set("rules", Specs.json("{'sum': {'from': 'note'}}"));
        refused("map/null: field sum: null, where a value is needed", null, good);
    }

    @Test
    @DisplayName("target: a record that is larger than its topic takes, and none that is not")
    void tooLarge() throws Exception {
        byte[] good = value("A1", 3);
        byte[] key = key("A1");
        long size = Sizes.of("A1".getBytes(StandardCharsets.UTF_8), stage.feed(key, good).orElseThrow().value,
                new RecordHeaders());
        open(size);
        assertEquals(Record.VALUE, stage.feed(key, good).orElseThrow().kind);
        open(size - 1);
        refused("target/too_large: the record is larger than the target topic takes", key, good);
    }

    private void open(long recordBytes) throws Exception {
        stage.close();
        open();
        ((ObjectNode) stage.spec.get("target")).put("recordBytes", recordBytes);
    }

    @Test
    @DisplayName("where: a filter that cannot be evaluated")
    void where() throws Exception {
        stage.source.put("where", "event / 0 == 1");
        refused("where/eval: the expression cannot be evaluated for this record", null, value("A1", 3));
    }

    @Test
    @DisplayName("key: a null in the field that a text key is made of")
    void nullKey() throws Exception {
        String nullable = "['null', 'string']".replace('\'', '"');
        stage.spec.set("contract", Specs.json("{'type':'record','name':'Order','fields':["
                + "{'name':'event','type':'long'},{'name':'note','type':" + nullable + "}]}"));
        stage.spec.set("keySchema", Specs.json("{'type':'record','name':'OrderKey','fields':["
                + "{'name':'note','type':" + nullable + "}]}"));
        stage.spec.set("target", Specs.json("{'keyFields': ['note'], 'keyEncoding': 'string',"
                + "'valueSchemaId': 1, 'keySchemaId': -1, 'clusterId': 'hub-id',"
                + "'recordBytes': 1048576, 'deadBytes': 1048576}"));
        refused("key/null: field note: null, where a value is needed", null, value("A1", 3));
    }

    @Test
    @DisplayName("key: every reason of a delete marker's own bytes is one of the key")
    void deleteMarker() throws Exception {
        marker("key/null: a delete marker without a key", (byte[]) null);
        marker("key/empty: 0 bytes are neither a record nor a delete marker");
        marker("key/magic: the first bytes are not those of a framing that is read here", (byte) 'A', (byte) '1');
        marker("key/short: the bytes end inside the frame", (byte) 0);
        marker("key/unknown_id: the registry does not have schema 404", framed(404));
        byte[] good = key("A1");
        marker("key/trailing: bytes are left behind the end of the record", Arrays.copyOf(good, good.length + 1));
        marker("key/length: field id: a length is negative or beyond the payload",
                framed(Stage.KEY, (byte) 1));
        stage.registry.with(7, "\"int\"");
        Record dead = stage.feed(framed(7, (byte) 2), null).orElseThrow();
        assertEquals("key/contract", dead(dead, "stage") + "/" + dead(dead, "reason"));
    }

    @Test
    @DisplayName("delete markers are dead letters where the stream says so")
    void policy() throws Exception {
        stage.spec.put("tombstones", "dead-letter");
        marker("map/tombstone: delete markers are dead letters in this stream", key("A1"));
    }

    @Test
    @DisplayName("the record after a refused one is what it would have been without it")
    void afterwards() throws Exception {
        byte[] cut = value("A1", 3);
        cut = Arrays.copyOf(cut, cut.length - 1);
        Record before = stage.order("A1", 3);
        Record dead = stage.feed(null, cut).orElseThrow();
        Record after = stage.order("A1", 3);
        assertEquals(Record.DEAD, dead.kind);
        assertArrayEquals(before.value, after.value);
        assertArrayEquals(before.key, after.key);
        assertEquals(before.business1, after.business1);
        assertEquals(3, stage.count("recordsRead"));
        assertEquals(1, stage.count("deadLetters"));
    }

    @Test
    @DisplayName("every documented reason that needs no details has a sentence")
    void sentences() throws Exception {
        Matcher row = Pattern.compile("\\| `(\\w+)` \\| `(\\w+)` \\|")
                .matcher(Vectors.page("reference/dead-letters.md"));
        List<String> silent = new ArrayList<>();
        while (row.find()) {
            String reason = row.group(2);
            boolean ours = !Set.of("schema", "transform").contains(row.group(1)); // Python says its own
            if (ours && Reasons.sentence(reason).equals(reason)) {
                silent.add(reason);
            }
        }
        assertTrue(row.reset().results().count() > 20);
        assertEquals(List.of(), silent);
    }

    @Test
    @DisplayName("a reason without a sentence speaks for itself")
    void unlisted() {
        assertSame("newcomer", Reasons.sentence("newcomer"));
        assertEquals("field a.b: newcomer", Reasons.at("a.b", "newcomer"));
    }

    private void refused(String wanted, byte[] key, byte... value) throws Exception {
        told(wanted, key, value);
    }

    private void marker(String wanted, byte... key) throws Exception {
        told(wanted, key, null);
    }

    private void told(String wanted, byte[] key, byte[] value) throws Exception {
        Record dead = stage.feed(key, value).orElseThrow();
        assertEquals(Record.DEAD, dead.kind);
        assertEquals(wanted, dead(dead, "stage") + "/" + dead(dead, "reason") + ": " + dead(dead, "error"));
        assertSame(key, dead.key);
        assertSame(value, dead.value);
    }
}
