package federation.dedup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One table against a map, with hashes good and bad. */
class FingerprintTableTest {
    private static final int CHOSEN_BITS = 12;
    /** The upper bits by which all fingerprints of a table came to it. */
    private static final long CHOSEN = 0xabcL << (Long.SIZE - CHOSEN_BITS);

    /** Law: whatever the hashes, a table holds what was put in, without what was forgotten, and nothing else. */
    @ParameterizedTest
    @ValueSource(longs = {-1L, 0x000f_0000_0000_00ffL, 0xfL, 0L, 0x000f_ffff_0000_0000L})
    void agreesWithMap(long bits) {
        Random random = new Random(bits);
        Generations generations = new Generations();
        FingerprintTable table = new FingerprintTable(CHOSEN_BITS);
        Map<String, Integer> model = new HashMap<>();
        for (int round = 0; round < 40; round++) {
            int code = generations.codeOf(round);
            for (int i = random.nextInt(400); i > 0; i--) {
                long high = CHOSEN | (random.nextLong() & bits & ~0L >>> CHOSEN_BITS);
                long low = 1 + random.nextInt(2_000);
                int at = table.find(high, low);
                assertEquals(model.get(high + "/" + low), at < 0 ? null : table.code(at));
                if (at < 0) {
                    put(table, high, low, code);
                    generations.added(code, 0);
                    model.put(high + "/" + low, code);
                }
            }
            if (random.nextInt(3) == 0) {
                generations.raise(round - random.nextInt(4));
                table.purge(generations, generations.horizon());
                model.values().removeIf(each -> !generations.isLive(each));
            }
            assertEquals(model.size(), table.size());
        }
        model.forEach((key, code) -> {
            String[] halves = key.split("/");
            int at = table.find(Long.parseLong(halves[0]), Long.parseLong(halves[1]));
            assertTrue(at >= 0, key);
            assertEquals(code, table.code(at));
        });
    }

    private static void put(FingerprintTable table, long high, long low, int code) {
        if (table.full()) {
            table.grow();
        }
        while (!table.insert(~table.find(high, low), high, low, code)) {
            table.grow();
        }
    }
}
