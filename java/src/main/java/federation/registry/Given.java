package federation.registry;

import federation.plan.StreamSpec.FramingSpec;
import org.apache.avro.Schema;

/** The schemas of one side of a source: those that the plan gives, else a registry's. */
public final class Given implements Schemas {
    private final FramingSpec given;
    private final Schemas registry;

    /** @param registry knows all other names; null if the source has none */
    public Given(FramingSpec given, Schemas registry) {
        this.given = given;
        this.registry = registry;
    }

    @Override
    public Schema get(SchemaId id) throws SchemaException, InterruptedException {
        if (id.kind() == SchemaId.Kind.GIVEN) {
            return given.schemas.get((int) id.low());
        }
        if (id.kind() == SchemaId.Kind.FINGERPRINT) {
            Schema found = given.fingerprints.get(id.low());
            if (found != null) {
                return found;
            }
            throw SchemaException.unknown(
                    "no schema that was given, or registered when the stream started, is " + id);
        }
        if (registry == null) {
            throw SchemaException.unknown("the source has no registry for schema " + id);
        }
        return registry.get(id);
    }
}
