package federation.dedup;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The operator against the plainest model that means the same, over random histories. */
class DeduplicateModelTest {
    private static final long START = 1_700_000_000_000L;
    private static final long WINDOW = 160_000;
    private static final long SLICE = WINDOW / 16;
    private static final int RECORDS = 30_000;

    /** What is remembered, in a map, with the time at which it was seen. */
    private static final class Model {
        final Map<Object, Long> slices = new HashMap<>();
        long horizon = Long.MIN_VALUE;

        Model copy() {
            Model copy = new Model();
            copy.slices.putAll(slices);
            copy.horizon = horizon;
            return copy;
        }

        /** A restart forgets nothing more, and what was forgotten stays so. */
        Model restarted() {
            Model next = copy();
            next.slices.values().removeIf(slice -> slice < horizon);
            next.horizon = Long.MIN_VALUE;
            return next;
        }

        boolean passes(Event event, long now) {
            if (remembers(event.transport(), "t") || remembers(event.business(), "b")) {
                return false;
            }
            long time = event.time() < 0 ? now : Math.min(event.time(), now);
            long slice = Math.max(Math.floorDiv(time, SLICE), horizon);
            if (event.hasTransport()) {
                slices.put("t" + event.transport(), slice);
            }
            if (event.hasBusiness()) {
                slices.put("b" + event.business(), slice);
            }
            return true;
        }

        private boolean remembers(Long identity, String kind) {
            Long slice = identity == null ? null : slices.get(kind + identity);
            return slice != null && slice >= horizon;
        }

        void watermark(long time) {
            horizon = Math.max(horizon, Math.floorDiv(time - WINDOW, SLICE));
        }
    }

    /** Law: over any history of records, watermarks, checkpoints, crashes and changes of parallelism, with room in memory and without, the operator lets pass what a plain map with the same clock lets pass. */
    @ParameterizedTest
    @CsvSource({
        "HEAP,1,0", "HEAP,2,0", "HEAP,3,0", "HEAP,4,0", "ROCKSDB,1,0", "ROCKSDB,5,0",
        "HEAP,1,200000", "HEAP,2,80000", "HEAP,3,400000", "HEAP,4,80000", "HEAP,6,200000", "HEAP,7,200000",
        "ROCKSDB,1,300000", "ROCKSDB,5,300000"
    })
    void agreesWithModel(Subtasks.Backend backend, long seed, long maxBytes, @TempDir Path folder)
            throws Exception {
        Random random = new Random(seed);
        int buckets = 1 << random.nextInt(7);
        long keys = 200L << random.nextInt(7);
        double snapshots = random.nextBoolean() ? 0.0004 : 0.004;
        var operator = new DeduplicateOperator<Event>(WINDOW, 0, maxBytes, "eu", "us");
        int[] parallelisms = {2, 3, 1};
        int restarts = 0;
        long now = START;
        long watermark = START - WINDOW;
        Model model = new Model();
        Model saved = new Model();
        Subtasks.Snapshot snapshot = null;
        boolean spilled = false;
        Subtasks tasks = new Subtasks(operator, backend, folder, 1, null, now);
        try {
            for (int i = 0; i < RECORDS; i++) {
                now += random.nextInt(100);
                double dice = random.nextDouble();
                if (dice < 0.005) {
                    tasks.processingTime(now);
                    watermark = Math.max(watermark, now - random.nextInt((int) WINDOW / 2));
                    tasks.watermark(watermark);
                    model.watermark(watermark);
                } else if (dice < 0.005 + snapshots) {
                    snapshot = tasks.snapshot();
                    saved = model.copy();
                } else if (dice < 0.005 + 1.5 * snapshots) {
                    tasks.close();
                    int parallelism = parallelisms[restarts++ % parallelisms.length];
                    tasks = new Subtasks(operator, backend, folder, parallelism, snapshot, now);
                    model = saved.restarted();
                    watermark = now - 2 * WINDOW;
                }
                tasks.processingTime(now);
                Event event = randomEvent(random, keys, buckets, now);
                assertEquals(model.passes(event, now), tasks.passes(event), "record " + i);
                spilled |= i % 100 == 0 && tasks.spilled() > 0;
            }
            assertEquals(maxBytes > 0, spilled);
            assertEquals(0, tasks.forgottenEarly());
        } finally {
            tasks.close();
        }
    }

    private static Event randomEvent(Random random, long keys, int buckets, long now) {
        long key = (long) (keys * Math.pow(random.nextDouble(), 2));
        long offset = random.nextInt(RECORDS / 4);
        boolean known = random.nextInt(20) > 0;
        long time = switch (random.nextInt(20)) {
            case 0 -> now + random.nextInt((int) WINDOW);
            case 1 -> now - 3 * WINDOW;
            case 2 -> -1;
            default -> now - random.nextInt((int) WINDOW / 4);
        };
        // a transport identity belongs to one key, as an offset does
        long transport = offset * keys + key;
        return new Event(
                (int) (key % buckets),
                random.nextInt(3),
                known ? key : null,
                random.nextBoolean() ? transport : null,
                time);
    }
}
