package federation.source;

import federation.record.Record;
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

    /**
     * What the target would refuse is not sent there: it would stop the stream.
     *
     * @param headers those of the source record
     */
    static void check(Record record, Headers headers, long most) throws Refused {
        long least = (long) record.key.length + record.headers.length + length(record.value);
        // Headers are counted one by one only where it may matter.
        if (least > most - FRAME >> 4 && of(record.key, record.value, headers) > most) {
            throw new Refused("target", "too_large");
        }
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
