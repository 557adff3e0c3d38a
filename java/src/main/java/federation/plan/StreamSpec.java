package federation.plan;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import federation.map.Rule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
    /** The largest record that the target topic takes. */
    public final long recordBytes;
    /** The largest record that the dead-letter topic takes. */
    public final long deadBytes;
    /** Positions of the deduplication key in the contract; empty without deduplication. */
    public final int[] deduplicationKey;
    public final boolean acrossKeys;
    /** Whether a record may come directly and by way of another cluster. */
    public final boolean severalClusters;
    /** Whether it copies what another stream has written: no loop ends here, it is complete. */
    public final boolean follows;
    /** Whether a Python function changes the records. */
    public final boolean transforms;
    /** forward, drop or dead-letter. */
    public final String tombstones;
    public final double deadLetterRatio;
    public final int deadLetterOf;
    /** Whether records of a schema that cannot meet the contract are held, not dead letters. */
    public final boolean holdsUnfit;
    /** Whether records with fields that the contract lacks are held until it has them. */
    public final boolean evolves;
    /** Where schemas outlive a run; null if nowhere. */
    public final String schemaFolder;
    public final List<SourceSpec> sources;

    /** One source: where its schemas are and how its records are mapped. */
    public static final class SourceSpec {
        public final int index;
        public final String name;
        public final String cluster;
        public final String clusterId;
        /** Null where the source's framings need none. */
        public final RegistrySpec registry;
        public final FramingSpec framing;
        public final FramingSpec keyFraming;
        public final Map<String, Rule> rules;
        public final Map<String, Rule> keyRules;
        public final String where;
        /** The writers' schemas that the plan has seen, by CRC-64-AVRO of their canonical form. */
        public final Set<Long> plannedSchemas;
        /** The top-level fields that those have, or that the contract takes in. */
        public final Set<String> plannedFields;

        private SourceSpec(JsonNode node, int index) {
            this.index = index;
            name = node.required("name").asText();
            cluster = node.required("cluster").asText();
            clusterId = node.required("clusterId").asText();
            JsonNode reached = node.required("registry");
            registry = reached.isNull() ? null : new RegistrySpec(reached);
            framing = new FramingSpec(node.required("framing"));
            keyFraming = new FramingSpec(node.required("keyFraming"));
            rules = Rule.parse(node.required("rules"));
            keyRules = Rule.parse(node.required("keyRules"));
            where = text(node, "where");
            plannedSchemas = new HashSet<>();
            for (JsonNode one : node.required("plannedSchemas")) {
                plannedSchemas.add(Long.parseUnsignedLong(one.asText(), 16));
            }
            plannedFields = new HashSet<>();
            node.required("plannedFields").forEach(one -> plannedFields.add(one.asText()));
        }
    }

    /** How values or keys are framed, and the schemas that the configuration gives for them. */
    public static final class FramingSpec {
        public final String type;
        public final List<Schema> schemas;
        /** By CRC-64-AVRO; those that the registry had, too. */
        public final Map<Long, Schema> fingerprints;
        /** Where schemas with other fingerprints may be registered. */
        public final List<String> subjects;

        private FramingSpec(JsonNode node) {
            type = node.required("type").asText();
            schemas = new ArrayList<>();
            node.required("schemas").forEach(one -> schemas.add(schema(one)));
            fingerprints = new HashMap<>();
            node.required("fingerprints").fields().forEachRemaining(one -> fingerprints.put(
                    Long.parseUnsignedLong(one.getKey(), 16), schema(one.getValue())));
            subjects = new ArrayList<>();
            node.required("subjects").forEach(one -> subjects.add(one.asText()));
        }
    }

    /** How to reach a registry; fields that are not needed are null. */
    public static final class RegistrySpec {
        /** confluent, apicurio or served. */
        public final String type;
        /** What tells it from other registries, today and tomorrow; without credentials. */
        public final String identity;
        public final String url;
        /** Of Apicurio's own API; {@code url} is that of Confluent's. */
        public final String nativeUrl;
        public final String username;
        public final String password;
        public final String token;
        public final String ca;
        public final String certificate;
        public final String key;

        private RegistrySpec(JsonNode node) {
            type = node.required("type").asText();
            identity = node.required("identity").asText();
            url = node.required("url").asText();
            nativeUrl = text(node, "nativeUrl");
            username = text(node, "username");
            password = text(node, "password");
            token = text(node, "token");
            ca = text(node, "ca");
            certificate = text(node, "certificate");
            key = text(node, "key");
        }

        /** The same for those who are reached in the same way. */
        public List<String> access() {
            return Arrays.asList(
                    type, identity, url, nativeUrl, username, password, token, ca, certificate, key);
        }
    }

    private StreamSpec(JsonNode node) {
        stream = node.required("stream").asText();
        contract = schema(node.required("contract"));
        keySchema = schema(node.required("keySchema"));
        JsonNode target = node.required("target");
        keyFields = positions(target.required("keyFields"), contract);
        avroKey = target.required("keyEncoding").asText().equals("avro");
        valueSchemaId = target.required("valueSchemaId").asInt();
        keySchemaId = target.required("keySchemaId").asInt();
        targetClusterId = target.required("clusterId").asText();
        recordBytes = target.required("recordBytes").asLong();
        deadBytes = target.required("deadBytes").asLong();
        deduplicationKey = positions(node.required("deduplicationKey"), contract);
        acrossKeys = node.required("acrossKeys").asBoolean();
        severalClusters = node.required("severalClusters").asBoolean();
        follows = node.required("follows").asBoolean();
        transforms = node.required("transforms").asBoolean();
        tombstones = node.required("tombstones").asText();
        deadLetterRatio = node.required("deadLetterRatio").asDouble();
        deadLetterOf = node.required("deadLetterOf").asInt();
        schemaFolder = text(node, "schemaFolder");
        holdsUnfit = node.required("holdsUnfit").asBoolean();
        evolves = node.required("evolves").asBoolean();
        sources = new ArrayList<>();
        for (JsonNode source : node.required("sources")) {
            sources.add(new SourceSpec(source, sources.size()));
        }
    }

    /**
     * Parses the plan of one stream.
     *
     * @throws IllegalArgumentException naming a property or a field that is missing
     */
    public static StreamSpec parse(String json) {
        try {
            return new StreamSpec(new ObjectMapper().readTree(json));
        } catch (IOException error) {
            throw new UncheckedIOException("the stream's plan is not JSON", error);
        }
    }

    /** Defaults were judged with the plan, and are judged where a field needs one. */
    private static Schema schema(JsonNode node) {
        return new Schema.Parser().setValidateDefaults(false).parse(node.toString());
    }

    private static int[] positions(JsonNode names, Schema contract) {
        int[] positions = new int[names.size()];
        for (int i = 0; i < positions.length; i++) {
            String name = names.get(i).asText();
            Schema.Field field = contract.getField(name);
            if (field == null) {
                throw new IllegalArgumentException("the contract has no field " + name);
            }
            positions[i] = field.pos();
        }
        return positions;
    }

    private static String text(JsonNode node, String name) {
        JsonNode value = node.get(name);
        return value == null || value.isNull() ? null : value.asText();
    }
}
