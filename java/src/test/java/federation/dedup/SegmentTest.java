package federation.dedup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.IOException;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The form in which fingerprints are stored. */
class SegmentTest {
    private static Set<String> contents(byte[] stored) throws IOException {
        Set<String> found = new HashSet<>();
        Segment.read(stored, (high, low, until) -> found.add(high + " " + low + " " + until));
        return found;
    }

    /** Law: a segment reads back what was appended, knows its size and end, and drops exactly the slices that ended before an instant. */
    @Test
    void roundTrip() throws IOException {
        Random random = new Random(3);
        for (int round = 0; round < 200; round++) {
            Segment segment = new Segment();
            Set<String> all = new HashSet<>();
            Set<String> late = new HashSet<>();
            long latest = Long.MIN_VALUE;
            int size = 1 + random.nextInt(300);
            for (int i = 0; i < size; i++) {
                long until = random.nextInt(4) - 2;
                long high = random.nextLong();
                long low = random.nextLong();
                segment.append(high, low, until);
                all.add(high + " " + low + " " + until);
                if (until >= 0) {
                    late.add(high + " " + low + " " + until);
                }
                latest = Math.max(latest, until);
            }
            byte[] stored = segment.toBytes();
            assertEquals(all, contents(stored));
            assertEquals(size, Segment.size(stored));
            assertEquals(latest, Segment.until(stored));
            assertSame(stored, Segment.keep(stored, -2));
            assertNull(Segment.keep(stored, 2));
            byte[] kept = Segment.keep(stored, 0);
            assertEquals(late, kept == null ? Set.of() : contents(kept));
        }
    }
}
