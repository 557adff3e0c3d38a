package federation.dedup;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.function.LongUnaryOperator;
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
 * Arguments: {@code heap|rocksdb}, keys to hold (their times go evenly through the window), new keys
 * per checkpoint (default 600,000), limit of memory in bytes (default 0: none).
 */
public final class DeduplicateBench {
    private static final int BUCKETS = 4096;
    private static final long START = 1_700_000_000_000L;
    private static final long WINDOW = 86_400_000;

    private DeduplicateBench() {}

    /** One record that is changed and sent again. */
    private static final class Reused implements Identified {
        long key;
        long time;

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
            return time;
        }
    }

    private static boolean heap;
    private static long keys;
    private static long maxBytes;

    /** Runs and prints. */
    public static void main(String[] arguments) throws Exception {
        heap = arguments[0].equals("heap");
        keys = Long.parseLong(arguments[1]);
        long perCheckpoint = arguments.length > 2 ? Long.parseLong(arguments[2]) : 600_000;
        maxBytes = arguments.length > 3 ? Long.parseLong(arguments[3]) : 0;
        Path folder = Files.createTempDirectory("dedup-bench");
        try {
            OperatorSubtaskState state;
            long empty = usedHeap();
            try (var harness = open(folder, null)) {
                fill(harness, folder, perCheckpoint);
                hit(harness);
                var operator = (DeduplicateOperator<?>) harness.getOperator();
                harness.getOutput().clear();
                print("tables, log and index of the disk: %.1f bytes/key; heap in use, state backend's included: %.1f bytes/key",
                        (double) operator.bytes() / keys, (double) (usedHeap() - empty) / keys);
                print("on disk: %,d keys, %,d MB; forgotten early: %,d",
                        operator.memory.spilled(), operator.memory.diskBytes() / 1_000_000,
                        operator.memory.forgottenEarly());
                resident();
                // increments need a coordinator to be restored, a savepoint does not
                long begin = System.nanoTime();
                state = harness.snapshotWithLocalState(
                                1 << 20, 1, SavepointType.savepoint(SavepointFormatType.NATIVE))
                        .getJobManagerOwnedState();
                print("savepoint, whole: %.1f s, %.0f MB", (System.nanoTime() - begin) / 1e9,
                        state.getStateSize() / 1e6);
            }
            long begin = System.nanoTime();
            long cpu = cpuNanos();
            try (var harness = open(folder, state)) {
                print("restore: %.2f s (%.2f CPU)",
                        (System.nanoTime() - begin) / 1e9, (cpuNanos() - cpu) / 1e9);
                resident();
                hit(harness);
            }
        } finally {
            try (Stream<Path> all = Files.walk(folder)) {
                all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
            }
        }
    }

    private static KeyedOneInputStreamOperatorTestHarness<Integer, Reused, Reused> open(
            Path folder, OperatorSubtaskState state) throws Exception {
        var operator = new DeduplicateOperator<Reused>(WINDOW, 0, maxBytes, "eu");
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
            Path folder, long perCheckpoint) throws Exception {
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
            long first = done;
            long begin = cpuNanos();
            long pause = send(harness, count, i -> first + i);
            long nanos = cpuNanos() - begin;
            adding += nanos;
            done += count;
            print("longest pause %.0f ms", pause / 1e6);
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
            KeyedOneInputStreamOperatorTestHarness<Integer, Reused, Reused> harness)
            throws Exception {
        long count = Math.min(keys, 5_000_000);
        hit(harness, "duplicates of all", count, i -> i * 7_368_787 % keys);
        hit(harness, "duplicates of the newest twentieth", count, i -> keys - 1 - i * 7_368_787 % (keys / 20));
    }

    private static void hit(
            KeyedOneInputStreamOperatorTestHarness<Integer, Reused, Reused> harness,
            String what, long count, LongUnaryOperator key) throws Exception {
        var operator = (DeduplicateOperator<Reused>) harness.getOperator();
        long before = operator.duplicates.getCount();
        long begin = cpuNanos();
        send(harness, count, key);
        print("%s: %.2f million/s", what, count * 1e3 / (cpuNanos() - begin));
        if (operator.duplicates.getCount() - before != count) {
            throw new AssertionError("a duplicate passed");
        }
    }

    /** Sends records, and returns the longest time that a thousand of them took. */
    private static long send(
            KeyedOneInputStreamOperatorTestHarness<Integer, Reused, Reused> harness,
            long count, LongUnaryOperator key) throws Exception {
        var operator = (DeduplicateOperator<Reused>) harness.getOperator();
        Reused record = new Reused();
        StreamRecord<Reused> element = new StreamRecord<>(record);
        long longest = 0;
        long begin = System.nanoTime();
        for (long i = 0; i < count; i++) {
            record.key = key.applyAsLong(i);
            record.time = START - WINDOW + (long) ((double) record.key / keys * WINDOW);
            operator.processElement(element);
            if ((i & 1023) == 0) {
                harness.getOutput().clear();
                longest = Math.max(longest, System.nanoTime() - begin);
                begin = System.nanoTime();
            }
        }
        harness.getOutput().clear();
        return longest;
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

    /** What the process has in memory, RocksDB's part and pages of the JVM included. */
    private static void resident() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (Files.exists(status)) {
            try (Stream<String> lines = Files.lines(status)) {
                lines.filter(line -> line.matches("(VmRSS|VmHWM|RssFile):.*"))
                        .forEach(line -> print("%s", line.replaceAll("\\s+", " ")));
            }
        }
    }

    private static void print(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }
}
