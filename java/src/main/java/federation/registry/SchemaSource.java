package federation.registry;

import federation.plan.StreamSpec.RegistrySpec;
import java.io.IOException;
import org.apache.avro.Schema;

/** A registry, asked once for each call; {@link SchemaCache} remembers and repeats. */
public interface SchemaSource {
    /** What kind of registry this is and where, without credentials: its identity, and for people. */
    String registry();

    /**
     * The schema of a name, with all that it refers to.
     *
     * @throws SchemaException the registry's own word: there is no such schema, or it is not Avro
     * @throws IOException anything that may pass: no connection, 5xx, 401, a proxy's 404
     * @throws InterruptedException if the thread is interrupted while asking
     */
    Schema find(SchemaId id) throws SchemaException, IOException, InterruptedException;

    /**
     * The schema with this fingerprint among the versions of a subject, or null; throws as {@link
     * #find(SchemaId)} does. For registries that have subjects.
     */
    default Schema find(SchemaId fingerprint, String subject)
            throws SchemaException, IOException, InterruptedException {
        return null;
    }

    /** The client that a registry's type asks for. */
    static SchemaSource of(RegistrySpec spec) {
        return switch (spec.type) {
            case "confluent" -> new ConfluentSource(spec);
            case "apicurio" -> new ApicurioSource(spec);
            case "served" -> new ServedSource(spec);
            default -> throw new IllegalArgumentException("no registry is of type " + spec.type);
        };
    }
}
