package federation.sink;

import java.util.List;
import java.util.stream.Collectors;
import org.apache.flink.connector.kafka.sink.KafkaCommittable;

/**
 * A transaction that is flushed and waits for its commit, and what it wrote: enough to find its
 * records again should the brokers have aborted it.
 */
public final class TargetTransaction {
    private final KafkaCommittable committable;
    private final List<Extent> extents;

    public TargetTransaction(KafkaCommittable committable, List<Extent> extents) {
        this.committable = committable;
        this.extents = List.copyOf(extents);
    }

    public KafkaCommittable committable() {
        return committable;
    }

    public List<Extent> extents() {
        return extents;
    }

    /** A transactional id is used again and again; with producer and epoch it names one transaction. */
    public String name() {
        return committable.getTransactionalId() + "/" + committable.getProducerId() + "/"
                + committable.getEpoch();
    }

    @Override
    public String toString() {
        return name() + " into "
                + extents.stream().map(Extent::toString).collect(Collectors.joining(", "));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TargetTransaction that
                && committable.equals(that.committable)
                && extents.equals(that.extents);
    }

    @Override
    public int hashCode() {
        return committable.hashCode();
    }
}
