package federation.framing;

import federation.registry.SchemaId;

/**
 * A value or key taken apart: whose schema wrote it, and where its Avro bytes lie. Filled anew for
 * each record by {@link Framing#open}; valid until the next one.
 */
public final class Frame {
    public SchemaId schema;
    /** Holds the payload: the record's own bytes where nothing had to be unpacked. */
    public byte[] bytes;
    public int from;
    public int length;

    void set(SchemaId schema, byte[] bytes, int from) {
        set(schema, bytes, from, bytes.length - from);
    }

    void set(SchemaId schema, byte[] bytes, int from, int length) {
        this.schema = schema;
        this.bytes = bytes;
        this.from = from;
        this.length = length;
    }
}
