package federation.kafka;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ranges of a cluster's offsets that are gone and that an operator has agreed to go without. They
 * are lines of a file that {@code federation accept} appends to, while the stream runs too.
 */
public final class Accepted implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final Logger LOG = LoggerFactory.getLogger(Accepted.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String file;
    private final String clusterId;

    /** @param file lines of JSON, see {@code federation/run/accepted.py}; it may not be there */
    public Accepted(String file, String clusterId) {
        this.file = file;
        this.clusterId = clusterId;
    }

    /** The first offset from a position on that nobody has agreed to go without. */
    long after(TopicPartition partition, long position) {
        long at = position;
        List<long[]> ranges = ranges(partition);
        for (boolean moved = true; moved; ) {
            moved = false;
            for (long[] range : ranges) {
                if (range[0] <= at && at <= range[1]) {
                    at = range[1] + 1;
                    moved = true;
                }
            }
        }
        return at;
    }

    /** First and last offset of each range; read anew each time, for that is seldom and short. */
    private List<long[]> ranges(TopicPartition partition) {
        Path path = Path.of(file);
        List<long[]> found = new ArrayList<>();
        try {
            if (!Files.exists(path)) {
                return found;
            }
            for (String line : Files.readAllLines(path)) {
                JsonNode one = JSON.readTree(line);
                if (one.required("cluster_id").asText().equals(clusterId)
                        && one.required("topic").asText().equals(partition.topic())
                        && one.required("partition").asInt() == partition.partition()) {
                    found.add(new long[] {
                        one.required("first").asLong(), one.required("last").asLong()
                    });
                }
            }
        } catch (IOException | IllegalArgumentException unreadable) {
            LOG.warn("{} cannot be read: no gap is accepted", file, unreadable);
            return List.of();
        }
        return found;
    }
}
