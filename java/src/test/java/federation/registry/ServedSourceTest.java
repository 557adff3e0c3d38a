package federation.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.node.ObjectNode;
import federation.plan.Specs;
import federation.plan.StreamSpec;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import org.apache.avro.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayName("A registry behind the process that started this JVM")
@Timeout(60)
class ServedSourceTest {
    private static final UUID VERSION = UUID.fromString("89791762-2336-4186-9674-299b90a802e2");

    private LocalRegistry registry;
    private SchemaSource source;

    @BeforeEach
    void start() throws Exception {
        registry = new LocalRegistry();
        ObjectNode spec = Specs.orders(registry.url() + "/0");
        Specs.registry(spec).put("type", "served").put("token", "abc");
        source = SchemaSource.of(StreamSpec.parse(spec.toString()).sources.get(0).registry);
    }

    @AfterEach
    void stop() {
        registry.close();
    }

    @Test
    @DisplayName("is asked by the name of the schema, with the token")
    void found() throws Exception {
        registry.text("/0/glue/" + VERSION, "{\"schema\": {\"type\": \"array\", \"items\": \"int\"}}")
                .text("/0/global/18446744073709551615", "{\"schema\": \"string\"}");
        assertEquals(Schema.Type.ARRAY, source.find(SchemaId.of(SchemaId.Kind.GLUE, VERSION)).getType());
        assertEquals(Schema.Type.STRING, source.find(SchemaId.of(SchemaId.Kind.GLOBAL, -1)).getType());
        assertEquals(List.of("Bearer abc", "Bearer abc"), registry.authorizations());
    }

    @Test
    @DisplayName("says no in the registry's words")
    void no() {
        registry.first(LocalRegistry.status(404, "{\"message\": \"it has none\"}"))
                .first(LocalRegistry.status(422, "{\"message\": \"it is JSON\"}"));
        SchemaException unknown = assertThrows(SchemaException.class, () -> source.find(SchemaId.of(7)));
        assertEquals("unknown_id it has none", unknown.reason() + " " + unknown.getMessage());
        SchemaException other = assertThrows(SchemaException.class, () -> source.find(SchemaId.of(7)));
        assertEquals("not_avro it is JSON", other.reason() + " " + other.getMessage());
    }

    @Test
    @DisplayName("says what may pass")
    void mayPass() {
        registry.first(LocalRegistry.status(503, "{\"message\": \"no credentials\"}"))
                .first(LocalRegistry.status(403, "{}"));
        assertEquals("no credentials",
                assertThrows(IOException.class, () -> source.find(SchemaId.of(7))).getMessage());
        assertEquals("HTTP 403",
                assertThrows(IOException.class, () -> source.find(SchemaId.of(7))).getMessage());
    }
}
