package federation.dedup;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;

/**
 * A growing batch of fingerprints on its way into Flink state, grouped by the end of their slice.
 *
 * <p>As bytes (big-endian longs), for each group: last millisecond of the slice, number n of
 * fingerprints, n times upper and lower half. So a fingerprint costs 16 bytes and nothing depends on
 * the length of a slice, which may be another one after a restart.
 */
final class Segment {
    /** Receives what a segment holds. */
    interface Visitor {
        void fingerprint(long high, long low, long until);
    }

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

    /** Last millisecond of the latest slice, {@code Long.MIN_VALUE} if the segment is empty. */
    long until() {
        long latest = Long.MIN_VALUE;
        for (Group group : groups) {
            latest = Math.max(latest, group.until);
        }
        return latest;
    }

    void clear() {
        groups = new Group[0];
        size = 0;
        bytes = 0;
    }

    byte[] toBytes() {
        int longs = 2 * size + GROUP_HEADER_LONGS * groups.length;
        byte[] result = new byte[longs * Long.BYTES];
        LongBuffer buffer = ByteBuffer.wrap(result).asLongBuffer();
        for (Group group : groups) {
            buffer.put(group.until).put(group.used / 2).put(group.halves, 0, group.used);
        }
        return result;
    }

    /** Number of fingerprints in a written segment. */
    static int size(byte[] segment) {
        int size = 0;
        LongBuffer buffer = ByteBuffer.wrap(segment).asLongBuffer();
        while (buffer.hasRemaining()) {
            size += skipGroup(buffer);
        }
        return size;
    }

    /** Last millisecond of the latest slice in a written segment. */
    static long until(byte[] segment) {
        long latest = Long.MIN_VALUE;
        LongBuffer buffer = ByteBuffer.wrap(segment).asLongBuffer();
        while (buffer.hasRemaining()) {
            latest = Math.max(latest, buffer.get(buffer.position()));
            skipGroup(buffer);
        }
        return latest;
    }

    private static long since(byte[] segment) {
        long earliest = Long.MAX_VALUE;
        LongBuffer buffer = ByteBuffer.wrap(segment).asLongBuffer();
        while (buffer.hasRemaining()) {
            earliest = Math.min(earliest, buffer.get(buffer.position()));
            skipGroup(buffer);
        }
        return earliest;
    }

    /** A written segment without the slices that ended before this instant; empty if none is left. */
    static byte[] keep(byte[] segment, long forgottenBefore) {
        if (since(segment) >= forgottenBefore) {
            return segment;
        }
        Segment kept = new Segment();
        read(segment, (high, low, until) -> {
            if (until >= forgottenBefore) {
                kept.append(high, low, until);
            }
        });
        return kept.toBytes();
    }

    private static int skipGroup(LongBuffer buffer) {
        int count = (int) buffer.get(buffer.position() + 1);
        buffer.position(buffer.position() + GROUP_HEADER_LONGS + 2 * count);
        return count;
    }

    static void read(byte[] segment, Visitor visitor) {
        LongBuffer buffer = ByteBuffer.wrap(segment).asLongBuffer();
        while (buffer.hasRemaining()) {
            long until = buffer.get();
            for (long left = buffer.get(); left > 0; left--) {
                visitor.fingerprint(buffer.get(), buffer.get(), until);
            }
        }
    }
}
