package federation.framing;

import federation.map.MappingException;
import federation.registry.SchemaId;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** AWS Glue: byte 3, compression (0 none, 5 zlib), the schema version's UUID, the payload. */
final class Glue extends OneSide {
    static final int MAGIC = 3;
    private static final int FRAME = 18;
    private static final int ZLIB = 5;
    private static final int MIB = 1 << 20;
    /** Bytes that a payload may grow to; and beyond the first MiB a hundredfold at most. */
    private static final int LIMIT = 64 * MIB;
    private static final int RATIO = 100;

    private final LastName names = new LastName();
    /** As large as the largest payload yet. */
    private byte[] inflated = new byte[8192];

    Glue(boolean key) {
        super(key);
    }

    @Override
    public void open(ConsumerRecord<byte[], byte[]> in, Frame out) throws MappingException {
        SchemaId name = name(in);
        byte[] bytes = bytes(in);
        if (bytes[1] == ZLIB) {
            out.set(name, null, 0, inflate(bytes));
            out.bytes = inflated;
        } else {
            out.set(name, bytes, FRAME);
        }
    }

    @Override
    SchemaId name(ConsumerRecord<byte[], byte[]> in) throws MappingException {
        byte[] bytes = framed(in, MAGIC, FRAME);
        if (bytes[1] != 0 && bytes[1] != ZLIB) {
            throw new MappingException("frame", "compression");
        }
        ByteBuffer version = ByteBuffer.wrap(bytes, 2, FRAME - 2);
        return names.of(SchemaId.Kind.GLUE, version.getLong(), version.getLong());
    }

    /** Fills {@link #inflated} and says how far. */
    private int inflate(byte[] bytes) throws MappingException {
        int packed = bytes.length - FRAME;
        int limit = (int) Math.min(LIMIT, Math.max(MIB, (long) RATIO * packed));
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(bytes, FRAME, packed);
            int length = 0;
            while (!inflater.finished()) {
                if (length == inflated.length) {
                    inflated = Arrays.copyOf(inflated, Math.min(2 * length, LIMIT + 1));
                }
                int room = Math.min(inflated.length, limit + 1) - length;
                int more = inflater.inflate(inflated, length, room);
                length += more;
                if (length > limit) {
                    throw new MappingException("frame", "inflated");
                }
                if (more == 0 && (inflater.needsInput() || inflater.needsDictionary())) {
                    throw new MappingException("frame", "compression");
                }
            }
            if (inflater.getRemaining() > 0) {
                throw new MappingException("frame", "compression");
            }
            return length;
        } catch (DataFormatException corrupt) {
            throw new MappingException("frame", "compression");
        } finally {
            inflater.end();
        }
    }
}
