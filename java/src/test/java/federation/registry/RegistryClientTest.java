package federation.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import federation.plan.Specs;
import federation.plan.StreamSpec;
import federation.plan.StreamSpec.RegistrySpec;
import federation.registry.RegistryClient.SchemaException;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A registry's client")
@Timeout(60)
class RegistryClientTest {
    private static final String STRING = "\"string\"";
    private static final Duration SOON = Duration.ofSeconds(20);

    private final List<String> waits = Collections.synchronizedList(new ArrayList<>());
    private LocalRegistry registry;

    @BeforeEach
    void start() throws Exception {
        registry = new LocalRegistry();
    }

    @AfterEach
    void stop() {
        registry.close();
    }

    private RegistryClient client(String url) {
        return client(Specs.access(url), SOON);
    }

    private RegistryClient client(RegistrySpec spec, Duration timeout) {
        return new RegistryClient(spec, (url, why) -> waits.add(url + " " + why), timeout, 1);
    }

    private SchemaException refusal(int id) {
        return assertThrows(SchemaException.class, () -> client(registry.url()).byId(id));
    }

    @Test
    @DisplayName("finds a schema below any path, with or without a slash at its end")
    void paths() throws Exception {
        registry.answers("/apis/ccompat/v7/schemas/ids/3", answer(STRING));
        assertEquals(Schema.Type.STRING, client(registry.url() + "/apis/ccompat/v7").byId(3).getType());
        assertEquals(Schema.Type.STRING, client(registry.url() + "/apis/ccompat/v7/").byId(3).getType());
        assertEquals(List.of(), waits);
    }

    @Test
    @DisplayName("an id that the registry says it does not have is unknown, at once")
    void unknown() {
        SchemaException refusal = refusal(9);
        assertEquals("unknown_id", refusal.reason());
        assertEquals("the registry does not have schema 9", refusal.getMessage());
        assertEquals(List.of(), waits);
    }

    @Test
    @DisplayName("a bare 404 is believed of what shows itself to be a registry")
    void bareNotFound() {
        registry.first(LocalRegistry.status(404, ""));
        assertEquals("unknown_id", refusal(9).reason());
        assertEquals(List.of("/schemas/ids/9", "/subjects"), registry.asked());
    }

    @Test
    @DisplayName("a proxy's 404 is no evidence: it waits until the registry itself answers")
    void proxyNotFound() throws Exception {
        registry.with(9, STRING)
                .first(LocalRegistry.status(404, "<h1>default backend</h1>"))
                .first(LocalRegistry.status(404, "<h1>default backend</h1>"));
        assertEquals(Schema.Type.STRING, client(registry.url()).byId(9).getType());
        assertEquals(List.of(registry.url() + " HTTP 404"), waits);
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 503, 429, 401, 403})
    @DisplayName("what may pass is waited for, and said")
    void waits(int status) throws Exception {
        registry.with(9, STRING)
                .first(LocalRegistry.status(status, "{\"error_code\":" + status + "}"))
                .first(LocalRegistry.status(status, ""));
        assertEquals(Schema.Type.STRING, client(registry.url()).byId(9).getType());
        String said = registry.url() + " HTTP " + status;
        assertEquals(List.of(said, said), waits);
    }

    @ParameterizedTest
    @ValueSource(strings = {"<html>log in</html>", "{}", "[]", "{\"schema\": 5}", "", "{\"schema\":"})
    @DisplayName("an answer that is not a registry's is waited over")
    void strange(String body) throws Exception {
        registry.with(9, STRING).first(LocalRegistry.status(200, body));
        assertEquals(Schema.Type.STRING, client(registry.url()).byId(9).getType());
        assertEquals(List.of(registry.url() + " an answer that is not a schema registry's"), waits);
    }

    @Test
    @DisplayName("a registry that is not there is waited for")
    void absent() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        CountDownLatch waited = new CountDownLatch(2);
        RegistryClient client = new RegistryClient(
                Specs.access("http://127.0.0.1:" + port), (url, why) -> waited.countDown(), SOON, 1);
        Asking asking = asking(client);
        assertTrue(waited.await(30, TimeUnit.SECONDS));
        end(asking);
    }

    @Test
    @DisplayName("a redirect is not followed, so that credentials stay here")
    void redirect() throws Exception {
        try (LocalRegistry other = new LocalRegistry()) {
            other.with(9, STRING);
            registry.with(9, STRING).first(exchange -> {
                exchange.getResponseHeaders().add("Location", other.url() + "/schemas/ids/9");
                exchange.sendResponseHeaders(302, -1);
            });
            assertEquals(Schema.Type.STRING, client(registry.url()).byId(9).getType());
            assertEquals(List.of(), other.asked());
            assertEquals(List.of(registry.url() + " HTTP 302"), waits);
        }
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
        SchemaException refusal = refusal(9);
        assertEquals("not_avro", refusal.reason());
        assertEquals("schema 9: an answer of over 8000000 bytes", refusal.getMessage());
    }

    @Test
    @DisplayName("an answer that stalls in its midst is given up and asked for again")
    void stalled() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        registry.with(9, STRING).first(exchange -> {
            exchange.sendResponseHeaders(200, 1000);
            exchange.getResponseBody().write('{');
            exchange.getResponseBody().flush();
            try {
                over.await(50, TimeUnit.SECONDS);
            } catch (InterruptedException closed) {
                Thread.currentThread().interrupt();
            }
        });
        RegistryClient client = client(Specs.access(registry.url()), Duration.ofSeconds(1));
        assertEquals(Schema.Type.STRING, client.byId(9).getType());
        over.countDown();
        assertEquals(List.of(registry.url() + " no answer within 1 s"), waits);
    }

    @Test
    @DisplayName("an interrupt ends an unanswered question")
    void interruptedWhileAsking() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        registry.first(exchange -> {
            asked.countDown();
            try {
                over.await(50, TimeUnit.SECONDS);
            } catch (InterruptedException closed) {
                Thread.currentThread().interrupt();
            }
        });
        Asking asking = asking(client(registry.url()));
        assertTrue(asked.await(30, TimeUnit.SECONDS));
        end(asking);
        over.countDown();
    }

    @Test
    @DisplayName("an interrupt ends a pause")
    void interruptedWhileWaiting() throws Exception {
        CountDownLatch waiting = new CountDownLatch(1);
        registry.first(LocalRegistry.status(503, ""));
        RegistryClient client = new RegistryClient(
                Specs.access(registry.url()), (url, why) -> waiting.countDown(), SOON, 60_000);
        Asking asking = asking(client);
        assertTrue(waiting.await(30, TimeUnit.SECONDS));
        end(asking);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PROTOBUF", "JSON"})
    @DisplayName("a schema of another language is not Avro")
    void otherLanguage(String type) {
        registry.answers("/schemas/ids/9", answer(STRING).put("schemaType", type));
        SchemaException refusal = refusal(9);
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
        SchemaException refusal = refusal(9);
        assertEquals("not_avro", refusal.reason());
        assertTrue(refusal.getMessage().startsWith("schema 9 cannot be parsed: "), refusal.getMessage());
    }

    @Test
    @DisplayName("a schema nested without end is not Avro either")
    void deep() {
        registry.with(9, "{\"type\":\"array\",\"items\":".repeat(20_000) + STRING + "}".repeat(20_000));
        assertEquals("not_avro", refusal(9).reason());
    }

    @Test
    @DisplayName("a writer's default that does not fit its type does no harm")
    void badDefault() throws Exception {
        registry.with(9, "{'type':'record','name':'R','fields':[{'name':'a','type':'int','default':'x'}]}"
                .replace('\'', '"'));
        assertEquals("R", client(registry.url()).byId(9).getName());
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
        Schema schema = client(registry.url()).byId(9);
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
        assertEquals("not_avro", refusal(9).reason());
    }

    @Test
    @DisplayName("a reference that the registry lacks is an unknown id, and named")
    void lostReference() {
        registry.answers("/schemas/ids/9", references(answer("'Money'"), "Money", "money"));
        SchemaException refusal = refusal(9);
        assertEquals("unknown_id", refusal.reason());
        assertEquals("the registry does not have the reference Money", refusal.getMessage());
    }

    @Test
    @DisplayName("credentials are sent as the plan says, and none where it says none")
    void credentials() throws Exception {
        registry.with(9, STRING);
        client(registry.url()).byId(9);
        String host = registry.url().substring("http://".length());
        client("http://us%65r:p%C3%A4ss@" + host).byId(9);
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
        client(StreamSpec.parse(spec.toString()).sources.get(0).registry, SOON).byId(9);
    }

    @Test
    @DisplayName("credentials in the address are never said")
    void secret() throws Exception {
        registry.with(9, STRING).first(LocalRegistry.status(503, ""));
        client(registry.url().replace("//", "//user:hunter2@")).byId(9);
        assertEquals(List.of(registry.url() + " HTTP 503"), waits);
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

    /** A question in a thread of its own. */
    private record Asking(FutureTask<Schema> task, Thread thread) {}

    private static Asking asking(RegistryClient client) {
        FutureTask<Schema> task = new FutureTask<>(() -> client.byId(9));
        Thread thread = new Thread(task, "asking");
        thread.setDaemon(true);
        thread.start();
        return new Asking(task, thread);
    }

    /** Interrupts a question, which must end by that and by nothing else. */
    private static void end(Asking asking) {
        assertFalse(asking.task.isDone());
        asking.thread.interrupt();
        ExecutionException failed = assertThrows(
                ExecutionException.class, () -> asking.task.get(30, TimeUnit.SECONDS));
        assertInstanceOf(InterruptedException.class, failed.getCause());
    }
}
