package federation.dedup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Fingerprints on disk against a map, with hashes good and bad. */
class SpillTest {
    private record Fingerprint(long high, long low) {}

    @TempDir
    private Path folder;

    /** Law: whatever the hashes, and however often runs are merged, a part finds what was put in, without what was forgotten, and nothing else. */
    @ParameterizedTest
    @ValueSource(longs = {-1L, 0x0fff_0000_0000_00ffL, 0xfL, 0L, 0x00ff_ffff_0000_0000L})
    void agreesWithMap(long bits) throws IOException {
        Random random = new Random(bits);
        int part = Spill.PARTS - 3;
        Map<Fingerprint, Long> model = new HashMap<>();
        try (Spill spill = new Spill(folder)) {
            long horizon = 0;
            for (long slice = 0; slice < 60; slice++) {
                List<Fingerprint> fresh = new ArrayList<>();
                for (int i = random.nextInt(3_000); i > 0; i--) {
                    Fingerprint one = random(random, part, bits);
                    if (model.putIfAbsent(one, slice) == null) {
                        fresh.add(one);
                    }
                }
                fresh.sort((left, right) -> Long.compareUnsigned(left.high, right.high));
                add(spill, part, fresh, slice);
                spill.merge(part, random.nextInt(10) == 0);
                if (random.nextInt(3) == 0) {
                    horizon = Math.max(horizon, slice - random.nextInt(20));
                    spill.raise(horizon);
                    long least = horizon;
                    model.values().removeIf(each -> each < least);
                    spill.drop(part);
                }
                assertEquals(model.size(), spill.remembered());
                for (int i = 0; i < 1_000; i++) {
                    Fingerprint one = random(random, part, bits);
                    assertEquals(model.containsKey(one), spill.remembers(one.high, one.low));
                }
            }
            for (Fingerprint one : model.keySet()) {
                assertTrue(spill.remembers(one.high, one.low));
            }
        }
    }

    private static Fingerprint random(Random random, int part, long bits) {
        long chosen = (long) part << 58;
        return new Fingerprint(chosen | (random.nextLong() & bits & ~0L >>> 6), 1 + random.nextInt(5_000));
    }

    private static void add(Spill spill, int part, List<Fingerprint> sorted, long slice) throws IOException {
        spill.add(part, sorted.size(), out -> {
            for (Fingerprint one : sorted) {
                out.add(one.high, one.low, slice);
            }
        });
        if (!sorted.isEmpty()) {
            spill.added(slice, sorted.size(), 0);
        }
    }

    /** Law: a disk that fails in the middle of a write, or takes no merged run, leaves what was there as it was. */
    @Test
    void failedWrites() throws IOException {
        Path place = Files.createDirectory(folder.resolve("place"));
        int part = 5;
        Random random = new Random(4);
        try (Spill spill = new Spill(place)) {
            Fingerprint first = random(random, part, -1L);
            Fingerprint second = random(random, part, -1L);
            add(spill, part, List.of(first), 1);
            long bytes = spill.bytes();
            assertThrows(IOException.class, () -> spill.add(part, 2, out -> {
                out.add(second.high, second.low, 1);
                throw new IOException("no space left on device");
            }));
            assertFalse(spill.remembers(second.high, second.low));
            assertEquals(bytes, spill.bytes());
            add(spill, part, List.of(second), 1);
            Files.delete(place);
            assertThrows(IOException.class, () -> spill.merge(part, true));
            assertEquals(2 * Run.ENTRY_BYTES, spill.fileBytes());
            Files.createDirectory(place);
            spill.merge(part, true);
            assertTrue(spill.remembers(first.high, first.low));
            assertTrue(spill.remembers(second.high, second.low));
        }
    }

    /** Law: of what is not on disk, one in fifty is looked for there at most, and a key on disk takes at most two bytes of memory. */
    @Test
    void filter() throws IOException {
        int keys = 200_000;
        long[] highs = new Random(1).longs(keys).map(high -> high >>> 6).sorted().toArray();
        try (RunWriter out = new RunWriter(folder, 6)) {
            for (long high : highs) {
                out.add(high, Event.hash(high), 1);
            }
            try (Run run = out.finish()) {
                Random random = new Random(2);
                int found = 0;
                for (int i = 0; i < keys; i++) {
                    assertTrue(run.mayHold(highs[i], Event.hash(highs[i])));
                    found += run.mayHold(random.nextLong() >>> 6, random.nextLong()) ? 1 : 0;
                }
                assertTrue(found < keys / 50, found + " of " + keys);
                assertTrue(run.bytes() <= Run.BYTES_PER_KEY * keys + 1_000, run.bytes() + " bytes");
                assertTrue(run.bytes() <= 2 * keys, run.bytes() + " bytes");
            }
        }
    }
}
