package federation.dedup;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * The fingerprints of a task that left memory, in {@link Run}s on the local disk.
 *
 * <p>The upper bits of a fingerprint choose one of {@value #PARTS} parts, each with runs of its own, so
 * that what is written or merged in one go is small. A part's runs are merged like the digits of a
 * binary number are carried: each is at least twice the next one, so there are few, and an entry is
 * written a few times only. Merging leaves out what is forgotten; a run that holds nothing else is
 * dropped whole.
 *
 * <p>A checkpoint needs none of this: Flink's state has every fingerprint anyway.
 */
final class Spill implements Closeable {
    private static final int PART_BITS = 6;
    static final int PARTS = 1 << PART_BITS;
    /** Space on disk that is left to others: a full disk would end the job by their failure. */
    private static final long LEFT_FREE = 1L << 30;
    /** Most of what one lookup reads at once: a page and its neighbour. */
    private static final int LOOKUP_BYTES = Run.ENTRY_BYTES * 170;

    /** Fingerprints of one slice. */
    private static final class Held {
        long count;
        long lastArrival;
    }

    /** Writes entries in order. */
    interface Entries {
        void into(RunWriter out) throws IOException;
    }

    private final Path folder;
    private final Run[][] parts = new Run[PARTS][0];
    /** By slice; without what is forgotten, although runs may still hold it. */
    private final TreeMap<Long, Held> slices = new TreeMap<>();
    private final ByteBuffer scratch =
            ByteBuffer.allocateDirect(LOOKUP_BYTES).order(ByteOrder.nativeOrder());
    private long horizon = Long.MIN_VALUE;
    private long remembered;
    private long bytes;
    private long fileBytes;

    /**
     * @param folder where files get their space, without staying there by name
     */
    Spill(Path folder) {
        this.folder = folder;
    }

    static int part(long high) {
        return (int) (high >>> (Long.SIZE - PART_BITS));
    }

    boolean remembers(long high, long low) throws IOException {
        Run[] runs = parts[part(high)];
        for (int i = runs.length - 1; i >= 0; i--) {
            if (runs[i].mayHold(high, low) && isLive(runs[i].slice(high, low, scratch))) {
                return true;
            }
        }
        return false;
    }

    /** {@code Long.MIN_VALUE} is no slice, and the first horizon. */
    private boolean isLive(long slice) {
        return slice > Long.MIN_VALUE && slice >= horizon;
    }

    /** Fingerprints that are remembered here. One that was restored twice counts twice. */
    long remembered() {
        return remembered;
    }

    /** Bytes of memory. */
    long bytes() {
        return bytes;
    }

    /** Bytes on disk. */
    long fileBytes() {
        return fileBytes;
    }

    /** The oldest slice that is remembered here, {@code Long.MAX_VALUE} if none is. */
    long oldest() {
        return slices.isEmpty() ? Long.MAX_VALUE : slices.firstKey();
    }

    /** The newest slice that is remembered here, {@code Long.MIN_VALUE} if none is. */
    long newest() {
        return slices.isEmpty() ? Long.MIN_VALUE : slices.lastKey();
    }

    /** When the last fingerprint of a slice came, as far as they are here. */
    long lastArrival(long slice) {
        Held held = slices.get(slice);
        return held == null ? Long.MIN_VALUE : held.lastArrival;
    }

    /** Forgets all slices before this one; {@link #drop} frees what they took. */
    void raise(long to) {
        horizon = to;
        Map<Long, Held> forgotten = slices.headMap(to);
        for (Held held : forgotten.values()) {
            remembered -= held.count;
        }
        forgotten.clear();
    }

    /** Frees the runs of a part in which everything is forgotten. */
    void drop(int part) throws IOException {
        Run[] runs = parts[part];
        int kept = 0;
        for (Run run : runs) {
            kept += run.latest() >= horizon ? 1 : 0;
        }
        if (kept < runs.length) {
            Run[] left = new Run[kept];
            kept = 0;
            for (Run run : runs) {
                if (run.latest() >= horizon) {
                    left[kept++] = run;
                } else {
                    close(run);
                }
            }
            parts[part] = left;
        }
    }

    /** Notes that a slice has more fingerprints here. */
    void added(long slice, long count, long lastArrival) {
        Held held = slices.computeIfAbsent(slice, each -> new Held());
        held.count += count;
        held.lastArrival = Math.max(held.lastArrival, lastArrival);
        remembered += count;
    }

    /**
     * Writes entries of one part, in order, to a new run.
     *
     * @param count how many at most
     * @throws IOException the disk does not take them, and nothing has changed
     */
    void add(int part, long count, Entries entries) throws IOException {
        append(part, parts[part].length, write(count, entries));
    }

    /**
     * Merges runs of a part until each is at least twice the next one, or all if {@code whole}.
     *
     * @throws IOException the disk does not take the merged ones, and nothing has changed
     */
    void merge(int part, boolean whole) throws IOException {
        Run[] runs = parts[part];
        int from = runs.length - 1;
        if (from < 1) {
            return;
        }
        long size = runs[from].size();
        while (from > 0 && (whole || runs[from - 1].size() < 2 * size)) {
            size += runs[--from].size();
        }
        if (from < runs.length - 1) {
            int first = from;
            append(part, first, write(size, out -> mergeInto(out, runs, first)));
            for (int i = first; i < runs.length; i++) {
                close(runs[i]);
            }
        }
    }

    private void mergeInto(RunWriter out, Run[] runs, int from) throws IOException {
        Run.Reader[] readers = new Run.Reader[runs.length - from];
        int open = 0;
        for (int i = from; i < runs.length; i++) {
            Run.Reader reader = runs[i].new Reader();
            if (reader.next()) {
                readers[open++] = reader;
            }
        }
        while (open > 0) {
            int least = 0;
            for (int i = 1; i < open; i++) {
                if (Long.compareUnsigned(readers[i].high, readers[least].high) < 0) {
                    least = i;
                }
            }
            Run.Reader reader = readers[least];
            if (isLive(reader.slice)) {
                out.add(reader.high, reader.low, reader.slice);
            }
            if (!reader.next()) {
                readers[least] = readers[--open];
            }
        }
    }

    private Run write(long count, Entries entries) throws IOException {
        if (folder.toFile().getUsableSpace() - count * Run.ENTRY_BYTES < LEFT_FREE) {
            throw new IOException("less than " + (LEFT_FREE >> 20) + " MiB would be left free in " + folder);
        }
        try (RunWriter out = new RunWriter(folder, PART_BITS)) {
            entries.into(out);
            return out.finish();
        }
    }

    /** Puts a run behind the first ones of a part, whose others are left out. */
    private void append(int part, int first, Run run) {
        Run[] runs = new Run[first + 1];
        System.arraycopy(parts[part], 0, runs, 0, first);
        runs[first] = run;
        parts[part] = runs;
        bytes += run.bytes();
        fileBytes += run.size() * Run.ENTRY_BYTES;
    }

    private void close(Run run) throws IOException {
        run.close();
        bytes -= run.bytes();
        fileBytes -= run.size() * Run.ENTRY_BYTES;
    }

    @Override
    public void close() throws IOException {
        for (Run[] runs : parts) {
            for (Run run : runs) {
                run.close();
            }
        }
    }
}
