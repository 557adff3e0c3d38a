package federation.dedup;

import java.io.IOException;

/**
 * Hands fingerprints on in the order of their upper bits, a batch at a time.
 *
 * <p>A restore brings them in no order, and each would meet another table, none of which is in the
 * processor's caches by then. In order, neighbours meet the same table near the same slot.
 */
final class SortedVisits implements Segment.Visitor {
    /** Fingerprints of a batch: 6 MiB, twice. */
    private static final int BATCH = 1 << 18;
    private static final int LONGS = 3;
    private static final int SORTED_BITS = 16;

    private final Segment.Visitor next;
    private final long[] batch = new long[BATCH * LONGS];
    private final long[] sorted = new long[BATCH * LONGS];
    private int used;

    SortedVisits(Segment.Visitor next) {
        this.next = next;
    }

    @Override
    public void fingerprint(long high, long low, long until) throws IOException {
        batch[used++] = high;
        batch[used++] = low;
        batch[used++] = until;
        if (used == batch.length) {
            flush();
        }
    }

    /** Hands on what waits. */
    void flush() throws IOException {
        int[] ends = new int[(1 << SORTED_BITS) + 1];
        for (int at = 0; at < used; at += LONGS) {
            ends[leading(batch[at]) + 1]++;
        }
        for (int i = 1; i < ends.length; i++) {
            ends[i] += ends[i - 1];
        }
        for (int at = 0; at < used; at += LONGS) {
            int to = LONGS * ends[leading(batch[at])]++;
            sorted[to] = batch[at];
            sorted[to + 1] = batch[at + 1];
            sorted[to + 2] = batch[at + 2];
        }
        for (int at = 0; at < used; at += LONGS) {
            next.fingerprint(sorted[at], sorted[at + 1], sorted[at + 2]);
        }
        used = 0;
    }

    private static int leading(long high) {
        return (int) (high >>> (Long.SIZE - SORTED_BITS));
    }
}
