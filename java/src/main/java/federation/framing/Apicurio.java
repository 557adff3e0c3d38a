package federation.framing;

import federation.map.MappingException;
import federation.registry.SchemaId;
import java.nio.ByteBuffer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * A magic byte 0, one of Apicurio's ids, the payload. The id has 8 bytes, or 4 as Confluent's: no id
 * is 0, so the first 4 bytes tell which.
 */
final class Apicurio extends OneSide {
    private static final int SHORT = 5;
    private static final int LONG = 9;

    private final SchemaId.Kind kind;
    private final LastName names = new LastName();

    Apicurio(boolean key, SchemaId.Kind kind) {
        super(key);
        this.kind = kind;
    }

    @Override
    public void open(ConsumerRecord<byte[], byte[]> in, Frame out) throws MappingException {
        SchemaId name = name(in);
        byte[] bytes = bytes(in);
        out.set(name, bytes, size(bytes));
    }

    @Override
    SchemaId name(ConsumerRecord<byte[], byte[]> in) throws MappingException {
        byte[] bytes = framed(in, Confluent.MAGIC, SHORT);
        framed(in, Confluent.MAGIC, size(bytes));
        ByteBuffer id = ByteBuffer.wrap(bytes, 1, bytes.length - 1);
        boolean four = size(bytes) == SHORT;
        return names.of(kind, 0, four ? Integer.toUnsignedLong(id.getInt()) : id.getLong());
    }

    private static int size(byte[] bytes) {
        return (bytes[1] | bytes[2] | bytes[3] | bytes[4]) == 0 ? LONG : SHORT;
    }
}
