package federation.plan;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import federation.map.Rule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;

/**
 * What the operators need of the plan, parsed from the JSON that {@code federation/plan/engine.py}
 * writes. Everything is decided there; nothing here has a default.
 */
public final class StreamSpec {
    public final String stream;
    public final Schema contract;
    public final Schema keySchema;
    public final int[] keyFields;
    public final boolean avroKey;
    public final int valueSchemaId;
    public final int keySchemaId;
    public final String targetClusterId;
    /** Positions of the deduplication key in the contract; empty without deduplication. */
    public final int[] deduplicationKey;
    public final boolean acrossKeys;
    /** forward, drop or dead-letter. */
    public final String tombstones;
    public final double deadLetterRatio;
    public final int deadLetterOf;
    public final List<SourceSpec> sources;

    /** One source: where its schemas are and how its records are mapped. */
    public static final class SourceSpec {
        public final int index;
        public final String name;
        public final String cluster;
        public final String clusterId;
        public final RegistrySpec registry;
        public final Map<String, Rule> rules;
        public final Map<String, Rule> keyRules;
        public final String where;

        private SourceSpec(JsonNode node, int index) {
            this.index = index;
            name = node.get("name").asText();
            cluster = node.get("cluster").asText();
            clusterId = node.get("clusterId").asText();
            registry = new RegistrySpec(node.get("registry"));
            rules = Rule.parse(node.get("rules"));
            keyRules = Rule.parse(node.get("keyRules"));
            where = text(node, "where");
        }
    }

    /** How to reach a registry; fields that are not needed are null. */
    public static final class RegistrySpec {
        public final String url;
        public final String username;
        public final String password;
        public final String token;
        public final String ca;

        private RegistrySpec(JsonNode node) {
            url = node.get("url").asText();
            username = text(node, "username");
            password = text(node, "password");
            token = text(node, "token");
            ca = text(node, "ca");
        }
    }

    private StreamSpec(JsonNode node) {
        stream = node.get("stream").asText();
        contract = new Schema.Parser().parse(node.get("contract").toString());
        keySchema = new Schema.Parser().parse(node.get("keySchema").toString());
        JsonNode target = node.get("target");
        keyFields = positions(target.get("keyFields"), contract);
        avroKey = target.get("keyEncoding").asText().equals("avro");
        valueSchemaId = target.get("valueSchemaId").asInt();
        keySchemaId = target.get("keySchemaId").asInt();
        targetClusterId = target.get("clusterId").asText();
        deduplicationKey = positions(node.get("deduplicationKey"), contract);
        acrossKeys = node.get("acrossKeys").asBoolean();
        tombstones = node.get("tombstones").asText();
        deadLetterRatio = node.get("deadLetterRatio").asDouble();
        deadLetterOf = node.get("deadLetterOf").asInt();
        sources = new ArrayList<>();
        for (JsonNode source : node.get("sources")) {
            sources.add(new SourceSpec(source, sources.size()));
        }
    }

    /** Parses the plan of one stream. */
    public static StreamSpec parse(String json) {
        try {
            return new StreamSpec(new ObjectMapper().readTree(json));
        } catch (IOException error) {
            throw new UncheckedIOException("the stream's plan is not JSON", error);
        }
    }

    private static int[] positions(JsonNode names, Schema contract) {
        int[] positions = new int[names.size()];
        for (int i = 0; i < positions.length; i++) {
            positions[i] = contract.getField(names.get(i).asText()).pos();
        }
        return positions;
    }

    private static String text(JsonNode node, String name) {
        JsonNode value = node.get(name);
        return value == null || value.isNull() ? null : value.asText();
    }
}
