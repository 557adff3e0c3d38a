package federation.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import federation.plan.Specs;
import federation.plan.StreamSpec;
import java.io.IOException;
import org.apache.avro.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Apicurio, asked once")
@Timeout(60)
class ApicurioSourceTest {
    private static final String MONEY = "{\"type\":\"fixed\",\"name\":\"Money\",\"size\":8}";
    private static final String LINE =
            "{\"type\":\"record\",\"name\":\"Line\",\"fields\":[{\"name\":\"m\",\"type\":\"Money\"}]}";
    private static final String ORDER = "{\"type\":\"record\",\"name\":\"Order\",\"fields\":["
            + "{\"name\":\"l\",\"type\":\"Line\"},{\"name\":\"m\",\"type\":\"Money\"}]}";
    private static final SchemaId GLOBAL = SchemaId.of(SchemaId.Kind.GLOBAL, 1L << 40);

    private LocalRegistry registry;

    @BeforeEach
    void start() throws Exception {
        registry = new LocalRegistry();
    }

    @AfterEach
    void stop() {
        registry.close();
    }

    private SchemaSource source(String api) {
        ObjectNode spec = Specs.orders(registry.url() + "/apis/ccompat/v7");
        Specs.registry(spec).put("type", "apicurio").put("nativeUrl", registry.url() + api);
        return SchemaSource.of(StreamSpec.parse(spec.toString()).sources.get(0).registry);
    }

    private SchemaSource source() {
        return source("/apis/registry/v3");
    }

    /** A schema at a path of the API, and what it refers to. */
    private void holds(String path, String content, String schema, String references) {
        String at = "/apis/registry/v3" + path;
        registry.text(at + content, schema).text(at + "/references", references.replace('\'', '"'));
    }

    private SchemaException refusal(SchemaId id) {
        return assertThrows(SchemaException.class, () -> source().find(id));
    }

    @ParameterizedTest
    @EnumSource(value = SchemaId.Kind.class, names = {"GLOBAL", "CONTENT"})
    @DisplayName("finds global and content ids, follows a diamond of references, each asked for once")
    void native_(SchemaId.Kind kind) throws Exception {
        String path = kind == SchemaId.Kind.GLOBAL ? "/ids/globalIds/7" : "/ids/contentIds/7";
        String money = "{'artifactId': 'mon/ey', 'version': '1', 'name': 'Money'}";
        holds(path, "", ORDER, "[{'groupId': 'a group', 'artifactId': 'Line', 'version': '2', "
                + "'name': 'Line'}, " + money + "]");
        holds("/groups/a%20group/artifacts/Line/versions/2", "/content", LINE, "[" + money + "]");
        holds("/groups/default/artifacts/mon%2Fey/versions/1", "/content", MONEY, "[]");
        Schema schema = source().find(SchemaId.of(kind, 7));
        assertEquals("Money", schema.getField("l").schema().getField("m").schema().getName());
        assertEquals(6, registry.asked().size());
    }

    @Test
    @DisplayName("of version 2 gives a version's content at the version itself")
    void version2() throws Exception {
        String api = "/apis/registry/v2";
        registry.text(api + "/ids/globalIds/7", LINE)
                .text(api + "/ids/globalIds/7/references",
                        "[{\"artifactId\":\"Money\",\"version\":\"1\",\"name\":\"Money\"}]")
                .text(api + "/groups/default/artifacts/Money/versions/1", MONEY)
                .text(api + "/groups/default/artifacts/Money/versions/1/references", "[]");
        SchemaId id = SchemaId.of(SchemaId.Kind.GLOBAL, 7);
        assertEquals("Line", source(api).find(id).getName());
    }

    @Test
    @DisplayName("finds Confluent's numbers by Confluent's API")
    void numbers() throws Exception {
        registry.text("/apis/ccompat/v7/schemas/ids/7", "{\"schema\": \"\\\"string\\\"\"}");
        assertEquals(Schema.Type.STRING, source().find(SchemaId.of(7)).getType());
    }

    @ParameterizedTest
    @ValueSource(strings = {"VersionNotFoundException", "ContentNotFoundException"})
    @DisplayName("that names what it did not find is believed")
    void unknown(String name) {
        registry.first(LocalRegistry.status(404, "{\"status\":404,\"name\":\"" + name + "\"}"));
        SchemaException refusal = refusal(GLOBAL);
        assertEquals("unknown_id", refusal.reason());
        assertEquals("the registry does not have schema global 1099511627776", refusal.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "<h1>default backend</h1>", "{\"name\":\"NotFoundException\"}"})
    @DisplayName("is not believed where a proxy or a wrong path answers 404")
    void proxy(String body) {
        registry.first(LocalRegistry.status(404, body));
        assertEquals("HTTP 404",
                assertThrows(IOException.class, () -> source().find(GLOBAL)).getMessage());
    }

    @Test
    @DisplayName("that tells another type than Avro has no schema of use, though it reads like one")
    void otherLanguage() {
        registry.first(exchange -> {
            exchange.getResponseHeaders().add("X-Registry-ArtifactType", "JSON");
            LocalRegistry.status(200, "{\"type\": \"string\"}").handle(exchange);
        });
        SchemaException refusal = refusal(GLOBAL);
        assertEquals("not_avro", refusal.reason());
        assertTrue(refusal.getMessage().endsWith("is of type JSON"), refusal.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{}", "<html>log in</html>", "\"text\""})
    @DisplayName("that gives no list of references has not answered")
    void strange(String references) {
        holds("/ids/globalIds/" + GLOBAL.low(), "", MONEY, references);
        assertEquals("an answer that is not a schema registry's",
                assertThrows(IOException.class, () -> source().find(GLOBAL)).getMessage());
    }

    @Test
    @DisplayName("that runs in circles has no schema of use")
    void circle() {
        String self = "[{'artifactId': 'Line', 'version': '1', 'name': 'Line'}]";
        holds("/ids/globalIds/" + GLOBAL.low(), "", LINE, self);
        holds("/groups/default/artifacts/Line/versions/1", "/content", LINE, self);
        assertEquals("not_avro", refusal(GLOBAL).reason());
    }
}
