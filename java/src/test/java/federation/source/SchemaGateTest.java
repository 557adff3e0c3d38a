package federation.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import federation.framing.Framing;
import federation.plan.Specs;
import federation.plan.StreamSpec;
import federation.plan.StreamSpec.SourceSpec;
import federation.registry.Given;
import federation.registry.SchemaCache;
import federation.registry.SchemaException;
import federation.registry.SchemaId;
import federation.registry.SchemaSource;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A gate before the task")
class SchemaGateTest {
    private static final String FITS = "{'name': 'id', 'type': 'string'}, {'name': 'event', 'type': 'int'}, "
            + "{'name': 'sum', 'type': 'int'}";
    private final ObjectNode spec = Specs.orders("http://127.0.0.1:1");
    private final Map<Integer, Schema> registered = new ConcurrentHashMap<>();
    private volatile boolean down;
    private volatile long now;
    private volatile CountDownLatch answers = new CountDownLatch(0);
    private final Semaphore again = new Semaphore(0);
    private SchemaChanges changes;
    private SchemaGate gate;

    private final SchemaSource registry = new SchemaSource() {
        @Override
        public String registry() {
            return "the registry";
        }

        @Override
        public Schema find(SchemaId id) throws SchemaException, IOException {
            if (down) {
                throw new IOException("HTTP 503");
            }
            try {
                answers.await();
            } catch (InterruptedException closed) {
                throw new IOException(closed);
            }
            Schema found = registered.get((int) id.low());
            if (found == null) {
                throw SchemaException.unknown("no");
            }
            return found;
        }
    };

    private static Schema record(String fields) {
        return new Schema.Parser().parse(
                "{'type': 'record', 'name': 'Sale', 'fields': [%s]}".formatted(fields)
                        .replace('\'', '"'));
    }

    private void planned(String... fields) {
        for (String field : fields) {
            ((ArrayNode) Specs.source(spec).get("plannedFields")).add(field);
        }
    }

    private void open() {
        StreamSpec stream = StreamSpec.parse(spec.toString());
        changes = new SchemaChanges(stream, stream.sources.get(0));
        SchemaCache cache = new SchemaCache(registry, (where, why) -> {}, () -> now);
        SourceSpec source = stream.sources.get(0);
        gate = new SchemaGate(
                Framing.of(source.framing, false),
                new Given(source.framing, cache, cache),
                Framing.of(source.keyFraming, true),
                new Given(source.keyFraming, cache, cache),
                changes);
    }

    /** What a record of a schema waits for, once the registry has answered. */
    private String verdict(int id) throws InterruptedException {
        ConsumerRecord<byte[], byte[]> record =
                new ConsumerRecord<>("t", 0, 7, null, Stage.framed(id, (byte) 2));
        String why = gate.waitsFor(record, again::release);
        while (why != null && why.endsWith("is asked for")) { // an earlier answer may have released as well
            assertTrue(again.tryAcquire(10, TimeUnit.SECONDS));
            why = gate.waitsFor(record, again::release);
        }
        return why;
    }

    private JsonNode change() throws IOException {
        JsonNode all = new ObjectMapper().readTree(changes.toJson());
        assertEquals(1, all.size(), all.toString());
        return all.get(0);
    }

    @Test
    @DisplayName("lets a record go when the registry has said what its schema is")
    void known() throws Exception {
        registered.put(5, record(FITS));
        open();
        assertNull(verdict(5));
        assertNull(verdict(5));
    }

    @Test
    @DisplayName("lets go what has no such schema, or no frame: the task makes it a dead letter")
    void unknown() throws Exception {
        open();
        assertNull(verdict(9));
        assertNull(gate.waitsFor(new ConsumerRecord<>("t", 0, 7, null, new byte[] {1}), () -> {}));
        assertNull(gate.waitsFor(new ConsumerRecord<>("t", 0, 7, null, null), () -> {}));
    }

    @Test
    @DisplayName("asks again for a schema that was not there, also where record after record needs it")
    void unknownForNow() throws Exception {
        open();
        ConsumerRecord<byte[], byte[]> record =
                new ConsumerRecord<>("t", 0, 7, null, Stage.framed(9, (byte) 2));
        assertNull(verdict(9));
        assertNull(gate.waitsFor(record, again::release));
        registered.put(9, record(FITS));
        now += 60_000;
        answers = new CountDownLatch(1);
        assertEquals("schema 9 is asked for", gate.waitsFor(record, again::release));
        answers.countDown();
        assertTrue(again.tryAcquire(10, TimeUnit.SECONDS));
        assertNull(gate.waitsFor(record, again::release));
    }

    @Test
    @DisplayName("holds what needs a schema of a registry that is down, until it answers, and nothing else")
    void down() throws Exception {
        registered.put(5, record(FITS));
        registered.put(6, record(FITS + ", {'name': 'note', 'type': 'int'}"));
        open();
        assertNull(verdict(5));
        down = true;
        ConsumerRecord<byte[], byte[]> held =
                new ConsumerRecord<>("t", 0, 8, null, Stage.framed(6, (byte) 2));
        String why = gate.waitsFor(held, again::release);
        while (why != null && why.endsWith("asked for")) { // until the first answer has failed
            why = gate.waitsFor(held, again::release);
        }
        assertTrue(why.matches(
                "schema 6 is not known yet, and the registry does not answer since \\S+: HTTP 503"), why);
        assertNull(verdict(5));
        down = false;
        while (gate.waitsFor(held, again::release) != null) {
            assertTrue(again.tryAcquire(10, TimeUnit.SECONDS));
        }
    }

    @Test
    @DisplayName("waits for the key's schema of a delete marker")
    void key() throws Exception {
        registered.put(6, record("{'name': 'id', 'type': 'string'}"));
        open();
        answers = new CountDownLatch(1);
        ConsumerRecord<byte[], byte[]> marker =
                new ConsumerRecord<>("t", 0, 7, Stage.framed(6, (byte) 2), null);
        assertEquals("schema 6 is asked for", gate.waitsFor(marker, again::release));
        answers.countDown();
        assertTrue(again.tryAcquire(10, TimeUnit.SECONDS));
        assertNull(gate.waitsFor(marker, again::release));
    }

    @Test
    @DisplayName("takes a schema that the plan has seen for no change")
    void planned() throws Exception {
        Schema odd = record("{'name': 'other', 'type': 'int'}");
        registered.put(5, odd);
        ((ArrayNode) Specs.source(spec).get("plannedSchemas")).add(
                Long.toHexString(SchemaNormalization.parsingFingerprint64(odd)));
        spec.put("holdsUnfit", true).put("evolves", true);
        open();
        assertNull(verdict(5));
        assertEquals("[]", changes.toJson());
    }

    @Test
    @DisplayName("lets a new schema flow that meets the contract, and shows its new fields")
    void flows() throws Exception {
        registered.put(5, record(FITS + ", {'name': 'note', 'type': 'int'}"));
        planned("id", "event", "sum");
        spec.put("holdsUnfit", true);
        open();
        assertNull(verdict(5));
        assertEquals("5", change().get("schema").asText());
        assertEquals("flows", change().get("state").asText());
        assertEquals("[\"note\"]", change().get("fields").toString());
    }

    @Test
    @DisplayName("lets a new schema go that cannot meet the contract where its records are dead letters")
    void refused() throws Exception {
        registered.put(5, record("{'name': 'id', 'type': 'string'}"));
        open();
        assertNull(verdict(5));
        assertEquals("refused", change().get("state").asText());
        assertTrue(change().get("why").asText().contains("event"), change().toString());
    }

    @Test
    @DisplayName("holds it where the stream says so")
    void unfit() throws Exception {
        registered.put(5, record("{'name': 'id', 'type': 'string'}"));
        spec.put("holdsUnfit", true);
        open();
        assertTrue(verdict(5).startsWith("schema 5 cannot meet the contract: "));
        assertEquals("held", change().get("state").asText());
    }

    @Test
    @DisplayName("holds new fields until the contract has them, where it is to take them in")
    void evolves() throws Exception {
        planned("id", "event", "sum");
        registered.put(4, record(FITS));
        registered.put(5, record(FITS + ", {'name': 'note', 'type': 'int'}"));
        spec.put("evolves", true);
        open();
        assertNull(verdict(4));
        assertEquals(
                "schema 5 has new fields (note) that the contract is to take in", verdict(5));
    }
}
