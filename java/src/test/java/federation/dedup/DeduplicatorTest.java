package federation.dedup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** What one task remembers, for how long, and in how much memory. */
class DeduplicatorTest {
    private static final long WINDOW = 1_600_000;
    private static final long SLICE = WINDOW / 16;
    private static final long START = 1_700_000_000_000L / SLICE * SLICE;

    private long now = START;

    private Deduplicator withWindow(long window) {
        return new Deduplicator(window, 0, 0, () -> now);
    }

    private static void remember(Deduplicator memory, long key, long time) {
        memory.remember(Event.hash(key), Event.hash(~key), time);
    }

    private static boolean remembers(Deduplicator memory, long key) {
        return memory.remembers(Event.hash(key), Event.hash(~key));
    }

    private static void sweepAll(Deduplicator memory) {
        for (int i = 0; i < Deduplicator.TABLES; i++) {
            memory.sweep();
        }
    }

    /** Law: a remembered key takes at most 40 bytes, at every size between 100,000 and a million. */
    @Test
    void memoryPerKey() {
        Deduplicator memory = withWindow(WINDOW);
        for (long key = 1; key <= 1_000_000; key++) {
            remember(memory, key, START);
            if (key >= 100_000 && key % 1_000 == 0) {
                assertEquals(key, memory.remembered());
                assertTrue(memory.bytes() <= 40 * key, memory.bytes() + " bytes for " + key);
            }
        }
    }

    /** Law: a key is remembered until the clock is past its time by the window, and forgotten one slice later. */
    @Test
    void forgetsWithinOneSlice() {
        Random random = new Random(1);
        for (int i = 0; i < 2_000; i++) {
            Deduplicator memory = withWindow(WINDOW);
            long time = START - random.nextInt((int) WINDOW);
            remember(memory, i, time);
            memory.advance(time + WINDOW - random.nextInt(1_000));
            assertTrue(remembers(memory, i));
            memory.advance(time + WINDOW);
            assertTrue(remembers(memory, i));
            memory.advance(time + WINDOW + SLICE);
            assertFalse(remembers(memory, i));
        }
    }

    /** Law: without a clock, and without a window, nothing is forgotten. */
    @Test
    void remembersForEver() {
        Deduplicator unclocked = withWindow(WINDOW);
        remember(unclocked, 1, 0);
        sweepAll(unclocked);
        assertTrue(remembers(unclocked, 1));
        Deduplicator endless = withWindow(0);
        remember(endless, 1, 0);
        endless.advance(Long.MAX_VALUE / 2);
        sweepAll(endless);
        assertTrue(remembers(endless, 1));
    }

    /** Law: a time in the future, and no time, count as now, so they cannot be remembered longer than what comes now. */
    @Test
    void futureCountsAsNow() {
        Deduplicator memory = withWindow(WINDOW);
        remember(memory, 1, START + 1_000 * WINDOW);
        remember(memory, 2, -1);
        memory.advance(START + WINDOW);
        assertTrue(remembers(memory, 1));
        assertTrue(remembers(memory, 2));
        memory.advance(START + WINDOW + SLICE);
        assertFalse(remembers(memory, 1));
        assertFalse(remembers(memory, 2));
    }

    /** Law: what is older than the window is remembered until the oldest slice turns. */
    @Test
    void lateCountsAsOldest() {
        Deduplicator memory = withWindow(WINDOW);
        memory.advance(START);
        remember(memory, 1, START - 5 * WINDOW);
        assertTrue(remembers(memory, 1));
        memory.advance(START + SLICE - 1);
        assertTrue(remembers(memory, 1));
        memory.advance(START + SLICE);
        assertFalse(remembers(memory, 1));
    }

    /** Law: memory of forgotten keys comes back, and the remembered ones stay, by sweeping alone. */
    @Test
    void sweepingFreesMemory() {
        Deduplicator memory = withWindow(WINDOW);
        for (long key = 0; key < 300_000; key++) {
            remember(memory, key, key < 280_000 ? START - WINDOW : START);
        }
        long full = memory.bytes();
        memory.advance(START + SLICE);
        assertEquals(20_000, memory.remembered());
        sweepAll(memory);
        assertEquals(20_000, memory.remembered());
        assertTrue(memory.bytes() < full / 4, memory.bytes() + " of " + full);
        for (long key = 280_000; key < 300_000; key++) {
            assertTrue(remembers(memory, key));
        }
    }

    /** Law: a steady stream needs no sweeping for its memory to stay bounded. */
    @Test
    void growthMakesRoomFirst() {
        Deduplicator memory = withWindow(WINDOW);
        long highest = 0;
        for (long key = 0; key < 3_000_000; key++) {
            now = START + key * WINDOW / 200_000;
            if (key % 1_000 == 0) {
                memory.advance(now);
            }
            remember(memory, key, now);
            highest = Math.max(highest, memory.bytes());
        }
        assertTrue(highest < 40 * 220_000, highest + " bytes");
    }

    /** Law: with a clock that stands still for thousands of slices nothing is forgotten early, and then all in time. */
    @Test
    void moreSlicesThanCodes() {
        Deduplicator memory = withWindow(WINDOW);
        memory.advance(START);
        int slices = 3_000;
        long[] times = new long[slices];
        Random random = new Random(2);
        for (int i = 0; i < slices; i++) {
            now = START + i * SLICE;
            times[i] = random.nextInt(3) == 0 ? START + random.nextInt(i + 1) * SLICE : now;
            remember(memory, i, times[i]);
        }
        for (long clock = START; clock < now; clock += 100 * SLICE) {
            memory.advance(clock + WINDOW);
            for (int i = 0; i < slices; i++) {
                assertTrue(times[i] < clock || remembers(memory, i), "key " + i);
            }
        }
        memory.advance(now + WINDOW + SLICE);
        assertEquals(0, memory.remembered());
        for (int i = 0; i < slices; i++) {
            assertFalse(remembers(memory, i), "key " + i);
            remember(memory, slices + i, now + i);
            assertTrue(remembers(memory, slices + i), "key " + (slices + i));
        }
        assertEquals(slices, memory.remembered());
    }

    /** Law: a memory limit forgets the oldest slices first, counts what it forgot, and is kept. */
    @Test
    void memoryLimit() {
        long limit = 10 << 20;
        Deduplicator memory = new Deduplicator(WINDOW, 0, limit, () -> now);
        long keys = 1_000_000;
        for (long key = 0; key < keys; key++) {
            now = START + key * WINDOW / keys;
            remember(memory, key, now);
        }
        assertTrue(memory.bytes() <= limit, memory.bytes() + " bytes");
        assertEquals(keys, memory.remembered() + memory.forgottenEarly());
        assertTrue(memory.remembered() > limit / 40, memory.remembered() + " remembered");
        for (long key = keys - memory.remembered(); key < keys; key++) {
            assertTrue(remembers(memory, key));
        }
    }

    /** Law: while the clock stands still a key is held for the window and the bound, and no longer. */
    @Test
    void holdIsBounded() {
        long hold = 10 * WINDOW;
        Deduplicator memory = new Deduplicator(WINDOW, hold, 0, () -> now);
        memory.advance(START);
        remember(memory, 1, START);
        now = START + 5 * WINDOW;
        remember(memory, 2, now);
        now = START + WINDOW + hold;
        memory.sweep();
        assertTrue(remembers(memory, 1));
        now++;
        memory.sweep();
        assertFalse(remembers(memory, 1));
        assertTrue(remembers(memory, 2));
        assertEquals(1, memory.forgottenEarly());
    }

    /** Law: the fingerprint of zeros is as good as any other. */
    @Test
    void zero() {
        Deduplicator memory = withWindow(WINDOW);
        assertFalse(memory.remembers(0, 0));
        memory.remember(0, 0, START);
        assertTrue(memory.remembers(0, 0));
    }
}
