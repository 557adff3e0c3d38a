package federation.framing;

/** Headers that name a schema in the source's registry: they mean nothing, or worse, at the target. */
public final class SchemaHeaders {
    private SchemaHeaders() {}

    public static boolean names(String header) {
        return header.startsWith("apicurio.value.") || header.startsWith("apicurio.key.")
                || header.equals("__value_schema_id") || header.equals("__key_schema_id");
    }
}
