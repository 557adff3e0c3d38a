package federation.framing;

import federation.registry.SchemaId;

/** Makes no new name for a record whose schema is that of the one before. */
final class LastName {
    private SchemaId last = SchemaId.of(0);

    SchemaId of(SchemaId.Kind kind, long high, long low) {
        if (last.low() != low || last.high() != high || last.kind() != kind) {
            last = new SchemaId(kind, high, low);
        }
        return last;
    }
}
