package federation.plan;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import federation.plan.StreamSpec.RegistrySpec;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Plans for tests: a small stream of orders, to be changed before it is parsed. */
public final class Specs {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Specs() {}

    /** JSON with apostrophes for quotation marks. */
    public static ObjectNode json(String text) {
        try {
            return (ObjectNode) JSON.readTree(text.replace('\'', '"'));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /** Orders of a cluster {@code eu} to one called {@code hub}; key {@code id}, as text. */
    public static ObjectNode orders(String registry) {
        ObjectNode spec = json("""
                {'stream': 'orders',
                 'contract': {'type': 'record', 'name': 'Order', 'namespace': 'shop', 'fields': [
                   {'name': 'id', 'type': 'string'},
                   {'name': 'event', 'type': 'long'},
                   {'name': 'sum', 'type': 'int'}]},
                 'keySchema': {'type': 'record', 'name': 'OrderKey', 'namespace': 'shop', 'fields': [
                   {'name': 'id', 'type': 'string'}]},
                 'target': {'keyFields': ['id'], 'keyEncoding': 'string', 'valueSchemaId': 66051,
                   'keySchemaId': -1, 'clusterId': 'hub-id', 'recordBytes': 1048576, 'deadBytes': 1048576},
                 'deduplicationKey': ['event'], 'acrossKeys': false, 'severalClusters': false,
                 'follows': false, 'transforms': false, 'tombstones': 'forward',
                 'holdsUnfit': false, 'evolves': false, 'deadLetterRatio': 0.2, 'deadLetterOf': 10000,
                 'sources': [{'name': 'eu/orders', 'cluster': 'eu', 'clusterId': 'eu-id',
                   'registry': {'type': 'confluent', 'username': null, 'password': null, 'token': null, 'ca': null},
                   'framing': {'type': 'confluent', 'schemas': [], 'fingerprints': {}, 'subjects': []},
                   'keyFraming': {'type': 'confluent', 'schemas': [], 'fingerprints': {}, 'subjects': []},
                   'rules': {}, 'keyRules': {}, 'where': null, 'plannedSchemas': [], 'plannedFields': []}]}""");
        registry(spec).put("url", registry).put("identity", "confluent " + withoutCredentials(registry));
        return spec;
    }

    private static String withoutCredentials(String url) {
        return url.replaceFirst("//.*@", "//");
    }

    /** The only source of {@link #orders}. */
    public static ObjectNode source(ObjectNode spec) {
        return (ObjectNode) spec.get("sources").get(0);
    }

    /** Its registry. */
    public static ObjectNode registry(ObjectNode spec) {
        return (ObjectNode) source(spec).get("registry");
    }

    /** Access to a registry at this address without credentials. */
    public static RegistrySpec access(String url) {
        return StreamSpec.parse(orders(url).toString()).sources.get(0).registry;
    }
}
