package federation.framing;

import federation.map.MappingException;
import federation.registry.SchemaId;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Avro's single-object encoding: C3 01, the schema's 8-byte fingerprint, the payload. */
final class SingleObject extends OneSide {
    static final int MAGIC = 0xC3;
    private static final int FRAME = 10;

    private final LastName names = new LastName();

    SingleObject(boolean key) {
        super(key);
    }

    @Override
    public void open(ConsumerRecord<byte[], byte[]> in, Frame out) throws MappingException {
        out.set(name(in), bytes(in), FRAME);
    }

    @Override
    SchemaId name(ConsumerRecord<byte[], byte[]> in) throws MappingException {
        byte[] bytes = framed(in, MAGIC, 1);
        if (bytes.length > 1 && bytes[1] != 1) {
            throw new MappingException("frame", "magic");
        }
        framed(in, MAGIC, FRAME);
        ByteBuffer fingerprint = ByteBuffer.wrap(bytes, 2, 8).order(ByteOrder.LITTLE_ENDIAN);
        return names.of(SchemaId.Kind.FINGERPRINT, 0, fingerprint.getLong());
    }
}
