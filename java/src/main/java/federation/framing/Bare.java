package federation.framing;

import federation.map.MappingException;
import federation.registry.SchemaId;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Avro without a frame, of the schema that the configuration gives. */
final class Bare extends OneSide {
    static final SchemaId GIVEN = SchemaId.of(SchemaId.Kind.GIVEN, 0);

    Bare(boolean key) {
        super(key);
    }

    @Override
    public void open(ConsumerRecord<byte[], byte[]> in, Frame out) throws MappingException {
        out.set(name(in), bytes(in), 0);
    }

    @Override
    SchemaId name(ConsumerRecord<byte[], byte[]> in) throws MappingException {
        payload(in);
        return GIVEN;
    }
}
