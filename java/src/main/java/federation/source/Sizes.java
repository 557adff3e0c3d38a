package federation.source;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/**
 * How large a record may become in a topic: never less than Kafka counts for a batch of this one
 * record, not compressed. {@code federation/mapping/sizes.py} counts the same.
 */
final class Sizes {
    /** A batch's and a record's own fields, and the origin. */
    static final long FRAME = 1024;
    private static final long HEADER = 16;

    private Sizes() {}

    /** @param headers those of the source record, whatever becomes of them */
    static long of(byte[] key, byte[] value, Headers headers) {
        return FRAME + length(key) + length(value) + of(headers);
    }

    static long of(Headers headers) {
        long sum = 0;
        for (Header header : headers) {
            byte[] name = header.key().getBytes(StandardCharsets.UTF_8);
            sum += HEADER + name.length + length(header.value());
        }
        return sum;
    }

    private static long length(byte[] bytes) {
        return bytes == null ? 0 : bytes.length;
    }
}
