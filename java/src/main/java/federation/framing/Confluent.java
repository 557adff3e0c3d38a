package federation.framing;

import federation.map.MappingException;
import federation.registry.SchemaId;
import java.nio.ByteBuffer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** A magic byte 0, the registry's 4-byte id, the payload. */
final class Confluent implements Framing {
    private static final int FRAME = 5;

    private final boolean key;
    private int lastId;
    private SchemaId last = SchemaId.of(0);

    Confluent(boolean key) {
        this.key = key;
    }

    @Override
    public void open(ConsumerRecord<byte[], byte[]> in, Frame out) throws MappingException {
        byte[] bytes = key ? in.key() : in.value();
        if (bytes.length == 0) {
            throw new MappingException("frame", "empty");
        }
        if (bytes[0] != 0) {
            throw new MappingException("frame", "magic");
        }
        if (bytes.length < FRAME) {
            throw new MappingException("frame", "short");
        }
        out.set(id(bytes), bytes, FRAME);
    }

    @Override
    public SchemaId schemaOf(ConsumerRecord<byte[], byte[]> in) {
        byte[] bytes = key ? in.key() : in.value();
        return bytes == null || bytes.length < FRAME || bytes[0] != 0 ? null : id(bytes);
    }

    private SchemaId id(byte[] bytes) {
        int id = ByteBuffer.wrap(bytes, 1, 4).getInt();
        if (id != lastId) {
            lastId = id;
            last = SchemaId.of(id);
        }
        return last;
    }
}
