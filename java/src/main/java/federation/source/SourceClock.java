package federation.source;

import federation.record.Record;
import java.util.function.LongSupplier;
import org.apache.flink.api.common.eventtime.NoWatermarksGenerator;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkGeneratorSupplier;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;

/**
 * A source partition's time: its largest record timestamp, never later than now. Where it has been
 * read to its end its time is the instant at which that was so; the reader says that
 * ({@link federation.kafka.CaughtUp}). A partition whose cluster does not answer has the time that it
 * had, so what others send meanwhile stays remembered until it is back.
 *
 * <p>Flink asks for one generator per reading task before those of its partitions, and sends what that
 * one says past the minimum over partitions. No record ever reaches it, so it must not tell a time.
 */
public final class SourceClock implements WatermarkStrategy<Record> {
    private static final long serialVersionUID = 1L;

    private transient boolean ofTaskMade; // each task has its own copy of the strategy

    @Override
    public WatermarkGenerator<Record> createWatermarkGenerator(
            WatermarkGeneratorSupplier.Context context) {
        if (!ofTaskMade) {
            ofTaskMade = true;
            return new NoWatermarksGenerator<>();
        }
        return new OfPartition(System::currentTimeMillis);
    }

    /** The time of one partition, as far as its records tell it. */
    static final class OfPartition implements WatermarkGenerator<Record> {
        private final LongSupplier clock;
        private long largest = Long.MIN_VALUE;

        /** @param clock milliseconds since 1970 */
        OfPartition(LongSupplier clock) {
            this.clock = clock;
        }

        @Override
        public void onEvent(Record record, long timestamp, WatermarkOutput output) {
            largest = Math.max(largest, record.timestamp);
        }

        @Override
        public void onPeriodicEmit(WatermarkOutput output) {
            if (largest != Long.MIN_VALUE) {
                output.emitWatermark(new Watermark(Math.min(largest, clock.getAsLong())));
            }
        }
    }
}
