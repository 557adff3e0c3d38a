package federation.sink;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.RecordMetadata;

/**
 * Where the records of the open transaction went: counted as the brokers acknowledge them, on the
 * producer's own thread, and taken once all are. Flushing the producer orders the two.
 */
final class Extents implements Consumer<RecordMetadata> {
    private final String target;
    private final String deadLetters;
    private long[][] byPartition = {};
    private long[][] deadByPartition = {};

    Extents(String target, String deadLetters) {
        this.target = target;
        this.deadLetters = deadLetters;
    }

    @Override
    public void accept(RecordMetadata written) {
        if (written == null || written.partition() < 0) {
            return; // it failed, and so does the writer
        }
        if (written.topic().equals(target)) {
            byPartition = count(byPartition, written);
        } else {
            deadByPartition = count(deadByPartition, written);
        }
    }

    /** Counts, first and last offset of one partition, in this order. */
    private static long[][] count(long[][] partitions, RecordMetadata written) {
        int number = written.partition();
        long[][] all = number < partitions.length
                ? partitions
                : Arrays.copyOf(partitions, number + 1);
        long[] one = all[number];
        if (one == null) {
            one = new long[] {0, Long.MAX_VALUE, -1};
            all[number] = one;
        }
        one[0]++;
        // Not told where a repeated request was answered from the broker's memory: then it is -1.
        one[1] = Math.min(one[1], written.offset());
        one[2] = Math.max(one[2], written.offset());
        return all;
    }

    /** What was written since the last call. */
    List<Extent> take() {
        List<Extent> all = new ArrayList<>();
        collect(target, byPartition, all);
        collect(deadLetters, deadByPartition, all);
        byPartition = new long[byPartition.length][];
        deadByPartition = new long[deadByPartition.length][];
        return all;
    }

    private static void collect(String topic, long[][] partitions, List<Extent> out) {
        for (int number = 0; number < partitions.length; number++) {
            long[] one = partitions[number];
            if (one != null) {
                out.add(one[1] < 0
                        ? new Extent(topic, number, 0, -1, one[0])
                        : new Extent(topic, number, one[1], one[2], one[0]));
            }
        }
    }
}
