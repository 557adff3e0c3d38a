package federation.dedup;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.CheckpointOptions;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.checkpoint.SavepointType;
import org.apache.flink.runtime.state.CheckpointStreamFactory;
import org.apache.flink.runtime.state.filesystem.FsCheckpointStreamFactory;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.runtime.state.storage.FileSystemCheckpointStorage;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.fs.local.LocalFileSystem;
import org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend;
import org.apache.flink.streaming.api.operators.OperatorSnapshotFinalizer;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;

/**
 * Measures the operator in one task: rate, memory, checkpoint and restore times.
 *
 * <p>Rates are by CPU time of the task's thread, checkpoint and restore times also by the clock.
 * Arguments: {@code heap|rocksdb}, keys to hold, new keys per checkpoint (default 600,000).
 */
public final class DeduplicateBench {
    private static final int BUCKETS = 4096;
    private static final long START = 1_700_000_000_000L;

    private DeduplicateBench() {}

    /** One record that is changed and sent again. */
    private static final class Reused implements Identified {
        long key;

        @Override
        public int bucket() {
            return (int) (Event.hash(key) & (BUCKETS - 1));
        }

        @Override
        public int source() {
            return 0;
        }

        @Override
        public boolean hasBusiness() {
            return true;
        }

        @Override
        public long business1() {
            return Event.hash(key);
        }

        @Override
        public long business2() {
            return Event.hash(~key);
        }

        @Override
        public boolean hasTransport() {
            return false;
        }

        @Override
        public long transport1() {
            return 0;
        }

        @Override
        public long transport2() {
            return 0;
        }

        @Override
        public long time() {
            return START;
        }
    }

    /** Runs and prints. */
    public static void main(String[] arguments) throws Exception {
        boolean heap = arguments[0].equals("heap");
        long keys = Long.parseLong(arguments[1]);
        long perCheckpoint = arguments.length > 2 ? Long.parseLong(arguments[2]) : 600_000;
        Path folder = Files.createTempDirectory("dedup-bench");
        try {
            OperatorSubtaskState state;
            long empty = usedHeap();
            try (var harness = open(heap, folder, null)) {
                fill(harness, folder, keys, perCheckpoint);
                hit(harness, keys);
                var operator = (DeduplicateOperator<?>) harness.getOperator();
                harness.getOutput().clear();
                print("tables and log: %.1f bytes/key; heap in use, state backend's included: %.1f bytes/key",
                        (double) operator.bytes() / keys, (double) (usedHeap() - empty) / keys);
                // increments need a coordinator to be restored, a savepoint does not
                state = harness.snapshotWithLocalState(
                                1 << 20, 1, SavepointType.savepoint(SavepointFormatType.NATIVE))
                        .getJobManagerOwnedState();
            }
            long begin = System.nanoTime();
            long cpu = cpuNanos();
            try (var harness = open(heap, folder, state)) {
                print("restore: %.2f s (%.2f CPU)",
                        (System.nanoTime() - begin) / 1e9, (cpuNanos() - cpu) / 1e9);
                hit(harness, keys);
            }
        } finally {
            try (Stream<Path> all = Files.walk(folder)) {
                all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
            }
        }
    }

    private static KeyedOneInputStreamOperatorTestHarness<Integer, Reused, Reused> open(
            boolean heap, Path folder, OperatorSubtaskState state) throws Exception {
        var operator = new DeduplicateOperator<Reused>(86_400_000, 0, 0, "eu");
        var harness = new KeyedOneInputStreamOperatorTestHarness<>(
                operator, Reused::bucket, Types.INT, 128, 1, 0);
        harness.setStateBackend(
                heap ? new HashMapStateBackend() : rocksDb());
        harness.setCheckpointStorage(new FileSystemCheckpointStorage(folder.toUri()));
        harness.setProcessingTime(START);
        harness.setup();
        if (state != null) {
            harness.initializeState(state);
        }
        harness.open();
        return harness;
    }

    /** RocksDB with incremental checkpoints and the options given as system properties. */
    private static EmbeddedRocksDBStateBackend rocksDb() {
        Configuration options = new Configuration();
        System.getProperties().forEach((name, value) -> {
            if (name.toString().startsWith("state.backend.")) {
                options.setString(name.toString(), value.toString());
            }
        });
        return new EmbeddedRocksDBStateBackend(true)
                .configure(options, DeduplicateBench.class.getClassLoader());
    }

    private static void fill(
            KeyedOneInputStreamOperatorTestHarness<Integer, Reused, Reused> harness,
            Path folder, long keys, long perCheckpoint) throws Exception {
        var operator = (DeduplicateOperator<Reused>) harness.getOperator();
        var factory = new FsCheckpointStreamFactory(
                LocalFileSystem.getSharedInstance(),
                new org.apache.flink.core.fs.Path(folder.toUri()),
                new org.apache.flink.core.fs.Path(folder.toUri()),
                1024, 1 << 16);
        long adding = 0;
        long written = 0;
        long done = 0;
        for (long checkpoint = 1; done < keys; checkpoint++) {
            long count = Math.min(perCheckpoint, keys - done);
            long begin = cpuNanos();
            send(harness, operator, done, count, 1);
            long nanos = cpuNanos() - begin;
            adding += nanos;
            done += count;
            written += checkpoint(operator, factory, checkpoint, done, count * 1e3 / nanos);
        }
        print("new keys: %.2f million/s; written by all checkpoints: %.1f bytes/key",
                keys * 1e3 / adding, (double) written / keys);
    }

    /** Takes a checkpoint, and returns the bytes it wrote. */
    private static long checkpoint(
            DeduplicateOperator<Reused> operator, CheckpointStreamFactory factory, long id,
            long held, double rate) throws Exception {
        long begin = System.nanoTime();
        long cpu = cpuNanos();
        operator.prepareSnapshotPreBarrier(id);
        var futures = operator.snapshotState(
                id, id, CheckpointOptions.forCheckpointWithDefaultLocation(), factory);
        long synced = System.nanoTime();
        cpu = cpuNanos() - cpu;
        var state = OperatorSnapshotFinalizer.create(futures).getJobManagerOwnedState();
        long finished = System.nanoTime();
        operator.notifyCheckpointComplete(id);
        print("held %,d (added at %.2f million/s): checkpoint sync %.1f ms (%.1f CPU), async %.0f ms, %.1f MB",
                held, rate, (synced - begin) / 1e6, cpu / 1e6, (finished - synced) / 1e6,
                state.getCheckpointedSize() / 1e6);
        return state.getCheckpointedSize();
    }

    private static void hit(
            KeyedOneInputStreamOperatorTestHarness<Integer, Reused, Reused> harness, long keys)
            throws Exception {
        var operator = (DeduplicateOperator<Reused>) harness.getOperator();
        long count = Math.min(keys, 5_000_000);
        long begin = cpuNanos();
        send(harness, operator, 0, count, 7_368_787 % keys);
        print("duplicates: %.2f million/s", count * 1e3 / (cpuNanos() - begin));
        if (!harness.getOutput().isEmpty()) {
            throw new AssertionError("a duplicate passed");
        }
    }

    private static void send(
            KeyedOneInputStreamOperatorTestHarness<Integer, Reused, Reused> harness,
            DeduplicateOperator<Reused> operator, long from, long count, long step)
            throws Exception {
        Reused record = new Reused();
        StreamRecord<Reused> element = new StreamRecord<>(record);
        harness.getOutput().clear();
        for (long i = 0; i < count; i++) {
            record.key = step == 1 ? from + i : i * step % count;
            operator.processElement(element);
            if (step == 1 && (i & 1023) == 0) {
                harness.getOutput().clear();
            }
        }
        if (step == 1) {
            harness.getOutput().clear();
        }
    }

    /** CPU time of the task's thread: on a shared machine it says more than the wall's clock. */
    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private static long usedHeap() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    private static void print(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }
}
