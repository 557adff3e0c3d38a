package federation.kafka;

import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.kafka.common.TopicPartition;

/**
 * What one look at the cluster has shown, told to every reader.
 *
 * @param at when the cluster was asked, in epoch milliseconds
 * @param trouble why it did not answer, or empty; then nothing else is known
 * @param ends offsets behind the last committed records, of the partitions whose leader answered
 * @param verified the partitions that are still those that were read before, and why not where they
 *     are not; empty text where all is well
 */
record Look(
        long at,
        String trouble,
        HashMap<TopicPartition, Long> ends,
        HashMap<TopicPartition, String> verified)
        implements SourceEvent {
    private static final long serialVersionUID = 1L;

    static Look failed(long at, String trouble) {
        return new Look(at, trouble, new HashMap<>(), new HashMap<>());
    }

    /** Whether a partition was seen, and is the one that it was. */
    boolean clears(TopicPartition partition) {
        return "".equals(verified.get(partition));
    }

    /** Why a partition must not be read, or null. */
    String objection(TopicPartition partition) {
        String found = verified.get(partition);
        return found == null || found.isEmpty() ? null : found;
    }

    static Look of(long at, Map<TopicPartition, Long> ends, Map<TopicPartition, String> verified) {
        return new Look(at, "", new HashMap<>(ends), new HashMap<>(verified));
    }
}
