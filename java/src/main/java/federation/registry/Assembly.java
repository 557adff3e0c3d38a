package federation.registry;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.avro.Schema;

/** One schema out of its text and the texts that it refers to, in whatever registry they lie. */
final class Assembly {
    private static final int MAX_REFERENCES = 500;

    private final Registered registered;
    // What a writer's defaults look like does not matter: they are never used.
    private final Schema.Parser parser = new Schema.Parser().setValidateDefaults(false);
    private final Set<String> seen = new HashSet<>();

    private Assembly(Registered registered) {
        this.registered = registered;
    }

    /** A schema as it is registered. */
    record Text(String schema, List<Reference> references) {}

    /** What one schema calls another, and where that lies in the registry: a path, unique to it. */
    record Reference(String name, String path) {}

    /** Asks a registry for what a reference means; {@code what} is for people. */
    interface Registered {
        Text at(Reference reference, String what)
                throws SchemaException, IOException, InterruptedException;
    }

    /**
     * Parses a schema, what it refers to first; each reference is asked for once.
     *
     * @param what the schema, for people
     * @throws SchemaException if Avro cannot parse it: references in a circle, among others
     */
    static Schema of(Text text, String what, Registered registered)
            throws SchemaException, IOException, InterruptedException {
        return new Assembly(registered).parse(text, what);
    }

    /** Parses a schema that refers to nothing. */
    static Schema of(String text, String what) throws SchemaException {
        try {
            return of(new Text(text, List.of()), what, null);
        } catch (IOException | InterruptedException impossible) { // nobody is asked
            throw new IllegalStateException(impossible);
        }
    }

    private Schema parse(Text text, String what)
            throws SchemaException, IOException, InterruptedException {
        for (Reference reference : text.references) {
            if (!seen.add(reference.path)) {
                continue; // drawn in before, or a circle that the parser will complain about
            }
            if (seen.size() > MAX_REFERENCES) {
                throw SchemaException.notAvro(
                        "the schema has over " + MAX_REFERENCES + " references");
            }
            String named = "the reference " + reference.name;
            parse(registered.at(reference, named), named);
        }
        try {
            return parser.parse(text.schema);
        } catch (RuntimeException | StackOverflowError error) { // Avro's parser has many of them
            throw SchemaException.notAvro(what + " cannot be parsed: " + error.getMessage());
        }
    }
}
