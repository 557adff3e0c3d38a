package federation.sink;

import federation.settle.Fate;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.connector.kafka.sink.KafkaCommittable;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commits transactions by the connector's committer, and lets none of its failures pass that the
 * connector would count and forget.
 *
 * <p>The answer "fenced" alone does not tell whether the transaction was aborted or has long been
 * committed (a restored job commits again what it may have committed before, and the epoch has moved
 * since). The log does: each partition holds a marker. What it says was committed is committed; anything
 * else ends the job for good, for reading on would leave a hole.
 */
final class TargetCommitter implements Committer<TargetTransaction> {
    private static final Logger LOG = LoggerFactory.getLogger(TargetCommitter.class);

    private final Committer<KafkaCommittable> committer;
    private final Witness witness;
    private final Set<String> settled;

    /** Who tells what became of a transaction. */
    interface Witness {
        /** @throws IOException not now */
        Fate fate(TargetTransaction transaction) throws IOException, InterruptedException;
    }

    /** @param settled names of transactions that were dealt with before the job began */
    TargetCommitter(
            Committer<KafkaCommittable> committer, Witness witness, Set<String> settled) {
        this.committer = committer;
        this.witness = witness;
        this.settled = settled;
    }

    @Override
    public void commit(Collection<CommitRequest<TargetTransaction>> requests)
            throws IOException, InterruptedException {
        for (CommitRequest<TargetTransaction> request : requests) {
            TargetTransaction transaction = request.getCommittable();
            if (settled.contains(transaction.name())) {
                request.signalAlreadyCommitted();
                continue;
            }
            WatchedRequest watched = new WatchedRequest(request);
            committer.commit(List.of(watched));
            if (watched.failure() != null) {
                judge(request, watched);
            }
        }
    }

    private void judge(CommitRequest<TargetTransaction> request, WatchedRequest failed)
            throws IOException, InterruptedException {
        TargetTransaction transaction = request.getCommittable();
        Fate fate = witness.fate(transaction);
        if (fate == Fate.COMMITTED) {
            LOG.info("transaction {} has been committed before", transaction);
            request.signalAlreadyCommitted();
        } else if (failed.certain() || fate == Fate.ABORTED) {
            throw new SuppressRestartsException(new CommitFailed(transaction, failed.failure()));
        } else {
            request.signalFailedWithUnknownReason(failed.failure()); // the job commits it again
        }
    }

    @Override
    public void close() throws Exception {
        committer.close();
    }
}
