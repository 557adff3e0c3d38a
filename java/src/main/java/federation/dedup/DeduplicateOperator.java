package federation.dedup;

import java.nio.file.Path;
import java.util.List;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Lets a record pass if none of its identities is remembered, and then remembers them: the first wins.
 * A record without an identity always passes.
 *
 * <p>Needs a stream keyed by {@link Identified#bucket}. The number of buckets is part of the state's
 * meaning: it must not change while the state lives. The window's clock is the watermark; until there
 * is one, and while the stream is down, nothing is forgotten.
 *
 * <p>What a checkpoint remembers is exactly what was let pass before its barrier. Memory is answered
 * from {@link Deduplicator}, Flink's keyed state only ever written ({@link SegmentLog}), so the state
 * backend does not touch the rate. RocksDB with incremental checkpoints keeps the state out of memory
 * and uploads what is new; the hash map backend holds some 18 bytes more per fingerprint and writes
 * all of them at each checkpoint, asynchronously.
 *
 * @param <R> type of the records
 */
public final class DeduplicateOperator<R extends Identified> extends AbstractStreamOperator<R>
        implements OneInputStreamOperator<R, R> {
    private static final long serialVersionUID = 1L;
    /** Sets the two kinds of identity apart, should both be hashes of the same bytes. */
    private static final long TRANSPORT = 0x9e3779b97f4a7c15L;
    /** Records between two steps of housekeeping; a power of two. */
    private static final int SWEEP_RECORDS = 256;
    /** Steps at each watermark, for streams with few records. */
    private static final int SWEEP_STEPS = 16;

    private static final ListStateDescriptor<Long> FORGOTTEN =
            new ListStateDescriptor<>("forgotten-before-v1", Types.LONG);

    private final long window;
    private final long maxHold;
    private final long maxBytes;
    private final String[] sources;

    transient Deduplicator memory;
    private transient SegmentLog log;
    private transient ListState<Long> forgottenBefore;
    private transient int untilSweep;
    transient Counter duplicates;
    transient Counter transportDuplicates;
    transient Counter[] duplicatesBySource;
    transient Counter[] transportDuplicatesBySource;

    /**
     * @param window milliseconds to remember, counted from a record's time by the watermark; 0 or
     *     less: for ever
     * @param maxHold milliseconds that a fingerprint may outlive the window while the clock stands
     *     still; 0 or less: no bound
     * @param maxBytes bytes of memory per task for remembered fingerprints; when they do not suffice,
     *     the older ones move to disk; 0 or less: no bound
     * @param sources names of the sources, for counters, in the order of {@link Identified#source}
     */
    public DeduplicateOperator(long window, long maxHold, long maxBytes, String... sources) {
        this.window = window;
        this.maxHold = maxHold;
        this.maxBytes = maxBytes;
        this.sources = sources.clone();
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        memory = new Deduplicator(
                window, maxHold, maxBytes, temporary(), getProcessingTimeService()::getCurrentProcessingTime);
        log = new SegmentLog(this.<Integer>getKeyedStateBackend());
        forgottenBefore = context.getOperatorStateStore().getUnionListState(FORGOTTEN);
        if (context.isRestored()) {
            SortedVisits sorted = new SortedVisits(memory::restore);
            log.restore(leastForgotten(), sorted);
            sorted.flush();
        }
    }

    /** One of Flink's folders on local disks; parallel tasks take turns. */
    private Path temporary() {
        String[] folders = getContainingTask().getEnvironment().getTaskManagerInfo().getTmpDirectories();
        return Path.of(folders[getRuntimeContext().getTaskInfo().getIndexOfThisSubtask() % folders.length]);
    }

    /** What all tasks had forgotten: it does not come back, although the clock starts anew. */
    private long leastForgotten() throws Exception {
        long least = Long.MAX_VALUE;
        for (long each : forgottenBefore.get()) {
            least = Math.min(least, each);
        }
        return least == Long.MAX_VALUE ? Long.MIN_VALUE : least;
    }

    @Override
    public void open() throws Exception {
        super.open();
        MetricGroup group = getMetricGroup();
        duplicates = group.counter("duplicates");
        transportDuplicates = group.counter("transportDuplicates");
        duplicatesBySource = new Counter[sources.length];
        transportDuplicatesBySource = new Counter[sources.length];
        for (int i = 0; i < sources.length; i++) {
            duplicatesBySource[i] = group.counter("duplicates." + sources[i]);
            transportDuplicatesBySource[i] = group.counter("transportDuplicates." + sources[i]);
        }
        group.gauge("rememberedKeys", memory::remembered);
        group.gauge("forgottenEarly", memory::forgottenEarly);
        group.gauge("spilledKeys", memory::spilled);
        group.gauge("dedupBytes", this::bytes);
        group.gauge("dedupDiskBytes", memory::diskBytes);
        group.gauge("windowTime", memory::clock);
    }

    @Override
    public void processElement(StreamRecord<R> element) throws Exception {
        R record = element.getValue();
        if (record.hasTransport()
                && memory.remembers(record.transport1() ^ TRANSPORT, record.transport2())) {
            count(transportDuplicates, transportDuplicatesBySource, record);
        } else if (record.hasBusiness()
                && memory.remembers(record.business1(), record.business2())) {
            count(duplicates, duplicatesBySource, record);
        } else {
            if (record.hasTransport()) {
                remember(record, record.transport1() ^ TRANSPORT, record.transport2());
            }
            if (record.hasBusiness()) {
                remember(record, record.business1(), record.business2());
            }
            output.collect(element);
        }
        if (--untilSweep < 0) {
            untilSweep = SWEEP_RECORDS;
            sweep();
        }
    }

    private void remember(R record, long high, long low) throws Exception {
        log.append(record.bucket(), high, low, memory.remember(high, low, record.time()));
    }

    private void count(Counter all, Counter[] bySource, R record) {
        all.inc();
        if (record.source() < bySource.length) {
            bySource[record.source()].inc();
        }
    }

    @Override
    public void processWatermark(Watermark mark) throws Exception {
        // the last watermark of a job that is drained is no time; its savepoint must remember
        if (mark.getTimestamp() != Watermark.MAX_WATERMARK.getTimestamp()) {
            memory.advance(mark.getTimestamp());
            for (int step = 0; step < SWEEP_STEPS; step++) {
                sweep();
            }
        }
        super.processWatermark(mark);
    }

    /** Bytes of memory taken by this task, beside what the state backend takes. */
    long bytes() {
        return memory.bytes() + log.bytes();
    }

    private void sweep() throws Exception {
        memory.sweep();
        log.sweep(memory.forgottenBefore());
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        log.flush();
        forgottenBefore.update(List.of(memory.forgottenBefore()));
    }

    @Override
    public void close() throws Exception {
        super.close();
        if (memory != null) {
            memory.close();
        }
    }

    /** Keyed state is reached by bucket, a few times per checkpoint and not for every record. */
    @Override
    public boolean hasKeyContext1() {
        return false;
    }
}
