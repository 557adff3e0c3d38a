package federation.framing;

import federation.map.MappingException;
import federation.map.Output;
import federation.registry.SchemaId;
import java.nio.ByteBuffer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Keys as Kafka's own serializers write them, made the Avro bytes of a string, int or long. */
final class PlainKey extends OneSide {
    /** Width of a number; 0 for text. */
    private final int width;
    private final Output avro = new Output();

    PlainKey(boolean key, int width) {
        super(key);
        this.width = width;
    }

    @Override
    public void open(ConsumerRecord<byte[], byte[]> in, Frame out) throws MappingException {
        SchemaId name = name(in);
        byte[] bytes = bytes(in);
        avro.reset(0);
        if (width == 0) {
            avro.writeBytes(bytes, 0, bytes.length);
        } else {
            ByteBuffer number = ByteBuffer.wrap(bytes);
            avro.writeLong(width == Integer.BYTES ? number.getInt() : number.getLong());
        }
        out.set(name, avro.buffer(), 0, avro.length());
    }

    @Override
    SchemaId name(ConsumerRecord<byte[], byte[]> in) throws MappingException {
        if (width > 0 && bytes(in).length != width) {
            throw new MappingException("frame", "size");
        }
        return Bare.GIVEN;
    }
}
