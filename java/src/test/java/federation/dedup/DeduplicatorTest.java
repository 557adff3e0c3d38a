package federation.dedup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What one task remembers, for how long, and in how much memory. */
class DeduplicatorTest {
    private static final long WINDOW = 1_600_000;
    private static final long SLICE = WINDOW / 16;
    private static final long START = 1_700_000_000_000L / SLICE * SLICE;

    private long now = START;

    @TempDir
    private Path folder;

    private Deduplicator withWindow(long window) {
        return new Deduplicator(window, 0, 0, folder, () -> now);
    }

    private Deduplicator limited(long maxBytes, Path folder) {
        return new Deduplicator(WINDOW, 0, maxBytes, folder, () -> now);
    }

    private static void remember(Deduplicator memory, long key, long time) throws IOException {
        memory.remember(Event.hash(key), Event.hash(~key), time);
    }

    private static boolean remembers(Deduplicator memory, long key) throws IOException {
        return memory.remembers(Event.hash(key), Event.hash(~key));
    }

    private static void sweepAll(Deduplicator memory) throws IOException {
        for (int i = 0; i < Deduplicator.TABLES; i++) {
            memory.sweep();
        }
    }

    /** Law: a remembered key takes at most 40 bytes, at every size between 100,000 and a million. */
    @Test
    void memoryPerKey() throws IOException {
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
    void forgetsWithinOneSlice() throws IOException {
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
    void remembersForEver() throws IOException {
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
    void futureCountsAsNow() throws IOException {
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
    void lateCountsAsOldest() throws IOException {
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
    void sweepingFreesMemory() throws IOException {
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
    void growthMakesRoomFirst() throws IOException {
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
    void moreSlicesThanCodes() throws IOException {
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

    /** Adds keys over one window, from 0 up, and holds that the limit is kept all the while. */
    private void fill(Deduplicator memory, long keys, long limit) throws IOException {
        for (long key = 0; key < keys; key++) {
            now = START + key * WINDOW / keys;
            remember(memory, key, now);
            assertTrue(memory.bytes() <= limit, memory.bytes() + " bytes at " + key);
        }
    }

    /** Law: what a memory limit leaves no room for is still remembered, on disk, in files without a name, until its time; then the disk is free. */
    @Test
    void memoryLimit() throws IOException {
        long limit = 6 << 20;
        long keys = 1_000_000;
        try (Deduplicator memory = limited(limit, folder)) {
            fill(memory, keys, limit);
            assertEquals(keys, memory.remembered());
            assertEquals(0, memory.forgottenEarly());
            assertTrue(memory.spilled() > keys * 3 / 4, memory.spilled() + " on disk");
            assertTrue(memory.diskBytes() >= 24 * memory.spilled(), memory.diskBytes() + " bytes on disk");
            try (Stream<Path> files = Files.list(folder)) {
                assertEquals(0, files.count());
            }
            for (long key = 0; key < keys; key++) {
                assertTrue(remembers(memory, key), "key " + key);
                assertFalse(remembers(memory, -1 - key), "key " + (-1 - key));
            }
            memory.advance(now + WINDOW / 2 + SLICE);
            assertTrue(memory.remembered() <= keys / 2, memory.remembered() + " remembered");
            assertFalse(remembers(memory, keys / 2 - 1));
            assertTrue(remembers(memory, keys - 1));
            memory.advance(now + WINDOW + SLICE);
            sweepAll(memory);
            assertEquals(0, memory.remembered());
            assertEquals(0, memory.diskBytes());
        }
    }

    /** Law: keys of one and the same slice go to disk as well. */
    @Test
    void oneSliceOnDisk() throws IOException {
        long limit = 3 << 20;
        long keys = 400_000;
        try (Deduplicator memory = limited(limit, folder)) {
            for (long key = 0; key < keys; key++) {
                remember(memory, key, START);
            }
            assertTrue(memory.bytes() <= limit, memory.bytes() + " bytes");
            for (long key = 0; key < keys; key++) {
                assertTrue(remembers(memory, key), "key " + key);
            }
        }
    }

    /** Law: where the disk takes nothing the limit is kept all the same: older keys are forgotten early, and counted, those of the newest slice never. */
    @Test
    void noDisk() throws IOException {
        long limit = 10 << 20;
        long keys = 1_000_000;
        try (Deduplicator memory = limited(limit, folder.resolve("missing"))) {
            fill(memory, keys, limit);
            assertEquals(keys, memory.remembered() + memory.forgottenEarly());
            assertTrue(memory.remembered() > limit / 40, memory.remembered() + " remembered");
            for (long key = keys * 15 / 16; key < keys; key++) {
                assertTrue(remembers(memory, key), "key " + key);
            }
        }
    }

    /** Law: a disk that takes files again is used again. */
    @Test
    void diskComesBack() throws IOException {
        long limit = 3 << 20;
        Path late = folder.resolve("late");
        try (Deduplicator memory = limited(limit, late)) {
            fill(memory, 400_000, limit);
            long forgotten = memory.forgottenEarly();
            assertTrue(forgotten > 0);
            Files.createDirectory(late);
            now += 60_000;
            for (long key = 1; key <= 400_000; key++) {
                remember(memory, -key, now);
            }
            assertEquals(forgotten, memory.forgottenEarly());
            assertEquals(800_000, memory.remembered() + forgotten);
        }
    }

    /** Law: the limit bounds what is on disk, too, by the memory of its index: beyond it the oldest slices are forgotten early, and counted. */
    @Test
    void diskIsBounded() throws IOException {
        long limit = 2 << 20;
        long keys = 2_000_000;
        try (Deduplicator memory = limited(limit, folder)) {
            fill(memory, keys, limit);
            assertEquals(keys, memory.remembered() + memory.forgottenEarly());
            assertTrue(memory.forgottenEarly() > 0);
            assertTrue(memory.remembered() > limit / 5, memory.remembered() + " remembered");
            assertTrue(memory.diskBytes() < 12 * limit, memory.diskBytes() + " bytes on disk");
            for (long key = keys - memory.remembered(); key < keys; key++) {
                assertTrue(remembers(memory, key), "key " + key);
            }
        }
    }

    /** Law: with a disk that fails now and then, nothing new is taken for a duplicate, and no more duplicates pass than are counted. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void disksThatFail(long seed) throws IOException {
        Random random = new Random(seed);
        Path wavering = folder.resolve("wavering");
        Map<Long, Long> model = new HashMap<>();
        long horizon = Long.MIN_VALUE;
        long passed = 0;
        try (Deduplicator memory = limited(300 << 10, wavering)) {
            for (int i = 0; i < 400_000; i++) {
                now += random.nextInt(20);
                if (random.nextInt(1_000) == 0) {
                    memory.advance(now - WINDOW / 4);
                    horizon = Math.floorDiv(now - WINDOW / 4 - WINDOW, SLICE);
                }
                if (random.nextInt(5_000) == 0 && !Files.deleteIfExists(wavering)) {
                    Files.createDirectory(wavering);
                }
                memory.sweep();
                long key = random.nextInt(80_000);
                boolean known = model.getOrDefault(key, Long.MIN_VALUE) >= Math.max(horizon, 0);
                boolean found = remembers(memory, key);
                assertTrue(known || !found, "record " + i);
                if (!found) {
                    passed += known ? 1 : 0;
                    remember(memory, key, now);
                    model.put(key, Math.floorDiv(now, SLICE));
                }
            }
            assertTrue(passed > 0);
            assertTrue(passed <= memory.forgottenEarly(), passed + " of " + memory.forgottenEarly());
            assertTrue(memory.spilled() > 0);
        }
    }

    /** Law: while the clock stands still a key is held for the window and the bound, and no longer. */
    @Test
    void holdIsBounded() throws IOException {
        long hold = 10 * WINDOW;
        Deduplicator memory = new Deduplicator(WINDOW, hold, 0, folder, () -> now);
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
    void zero() throws IOException {
        Deduplicator memory = withWindow(WINDOW);
        assertFalse(memory.remembers(0, 0));
        memory.remember(0, 0, START);
        assertTrue(memory.remembers(0, 0));
    }
}
