package federation.source;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.kafka.clients.consumer.OffsetResetStrategy;
import org.apache.kafka.common.TopicPartition;

/**
 * Where a first run begins, as offsets and nothing else.
 *
 * <p>Flink's own initializers tell the consumer to jump where a position is gone: records that
 * retention took would be skipped in silence. With these such a position fails the job. They are asked
 * again when a job restarts before its first checkpoint.
 */
public final class FirstOffsets implements OffsetsInitializer {
    private static final long serialVersionUID = 1L;

    /** The kinds of beginning that only the cluster can turn into offsets. */
    public enum Kind { EARLIEST, LATEST }

    private final Kind kind;
    private final Long timestamp;
    private final HashMap<TopicPartition, Long> declared;

    private FirstOffsets(Kind kind, Long timestamp, Map<TopicPartition, Long> declared) {
        this.kind = kind;
        this.timestamp = timestamp;
        this.declared = new HashMap<>(declared);
    }

    /** The first record that is there. */
    public static FirstOffsets earliest() {
        return new FirstOffsets(Kind.EARLIEST, null, Map.of());
    }

    /** What comes after now. */
    public static FirstOffsets latest() {
        return new FirstOffsets(Kind.LATEST, null, Map.of());
    }

    /** The first record at or after an instant, in epoch milliseconds; else what comes after now. */
    public static FirstOffsets timestamp(long timestamp) {
        return new FirstOffsets(Kind.LATEST, timestamp, Map.of());
    }

    /** These offsets; partitions that are not named begin with the first record that is there. */
    public static FirstOffsets offsets(Map<TopicPartition, Long> offsets) {
        return new FirstOffsets(Kind.EARLIEST, null, offsets);
    }

    @Override
    public Map<TopicPartition, Long> getPartitionOffsets(
            Collection<TopicPartition> partitions, PartitionOffsetsRetriever retriever) {
        Map<TopicPartition, Long> found = new HashMap<>(kind == Kind.EARLIEST
                ? retriever.beginningOffsets(partitions)
                : retriever.endOffsets(partitions));
        if (timestamp != null) {
            Map<TopicPartition, Long> asked = new HashMap<>();
            partitions.forEach(partition -> asked.put(partition, timestamp));
            retriever.offsetsForTimes(asked)
                    .forEach((partition, at) -> found.put(partition, at.offset()));
        }
        found.replaceAll((partition, offset) -> declared.getOrDefault(partition, offset));
        return found;
    }

    @Override
    public OffsetResetStrategy getAutoOffsetResetStrategy() {
        return OffsetResetStrategy.NONE;
    }
}
