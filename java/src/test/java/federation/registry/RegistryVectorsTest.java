package federation.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import federation.Vectors;
import federation.plan.Specs;
import federation.plan.StreamSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.apache.avro.Schema;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

@DisplayName("The shared table of registries' answers")
@Timeout(60)
class RegistryVectorsTest {
    @TestFactory
    @DisplayName("means the same here")
    List<DynamicTest> cases() throws Exception {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode one : Vectors.read("registry.json").required("cases")) {
            tests.add(DynamicTest.dynamicTest(one.required("name").asText(), () -> check(one)));
        }
        return tests;
    }

    private static void check(JsonNode one) throws Exception {
        try (LocalRegistry registry = new LocalRegistry().without("/subjects")) {
            one.required("answers").fields().forEachRemaining(
                    said -> registry.script(said.getKey(), script(said.getValue())));
            ObjectNode spec = Specs.orders(registry.url());
            Specs.registry(spec).put("type", one.required("type").asText())
                    .put("nativeUrl", registry.url());
            SchemaSource source =
                    SchemaSource.of(StreamSpec.parse(spec.toString()).sources.get(0).registry);
            String expected = one.required("outcome").asText();
            if (expected.equals("schema")) {
                expected = new Schema.Parser().parse(one.required("schema").toString()).toString();
            }
            assertEquals(expected, outcome(source, id(one.required("id"))));
        }
    }

    private static String outcome(SchemaSource source, SchemaId id) throws InterruptedException {
        try {
            return source.find(id).toString();
        } catch (SchemaException no) {
            return no.reason();
        } catch (IOException mayPass) {
            return "later";
        }
    }

    private static SchemaId id(JsonNode node) {
        SchemaId.Kind kind = SchemaId.Kind.valueOf(node.get(0).asText().toUpperCase(Locale.ROOT));
        return node.get(1).isTextual()
                ? SchemaId.of(kind, UUID.fromString(node.get(1).asText()))
                : SchemaId.of(kind, node.get(1).asLong());
    }

    private static LocalRegistry.Script script(JsonNode said) {
        return exchange -> {
            said.path("headers").fields().forEachRemaining(header ->
                    exchange.getResponseHeaders().add(header.getKey(), header.getValue().asText()));
            String body = said.has("text") ? said.get("text").asText() : said.required("body").toString();
            LocalRegistry.status(said.path("status").asInt(200), body).handle(exchange);
        };
    }
}
