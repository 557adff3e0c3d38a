package federation.dedup;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.checkpoint.SavepointType;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.StateBackend;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.runtime.state.storage.FileSystemCheckpointStorage;
import org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.apache.flink.util.InstantiationUtil;

/** The deduplication of a whole stream at some parallelism, fed as Flink would feed it. */
final class Subtasks implements AutoCloseable {
    static final int MAX_PARALLELISM = 32;

    /** Where the state lives; whole checkpoints, since increments need a coordinator to be restored. */
    enum Backend {
        HEAP,
        ROCKSDB;

        StateBackend create() {
            return this == HEAP ? new HashMapStateBackend() : new EmbeddedRocksDBStateBackend(false);
        }
    }

    /** A completed checkpoint. */
    record Snapshot(OperatorSubtaskState state, int parallelism) {}

    private final List<KeyedOneInputStreamOperatorTestHarness<Integer, Event, Event>> harnesses =
            new ArrayList<>();
    private long checkpoints;

    /** Starts tasks from a snapshot, or afresh where it is null. */
    Subtasks(
            DeduplicateOperator<Event> operator,
            Backend backend,
            Path folder,
            int parallelism,
            Snapshot from,
            long now)
            throws Exception {
        for (int i = 0; i < parallelism; i++) {
            var harness = new KeyedOneInputStreamOperatorTestHarness<>(
                    copy(operator), Event::bucket, Types.INT, MAX_PARALLELISM, parallelism, i);
            harness.setStateBackend(backend.create());
            harness.setCheckpointStorage(new FileSystemCheckpointStorage(folder.toUri()));
            harness.setProcessingTime(now);
            harness.setup();
            if (from != null) {
                harness.initializeState(AbstractStreamOperatorTestHarness.repartitionOperatorState(
                        from.state, MAX_PARALLELISM, from.parallelism, parallelism, i));
            }
            harness.open();
            harnesses.add(harness);
        }
    }

    private static DeduplicateOperator<Event> copy(DeduplicateOperator<Event> operator)
            throws Exception {
        return InstantiationUtil.clone(operator);
    }

    /** Whether a record passes. */
    boolean passes(Event event) throws Exception {
        var harness = harnesses.get(KeyGroupRangeAssignment.assignKeyToParallelOperator(
                event.bucket(), MAX_PARALLELISM, harnesses.size()));
        harness.getOutput().clear();
        harness.processElement(event, event.time());
        boolean passed = !harness.getOutput().isEmpty();
        if (passed && harness.extractOutputValues().get(0) != event) {
            throw new AssertionError("another record came out");
        }
        return passed;
    }

    void watermark(long time) throws Exception {
        for (var harness : harnesses) {
            harness.processWatermark(time);
        }
    }

    void processingTime(long now) throws Exception {
        for (var harness : harnesses) {
            harness.setProcessingTime(now);
        }
    }

    Snapshot snapshot() throws Exception {
        checkpoints++;
        var states = new OperatorSubtaskState[harnesses.size()];
        for (int i = 0; i < states.length; i++) {
            harnesses.get(i).prepareSnapshotPreBarrier(checkpoints);
            states[i] = harnesses.get(i).snapshot(checkpoints, checkpoints);
        }
        return new Snapshot(
                AbstractStreamOperatorTestHarness.repackageState(states), states.length);
    }

    /** Bytes of the keyed state that lives: a savepoint has no left-overs of files and versions. */
    long stateBytes() throws Exception {
        long bytes = 0;
        for (var harness : harnesses) {
            checkpoints++;
            var savepoint = harness.snapshotWithLocalState(
                    checkpoints, checkpoints, SavepointType.savepoint(SavepointFormatType.CANONICAL));
            for (var keyed : savepoint.getJobManagerOwnedState().getManagedKeyedState()) {
                bytes += keyed.getStateSize();
            }
        }
        return bytes;
    }

    /** Fingerprints that are remembered on disk. */
    long spilled() {
        return harnesses.stream().mapToLong(each -> memory(each).spilled()).sum();
    }

    long forgottenEarly() {
        return harnesses.stream().mapToLong(each -> memory(each).forgottenEarly()).sum();
    }

    private static Deduplicator memory(KeyedOneInputStreamOperatorTestHarness<Integer, Event, Event> harness) {
        return ((DeduplicateOperator<?>) harness.getOperator()).memory;
    }

    /** The operator of a task. */
    DeduplicateOperator<?> operator(int index) {
        return (DeduplicateOperator<?>) harnesses.get(index).getOperator();
    }

    @Override
    public void close() throws Exception {
        for (var harness : harnesses) {
            harness.close();
        }
    }
}
