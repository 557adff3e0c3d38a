package federation.dedup;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * What one task remembers: fingerprints, each until the window's clock has passed its record time by
 * the window. Time is kept in slices of a sixteenth of the window, so a fingerprint may be remembered
 * longer than that by at most one slice, never shorter.
 *
 * <p>The upper bits of a fingerprint choose one of {@value #TABLES} tables, so that they fill evenly
 * whatever the target keys are, and each is small enough to grow unnoticed. Forgetting is a change of
 * the horizon, a single number; the memory comes back table by table, in {@link #sweep} or when a table
 * needs room.
 *
 * <p>Record times are bent into what can be kept. A time in the future, or none, counts as now. A time
 * older than the window counts as the oldest slice that is still remembered: such a record is compared
 * with all that is remembered, and remembered until that slice is forgotten.
 */
final class Deduplicator {
    private static final int TABLE_BITS = 12;
    static final int TABLES = 1 << TABLE_BITS;
    private static final int SLICES_PER_WINDOW = 16;
    /** Length of a slice where there is no window: a memory limit then forgets by the day. */
    private static final long DAY = TimeUnit.DAYS.toMillis(1);

    private final long window;
    private final long maxHold;
    private final long maxBytes;
    private final long sliceLength;
    private final LongSupplier processingTime;
    private final Generations generations = new Generations();
    private final FingerprintTable[] tables = new FingerprintTable[TABLES];
    private long clock = Long.MIN_VALUE;
    private long now;
    private long bytes;
    private long forgottenEarly;
    private int cursor;
    private int toSweep;

    /**
     * @param window milliseconds to remember; 0 or less: for ever
     * @param maxHold milliseconds that a fingerprint may outlive the window, measured since its slice
     *     last received one, while the clock stands still; 0 or less: no bound
     * @param maxBytes bytes the tables may take before the oldest slices are forgotten early, the
     *     newest never; 0 or less: no bound
     * @param processingTime milliseconds since 1970
     */
    Deduplicator(long window, long maxHold, long maxBytes, LongSupplier processingTime) {
        this.window = window;
        this.maxHold = maxHold;
        this.maxBytes = maxBytes > 0 ? maxBytes : Long.MAX_VALUE;
        this.sliceLength = window > 0 ? Math.max(1, window / SLICES_PER_WINDOW) : DAY;
        this.processingTime = processingTime;
        this.now = processingTime.getAsLong();
    }

    boolean remembers(long high, long low) {
        FingerprintTable table = tables[table(high)];
        if (table == null) {
            return false;
        }
        int at = table.find(high, notEmpty(high, low));
        return at >= 0 && generations.isLive(table.code(at));
    }

    /** Remembers a fingerprint and returns the last millisecond of the slice it counts to. */
    long remember(long high, long low, long time) {
        if (time > now || time < 0) {
            now = processingTime.getAsLong();
        }
        long known = time < 0 ? now : Math.min(time, now);
        FingerprintTable table = roomyTable(high);
        long slice = Math.max(Math.floorDiv(known, sliceLength), generations.horizon());
        store(table, high, notEmpty(high, low), slice);
        return (slice + 1) * sliceLength - 1;
    }

    /** Takes back a fingerprint whose slice ended at {@code until}, which {@link #remember} told. */
    void restore(long high, long low, long until) {
        store(roomyTable(high), high, notEmpty(high, low), Math.floorDiv(until, sliceLength));
    }

    /** Sets the window's clock to a watermark in milliseconds. */
    void advance(long watermark) {
        clock = watermark;
        if (window > 0 && watermark >= Long.MIN_VALUE + window) {
            raise(Math.floorDiv(watermark - window, sliceLength));
        }
    }

    /** A small step of housekeeping, to be called now and then: frees forgotten memory of one table. */
    void sweep() {
        now = processingTime.getAsLong();
        int oldest = window > 0 && maxHold > 0 ? generations.oldest() : -1;
        if (oldest >= 0 && now - generations.lastArrival(oldest) > window + maxHold) {
            forgetEarly(oldest);
        }
        if (toSweep > 0) {
            toSweep--;
            cursor = (cursor + 1) % TABLES;
            if (tables[cursor] != null) {
                purge(tables[cursor]);
            }
        }
    }

    /** All that counted to a slice ending before this instant is forgotten. */
    long forgottenBefore() {
        long horizon = generations.horizon();
        return horizon == Long.MIN_VALUE ? Long.MIN_VALUE : horizon * sliceLength;
    }

    /** The window's clock in milliseconds, {@code Long.MIN_VALUE} before the first watermark. */
    long clock() {
        return clock;
    }

    long remembered() {
        return generations.remembered();
    }

    /** Bytes of memory taken by the tables. */
    long bytes() {
        return bytes;
    }

    /** Fingerprints forgotten before their time because a bound was reached. */
    long forgottenEarly() {
        return forgottenEarly;
    }

    private void store(FingerprintTable table, long high, long low, long slice) {
        if (!generations.isLatest(slice) && generations.isCrowded()) {
            purgeAll();
        }
        int code = generations.codeOf(slice);
        int at = table.find(high, low);
        if (at >= 0) {
            int before = table.code(at);
            if (generations.slice(before) >= slice) {
                return;
            }
            generations.dropped(before);
            table.recode(at, code);
        } else {
            while (!table.insert(~at, high, low, code)) {
                grow(table);
                at = table.find(high, low);
            }
        }
        generations.added(code, now);
    }

    /** The table of a fingerprint, with room for one more. */
    private FingerprintTable roomyTable(long high) {
        FingerprintTable table = tables[table(high)];
        if (table == null) {
            table = new FingerprintTable(TABLE_BITS);
            tables[table(high)] = table;
            bytes += table.bytes();
        }
        if (table.full()) {
            purge(table);
            while (!table.roomy() && bytes + table.growth() > maxBytes && forgetOldest()) {
                purge(table);
            }
            if (!table.roomy()) {
                grow(table);
            }
        }
        return table;
    }

    private boolean forgetOldest() {
        int oldest = generations.oldest();
        boolean isOnlyOne = oldest < 0 || generations.count(oldest) == generations.remembered();
        if (!isOnlyOne) {
            forgetEarly(oldest);
        }
        return !isOnlyOne;
    }

    private void forgetEarly(int code) {
        forgottenEarly += generations.count(code);
        raise(generations.slice(code) + 1);
    }

    private void raise(long horizon) {
        if (horizon > generations.horizon()) {
            generations.raise(horizon);
            toSweep = TABLES;
        }
    }

    private void purgeAll() {
        for (FingerprintTable table : tables) {
            if (table != null) {
                purge(table);
            }
        }
    }

    private void purge(FingerprintTable table) {
        bytes -= table.bytes();
        table.purge(generations);
        bytes += table.bytes();
    }

    private void grow(FingerprintTable table) {
        bytes -= table.bytes();
        table.grow();
        bytes += table.bytes();
    }

    private static int table(long high) {
        return (int) (high >>> (Long.SIZE - TABLE_BITS));
    }

    /** A slot of two zeros is empty, so that one value of 2^128 gives way to its neighbour. */
    private static long notEmpty(long high, long low) {
        return (high | low) == 0 ? 1 : low;
    }
}
