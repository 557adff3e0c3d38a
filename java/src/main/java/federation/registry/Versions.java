package federation.registry;

import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;

/** The versions of one subject by the fingerprints of their schemas; each version is read once. */
final class Versions {
    private final ConfluentSource registry;
    private final String subject;
    private final Set<Integer> read = new HashSet<>();
    private final Map<Long, Schema> schemas = new HashMap<>();

    Versions(ConfluentSource registry, String subject) {
        this.registry = registry;
        this.subject = subject;
    }

    /** The schema, or null; what is not known yet makes it read the versions that are new. */
    synchronized Schema find(long fingerprint)
            throws SchemaException, IOException, InterruptedException {
        if (!schemas.containsKey(fingerprint)) {
            for (int version : registry.versions(subject)) {
                if (!read.contains(version)) {
                    read(version);
                }
            }
        }
        return schemas.get(fingerprint);
    }

    private void read(int version) throws IOException, InterruptedException {
        try {
            Schema schema = registry.version(subject, version);
            schemas.putIfAbsent(SchemaNormalization.parsingFingerprint64(schema), schema);
        } catch (SchemaException notAvro) {
            // Whatever it is, no record names it by a fingerprint.
        }
        read.add(version);
    }
}
