package federation.kafka;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * What a source knows of its cluster's topics, as it is kept in checkpoints.
 *
 * @param looked whether the cluster has been seen at all; partitions that are found later begin with
 *     their first record
 * @param assigned partitions that readers have
 * @param waiting partitions that wait for their reader, with the offset they begin at
 * @param owed partitions that were there when the cluster was first seen, and whose leader did not tell
 *     their offsets: they are no later ones
 * @param topicIds by topic: the id that it had when it was first seen, which tells a topic from
 *     another one made later under its name
 */
public record Discovered(
        boolean looked,
        Collection<TopicPartition> assigned,
        Collection<PartitionSplit> waiting,
        Collection<TopicPartition> owed,
        Map<String, String> topicIds) {
    static final Discovered NOTHING =
            new Discovered(false, List.of(), List.of(), List.of(), Map.of());
}
