package federation.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import federation.Vectors;
import federation.plan.StreamSpec.RegistrySpec;
import federation.plan.StreamSpec.SourceSpec;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The plan of a stream")
class StreamSpecTest {
    @Test
    @DisplayName("is understood as the planner writes it")
    void asWritten() throws Exception {
        JsonNode vector = Vectors.read("stream-spec.json");
        StreamSpec spec = StreamSpec.parse(vector.toString());
        assertEquals("orders", spec.stream);
        assertEquals("shop.Order", spec.contract.getFullName());
        assertEquals("shop.OrderKey", spec.keySchema.getFullName());
        assertArrayEquals(new int[] {2, 0}, spec.keyFields);
        assertTrue(spec.avroKey);
        assertEquals(7, spec.valueSchemaId);
        assertEquals(8, spec.keySchemaId);
        assertEquals("id-of-hub", spec.targetClusterId);
        assertArrayEquals(new int[] {0}, spec.deduplicationKey);
        assertTrue(spec.acrossKeys);
        assertTrue(spec.transforms);
        assertEquals("dead-letter", spec.tombstones);
        assertEquals(0.25, spec.deadLetterRatio);
        assertEquals(500, spec.deadLetterOf);
        assertEquals("schemas", spec.schemaFolder);
        assertEquals(2, spec.sources.size());
    }

    @Test
    @DisplayName("tells each source's registry, rules and filter, and what is absent is null")
    void sources() throws Exception {
        StreamSpec spec = StreamSpec.parse(Vectors.read("stream-spec.json").toString());
        SourceSpec eu = spec.sources.get(0);
        SourceSpec us = spec.sources.get(1);
        assertEquals(0, eu.index);
        assertEquals("eu/orders", eu.name);
        assertEquals("eu", eu.cluster);
        assertEquals("id-of-eu", eu.clusterId);
        assertNull(eu.where);
        assertTrue(eu.rules.isEmpty() && eu.keyRules.isEmpty());
        RegistrySpec open = eu.registry;
        assertEquals("apicurio", open.type);
        assertEquals("http://eu:8081/apis/ccompat/v7", open.url);
        assertEquals("http://eu:8081/apis/registry/v3", open.nativeUrl);
        assertEquals("apicurio http://eu:8081/apis/registry/v3", open.identity);
        assertNull(open.username);
        assertNull(open.password);
        assertNull(open.token);
        assertNull(open.ca);
        assertEquals("auto", eu.framing.type);
        assertTrue(eu.framing.schemas.isEmpty() && eu.keyFraming.fingerprints.isEmpty());
        assertEquals(1, us.index);
        assertEquals("json", us.framing.type);
        assertEquals("[{\"type\":\"map\",\"values\":\"int\"}]", us.framing.schemas.toString());
        assertEquals("single-object", us.keyFraming.type);
        assertEquals("{-1=\"int\"}", us.keyFraming.fingerprints.toString());
        assertEquals(List.of("order_events-key"), us.keyFraming.subjects);
        assertEquals("amount > 0", us.where);
        assertEquals(Set.of("id", "region", "amount"), us.rules.keySet());
        assertEquals("order.number", us.rules.get("id").from());
        assertEquals(2, us.rules.get("amount").scale());
        assertEquals("us", us.rules.get("region").constant().asText());
        assertEquals("number", us.keyRules.get("id").from());
        assertEquals("reader", us.registry.username);
        assertEquals("pässword", us.registry.password);
        assertNull(us.registry.token);
        assertEquals("ca.pem", us.registry.ca);
        assertEquals("own.pem", us.registry.certificate);
        assertEquals("key.pem", us.registry.key);
    }

    @Test
    @DisplayName("without deduplication has no deduplication key")
    void withoutDeduplication() {
        ObjectNode spec = Specs.orders("http://r");
        spec.putArray("deduplicationKey");
        assertEquals(0, StreamSpec.parse(spec.toString()).deduplicationKey.length);
        assertFalse(StreamSpec.parse(spec.toString()).avroKey);
    }

    @ParameterizedTest
    @ValueSource(strings = {"stream", "contract", "target", "tombstones", "deadLetterOf", "sources"})
    @DisplayName("that lacks a property is refused by the property's name")
    void incomplete(String property) {
        ObjectNode spec = Specs.orders("http://r");
        spec.remove(property);
        String refusal = assertThrows(
                IllegalArgumentException.class, () -> StreamSpec.parse(spec.toString())).getMessage();
        assertTrue(refusal.contains("'" + property + "'"), refusal);
    }

    @Test
    @DisplayName("with a key field that the contract lacks is refused by the field's name")
    void unknownField() {
        ObjectNode spec = Specs.orders("http://r");
        spec.putArray("deduplicationKey").add("nonsense");
        String refusal = assertThrows(
                IllegalArgumentException.class, () -> StreamSpec.parse(spec.toString())).getMessage();
        assertEquals("the contract has no field nonsense", refusal);
    }
}
