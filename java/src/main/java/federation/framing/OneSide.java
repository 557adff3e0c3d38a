package federation.framing;

import federation.map.MappingException;
import federation.registry.SchemaId;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/** What framings have in common: which side they read, and how it must begin. */
abstract class OneSide implements Framing {
    private final boolean key;

    OneSide(boolean key) {
        this.key = key;
    }

    /** The schema's name, once the frame has been found to be whole. */
    abstract SchemaId name(ConsumerRecord<byte[], byte[]> in) throws MappingException;

    @Override
    public final SchemaId schemaOf(ConsumerRecord<byte[], byte[]> in) {
        try {
            return bytes(in) == null ? null : name(in);
        } catch (MappingException notFramedSo) {
            return null;
        }
    }

    final byte[] bytes(ConsumerRecord<byte[], byte[]> in) {
        return key ? in.key() : in.value();
    }

    /** The bytes, which are not none. */
    final byte[] payload(ConsumerRecord<byte[], byte[]> in) throws MappingException {
        byte[] bytes = bytes(in);
        if (bytes.length == 0) {
            throw new MappingException("frame", "empty");
        }
        return bytes;
    }

    /** The bytes, which begin with {@code first} and are at least {@code size} many. */
    final byte[] framed(ConsumerRecord<byte[], byte[]> in, int first, int size)
            throws MappingException {
        byte[] bytes = payload(in);
        if ((bytes[0] & 0xFF) != first) {
            throw new MappingException("frame", "magic");
        }
        if (bytes.length < size) {
            throw new MappingException("frame", "short");
        }
        return bytes;
    }

    /** The value of the last header of a name; null where there is none, or it has none. */
    final byte[] header(ConsumerRecord<byte[], byte[]> in, String name) {
        Header header = in.headers().lastHeader(name);
        return header == null ? null : header.value();
    }

    /** A name with this side in the place of its asterisk. */
    final String named(String pattern) {
        return pattern.replace("*", key ? "key" : "value");
    }
}
