package federation.kafka;

import java.io.Serializable;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;

/** Where a first run begins, as offsets and nothing else: no position ever moves by itself. */
public final class FirstOffsets implements Serializable {
    private static final long serialVersionUID = 1L;

    private enum Kind { EARLIEST, LATEST, TIMESTAMP }

    private final Kind kind;
    private final long timestamp;
    private final HashMap<TopicPartition, Long> declared;

    private FirstOffsets(Kind kind, long timestamp, Map<TopicPartition, Long> declared) {
        this.kind = kind;
        this.timestamp = timestamp;
        this.declared = new HashMap<>(declared);
    }

    /** The first record that is there. */
    public static FirstOffsets earliest() {
        return new FirstOffsets(Kind.EARLIEST, 0, Map.of());
    }

    /** What comes after now. */
    public static FirstOffsets latest() {
        return new FirstOffsets(Kind.LATEST, 0, Map.of());
    }

    /** The first record at or after an instant, in epoch milliseconds; else what comes after now. */
    public static FirstOffsets timestamp(long timestamp) {
        return new FirstOffsets(Kind.TIMESTAMP, timestamp, Map.of());
    }

    /** These offsets; partitions that are not named begin with the first record that is there. */
    public static FirstOffsets offsets(Map<TopicPartition, Long> offsets) {
        return new FirstOffsets(Kind.EARLIEST, 0, offsets);
    }

    /** Answers a question for offsets; partitions without an answer (or with -1) are left out. */
    interface Offsets {
        Map<TopicPartition, Long> of(Map<TopicPartition, OffsetSpec> asked) throws Exception;
    }

    /** Where to begin; partitions whose leader does not answer are left out and asked for later. */
    Map<TopicPartition, Long> of(Collection<TopicPartition> partitions, Offsets cluster)
            throws Exception {
        Map<TopicPartition, Long> found = new HashMap<>();
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        for (TopicPartition partition : partitions) {
            Long offset = declared.get(partition);
            if (offset != null) {
                found.put(partition, offset);
            } else {
                asked.put(partition, switch (kind) {
                    case EARLIEST -> OffsetSpec.earliest();
                    case LATEST -> OffsetSpec.latest();
                    case TIMESTAMP -> OffsetSpec.forTimestamp(timestamp);
                });
            }
        }
        found.putAll(cluster.of(asked));
        if (kind == Kind.TIMESTAMP) { // -1 where no record is that young
            Map<TopicPartition, OffsetSpec> late = new HashMap<>();
            found.forEach((partition, offset) -> {
                if (offset < 0) {
                    late.put(partition, OffsetSpec.latest());
                }
            });
            found.keySet().removeAll(late.keySet());
            found.putAll(cluster.of(late));
        }
        return found;
    }
}
