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
 */
public final class SourceClock implements WatermarkStrategy<Record> {
    private static final long serialVersionUID = 1L;
    /** Longer than a poll, a rebalance or a checkpoint may keep records back. */
    static final long QUIET_MS = 30_000;

    @Override
    public WatermarkGenerator<Record> createWatermarkGenerator(
            WatermarkGeneratorSupplier.Context context) {
        return new Generator(System::currentTimeMillis);
    }

    /** The time of one partition. */
    static final class Generator implements WatermarkGenerator<Record> {
        private final LongSupplier clock;
        private long largest = Long.MIN_VALUE;
        private boolean heard;
        private long quietSince;

        /** @param clock milliseconds since 1970 */
        Generator(LongSupplier clock) {
            this.clock = clock;
            quietSince = clock.getAsLong();
        }

        @Override
        public void onEvent(Record record, long timestamp, WatermarkOutput output) {
            largest = Math.max(largest, record.timestamp);
            heard = true;
        }

        @Override
        public void onPeriodicEmit(WatermarkOutput output) {
            long now = clock.getAsLong();
            if (heard) {
                heard = false;
                quietSince = now;
            }
            if (now - quietSince >= QUIET_MS) {
                largest = Math.max(largest, now - QUIET_MS);
            }
            if (largest != Long.MIN_VALUE) {
                output.emitWatermark(new Watermark(Math.min(largest, now)));
            }
        }
    }
}
