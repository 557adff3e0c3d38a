package federation.dedup;

import java.util.stream.LongStream;

/**
 * The slices of time in which fingerprints are remembered, each named by a one-byte code.
 *
 * <p>A slice is the record time divided by the slice's length. What lies below the horizon is
 * forgotten at once; its code is free again as soon as the tables hold nothing under it. A clock that
 * stands still (a source is down) can leave more slices alive than there are codes: then neighbours
 * share one, and are forgotten with the later of the two.
 */
final class Generations {
    static final int CODES = 256;

    private final long[] slices = new long[CODES];
    private final long[] counts = new long[CODES];
    /** Processing time, in milliseconds, of the last fingerprint that came in under a code. */
    private final long[] lastArrival = new long[CODES];
    private int used;
    private int latest;
    private long horizon = Long.MIN_VALUE;

    long horizon() {
        return horizon;
    }

    void raise(long to) {
        horizon = Math.max(horizon, to);
    }

    boolean isLive(int code) {
        return slices[code] >= horizon;
    }

    long slice(int code) {
        return slices[code];
    }

    void added(int code, long now) {
        counts[code]++;
        lastArrival[code] = now;
    }

    void dropped(int code) {
        counts[code]--;
    }

    /** Number of fingerprints that are remembered. */
    long remembered() {
        long sum = 0;
        for (int code = 0; code < used; code++) {
            sum += isLive(code) ? counts[code] : 0;
        }
        return sum;
    }

    /** Whether codes have run out while the tables still hold forgotten fingerprints under some. */
    boolean isCrowded() {
        boolean forgotten = false;
        for (int code = 0; code < used; code++) {
            if (counts[code] == 0) {
                return false;
            }
            forgotten |= !isLive(code);
        }
        return used == CODES && forgotten;
    }

    boolean isLatest(long slice) {
        return used > 0 && slices[latest] == slice;
    }

    /** The code for a slice at or above the horizon; not to be asked while crowded. */
    int codeOf(long slice) {
        if (!isLatest(slice)) {
            latest = search(slice);
        }
        return latest;
    }

    private int search(long slice) {
        int free = -1;
        for (int code = 0; code < used; code++) {
            if (slices[code] == slice) {
                return code;
            }
            free = counts[code] == 0 ? code : free;
        }
        if (free < 0) {
            free = used < CODES ? used++ : nextLater(slice);
        }
        slices[free] = counts[free] == 0 ? slice : Math.max(slice, slices[free]);
        return free;
    }

    /** The code of the next later slice in use, or of the latest of all. */
    private int nextLater(long slice) {
        int best = 0;
        for (int code = 1; code < CODES; code++) {
            boolean later = slices[code] >= slice;
            boolean bestIsLater = slices[best] >= slice;
            if (later != bestIsLater ? later : later == (slices[code] < slices[best])) {
                best = code;
            }
        }
        return best;
    }

    /** The code of the oldest slice that still remembers something, or -1. */
    int oldest() {
        int oldest = -1;
        for (int code = 0; code < used; code++) {
            if (isLive(code) && counts[code] > 0
                    && (oldest < 0 || slices[code] < slices[oldest])) {
                oldest = code;
            }
        }
        return oldest;
    }

    /** The newest slice that still remembers something, {@code Long.MIN_VALUE} if none does. */
    long newest() {
        long newest = Long.MIN_VALUE;
        for (int code = 0; code < used; code++) {
            if (isLive(code) && counts[code] > 0) {
                newest = Math.max(newest, slices[code]);
            }
        }
        return newest;
    }

    /** Whether all that is remembered counts to one slice. */
    boolean isOneSlice() {
        int oldest = oldest();
        return oldest < 0 || slices[oldest] == newest();
    }

    /** The first slice behind the older half of fingerprints that are counted by code. */
    long afterOlderHalf(long[] byCode) {
        long total = LongStream.of(byCode).sum();
        long before = Long.MIN_VALUE;
        for (long older = 0; 2 * older < total; older = countBefore(before, byCode)) {
            long next = Long.MAX_VALUE;
            for (int code = 0; code < used; code++) {
                if (byCode[code] > 0 && slices[code] >= before) {
                    next = Math.min(next, slices[code]);
                }
            }
            before = next + 1;
        }
        return before;
    }

    /** How many of the fingerprints that are counted by code belong to slices before this one. */
    long countBefore(long slice, long[] byCode) {
        long sum = 0;
        for (int code = 0; code < used; code++) {
            sum += slices[code] < slice ? byCode[code] : 0;
        }
        return sum;
    }

    long count(int code) {
        return counts[code];
    }

    long lastArrival(int code) {
        return lastArrival[code];
    }
}
