package federation.dedup;

import java.io.IOException;

/**
 * A hash table of 128-bit fingerprints, each with the one-byte code of its generation: 17 bytes a slot.
 *
 * <p>Linear probing in sorted order. A fingerprint's home slot rises with its value, and every
 * fingerprint stands at its home or right behind its smaller neighbours. So a search for what is not
 * there ends at the first larger value, which keeps it short at a load of 7/8; and growing, shrinking
 * or dropping generations is one pass from left to right without any hashing.
 *
 * <p>Plain arrays, not memory outside the heap: the collector never looks into them, they count
 * against the heap the operator was given, and they go when the task goes. A task holds thousands of
 * these tables, so none of them is large and growth is never felt.
 */
final class FingerprintTable {
    private static final int SMALLEST = 8;
    /** Slots behind the last home; the very last one stays empty and ends every search. */
    private static final int TAIL = 12;
    private static final int SLOT_BYTES = 2 * Long.BYTES + 1;
    /** Two array headers and this object. */
    private static final int HEADER_BYTES = 16 + 16 + 32;
    /** Bytes of a new table. */
    static final int LEAST_BYTES = HEADER_BYTES + (SMALLEST + TAIL) * SLOT_BYTES;

    /** Leading bits by which the caller chose this table: the same in all its fingerprints. */
    private final int usedBits;
    private long[] halves;
    private byte[] codes;
    private int capacity;
    private int size;

    FingerprintTable(int usedBits) {
        this.usedBits = usedBits;
        capacity = SMALLEST;
        halves = new long[2 * (SMALLEST + TAIL)];
        codes = new byte[SMALLEST + TAIL];
    }

    int size() {
        return size;
    }

    long bytes() {
        return HEADER_BYTES + (long) codes.length * SLOT_BYTES;
    }

    /** Bytes that {@link #grow} will add. */
    long growth() {
        return (long) (larger() - capacity) * SLOT_BYTES;
    }

    boolean full() {
        return size >= capacity - (capacity >>> 3);
    }

    /** Far enough from full that making room now has paid for itself before it is needed again. */
    boolean roomy() {
        return size <= capacity - capacity / 6;
    }

    /** The slot of a fingerprint, or ~(the slot where it belongs). */
    int find(long high, long low) {
        long[] slots = halves;
        for (int at = home(high, capacity); ; at++) {
            long h = slots[2 * at];
            long l = slots[2 * at + 1];
            if (h == high && l == low) {
                return at;
            }
            if ((h | l) == 0 || Long.compareUnsigned(h, high) > 0) {
                return ~at;
            }
        }
    }

    int code(int at) {
        return codes[at] & 0xff;
    }

    void recode(int at, int code) {
        codes[at] = (byte) code;
    }

    /** Puts a new fingerprint where {@link #find} said; false if that needs a larger table. */
    boolean insert(int at, long high, long low, int code) {
        int end = at;
        while ((halves[2 * end] | halves[2 * end + 1]) != 0) {
            end++;
        }
        if (end == codes.length - 1) {
            return false;
        }
        System.arraycopy(halves, 2 * at, halves, 2 * at + 2, 2 * (end - at));
        System.arraycopy(codes, at, codes, at + 1, end - at);
        halves[2 * at] = high;
        halves[2 * at + 1] = low;
        codes[at] = (byte) code;
        size++;
        return true;
    }

    void grow() {
        int wanted = larger();
        while (!rebuild(wanted, null, 0)) {
            wanted += TAIL;
        }
    }

    /** Drops the slices before this one, in place, and gives memory back when little is left. */
    void purge(Generations generations, long before) {
        if (!holds(generations, before)) {
            return;
        }
        rebuild(capacity, generations, before);
        if (capacity > SMALLEST && size < capacity / 2) {
            rebuild(Math.max(SMALLEST, size + size / 4), null, 0);
        }
    }

    private boolean holds(Generations generations, long before) {
        for (int at = 0; at < codes.length; at++) {
            if (generations.slice(codes[at] & 0xff) < before && isTaken(at)) {
                return true;
            }
        }
        return false;
    }

    private boolean isTaken(int at) {
        return (halves[2 * at] | halves[2 * at + 1]) != 0;
    }

    /** Adds the number of fingerprints under each code. */
    void count(long[] byCode) {
        for (int at = 0; at < codes.length; at++) {
            if (isTaken(at)) {
                byCode[codes[at] & 0xff]++;
            }
        }
    }

    /** Writes what {@link #purge} would drop, in order. */
    void write(Generations generations, long before, RunWriter out) throws IOException {
        for (int at = 0; at < codes.length; at++) {
            long slice = generations.slice(codes[at] & 0xff);
            if (slice < before && isTaken(at)) {
                out.add(halves[2 * at], halves[2 * at + 1], slice);
            }
        }
    }

    /**
     * Moves every fingerprint to its place in a table of this capacity, leaving out those of slices
     * before a given one if generations are given. In place it cannot fail: without its smaller
     * neighbours a fingerprint only moves left. Into other arrays it says false, with nothing changed,
     * if the tail overflows.
     */
    private boolean rebuild(int newCapacity, Generations generations, long before) {
        boolean inPlace = newCapacity == capacity;
        long[] toHalves = inPlace ? halves : new long[2 * (newCapacity + TAIL)];
        byte[] toCodes = inPlace ? codes : new byte[newCapacity + TAIL];
        int free = 0;
        for (int at = 0; at < codes.length; at++) {
            long h = halves[2 * at];
            long l = halves[2 * at + 1];
            if ((h | l) == 0) {
                continue;
            }
            byte code = codes[at];
            boolean keep = generations == null || generations.slice(code & 0xff) >= before;
            if (inPlace) {
                halves[2 * at] = 0;
                halves[2 * at + 1] = 0;
            }
            if (!keep) {
                generations.dropped(code & 0xff);
                size--;
                continue;
            }
            int to = Math.max(free, home(h, newCapacity));
            if (to >= toCodes.length - 1) {
                return false;
            }
            toHalves[2 * to] = h;
            toHalves[2 * to + 1] = l;
            toCodes[to] = code;
            free = to + 1;
        }
        halves = toHalves;
        codes = toCodes;
        capacity = newCapacity;
        return true;
    }

    private int larger() {
        return capacity + Math.max(SMALLEST, capacity >>> 3);
    }

    private int home(long high, int of) {
        return (int) ((((high << usedBits) >>> 32) * of) >>> 32);
    }
}
