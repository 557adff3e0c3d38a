package federation.dedup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The operator in Flink's test harness: what passes, what is counted, what is stored. */
class DeduplicateOperatorTest {
    private static final long WINDOW = 1_600_000;
    private static final long SLICE = WINDOW / 16;
    private static final long START = 1_700_000_000_000L / SLICE * SLICE;

    @TempDir
    private Path folder;

    private Subtasks start(Subtasks.Backend backend, int parallelism, Subtasks.Snapshot from)
            throws Exception {
        var operator = new DeduplicateOperator<Event>(WINDOW, 0, 0, "eu", "us");
        return new Subtasks(operator, backend, folder, parallelism, from, START);
    }

    private static Event event(int source, Long business, Long transport) {
        return new Event(1, source, business, transport, START);
    }

    /** Law: the first of an identity passes, the next does not; each identity counts alone, and one without any always passes. */
    @Test
    void firstWins() throws Exception {
        try (Subtasks tasks = start(Subtasks.Backend.HEAP, 1, null)) {
            assertTrue(tasks.passes(event(0, 1L, 10L)));
            assertFalse(tasks.passes(event(0, 1L, 11L)), "same event by another way");
            assertFalse(tasks.passes(event(0, 2L, 10L)), "same record once more");
            assertTrue(tasks.passes(event(0, 2L, 11L)), "a dropped record leaves no trace");
            assertFalse(tasks.passes(event(0, null, 11L)));
            assertFalse(tasks.passes(event(0, 2L, null)));
            assertTrue(tasks.passes(event(0, null, 1L)), "a transport identity is no business one");
            assertTrue(tasks.passes(event(0, null, null)));
            assertTrue(tasks.passes(event(0, null, null)));
        }
    }

    /** Law: every dropped record is counted once, for its kind and its source, by transport where both are known. */
    @Test
    void counts() throws Exception {
        try (Subtasks tasks = start(Subtasks.Backend.HEAP, 1, null)) {
            tasks.passes(event(0, 1L, 10L));
            tasks.passes(event(1, 1L, 11L));
            tasks.passes(event(1, 1L, 12L));
            tasks.passes(event(0, 1L, 10L));
            tasks.passes(event(2, 1L, null));
            DeduplicateOperator<?> operator = tasks.operator(0);
            assertEquals(3, operator.duplicates.getCount());
            assertEquals(0, operator.duplicatesBySource[0].getCount());
            assertEquals(2, operator.duplicatesBySource[1].getCount());
            assertEquals(1, operator.transportDuplicates.getCount());
            assertEquals(1, operator.transportDuplicatesBySource[0].getCount());
            assertEquals(0, operator.transportDuplicatesBySource[1].getCount());
        }
    }

    /** Law: a watermark past the window makes an event pass again; the last watermark of a drained job does not. */
    @Test
    void watermarkIsTheClock() throws Exception {
        try (Subtasks tasks = start(Subtasks.Backend.HEAP, 2, null)) {
            assertTrue(tasks.passes(Event.of(1, START)));
            tasks.watermark(START + WINDOW);
            assertFalse(tasks.passes(Event.of(1, START)));
            tasks.watermark(START + WINDOW + SLICE);
            assertTrue(tasks.passes(Event.of(1, START)));
            tasks.watermark(Long.MAX_VALUE);
            assertFalse(tasks.passes(Event.of(1, START)));
        }
    }

    /** Law: what is remembered survives restarts at any parallelism, and downtime forgets nothing. */
    @ParameterizedTest
    @EnumSource(Subtasks.Backend.class)
    void survivesRescaling(Subtasks.Backend backend) throws Exception {
        int keys = 6_000;
        Subtasks.Snapshot snapshot = null;
        int[] parallelisms = {1, 2, 3, 1};
        for (int run = 0; run < parallelisms.length; run++) {
            try (Subtasks tasks = start(backend, parallelisms[run], snapshot)) {
                for (int key = 0; key < keys * run; key++) {
                    assertFalse(tasks.passes(Event.of(key, START)), "run " + run + " key " + key);
                }
                for (int key = keys * run; key < keys * (run + 1); key++) {
                    assertTrue(tasks.passes(Event.of(key, START)), "run " + run + " key " + key);
                }
                snapshot = tasks.snapshot();
            }
        }
    }

    /** Law: forgotten events do not come back with a restart, nor with a second one before the next watermark. */
    @ParameterizedTest
    @EnumSource(Subtasks.Backend.class)
    void forgottenStaysForgotten(Subtasks.Backend backend) throws Exception {
        Subtasks.Snapshot snapshot;
        try (Subtasks tasks = start(backend, 2, null)) {
            for (int key = 0; key < 2_000; key++) {
                tasks.passes(Event.of(key, key < 1_000 ? START - WINDOW : START));
            }
            tasks.watermark(START + SLICE);
            snapshot = tasks.snapshot();
        }
        try (Subtasks tasks = start(backend, 1, snapshot)) {
            snapshot = tasks.snapshot();
        }
        try (Subtasks tasks = start(backend, 3, snapshot)) {
            for (int key = 0; key < 2_000; key++) {
                assertEquals(key < 1_000, tasks.passes(Event.of(key, START)), "key " + key);
            }
        }
    }

    /** Law: a key takes little more than 16 bytes of state, few of them at a time take no more, and forgotten ones none. */
    @ParameterizedTest
    @EnumSource(Subtasks.Backend.class)
    void stateSize(Subtasks.Backend backend) throws Exception {
        int keys = 20_000;
        try (Subtasks tasks = start(backend, 1, null)) {
            long empty = tasks.stateBytes();
            for (int key = 0; key < keys; key++) {
                tasks.passes(Event.of(key, START));
                if (key % 500 == 0) {
                    tasks.snapshot();
                }
            }
            long full = tasks.stateBytes() - empty;
            assertTrue(full >= 16 * keys && full < 20 * keys, full + " bytes");
            tasks.watermark(START + WINDOW + SLICE);
            long left = tasks.stateBytes() - empty;
            assertTrue(left < 1_000, left + " bytes left");
        }
    }

    /** Law: records do not pay for a key context that only checkpoints need. */
    @Test
    void noKeyContextPerRecord() throws Exception {
        try (Subtasks tasks = start(Subtasks.Backend.HEAP, 1, null)) {
            assertFalse(tasks.operator(0).hasKeyContext());
        }
    }
}
