package federation.dedup;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;

/**
 * A growing batch of fingerprints on its way into Flink state, grouped by the end of their slice.
 *
 * <p>As bytes, all of it big-endian longs: number of fingerprints, first and last instant of the groups;
 * then for each group its instant (last millisecond of the slice), number n of fingerprints, and n
 * times upper and lower half. So a fingerprint costs 16 bytes, and nothing depends on the length of a
 * slice, which may be another one after a restart.
 */
final class Segment {
    /** Receives what a segment holds. */
    interface Visitor {
        void fingerprint(long high, long low, long until) throws IOException;
    }

    private static final int HEADER_LONGS = 3;
    private static final int GROUP_HEADER_LONGS = 2;

    private static final class Group {
        final long until;
        long[] halves = new long[16];
        int used;

        Group(long until) {
            this.until = until;
        }
    }

    private Group[] groups = {};
    private int size;
    private int bytes;

    /** Number of fingerprints. */
    int size() {
        return size;
    }

    /** Bytes of memory taken by the fingerprints. */
    int bytes() {
        return bytes;
    }

    void append(long high, long low, long until) {
        Group group = group(until);
        if (group.used == group.halves.length) {
            int more = group.used / 4 * 2;
            group.halves = Arrays.copyOf(group.halves, group.used + more);
            bytes += more * Long.BYTES;
        }
        group.halves[group.used++] = high;
        group.halves[group.used++] = low;
        size++;
    }

    private Group group(long until) {
        for (Group group : groups) {
            if (group.until == until) {
                return group;
            }
        }
        Group group = new Group(until);
        groups = Arrays.copyOf(groups, groups.length + 1);
        groups[groups.length - 1] = group;
        bytes += group.halves.length * Long.BYTES;
        return group;
    }

    /** Last millisecond of the latest slice; for a segment that is not empty. */
    long until() {
        long latest = groups[0].until;
        for (Group group : groups) {
            latest = Math.max(latest, group.until);
        }
        return latest;
    }

    private long since() {
        long earliest = groups[0].until;
        for (Group group : groups) {
            earliest = Math.min(earliest, group.until);
        }
        return earliest;
    }

    void clear() {
        groups = new Group[0];
        size = 0;
        bytes = 0;
    }

    /** The bytes to store; for a segment that is not empty. */
    byte[] toBytes() {
        int longs = HEADER_LONGS + GROUP_HEADER_LONGS * groups.length + 2 * size;
        byte[] result = new byte[longs * Long.BYTES];
        LongBuffer buffer = ByteBuffer.wrap(result).asLongBuffer();
        buffer.put(size).put(since()).put(until());
        for (Group group : groups) {
            buffer.put(group.until).put(group.used / 2).put(group.halves, 0, group.used);
        }
        return result;
    }

    /** Number of fingerprints in a stored segment. */
    static int size(byte[] stored) {
        return (int) header(stored, 0);
    }

    /** Last millisecond of the latest slice in a stored segment. */
    static long until(byte[] stored) {
        return header(stored, 2);
    }

    static void read(byte[] stored, Visitor visitor) throws IOException {
        LongBuffer buffer = ByteBuffer.wrap(stored).asLongBuffer().position(HEADER_LONGS);
        while (buffer.hasRemaining()) {
            long until = buffer.get();
            for (long left = buffer.get(); left > 0; left--) {
                visitor.fingerprint(buffer.get(), buffer.get(), until);
            }
        }
    }

    /** A stored segment without the slices that ended before this instant; null if none is left. */
    static byte[] keep(byte[] stored, long forgottenBefore) throws IOException {
        if (header(stored, 1) >= forgottenBefore) {
            return stored;
        }
        Segment kept = new Segment();
        read(stored, (high, low, until) -> {
            if (until >= forgottenBefore) {
                kept.append(high, low, until);
            }
        });
        return kept.size() == 0 ? null : kept.toBytes();
    }

    private static long header(byte[] stored, int index) {
        return ByteBuffer.wrap(stored).getLong(index * Long.BYTES);
    }
}
