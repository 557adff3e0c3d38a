package federation.framing;

import federation.map.MappingException;
import federation.plan.StreamSpec.FramingSpec;
import federation.registry.SchemaId;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * How one side of a source's records, values or keys, says which schema wrote it. An instance
 * remembers what it met last and keeps buffers: one per thread.
 */
public interface Framing {
    /**
     * Takes this side of a record apart.
     *
     * @param in whose value (or key) is not null
     * @param out is filled; nothing is allocated for it where ids repeat and nothing is packed
     * @throws MappingException of stage {@code frame}, or {@code decode} where the payload is not
     *     Avro yet: it is not framed so
     */
    void open(ConsumerRecord<byte[], byte[]> in, Frame out) throws MappingException;

    /**
     * Only the name of the schema, without looking at the payload; for those who prepare it.
     *
     * @return null where this side is null, or says nothing that can be understood
     */
    SchemaId schemaOf(ConsumerRecord<byte[], byte[]> in);

    /** The framing that the plan names. @param key whether it is of the keys */
    static Framing of(FramingSpec spec, boolean key) {
        return switch (spec.type) {
            case "auto" -> new Auto(key, spec.schemas.isEmpty() ? null : spec.schemas.get(0));
            case "confluent" -> new Confluent(key);
            case "confluent-header" -> new ConfluentHeader(key);
            case "apicurio-global" -> new Apicurio(key, SchemaId.Kind.GLOBAL);
            case "apicurio-content" -> new Apicurio(key, SchemaId.Kind.CONTENT);
            case "apicurio-header" -> new ApicurioHeader(key);
            case "glue" -> new Glue(key);
            case "single-object" -> new SingleObject(key);
            case "avro" -> new Bare(key);
            case "json" -> new Json(key, spec.schemas.get(0));
            case "string" -> new PlainKey(key, 0);
            case "int" -> new PlainKey(key, Integer.BYTES);
            case "long" -> new PlainKey(key, Long.BYTES);
            default -> throw new IllegalArgumentException("no framing is called " + spec.type);
        };
    }
}
