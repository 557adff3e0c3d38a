package federation.source;

import static federation.source.Stage.avro;
import static federation.source.Stage.dead;
import static federation.source.Stage.headers;
import static federation.source.Stage.utf8;
import static federation.source.Stage.value;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import federation.plan.Specs;
import federation.record.Record;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayName("Sources whose records are framed otherwise")
@Timeout(60)
class FramedSourcesTest {
    private static final byte[] BODY = avro(Stage.WRITER, "id", "A1", "event", 3, "sum", 7, "note", null);
    private static final byte[] JSON = utf8("{\"sum\": 7, \"id\": \"A1\", \"event\": 3, \"note\": null}");

    private Stage stage;

    @BeforeEach
    void open() throws Exception {
        stage = new Stage();
    }

    @AfterEach
    void close() {
        stage.close();
    }

    private void framing(String side, String type, Schema... schemas) throws Exception {
        ObjectNode framing = Specs.json("{'schemas': [], 'fingerprints': {}, 'subjects': []}");
        framing.put("type", type);
        for (Schema schema : schemas) {
            framing.withArray("schemas").add(new ObjectMapper().readTree(schema.toString()));
            String crc = String.format("%016x", SchemaNormalization.parsingFingerprint64(schema));
            framing.withObject("/fingerprints").set(crc, new ObjectMapper().readTree(schema.toString()));
        }
        stage.source.set(side, framing);
    }

    @Test
    @DisplayName("records of one topic that differ in framing alone become the same record")
    void mixed() throws Exception {
        framing("framing", "auto", Stage.WRITER);
        byte[] crc = ByteBuffer.allocate(10 + BODY.length).order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) 0xC3).put((byte) 1)
                .putLong(SchemaNormalization.parsingFingerprint64(Stage.WRITER))
                .put(BODY).array();
        Headers id = new RecordHeaders().add("__value_schema_id", new byte[] {0, 0, 0, 0, Stage.VALUE});
        List<Record> same = new ArrayList<>();
        for (int turn = 0; turn < 2; turn++) {
            same.add(stage.feed(null, value("A1", 3)).orElseThrow());
            same.add(stage.feed(null, crc).orElseThrow());
            same.add(stage.feed(null, JSON).orElseThrow());
            same.add(stage.feed(null, BODY, id).orElseThrow());
        }
        for (Record record : same) {
            assertEquals(Record.VALUE, record.kind);
            assertArrayEquals(same.get(0).value, record.value);
            assertArrayEquals(same.get(0).key, record.key);
            assertEquals(same.get(0).business1, record.business1);
        }
        assertEquals(List.of("/schemas/ids/5"), stage.registry.asked());
    }

    @Test
    @DisplayName("a header that names a schema stays behind, others travel, and a dead letter keeps all")
    void headersThatNameSchemas() throws Exception {
        framing("framing", "auto");
        Headers given = new RecordHeaders().add("a", utf8("1"))
                .add("__value_schema_id", new byte[] {0, 0, 0, 0, Stage.VALUE})
                .add("apicurio.key.globalId", new byte[8]).add("a", utf8("2"));
        Record record = stage.feed(null, BODY, given).orElseThrow();
        List<String> names = new ArrayList<>();
        headers(record).forEach(header -> names.add(header.key()));
        assertEquals(List.of("a", "a", "fed.origin"), names);
        Record letter = stage.feed(null, new byte[] {1}, given).orElseThrow();
        assertEquals(List.of(given.toArray()), List.of(headers(letter).toArray()).subList(0, 4));
    }

    @Test
    @DisplayName("a dead letter names the schema as its framing does, and none where there is no frame")
    void names() throws Exception {
        framing("framing", "auto", Stage.WRITER);
        assertEquals("5", dead(stage.feed(null, Stage.framed(Stage.VALUE)).orElseThrow(), "schema_id"));
        assertEquals("fingerprint 0000000000000001", dead(stage.feed(null,
                new byte[] {(byte) 0xC3, 1, 1, 0, 0, 0, 0, 0, 0, 0}).orElseThrow(), "schema_id"));
        assertEquals("given 0", dead(stage.feed(null, utf8("{}")).orElseThrow(), "schema_id"));
        assertNull(dead(stage.feed(null, utf8("x")).orElseThrow(), "schema_id"));
    }

    @Test
    @DisplayName("JSON with plain keys needs no registry")
    void withoutRegistry() throws Exception {
        stage.source.putNull("registry");
        framing("framing", "json", Stage.WRITER);
        framing("keyFraming", "string", Schema.create(Schema.Type.STRING));
        stage.source.set("keyRules", Specs.json("{'id': {'from': '.'}}"));
        Record record = stage.feed(null, JSON).orElseThrow();
        assertArrayEquals(utf8("A1"), record.key);
        Record gone = stage.feed(utf8("A1"), null).orElseThrow();
        assertEquals(Record.TOMBSTONE, gone.kind);
        assertArrayEquals(record.key, gone.key);
        assertEquals(record.bucket, gone.bucket);
        assertEquals(List.of(), stage.registry.asked());
    }

    @Test
    @DisplayName("a name that only a registry knows is a dead letter where there is none")
    void nobodyToAsk() throws Exception {
        stage.source.putNull("registry");
        framing("framing", "auto", Stage.WRITER);
        byte[] value = value("A1", 3);
        Record letter = stage.feed(null, value).orElseThrow();
        assertSame(value, letter.value);
        assertEquals("schema/unknown_id", dead(letter, "stage") + "/" + dead(letter, "reason"));
        assertEquals("the source has no registry for schema 5", dead(letter, "error"));
    }
}
