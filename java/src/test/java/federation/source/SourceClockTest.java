package federation.source;

import static org.junit.jupiter.api.Assertions.assertEquals;

import federation.record.Record;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A source's time")
class SourceClockTest {
    private static final long START = 1_700_000_000_000L;
    private static final long QUIET = SourceClock.QUIET_MS;

    private long now = START;
    private final SourceClock.OfPartition clock = new SourceClock.OfPartition(() -> now);

    @Test
    @DisplayName("says nothing before the first record")
    void silent() {
        pass(QUIET - 1);
        assertEquals(List.of(), told());
    }

    @Test
    @DisplayName("is the largest timestamp, whatever comes after it")
    void largest() {
        heard(START - 5_000);
        heard(START - 9_000);
        assertEquals(List.of(START - 5_000), told());
        heard(START - 4_000);
        assertEquals(List.of(START - 4_000), told());
    }

    @Test
    @DisplayName("is never later than now, however far in the future a record claims to be")
    void future() {
        heard(Long.MAX_VALUE);
        assertEquals(List.of(START), told());
        now += 10;
        heard(START - 1_000);
        assertEquals(List.of(START + 10), told());
    }

    @Test
    @DisplayName("goes on with the wall clock, a quiet time behind it, where nothing comes")
    void quiet() {
        heard(START - 1_000_000);
        assertEquals(List.of(START - 1_000_000), told());
        pass(QUIET - 1);
        assertEquals(List.of(START - 1_000_000), told());
        now += 1;
        assertEquals(List.of(now - QUIET), told());
        now += 60_000;
        assertEquals(List.of(now - QUIET), told());
    }

    @Test
    @DisplayName("goes on so for a partition that never had a record")
    void neverHeard() {
        pass(QUIET);
        assertEquals(List.of(START), told());
    }

    @Test
    @DisplayName("does not go back when old records come after a quiet time")
    void monotonous() {
        pass(2 * QUIET);
        assertEquals(List.of(START + QUIET), told());
        heard(START - 50_000);
        assertEquals(List.of(START + QUIET), told());
    }

    @Test
    @DisplayName("is quiet only from the last record on")
    void interrupted() {
        for (int i = 0; i < 5; i++) {
            pass(QUIET - 1);
            heard(START - 7_000);
            assertEquals(List.of(START - 7_000), told());
        }
    }

    @Test
    @DisplayName("does not take the time in which its task was held up for silence")
    void heldUp() {
        heard(START - 1_000_000);
        assertEquals(List.of(START - 1_000_000), told());
        now += 10 * QUIET;
        assertEquals(List.of(START - 1_000_000), told());
    }

    @Test
    @DisplayName("is never told by the task itself, which is idle only while it has no partition")
    void ofTask() {
        SourceClock strategy = new SourceClock();
        strategy.createWatermarkGenerator(null);
        SourceClock.OfTask alone = strategy.new OfTask(() -> now);
        List<String> said = new ArrayList<>();
        for (long end = now + QUIET; now < end; now += 200) {
            alone.onPeriodicEmit(listener(said));
        }
        assertEquals(List.of(), said);
        alone.onPeriodicEmit(listener(said));
        assertEquals(List.of("idle"), said);
        strategy.createWatermarkGenerator(null);
        alone.onPeriodicEmit(listener(said));
        assertEquals(List.of("idle"), said);
    }

    @Test
    @DisplayName("is told by every generator that Flink asks for after the task's own")
    void order() {
        SourceClock strategy = new SourceClock();
        assertEquals(SourceClock.OfTask.class, strategy.createWatermarkGenerator(null).getClass());
        assertEquals(SourceClock.OfPartition.class, strategy.createWatermarkGenerator(null).getClass());
        assertEquals(SourceClock.OfPartition.class, strategy.createWatermarkGenerator(null).getClass());
    }

    /** Lets time go by as in a running task: it looks five times a second. */
    private void pass(long milliseconds) {
        long end = now + milliseconds;
        while (now + 200 < end) {
            now += 200;
            clock.onPeriodicEmit(listener(new ArrayList<>()));
        }
        now = end;
    }

    private static WatermarkOutput listener(List<String> said) {
        return new WatermarkOutput() {
            @Override
            public void emitWatermark(Watermark watermark) {
                said.add("time");
            }

            @Override
            public void markIdle() {
                said.add("idle");
            }

            @Override
            public void markActive() {
                said.add("active");
            }
        };
    }

    private void heard(long timestamp) {
        Record record = new Record();
        record.timestamp = timestamp;
        clock.onEvent(record, timestamp, null);
    }

    private List<Long> told() {
        List<Long> told = new ArrayList<>();
        clock.onPeriodicEmit(new WatermarkOutput() {
            @Override
            public void emitWatermark(Watermark watermark) {
                told.add(watermark.getTimestamp());
            }

            @Override
            public void markIdle() {
                throw new AssertionError("an idle source would not hold the others back");
            }

            @Override
            public void markActive() {
                throw new AssertionError("never idle");
            }
        });
        return told;
    }
}
