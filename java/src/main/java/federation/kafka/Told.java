package federation.kafka;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** What a reader's task tells its fetcher; the two are different threads. */
final class Told {
    private Look look;
    private Map<TopicPartition, OffsetAndMetadata> commit = new HashMap<>();

    synchronized void look(Look next) {
        look = next;
    }

    /** The newest look at the cluster; null before the first. */
    synchronized Look look() {
        return look;
    }

    /** Positions to publish under the consumer group, for people and for {@code verify}. */
    synchronized void commit(Map<TopicPartition, OffsetAndMetadata> positions) {
        commit.putAll(positions);
    }

    /** The positions to publish that have not been taken yet. */
    synchronized Map<TopicPartition, OffsetAndMetadata> takeCommit() {
        Map<TopicPartition, OffsetAndMetadata> taken = commit;
        commit = new HashMap<>();
        return taken;
    }
}
