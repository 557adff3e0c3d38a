package federation.settle;

import federation.map.Murmur3;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.Record;

/**
 * The records of an aborted transaction, 64 bits each: key, value and headers (which say where it came
 * from, so no two records of a stream are equal). Not the timestamp: a topic may set its own.
 */
final class Fingerprints {
    private final Murmur3 hash = new Murmur3();
    private long[] all = new long[1024];
    private int size;
    private byte[] buffer = new byte[1024];
    private int used;

    void add(Record record) {
        if (size == all.length) {
            all = Arrays.copyOf(all, 2 * size);
        }
        all[size++] = of(record);
    }

    /** To be called between the last {@link #add} and the first {@link #contains}. */
    void seal() {
        Arrays.sort(all, 0, size);
    }

    boolean contains(Record record) {
        return Arrays.binarySearch(all, 0, size, of(record)) >= 0;
    }

    int size() {
        return size;
    }

    private long of(Record record) {
        used = 0;
        put(record.key());
        put(record.value());
        for (Header header : record.headers()) {
            put(ByteBuffer.wrap(header.key().getBytes(StandardCharsets.UTF_8)));
            put(header.value() == null ? null : ByteBuffer.wrap(header.value()));
        }
        hash.hash(buffer, 0, used);
        return hash.first();
    }

    private void put(ByteBuffer part) {
        int length = part == null ? 0 : part.remaining();
        if (buffer.length < used + 4 + length) {
            buffer = Arrays.copyOf(buffer, 2 * (used + 4 + length));
        }
        ByteBuffer.wrap(buffer).putInt(used, part == null ? -1 : length);
        used += 4;
        if (part != null) {
            part.duplicate().get(buffer, used, length);
            used += length;
        }
    }
}
