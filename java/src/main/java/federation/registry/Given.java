package federation.registry;

import federation.plan.StreamSpec.FramingSpec;
import federation.plan.StreamSpec.RegistrySpec;
import org.apache.avro.Schema;

/** The schemas of one side of a source: those that the plan gives, else a registry's. */
public final class Given implements Schemas {
    private final FramingSpec given;
    private final SchemaCache registry;
    private final SchemaCache subjects;

    /**
     * @param registry knows all names that are a registry's; null if the source has none
     * @param subjects knows fingerprints that the plan does not; null if nobody does
     */
    public Given(FramingSpec given, SchemaCache registry, SchemaCache subjects) {
        this.given = given;
        this.registry = registry;
        this.subjects = subjects;
    }

    /** @param registry of the source, or null; @param folder where schemas are kept, or null */
    public static Given of(FramingSpec given, RegistrySpec registry, String folder) {
        if (registry == null) {
            return new Given(given, null, null);
        }
        return new Given(
                given,
                SchemaCache.of(registry, folder),
                given.subjects.isEmpty() ? null : SchemaCache.of(registry, given.subjects, folder));
    }

    /** Who has to be asked for a schema; null if nobody: it is given, or none has it. */
    public SchemaCache cache(SchemaId id) {
        return switch (id.kind()) {
            case GIVEN -> null;
            case FINGERPRINT -> given.fingerprints.containsKey(id.low()) ? null : subjects;
            default -> registry;
        };
    }

    @Override
    public Schema get(SchemaId id) throws SchemaException, InterruptedException {
        SchemaCache cache = cache(id);
        if (cache != null) {
            return cache.get(id);
        }
        if (id.kind() == SchemaId.Kind.GIVEN) {
            return given.schemas.get((int) id.low());
        }
        if (id.kind() == SchemaId.Kind.FINGERPRINT) {
            Schema found = given.fingerprints.get(id.low());
            if (found != null) {
                return found;
            }
            throw SchemaException.unknown("no schema that was given is " + id);
        }
        throw SchemaException.unknown("the source has no registry for schema " + id);
    }
}
