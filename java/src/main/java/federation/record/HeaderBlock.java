package federation.record;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.Predicate;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;

/**
 * Record headers as one byte array, in order and with repeated names: for each header a 4-byte name
 * length, the UTF-8 name, a 4-byte value length (-1 for null) and the value.
 */
public final class HeaderBlock {
    private HeaderBlock() {}

    /** Collects headers; not reusable after {@link #toBytes()}. */
    public static final class Writer {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(64);
        private final DataOutputStream out = new DataOutputStream(bytes);

        public Writer add(String name, byte[] value) {
            try {
                byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
                out.writeInt(utf8.length);
                out.write(utf8);
                out.writeInt(value == null ? -1 : value.length);
                if (value != null) {
                    out.write(value);
                }
                return this;
            } catch (IOException impossible) {
                throw new UncheckedIOException(impossible);
            }
        }

        public Writer addAll(Headers headers) {
            return addAll(headers, name -> false);
        }

        /** Adds all but those of certain names. */
        public Writer addAll(Headers headers, Predicate<String> except) {
            for (Header header : headers) {
                if (!except.test(header.key())) {
                    add(header.key(), header.value());
                }
            }
            return this;
        }

        public byte[] toBytes() {
            return bytes.toByteArray();
        }
    }

    /** A block with just one header: the common case, without intermediate buffers. */
    public static byte[] single(byte[] utf8Name, byte[] value, int length) {
        ByteBuffer block = ByteBuffer.allocate(8 + utf8Name.length + length);
        block.putInt(utf8Name.length).put(utf8Name).putInt(length).put(value, 0, length);
        return block.array();
    }

    /** Reads a block back into Kafka's form. */
    public static RecordHeaders read(byte[] block) {
        RecordHeaders headers = new RecordHeaders();
        ByteBuffer in = ByteBuffer.wrap(block);
        while (in.hasRemaining()) {
            int nameLength = in.getInt();
            String name = new String(block, in.position(), nameLength, StandardCharsets.UTF_8);
            in.position(in.position() + nameLength);
            int length = in.getInt();
            byte[] value = null;
            if (length >= 0) {
                value = new byte[length];
                in.get(value);
            }
            headers.add(name, value);
        }
        return headers;
    }
}
