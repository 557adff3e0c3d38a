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

    private long now = START;
    private final SourceClock.OfPartition clock = new SourceClock.OfPartition(() -> now);

    @Test
    @DisplayName("says nothing before the first record")
    void silent() {
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
    @DisplayName("stands still where nothing comes: only the reader knows why")
    void silence() {
        heard(START - 1_000_000);
        assertEquals(List.of(START - 1_000_000), told());
        now += 1_000_000;
        assertEquals(List.of(START - 1_000_000), told());
    }

    @Test
    @DisplayName("is never told by the task itself, for which Flink makes the first generator")
    void ofTask() {
        SourceClock strategy = new SourceClock();
        strategy.createWatermarkGenerator(null).onPeriodicEmit(null);
        assertEquals(
                SourceClock.OfPartition.class, strategy.createWatermarkGenerator(null).getClass());
        assertEquals(
                SourceClock.OfPartition.class, strategy.createWatermarkGenerator(null).getClass());
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
