package federation.source;

import federation.record.Record;
import java.util.function.LongSupplier;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkGeneratorSupplier;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;

/**
 * A source partition's time: its largest record timestamp, never later than now. Where nothing has
 * come for {@link #QUIET_MS} it has been read to its end, and time goes on with the wall clock.
 *
 * <p>Flink asks for one generator per reading task before those of its partitions, and sends what that
 * one says past the minimum over partitions. No record ever reaches it, so it must not tell a time.
 */
public final class SourceClock implements WatermarkStrategy<Record> {
    private static final long serialVersionUID = 1L;
    /** Longer than a poll, a rebalance or a checkpoint may keep records back. */
    static final long QUIET_MS = 30_000;
    /** Longer than two looks lie apart in a task that is not held up. */
    static final long HELD_UP_MS = 1_000;

    private transient int generators; // each task has its own copy of the strategy

    @Override
    public WatermarkGenerator<Record> createWatermarkGenerator(
            WatermarkGeneratorSupplier.Context context) {
        return generators++ == 0
                ? new OfTask(System::currentTimeMillis)
                : new OfPartition(System::currentTimeMillis);
    }

    /** How long nothing has come; time in which the task could not have taken anything is left out. */
    private static final class Silence {
        private final LongSupplier clock;
        private long looked;
        private long length;

        Silence(LongSupplier clock) {
            this.clock = clock;
            looked = clock.getAsLong();
        }

        /** Looks at the clock; returns now. */
        long look(boolean heard) {
            long now = clock.getAsLong();
            length = heard ? 0 : length + Math.max(0, Math.min(now - looked, HELD_UP_MS));
            looked = now;
            return now;
        }

        boolean isLong() {
            return length >= QUIET_MS;
        }
    }

    /** The time of one partition. */
    static final class OfPartition implements WatermarkGenerator<Record> {
        private final Silence silence;
        private long largest = Long.MIN_VALUE;
        private boolean heard;

        /** @param clock milliseconds since 1970 */
        OfPartition(LongSupplier clock) {
            silence = new Silence(clock);
        }

        @Override
        public void onEvent(Record record, long timestamp, WatermarkOutput output) {
            largest = Math.max(largest, record.timestamp);
            heard = true;
        }

        @Override
        public void onPeriodicEmit(WatermarkOutput output) {
            long now = silence.look(heard);
            heard = false;
            if (silence.isLong()) {
                largest = Math.max(largest, now - QUIET_MS);
            }
            if (largest != Long.MIN_VALUE) {
                output.emitWatermark(new Watermark(Math.min(largest, now)));
            }
        }
    }

    /** A reading task itself: it has no time, and without partitions it holds nobody back. */
    final class OfTask implements WatermarkGenerator<Record> {
        private final Silence silence;

        /** @param clock milliseconds since 1970 */
        OfTask(LongSupplier clock) {
            silence = new Silence(clock);
        }

        @Override
        public void onEvent(Record record, long timestamp, WatermarkOutput output) {
            // Kafka's records all come from partitions.
        }

        @Override
        public void onPeriodicEmit(WatermarkOutput output) {
            silence.look(false);
            if (generators == 1 && silence.isLong()) {
                output.markIdle();
            }
        }
    }
}
