package federation.settle;

import federation.sink.TargetTransaction;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.apache.flink.api.common.typeutils.base.array.BytePrimitiveArraySerializer;
import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.core.fs.FSDataInputStream;
import org.apache.flink.core.io.SimpleVersionedSerialization;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputViewStreamWrapper;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.runtime.checkpoint.Checkpoints;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.checkpoint.metadata.CheckpointMetadata;
import org.apache.flink.runtime.metrics.groups.InternalSinkCommitterMetricGroup;
import org.apache.flink.runtime.state.OperatorStateHandle;
import org.apache.flink.streaming.runtime.operators.sink.committables.CheckpointCommittableManager;
import org.apache.flink.streaming.runtime.operators.sink.committables.CommittableCollector;
import org.apache.flink.streaming.runtime.operators.sink.committables.CommittableCollectorSerializer;

/**
 * The transactions that a checkpoint or savepoint has yet to commit, read from its files without a job.
 * They are the state of Flink's committer, which gives them out only to a {@link Committer}: so one that
 * takes note is given them.
 */
final class RestorePoint {
    /** Name of the state, in Flink's {@code CommitterOperator}. */
    private static final String STATE = "streaming_committer_raw_states";

    /** @param checkpoint number of the checkpoint that the transaction belongs to */
    record Pending(long checkpoint, TargetTransaction transaction) {}

    private RestorePoint() {}

    /** @param folder of a checkpoint or savepoint; in no particular order */
    static List<Pending> pending(
            Path folder, SimpleVersionedSerializer<TargetTransaction> serializer)
            throws IOException, InterruptedException {
        CheckpointMetadata metadata;
        try (DataInputStream in =
                new DataInputStream(Files.newInputStream(folder.resolve("_metadata")))) {
            // Flink's paths know no percent signs: a blank stays a blank.
            metadata = Checkpoints.loadCheckpointMetadata(
                    in, RestorePoint.class.getClassLoader(), "file://" + folder);
        }
        List<Pending> all = new ArrayList<>();
        for (OperatorState operator : metadata.getOperatorStates()) {
            for (OperatorSubtaskState subtask : operator.getStates()) {
                for (OperatorStateHandle handle : subtask.getManagedOperatorState()) {
                    OperatorStateHandle.StateMetaInfo state =
                            handle.getStateNameToPartitionOffsets().get(STATE);
                    if (state != null) {
                        read(handle, state.getOffsets(), serializer, all);
                    }
                }
            }
        }
        return all;
    }

    private static void read(
            OperatorStateHandle handle,
            long[] offsets,
            SimpleVersionedSerializer<TargetTransaction> serializer,
            List<Pending> out)
            throws IOException, InterruptedException {
        CommittableCollectorSerializer<TargetTransaction> collectors =
                new CommittableCollectorSerializer<>(
                        serializer, 0, 1,
                        InternalSinkCommitterMetricGroup.wrap(
                                UnregisteredMetricsGroup.createOperatorMetricGroup()));
        try (FSDataInputStream in = handle.openInputStream()) {
            for (long offset : offsets) {
                in.seek(offset);
                byte[] bytes = BytePrimitiveArraySerializer.INSTANCE.deserialize(
                        new DataInputViewStreamWrapper(in));
                CommittableCollector<TargetTransaction> collector =
                        SimpleVersionedSerialization.readVersionAndDeSerialize(collectors, bytes);
                for (CheckpointCommittableManager<TargetTransaction> checkpoint :
                        collector.getCheckpointCommittablesUpTo(Long.MAX_VALUE)) {
                    checkpoint.commit(new Noting(checkpoint.getCheckpointId(), out), 0);
                }
            }
        }
    }

    private record Noting(long checkpoint, List<Pending> out)
            implements Committer<TargetTransaction> {
        @Override
        public void commit(Collection<CommitRequest<TargetTransaction>> requests) {
            for (CommitRequest<TargetTransaction> request : requests) {
                out.add(new Pending(checkpoint, request.getCommittable()));
            }
        }

        @Override
        public void close() {}
    }
}
