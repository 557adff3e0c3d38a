package federation.registry;

import java.io.IOException;
import java.util.List;
import org.apache.avro.Schema;

/**
 * Schemas by their fingerprint, which no registry can be asked for as such: they are looked for among
 * the versions of a source's subjects.
 */
final class SubjectsSource implements SchemaSource {
    private final SchemaSource registry;
    private final List<String> subjects;

    SubjectsSource(SchemaSource registry, List<String> subjects) {
        this.registry = registry;
        this.subjects = subjects;
    }

    @Override
    public String registry() {
        return registry.registry();
    }

    @Override
    public Schema find(SchemaId id) throws SchemaException, IOException, InterruptedException {
        for (String subject : subjects) {
            Schema found = registry.find(id, subject);
            if (found != null) {
                return found;
            }
        }
        throw SchemaException.unknown("no schema that was given, or is registered for "
                + String.join(", ", subjects) + ", is " + id);
    }
}
