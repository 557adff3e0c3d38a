package federation.dedup;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
 * <p>When memory has reached its limit, older slices move to disk, a {@link Spill} part at a time, and
 * are looked up there. The disk ends where it is full, or where its index in memory takes its share:
 * only then is something forgotten early, and counted.
 *
 * <p>Record times are bent into what can be kept. A time in the future, or none, counts as now. A time
 * older than the window counts as the oldest slice that is still remembered: such a record is compared
 * with all that is remembered, and remembered until that slice is forgotten.
 */
final class Deduplicator implements Closeable {
    private static final int TABLE_BITS = 12;
    static final int TABLES = 1 << TABLE_BITS;
    private static final int SLICES_PER_WINDOW = 16;
    /** Length of a slice where there is no window: a memory limit then forgets by the day. */
    private static final long DAY = TimeUnit.DAYS.toMillis(1);
    private static final int TABLES_PER_PART = TABLES / Spill.PARTS;
    /** Part of the limit that the index of what is remembered on disk may take; less than half, as it holds forgotten ones too. */
    private static final double SPILLED_SHARE = 0.4;
    private static final double WASTE = 1.1;
    /** Pause after the disk has refused. */
    private static final long RETRY_MILLIS = 60_000;

    private static final Logger LOG = LoggerFactory.getLogger(Deduplicator.class);

    private final long window;
    private final long maxHold;
    private final long maxBytes;
    private final long sliceLength;
    private final LongSupplier processingTime;
    private final Generations generations = new Generations();
    private final FingerprintTable[] tables = new FingerprintTable[TABLES];
    private final Spill spill;
    private long clock = Long.MIN_VALUE;
    private long now;
    private long tableBytes;
    private long forgottenEarly;
    /** The part that gave up memory last. */
    private int part = -1;
    private long retryAt = Long.MIN_VALUE;
    private int cursor;
    private int toSweep;

    /**
     * @param window milliseconds to remember; 0 or less: for ever
     * @param maxHold milliseconds that a fingerprint may outlive the window, measured since its slice
     *     last received one, while the clock stands still; 0 or less: no bound
     * @param maxBytes bytes of memory before the older slices move to disk; 0 or less: no bound
     * @param folder a place on the local disk
     * @param processingTime milliseconds since 1970
     */
    Deduplicator(
            long window, long maxHold, long maxBytes, Path folder, LongSupplier processingTime) {
        this.window = window;
        this.maxHold = maxHold;
        this.maxBytes = maxBytes > 0 ? maxBytes : Long.MAX_VALUE;
        this.spill = new Spill(folder);
        this.sliceLength = window > 0 ? Math.max(1, window / SLICES_PER_WINDOW) : DAY;
        this.processingTime = processingTime;
        this.now = processingTime.getAsLong();
    }

    boolean remembers(long high, long low) throws IOException {
        long filled = notEmpty(high, low);
        FingerprintTable table = tables[table(high)];
        int at = table == null ? -1 : table.find(high, filled);
        return at >= 0 && generations.isLive(table.code(at)) || spill.remembers(high, filled);
    }

    /** Remembers a fingerprint and returns the last millisecond of the slice it counts to. */
    long remember(long high, long low, long time) throws IOException {
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
    void restore(long high, long low, long until) throws IOException {
        FingerprintTable table = roomyTable(high);
        long slice = Math.floorDiv(until, sliceLength);
        if (slice >= generations.horizon()) {
            store(table, high, notEmpty(high, low), slice);
        } else {
            forgottenEarly++;
        }
    }

    /** Sets the window's clock to a watermark in milliseconds. */
    void advance(long watermark) {
        clock = watermark;
        if (window > 0 && watermark >= Long.MIN_VALUE + window) {
            raise(Math.floorDiv(watermark - window, sliceLength));
        }
    }

    /** A small step of housekeeping, to be called now and then: frees forgotten memory of one table, or space on disk. */
    void sweep() throws IOException {
        now = processingTime.getAsLong();
        long oldest = window > 0 && maxHold > 0 ? oldest() : Long.MAX_VALUE;
        if (oldest < Long.MAX_VALUE && now - lastArrival(oldest) > window + maxHold) {
            forgetEarly(oldest);
        }
        if (toSweep > 0) {
            toSweep--;
            cursor = (cursor + 1) % TABLES;
            if (tables[cursor] != null) {
                purge(tables[cursor]);
            }
            if (cursor % TABLES_PER_PART == 0) {
                spill.drop(cursor / TABLES_PER_PART);
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
        return generations.remembered() + spill.remembered();
    }

    /** How many of the remembered fingerprints are on disk. */
    long spilled() {
        return spill.remembered();
    }

    /** Bytes of memory taken by the tables, and by what finds fingerprints on disk. */
    long bytes() {
        return tableBytes + spill.bytes();
    }

    /** Bytes on disk. */
    long diskBytes() {
        return spill.fileBytes();
    }

    /** Fingerprints forgotten before their time because a bound was reached. */
    long forgottenEarly() {
        return forgottenEarly;
    }

    @Override
    public void close() throws IOException {
        spill.close();
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

    /** The table of a fingerprint, with room for one more. Making that may raise the horizon. */
    private FingerprintTable roomyTable(long high) throws IOException {
        int index = table(high);
        if (tables[index] != null && !tables[index].full()) {
            return tables[index];
        }
        do {
            FingerprintTable table = tables[index];
            if (table != null) {
                purge(table);
                if (table.roomy()) {
                    return table;
                }
            }
        } while (!fits(tables[index]) && makeRoom());
        FingerprintTable table = tables[index];
        if (table == null) {
            table = new FingerprintTable(TABLE_BITS);
            tables[index] = table;
            tableBytes += table.bytes();
        } else if (!table.roomy()) {
            grow(table);
        }
        return table;
    }

    /** Whether the tables may grow by one of them. They have half of all memory at least, whatever else takes. */
    private boolean fits(FingerprintTable table) {
        long more = table == null ? FingerprintTable.LEAST_BYTES : table.growth();
        return tableBytes + more <= Math.max(maxBytes - spill.bytes(), maxBytes / 2);
    }

    /** Frees some memory of tables; false if there is nothing that may be given up. */
    private boolean makeRoom() throws IOException {
        while (indexNeeded() > SPILLED_SHARE * maxBytes && forgetOldest()) {
            // what is on disk takes memory as well, if little
        }
        if (diskRefuses() && generations.isOneSlice()) {
            return false;
        }
        for (int tried = 0; tried < Spill.PARTS; tried++) {
            part = (part + 1) % Spill.PARTS;
            if (release(part)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Moves the older half of a part to disk. Where the disk does not take it, it is forgotten, but
     * not what counts to the newest slice.
     */
    private boolean release(int part) throws IOException {
        long bytesBefore = tableBytes;
        drop(part, generations.horizon());
        long[] byCode = new long[Generations.CODES];
        for (int i = part * TABLES_PER_PART; i < (part + 1) * TABLES_PER_PART; i++) {
            if (tables[i] != null) {
                tables[i].count(byCode);
            }
        }
        long before = generations.afterOlderHalf(byCode);
        if (!write(part, before, byCode)) {
            before = Math.min(before, generations.newest());
            forgottenEarly += generations.countBefore(before, byCode);
        }
        drop(part, before);
        return generations.countBefore(before, byCode) > 0 || tableBytes < bytesBefore;
    }

    /** Drops a part's slices before this one from memory. */
    private void drop(int part, long before) {
        for (int i = part * TABLES_PER_PART; i < (part + 1) * TABLES_PER_PART; i++) {
            if (tables[i] != null) {
                purge(tables[i], before);
                if (tables[i].size() == 0) {
                    tableBytes -= tables[i].bytes();
                    tables[i] = null;
                }
            }
        }
    }

    /** Writes a part's slices before this one to disk, where they are merged with others; false if it refuses. */
    private boolean write(int part, long before, long[] byCode) throws IOException {
        if (diskRefuses()) {
            return false;
        }
        boolean written = false;
        try {
            spill.add(part, generations.countBefore(before, byCode), out -> {
                for (int i = part * TABLES_PER_PART; i < (part + 1) * TABLES_PER_PART; i++) {
                    if (tables[i] != null) {
                        tables[i].write(generations, before, out);
                    }
                }
            });
            written = true;
            for (int code = 0; code < Generations.CODES; code++) {
                if (byCode[code] > 0 && generations.slice(code) < before) {
                    spill.added(generations.slice(code), byCode[code], generations.lastArrival(code));
                }
            }
            spill.merge(part, isIndexWasteful());
        } catch (ClosedChannelException cancelled) {
            throw cancelled;
        } catch (IOException refused) {
            LOG.warn("the disk takes no more of what deduplication remembers; asked again in {} s",
                    RETRY_MILLIS / 1000, refused);
            retryAt = now + RETRY_MILLIS;
        }
        return written;
    }

    /** Bytes of memory that what is remembered on disk cannot do without. */
    private double indexNeeded() {
        return spill.remembered() * Run.BYTES_PER_KEY;
    }

    /** Whether the index takes its share, and is not a little larger for what is forgotten. */
    private boolean isIndexWasteful() {
        return spill.bytes() > SPILLED_SHARE * maxBytes && spill.bytes() > WASTE * indexNeeded();
    }

    private boolean diskRefuses() {
        return now < retryAt;
    }

    /** The oldest slice in memory or on disk, {@code Long.MAX_VALUE} if there is none. */
    private long oldest() {
        int code = generations.oldest();
        return Math.min(code < 0 ? Long.MAX_VALUE : generations.slice(code), spill.oldest());
    }

    private long lastArrival(long oldest) {
        int code = generations.oldest();
        boolean inTables = code >= 0 && generations.slice(code) == oldest;
        return Math.max(inTables ? generations.lastArrival(code) : Long.MIN_VALUE, spill.lastArrival(oldest));
    }

    private boolean forgetOldest() {
        long oldest = oldest();
        boolean isOnlyOne = oldest >= Math.max(generations.newest(), spill.newest());
        if (!isOnlyOne) {
            forgetEarly(oldest);
        }
        return !isOnlyOne;
    }

    private void forgetEarly(long oldest) {
        long before = remembered();
        raise(oldest + 1);
        forgottenEarly += before - remembered();
    }

    private void raise(long horizon) {
        if (horizon > generations.horizon()) {
            generations.raise(horizon);
            spill.raise(horizon);
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
        purge(table, generations.horizon());
    }

    private void purge(FingerprintTable table, long before) {
        tableBytes -= table.bytes();
        table.purge(generations, before);
        tableBytes += table.bytes();
    }

    private void grow(FingerprintTable table) {
        tableBytes -= table.bytes();
        table.grow();
        tableBytes += table.bytes();
    }

    private static int table(long high) {
        return (int) (high >>> (Long.SIZE - TABLE_BITS));
    }

    /** A slot of two zeros is empty, so that one value of 2^128 gives way to its neighbour. */
    private static long notEmpty(long high, long low) {
        return (high | low) == 0 ? 1 : low;
    }
}
