package federation.dedup;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;

/**
 * Fingerprints that left memory: an immutable file of entries sorted by their upper half, each of three
 * longs (upper half, lower half, slice). The file has no name any more: it goes with its last user.
 *
 * <p>In memory is a filter, so that what is not there is hardly ever looked for, and a directory of
 * pages: fingerprints are hashes, so equal ranges of them hold about equally many, and one read of a
 * page or so finds whatever is there.
 */
final class Run implements Closeable {
    static final int ENTRY_BYTES = 3 * Long.BYTES;
    /** A multiple of an entry's. */
    private static final int BUFFER_BYTES = ENTRY_BYTES << 11;
    /** What filter and directory take of memory for each entry, at most. */
    static final double BYTES_PER_KEY = Filter.BITS_PER_KEY / 8.0 + 1.0 / 8;
    /** At least so many entries a page, in the mean. */
    private static final int PAGE_ENTRIES = 32;

    private final FileChannel file;
    private final long size;
    private final long latest;
    /** Leading bits that are the same in all fingerprints of this run. */
    private final int usedBits;
    private final int shift;
    /** Where each page begins, in entries, and at last the run's end. */
    private final int[] pages;
    private final Filter filter;

    Run(FileChannel file, long size, long latest, int usedBits) throws IOException {
        this.file = file;
        this.size = size;
        this.latest = latest;
        this.usedBits = usedBits;
        int pageBits = 1;
        while (size >>> pageBits > 2 * PAGE_ENTRIES) {
            pageBits++;
        }
        shift = Long.SIZE - pageBits;
        pages = new int[(1 << pageBits) + 1];
        filter = new Filter(size, usedBits);
        index();
    }

    private void index() throws IOException {
        int page = 0;
        Reader entries = new Reader();
        for (int at = 0; entries.next(); at++) {
            filter.add(entries.high, entries.low);
            while (page <= page(entries.high)) {
                pages[page++] = at;
            }
        }
        while (page < pages.length) {
            pages[page++] = Math.toIntExact(size);
        }
    }

    long size() {
        return size;
    }

    /** The latest slice of all entries. */
    long latest() {
        return latest;
    }

    /** Bytes of memory. */
    long bytes() {
        return filter.bytes() + 4L * pages.length;
    }

    boolean mayHold(long high, long low) {
        return filter.mayHold(high, low);
    }

    /** The slice of a fingerprint, the later one if it is there twice, or {@code Long.MIN_VALUE}. */
    long slice(long high, long low, ByteBuffer scratch) throws IOException {
        int page = page(high);
        long position = (long) pages[page] * ENTRY_BYTES;
        long end = (long) pages[page + 1] * ENTRY_BYTES;
        long found = Long.MIN_VALUE;
        while (position < end) {
            position += read(scratch, position, end);
            while (scratch.hasRemaining()) {
                long h = scratch.getLong();
                long l = scratch.getLong();
                long slice = scratch.getLong();
                if (h == high) {
                    found = l == low ? Math.max(found, slice) : found;
                } else if (Long.compareUnsigned(h, high) > 0) {
                    return found;
                }
            }
        }
        return found;
    }

    private int page(long high) {
        return (int) ((high << usedBits) >>> shift);
    }

    /** Fills a buffer with what lies between two positions, as much as fits; returns how much. */
    private int read(ByteBuffer into, long from, long end) throws IOException {
        into.clear().limit((int) Math.min(into.capacity(), end - from));
        while (into.hasRemaining()) {
            if (file.read(into, from + into.position()) < 0) {
                throw new EOFException("a file of spilled fingerprints is shorter than what was written to it");
            }
        }
        return into.flip().limit();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    /** Goes through the entries in order. */
    final class Reader {
        private final ByteBuffer buffer = buffer().limit(0);
        private long position;
        long high;
        long low;
        long slice;

        /** Goes to the next entry; false if there is none. */
        boolean next() throws IOException {
            if (!buffer.hasRemaining()) {
                if (position == size * ENTRY_BYTES) {
                    return false;
                }
                position += read(buffer, position, size * ENTRY_BYTES);
            }
            high = buffer.getLong();
            low = buffer.getLong();
            slice = buffer.getLong();
            return true;
        }
    }

    /** A buffer for reading or writing from one end to the other; on the heap, since there will be many. */
    static ByteBuffer buffer() {
        return ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.nativeOrder());
    }

    /** A Bloom filter in blocks: one fingerprint's bits lie in 64 bytes; one in a hundred is taken for another. */
    private static final class Filter {
        static final int BITS_PER_KEY = 10;
        private static final int BLOCK_WORDS = 8;
        private static final int BLOCK_BITS = 9;
        private static final int PROBES = 6;

        private final int usedBits;
        private final int blocks;
        private final long[] words;

        Filter(long keys, int usedBits) {
            this.usedBits = usedBits;
            blocks = Math.toIntExact(1 + keys * BITS_PER_KEY / (BLOCK_WORDS * Long.SIZE));
            words = new long[blocks * BLOCK_WORDS];
        }

        long bytes() {
            return 8L * words.length;
        }

        /** The block follows the upper half, in order, so that a run is built from left to right. */
        private int block(long high) {
            return BLOCK_WORDS * (int) ((((high << usedBits) >>> 32) * blocks) >>> 32);
        }

        void add(long high, long low) {
            int block = block(high);
            for (int probe = 0; probe < PROBES; probe++) {
                int bit = (int) (low >>> probe * BLOCK_BITS);
                words[block + (bit >>> 6 & BLOCK_WORDS - 1)] |= 1L << bit;
            }
        }

        boolean mayHold(long high, long low) {
            int block = block(high);
            for (int probe = 0; probe < PROBES; probe++) {
                int bit = (int) (low >>> probe * BLOCK_BITS);
                if ((words[block + (bit >>> 6 & BLOCK_WORDS - 1)] & 1L << bit) == 0) {
                    return false;
                }
            }
            return true;
        }
    }
}
