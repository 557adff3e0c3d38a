package federation.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import federation.plan.Specs;
import federation.plan.StreamSpec;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Confluent's API, asked once")
@Timeout(60)
class ConfluentSourceTest {
    private static final String STRING = "\"string\"";
    private static final SchemaId NINE = SchemaId.of(9);

    private LocalRegistry registry;

    @BeforeEach
    void start() throws Exception {
        registry = new LocalRegistry();
    }

    @AfterEach
    void stop() {
        registry.close();
    }

    private static SchemaSource source(String url) {
        return SchemaSource.of(Specs.access(url));
    }

    private SchemaException refusal() {
        return assertThrows(SchemaException.class, () -> source(registry.url()).find(NINE));
    }

    /** What may pass: the question is to be repeated. */
    private String failure() {
        return assertThrows(IOException.class, () -> source(registry.url()).find(NINE)).getMessage();
    }

    @Test
    @DisplayName("finds a schema below any path, with or without a slash at its end")
    void paths() throws Exception {
        registry.answers("/apis/ccompat/v7/schemas/ids/3", answer(STRING));
        assertEquals(Schema.Type.STRING, source(registry.url() + "/apis/ccompat/v7").find(SchemaId.of(3)).getType());
        assertEquals(Schema.Type.STRING, source(registry.url() + "/apis/ccompat/v7/").find(SchemaId.of(3)).getType());
    }

    @Test
    @DisplayName("an id that the registry says it does not have is unknown, at once")
    void unknown() {
        SchemaException refusal = refusal();
        assertEquals("unknown_id", refusal.reason());
        assertEquals("the registry does not have schema 9", refusal.getMessage());
    }

    private void versions(String subject, String... schemas) {
        StringBuilder numbers = new StringBuilder();
        for (int n = 1; n <= schemas.length; n++) {
            registry.answers("/subjects/" + subject + "/versions/" + n, answer(schemas[n - 1]));
            numbers.append(numbers.isEmpty() ? "" : ", ").append(n);
        }
        registry.text("/subjects/" + subject + "/versions", "[" + numbers + "]");
    }

    private static SchemaId fingerprint(String schema) {
        return SchemaId.of(SchemaId.Kind.FINGERPRINT,
                SchemaNormalization.parsingFingerprint64(new Schema.Parser().parse(schema)));
    }

    @Test
    @DisplayName("a fingerprint is found among a subject's versions, one registered later too, each read once")
    void fingerprints() throws Exception {
        versions("orders-value", "\"int\"", STRING);
        SchemaSource source = source(registry.url());
        assertEquals(Schema.Type.STRING, source.find(fingerprint(STRING), "orders-value").getType());
        assertEquals(Schema.Type.INT, source.find(fingerprint("\"int\""), "orders-value").getType());
        assertNull(source.find(fingerprint("\"long\""), "orders-value"));
        versions("orders-value", "\"int\"", STRING, "\"long\"");
        assertEquals(Schema.Type.LONG, source.find(fingerprint("\"long\""), "orders-value").getType());
        assertEquals(
                List.of("", "/1", "/2", "", "", "/3"),
                registry.asked().stream()
                        .map(path -> path.replace("/subjects/orders-value/versions", "")).toList());
    }

    @Test
    @DisplayName("a subject that does not exist has no fingerprints, and a version that is not Avro none either")
    void noFingerprints() throws Exception {
        assertNull(source(registry.url()).find(fingerprint(STRING), "orders-value"));
        versions("odd-value", "no schema", STRING);
        assertEquals(Schema.Type.STRING, source(registry.url()).find(fingerprint(STRING), "odd-value").getType());
    }

    @Test
    @DisplayName("a bare 404 is believed of what shows itself to be a registry")
    void bareNotFound() {
        registry.first(LocalRegistry.status(404, ""));
        assertEquals("unknown_id", refusal().reason());
        assertEquals(List.of("/schemas/ids/9", "/subjects"), registry.asked());
    }

    @Test
    @DisplayName("a GUID is asked for as such; a kind of name that the API lacks is unknown at once")
    void kinds() throws Exception {
        UUID uuid = UUID.fromString("89791762-2336-4186-9674-299b90a802e2");
        registry.answers("/schemas/guids/" + uuid, answer(STRING));
        SchemaSource source = source(registry.url());
        assertEquals(Schema.Type.STRING, source.find(SchemaId.of(SchemaId.Kind.GUID, uuid)).getType());
        SchemaException no = assertThrows(
                SchemaException.class, () -> source.find(SchemaId.of(SchemaId.Kind.GLOBAL, 9)));
        assertEquals("unknown_id", no.reason());
        assertEquals(1, registry.asked().size());
    }

    @Test
    @DisplayName("a proxy's 404 is no evidence")
    void proxyNotFound() {
        registry.with(9, STRING)
                .first(LocalRegistry.status(404, "<h1>default backend</h1>"))
                .first(LocalRegistry.status(404, "<h1>default backend</h1>"));
        assertEquals("HTTP 404", failure());
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 503, 429, 401, 403, 302})
    @DisplayName("what may pass is no answer")
    void mayPass(int status) {
        registry.with(9, STRING).first(LocalRegistry.status(status, "{\"error_code\":" + status + "}"));
        assertEquals("HTTP " + status, failure());
    }

    @ParameterizedTest
    @ValueSource(strings = {"<html>log in</html>", "{}", "[]", "{\"schema\": 5}", "", "{\"schema\":"})
    @DisplayName("an answer that is not a registry's is none")
    void strange(String body) {
        registry.with(9, STRING).first(LocalRegistry.status(200, body));
        assertEquals("an answer that is not a schema registry's", failure());
    }

    @Test
    @DisplayName("a redirect is not followed, so that credentials stay here")
    void redirect() throws Exception {
        try (LocalRegistry other = new LocalRegistry()) {
            other.with(9, STRING);
            registry.first(exchange -> {
                exchange.getResponseHeaders().add("Location", other.url() + "/schemas/ids/9");
                exchange.sendResponseHeaders(302, -1);
            });
            assertEquals("HTTP 302", failure());
            assertEquals(List.of(), other.asked());
        }
    }

    @Test
    @DisplayName("an answer that stalls in its midst is given up")
    void stalled() {
        CountDownLatch over = new CountDownLatch(1);
        registry.first(exchange -> {
            exchange.sendResponseHeaders(200, 1000);
            exchange.getResponseBody().write('{');
            exchange.getResponseBody().flush();
            try {
                over.await(50, TimeUnit.SECONDS);
            } catch (InterruptedException closed) {
                Thread.currentThread().interrupt();
            }
        });
        SchemaSource source =
                new ConfluentSource(Specs.access(registry.url()), Duration.ofSeconds(1));
        assertEquals("no answer within 1 s",
                assertThrows(IOException.class, () -> source.find(NINE)).getMessage());
        over.countDown();
    }

    @Test
    @DisplayName("an answer larger than any schema is refused, not read as a part of itself")
    void oversized() {
        String padding = " ".repeat(1 << 20);
        registry.first(exchange -> {
            exchange.sendResponseHeaders(200, 0); // chunked: the size is not announced
            OutputStream out = exchange.getResponseBody();
            out.write("{\"schema\": \"\\\"string\\\"\"}".getBytes(StandardCharsets.UTF_8));
            for (int i = 0; i < 8; i++) {
                out.write(padding.getBytes(StandardCharsets.UTF_8));
            }
        });
        SchemaException refusal = refusal();
        assertEquals("not_avro", refusal.reason());
        assertEquals("schema 9: an answer of over 8000000 bytes", refusal.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"PROTOBUF", "JSON"})
    @DisplayName("a schema of another language is not Avro")
    void otherLanguage(String type) {
        registry.answers("/schemas/ids/9", answer(STRING).put("schemaType", type));
        SchemaException refusal = refusal();
        assertEquals("not_avro", refusal.reason());
        assertEquals("schema 9 is of type " + type, refusal.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "nonsense", "{", "{'type':'record','name':'R'}", "{'type':'Unheard'}",
        "{'type':'record','name':'R','fields':[{'name':'a','type':'int'},{'name':'a','type':'int'}]}",
        "{'type':'record','name':'1','fields':[]}", "{'type':'fixed','name':'F','size':-1}",
        "['int','int']", "{'type':'enum','name':'E','symbols':['A','A']}"})
    @DisplayName("a schema that Avro cannot parse is not Avro, whatever Avro throws")
    void notAvro(String schema) {
        registry.with(9, schema.replace('\'', '"'));
        SchemaException refusal = refusal();
        assertEquals("not_avro", refusal.reason());
        assertTrue(refusal.getMessage().startsWith("schema 9 cannot be parsed: "), refusal.getMessage());
    }

    @Test
    @DisplayName("a schema nested without end is not Avro either")
    void deep() {
        registry.with(9, "{\"type\":\"array\",\"items\":".repeat(20_000) + STRING + "}".repeat(20_000));
        assertEquals("not_avro", refusal().reason());
    }

    @Test
    @DisplayName("a writer's default that does not fit its type does no harm")
    void badDefault() throws Exception {
        registry.with(9, "{'type':'record','name':'R','fields':[{'name':'a','type':'int','default':'x'}]}"
                .replace('\'', '"'));
        assertEquals("R", source(registry.url()).find(NINE).getName());
    }

    @Test
    @DisplayName("references are followed, each once, with subjects of any name")
    void references() throws Exception {
        String money = "{'type':'fixed','name':'Money','size':8}";
        String line = "{'type':'record','name':'Line','fields':[{'name':'m','type':'Money'}]}";
        String order = "{'type':'record','name':'Order','fields':[{'name':'l','type':'Line'},"
                + "{'name':'m','type':'Money'}]}";
        registry.answers("/schemas/ids/9",
                        references(answer(order), "Line", "a/line 1", "Money", "money"))
                .answers("/subjects/a%2Fline%201/versions/1", references(answer(line), "Money", "money"))
                .answers("/subjects/money/versions/1", answer(money));
        Schema schema = source(registry.url()).find(NINE);
        assertEquals("Money", schema.getField("m").schema().getName());
        assertEquals(1, registry.asked().stream().filter("/subjects/money/versions/1"::equals).count());
        assertEquals(3, registry.asked().size());
    }

    @Test
    @DisplayName("references in a circle are not Avro")
    void circle() {
        registry.answers("/schemas/ids/9", references(answer("'B'"), "A", "a"))
                .answers("/subjects/a/versions/1",
                        references(answer("{'type':'record','name':'A','fields':[{'name':'b','type':'B'}]}"),
                                "B", "b"))
                .answers("/subjects/b/versions/1",
                        references(answer("{'type':'record','name':'B','fields':[{'name':'a','type':'A'}]}"),
                                "A", "a"));
        assertEquals("not_avro", refusal().reason());
    }

    @Test
    @DisplayName("a reference that the registry lacks is an unknown id, and named")
    void lostReference() {
        registry.answers("/schemas/ids/9", references(answer("'Money'"), "Money", "money"));
        SchemaException refusal = refusal();
        assertEquals("unknown_id", refusal.reason());
        assertEquals("the registry does not have the reference Money", refusal.getMessage());
    }

    @Test
    @DisplayName("credentials are sent as the plan says, and none where it says none")
    void credentials() throws Exception {
        registry.with(9, STRING);
        source(registry.url()).find(NINE);
        String host = registry.url().substring("http://".length());
        source("http://us%65r:p%C3%A4ss@" + host).find(NINE);
        ask(Specs.json("{'username': 'user', 'password': 'päss'}"));
        ask(Specs.json("{'username': 'user'}"));
        ask(Specs.json("{'token': 'abc'}"));
        assertEquals(
                List.of("none", "Basic dXNlcjpww6Rzcw==", "Basic dXNlcjpww6Rzcw==", "Basic dXNlcjo=",
                        "Bearer abc"),
                registry.authorizations());
    }

    private void ask(ObjectNode credentials) throws Exception {
        ObjectNode spec = Specs.orders(registry.url());
        Specs.registry(spec).setAll(credentials);
        SchemaSource.of(StreamSpec.parse(spec.toString()).sources.get(0).registry).find(NINE);
    }

    private static ObjectNode answer(String schema) {
        return Specs.json("{}").put("schema", schema.replace('\'', '"'));
    }

    private static ObjectNode references(ObjectNode answer, String... namesAndSubjects) {
        for (int i = 0; i < namesAndSubjects.length; i += 2) {
            answer.withArray("references").addObject()
                    .put("name", namesAndSubjects[i])
                    .put("subject", namesAndSubjects[i + 1])
                    .put("version", 1);
        }
        return answer;
    }
}
