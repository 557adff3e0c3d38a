package federation.kafka;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.connector.source.SplitsAssignment;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;

/**
 * Looks at one source's cluster every few seconds: finds partitions, hands them to readers, tells
 * readers where partitions end and which topics are no longer those they were. A cluster that does not
 * answer is a report and another look later, never a failure of the job.
 */
final class Enumerator implements SplitEnumerator<PartitionSplit, Discovered> {
    static final long LOOK_MS = 5_000;
    static final String WAY_OUT = "the way out is an empty target and start --fresh";

    private final SplitEnumeratorContext<PartitionSplit> context;
    private final Subscription subscription;
    private final FirstOffsets first;
    private final ClusterView cluster;
    private final BooleanSupplier stopping;
    private final LongSupplier clock;

    // of the coordinator's thread
    private final Set<TopicPartition> assigned;
    private final Map<TopicPartition, PartitionSplit> waiting = new HashMap<>();
    private final Map<String, String> topicIds;
    private Look last;

    // written by the coordinator's thread, read by the worker's
    private volatile boolean looked;
    private volatile Set<TopicPartition> known;
    private volatile Set<TopicPartition> owed; // were there at the first look, and had no answer

    // of the worker's thread
    private long ended; // when it last looked

    /**
     * @param clock milliseconds, from anywhere
     * @param stopping whether the job is being stopped: then readers are told nothing more, for one that
     *     has ended already would fail the whole job by what reaches it too late
     */
    Enumerator(
            SplitEnumeratorContext<PartitionSplit> context,
            Subscription subscription,
            FirstOffsets first,
            ClusterView cluster,
            BooleanSupplier stopping,
            LongSupplier clock,
            Discovered before) {
        this.context = context;
        this.subscription = subscription;
        this.first = first;
        this.cluster = cluster;
        this.stopping = stopping;
        this.clock = clock;
        ended = clock.getAsLong() - LOOK_MS;
        owed = Set.copyOf(before.owed());
        looked = before.looked();
        assigned = new HashSet<>(before.assigned());
        before.waiting().forEach(split -> waiting.put(split.partition(), split));
        topicIds = new HashMap<>(before.topicIds());
        know();
    }

    /** What one look has found. */
    private record Seen(
            long at,
            ClusterView.Topics topics,
            Set<TopicPartition> partitions,
            Map<TopicPartition, Long> begins,
            Map<TopicPartition, Long> ends) {}

    @Override
    public void start() {
        context.callAsync(this::look, this::seen, 0, LOOK_MS);
    }

    /**
     * In the worker's thread: asks the cluster. Null where that has just been done: the timer makes up
     * for every look that a silent cluster has delayed, thousands after an outage of days.
     */
    private Seen look() throws Exception {
        if (clock.getAsLong() - ended < LOOK_MS / 5) {
            return null;
        }
        try {
            return ask();
        } finally {
            ended = clock.getAsLong();
        }
    }

    private Seen ask() throws Exception {
        long at = System.currentTimeMillis();
        try {
            ClusterView.Topics topics = cluster.topics(subscription);
            Set<TopicPartition> partitions = new HashSet<>();
            topics.found().values().forEach(topic -> topic.partitions().forEach(
                    info -> partitions.add(new TopicPartition(topic.name(), info.partition()))));
            Map<Boolean, List<TopicPartition>> unknown = partitions.stream()
                    .filter(partition -> !known.contains(partition))
                    .collect(Collectors.partitioningBy(one -> looked && !owed.contains(one)));
            Map<TopicPartition, Long> begins = new HashMap<>();
            begins.putAll(first.of(unknown.get(false), cluster::offsets));
            begins.putAll(FirstOffsets.earliest().of(unknown.get(true), cluster::offsets));
            return new Seen(at, topics, partitions, begins, cluster.ends(partitions));
        } catch (Exception error) {
            cluster.reset();
            throw error;
        }
    }

    /** In the coordinator's thread: takes note of a look, or of why there was none. */
    private void seen(Seen seen, Throwable error) {
        if (stopping.getAsBoolean() || (seen == null && error == null)) {
            return;
        }
        if (error != null) {
            tell(Look.failed(System.currentTimeMillis(), Causes.sentence(error)));
            return;
        }
        seen.begins.forEach((partition, offset) -> {
            if (!known.contains(partition)) {
                waiting.put(partition, new PartitionSplit(partition, offset));
            }
        });
        // A topic is known by its id from when its first partition is.
        seen.topics.found().forEach((name, topic) -> {
            if (known.stream().anyMatch(partition -> partition.topic().equals(name))
                    || seen.begins.keySet().stream().anyMatch(p -> p.topic().equals(name))) {
                topicIds.putIfAbsent(name, topic.topicId().toString());
            }
        });
        Set<TopicPartition> silent = new HashSet<>(looked ? owed : seen.partitions);
        looked = looked || !seen.partitions.isEmpty() || subscription.names() == null;
        know();
        silent.removeAll(known);
        owed = Set.copyOf(silent);
        assign(context.registeredReaders().keySet());
        tell(Look.of(seen.at, seen.ends, verified(seen.topics)));
    }

    private Map<TopicPartition, String> verified(ClusterView.Topics topics) {
        Map<TopicPartition, String> found = new HashMap<>();
        for (TopicPartition partition : known) {
            String refused = topics.refused().get(partition.topic());
            found.put(partition, refused != null
                    ? "the topic may not be described: " + refused
                    : objection(partition, topics.found().get(partition.topic())));
        }
        return found;
    }

    private String objection(TopicPartition partition, TopicDescription topic) {
        if (topic == null) {
            return "the topic was deleted";
        }
        String before = topicIds.get(partition.topic());
        String now = topic.topicId().toString();
        if (!now.equals(before)) {
            return "the topic was deleted and made again: its id was " + before + " and is " + now
                    + ", so the position means nothing in it; " + WAY_OUT;
        }
        if (partition.partition() >= topic.partitions().size()) {
            return "the topic has only " + topic.partitions().size() + " partitions now";
        }
        return "";
    }

    private void know() {
        Set<TopicPartition> all = new HashSet<>(assigned);
        all.addAll(waiting.keySet());
        known = Set.copyOf(all);
    }

    private void tell(Look look) {
        last = look;
        context.registeredReaders().keySet()
                .forEach(reader -> context.sendEventToSourceReader(reader, look));
    }

    private void assign(Collection<Integer> readers) {
        Map<Integer, List<PartitionSplit>> handed = new TreeMap<>();
        for (PartitionSplit split : waiting.values()) {
            int reader = readerOf(split.partition(), context.currentParallelism());
            if (readers.contains(reader)) {
                handed.computeIfAbsent(reader, none -> new ArrayList<>()).add(split);
            }
        }
        if (handed.isEmpty()) {
            return;
        }
        context.assignSplits(new SplitsAssignment<>(handed));
        handed.values().forEach(splits -> splits.forEach(split -> {
            assigned.add(split.partition());
            waiting.remove(split.partition());
        }));
    }

    /** Spreads a topic's partitions evenly, and topics over the readers where they begin. */
    static int readerOf(TopicPartition partition, int readers) {
        int start = (partition.topic().hashCode() * 31 & Integer.MAX_VALUE) % readers;
        return (start + partition.partition()) % readers;
    }

    @Override
    public void addReader(int reader) {
        assign(Set.of(reader));
        if (last != null) {
            context.sendEventToSourceReader(reader, last);
        }
    }

    @Override
    public void addSplitsBack(List<PartitionSplit> splits, int reader) {
        for (PartitionSplit split : splits) {
            assigned.remove(split.partition());
            waiting.put(split.partition(), split);
        }
        assign(context.registeredReaders().keySet());
    }

    @Override
    public void handleSplitRequest(int reader, String host) {
        // Partitions are handed out when they are found.
    }

    @Override
    public Discovered snapshotState(long checkpoint) {
        return new Discovered(
                looked,
                List.copyOf(assigned),
                List.copyOf(waiting.values()),
                List.copyOf(owed),
                Map.copyOf(topicIds));
    }

    @Override
    public void close() {
        cluster.close();
    }
}
