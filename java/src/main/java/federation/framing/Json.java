package federation.framing;

import federation.map.ContractException;
import federation.map.MappingException;
import federation.map.Output;
import federation.map.PlainJson;
import federation.registry.SchemaId;
import org.apache.avro.Schema;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** JSON text, made Avro bytes of the schema that the configuration gives. */
final class Json extends OneSide {
    private final PlainJson program;
    private final Output avro = new Output();

    Json(boolean key, Schema schema) {
        super(key);
        try {
            program = PlainJson.compile(schema);
        } catch (ContractException error) {
            throw new IllegalArgumentException(String.join("; ", error.reasons()), error);
        }
    }

    @Override
    public void open(ConsumerRecord<byte[], byte[]> in, Frame out) throws MappingException {
        SchemaId name = name(in);
        byte[] bytes = bytes(in);
        avro.reset(0);
        program.encode(bytes, 0, bytes.length, avro);
        out.set(name, avro.buffer(), 0, avro.length());
    }

    @Override
    SchemaId name(ConsumerRecord<byte[], byte[]> in) throws MappingException {
        payload(in);
        return Bare.GIVEN;
    }
}
