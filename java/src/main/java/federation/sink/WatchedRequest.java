package federation.sink;

import org.apache.flink.api.connector.sink2.Committer.CommitRequest;
import org.apache.flink.connector.kafka.sink.KafkaCommittable;

/** A request for the connector's committer, whose failure is kept for the log to judge. */
final class WatchedRequest implements CommitRequest<KafkaCommittable> {
    private final CommitRequest<TargetTransaction> request;
    private Throwable failure;
    private boolean certain;

    WatchedRequest(CommitRequest<TargetTransaction> request) {
        this.request = request;
    }

    /** Why the commit failed, or null. */
    Throwable failure() {
        return failure;
    }

    /** Whether the brokers said that it will never succeed. */
    boolean certain() {
        return certain;
    }

    @Override
    public KafkaCommittable getCommittable() {
        return request.getCommittable().committable();
    }

    @Override
    public int getNumberOfRetries() {
        return request.getNumberOfRetries();
    }

    @Override
    public void signalFailedWithKnownReason(Throwable why) {
        failure = why;
        certain = true;
    }

    @Override
    public void signalFailedWithUnknownReason(Throwable why) {
        failure = why;
    }

    @Override
    public void retryLater() {
        request.retryLater();
    }

    @Override
    public void updateAndRetryLater(KafkaCommittable committable) {
        request.updateAndRetryLater(
                new TargetTransaction(committable, request.getCommittable().extents()));
    }

    @Override
    public void signalAlreadyCommitted() {
        request.signalAlreadyCommitted();
    }
}
