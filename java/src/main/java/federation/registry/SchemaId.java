package federation.registry;

import java.util.Locale;
import java.util.UUID;

/**
 * How a record names the schema that wrote it, within one registry; {@code federation/schemas/ids.py}
 * says what the kinds are. Numbers lie in {@code low}; a UUID is {@code high} and {@code low}.
 */
public record SchemaId(Kind kind, long high, long low) {
    /** The kinds of names, one or more for each framing. */
    public enum Kind {
        ID, GLOBAL, CONTENT, GUID, GLUE, FINGERPRINT, GIVEN
    }

    /** Confluent's number. */
    public static SchemaId of(int id) {
        return new SchemaId(Kind.ID, 0, id);
    }

    public static SchemaId of(Kind kind, long number) {
        return new SchemaId(kind, 0, number);
    }

    public static SchemaId of(Kind kind, UUID uuid) {
        return new SchemaId(kind, uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
    }

    /** As people and dead letters see it: {@code 17}, {@code global 17}, {@code guid 89791762-…}. */
    @Override
    public String toString() {
        String name = kind.name().toLowerCase(Locale.ROOT);
        return switch (kind) {
            case ID -> Integer.toUnsignedString((int) low);
            case GUID, GLUE -> name + " " + new UUID(high, low);
            case FINGERPRINT -> String.format(Locale.ROOT, "%s %016x", name, low);
            default -> name + " " + low;
        };
    }
}
