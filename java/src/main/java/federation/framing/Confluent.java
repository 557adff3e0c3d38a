package federation.framing;

import federation.map.MappingException;
import federation.registry.SchemaId;
import java.nio.ByteBuffer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** A magic byte 0, the registry's 4-byte id, the payload. */
final class Confluent extends OneSide {
    static final int MAGIC = 0;
    private static final int FRAME = 5;

    private final LastName names = new LastName();

    Confluent(boolean key) {
        super(key);
    }

    @Override
    public void open(ConsumerRecord<byte[], byte[]> in, Frame out) throws MappingException {
        out.set(name(in), bytes(in), FRAME);
    }

    @Override
    SchemaId name(ConsumerRecord<byte[], byte[]> in) throws MappingException {
        byte[] bytes = framed(in, MAGIC, FRAME);
        return names.of(SchemaId.Kind.ID, 0, ByteBuffer.wrap(bytes, 1, 4).getInt());
    }
}
