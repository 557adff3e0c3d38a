package federation.kafka;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Records on their way from the fetcher to the task, in runs of one partition each. */
final class Fetched implements RecordsWithSplitIds<ConsumerRecord<byte[], byte[]>> {
    private record Run(String split, List<? extends ConsumerRecord<byte[], byte[]>> records) {}

    private final ArrayDeque<Run> runs = new ArrayDeque<>();
    private Iterator<? extends ConsumerRecord<byte[], byte[]>> current;

    void add(TopicPartition partition, List<? extends ConsumerRecord<byte[], byte[]>> records) {
        if (!records.isEmpty()) {
            runs.add(new Run(partition.toString(), records));
        }
    }

    boolean isEmpty() {
        return runs.isEmpty();
    }

    @Override
    public String nextSplit() {
        Run run = runs.poll();
        current = run == null ? null : run.records.iterator();
        return run == null ? null : run.split;
    }

    @Override
    public ConsumerRecord<byte[], byte[]> nextRecordFromSplit() {
        return current.hasNext() ? current.next() : null;
    }

    @Override
    public Set<String> finishedSplits() {
        return Set.of(); // streams have no end
    }
}
