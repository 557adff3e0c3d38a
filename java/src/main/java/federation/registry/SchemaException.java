package federation.registry;

/** The registry's word that a schema is of no use: it does not have it, or it is not Avro. */
public final class SchemaException extends Exception {
    private static final long serialVersionUID = 1L;
    private final String reason;

    private SchemaException(String reason, String message) {
        super(message, null, false, false); // told for each record that names the schema
        this.reason = reason;
    }

    /** Nobody has a schema of this name. */
    public static SchemaException unknown(String message) {
        return new SchemaException("unknown_id", message);
    }

    static SchemaException notAvro(String message) {
        return new SchemaException("not_avro", message);
    }

    /** unknown_id or not_avro. */
    public String reason() {
        return reason;
    }
}
