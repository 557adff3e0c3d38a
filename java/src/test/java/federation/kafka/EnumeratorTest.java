package federation.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.connector.source.SplitsAssignment;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("An enumerator")
class EnumeratorTest {
    private static final Uuid ID = new Uuid(1, 2);
    private static final Uuid OTHER = new Uuid(3, 4);

    /** By topic: its id and number of partitions; each partition holds offsets 5 to 9. */
    private final Map<String, TopicDescription> topics = new HashMap<>();
    private final Map<String, String> refused = new HashMap<>();
    private final Set<TopicPartition> silent = new HashSet<>(); // whose leader does not answer
    private IOException outage;
    private long now;
    private int looks;
    private final Map<Integer, Object> readers = new TreeMap<>();
    private final Map<TopicPartition, Long> assigned = new HashMap<>();
    private final Map<Integer, Look> told = new HashMap<>();
    private Runnable look;

    private final ClusterView cluster = new ClusterView(new Properties()) {
        @Override
        Topics topics(Subscription subscription) throws IOException {
            looks++;
            if (outage != null) {
                throw outage;
            }
            return new Topics(Map.copyOf(topics), Map.copyOf(refused));
        }

        @Override
        Map<TopicPartition, Long> ends(Collection<TopicPartition> partitions) {
            Map<TopicPartition, Long> ends = new HashMap<>();
            partitions.forEach(partition -> ends.put(partition, 10L));
            ends.keySet().removeAll(silent);
            return ends;
        }

        @Override
        Map<TopicPartition, Long> offsets(Map<TopicPartition, OffsetSpec> asked) {
            Map<TopicPartition, Long> found = new HashMap<>();
            asked.forEach((partition, spec) -> found.put(
                    partition, spec instanceof OffsetSpec.EarliestSpec ? 5L : 10L));
            found.keySet().removeAll(silent);
            return found;
        }
    };

    private boolean stopping;

    private void topic(String name, Uuid id, int partitions) {
        List<TopicPartitionInfo> infos = new ArrayList<>();
        for (int n = 0; n < partitions; n++) {
            infos.add(new TopicPartitionInfo(n, Node.noNode(), List.of(), List.of()));
        }
        topics.put(name, new TopicDescription(name, false, infos, null, id));
    }

    private Enumerator start(FirstOffsets first, Discovered before) {
        Enumerator made = new Enumerator(
                context(), Subscription.topics(List.of("t")), first, cluster, () -> stopping,
                () -> now, before);
        made.start();
        return made;
    }

    /** A coordinator of two tasks that does what it is asked at once; {@link #look} is its timer. */
    @SuppressWarnings("unchecked")
    private SplitEnumeratorContext<PartitionSplit> context() {
        return (SplitEnumeratorContext<PartitionSplit>) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {SplitEnumeratorContext.class},
                (proxy, method, arguments) -> {
                    switch (method.getName()) {
                        case "currentParallelism":
                            return 2;
                        case "registeredReaders":
                            return readers;
                        case "callAsync":
                            look = () -> {
                                now += Enumerator.LOOK_MS;
                                call((Callable<Object>) arguments[0],
                                        (BiConsumer<Object, Throwable>) arguments[1]);
                            };
                            return null;
                        case "assignSplits":
                            ((SplitsAssignment<PartitionSplit>) arguments[0]).assignment().values()
                                    .forEach(splits -> splits.forEach(split ->
                                            assigned.put(split.partition(), split.offset())));
                            return null;
                        case "sendEventToSourceReader":
                            told.put((Integer) arguments[0], (Look) arguments[1]);
                            return null;
                        default:
                            throw new AssertionError(method.toString());
                    }
                });
    }

    private static void call(Callable<Object> work, BiConsumer<Object, Throwable> then) {
        Object result = null;
        Throwable error = null;
        try {
            result = work.call();
        } catch (Exception failed) {
            error = failed;
        }
        then.accept(result, error);
    }

    private void twoReaders() {
        readers.put(0, "reader");
        readers.put(1, "reader");
    }

    private static TopicPartition of(int partition) {
        return new TopicPartition("t", partition);
    }

    @Test
    @DisplayName("hands each partition out once, with the offset at which a first run begins")
    void first() {
        topic("t", ID, 2);
        twoReaders();
        start(FirstOffsets.latest(), Discovered.NOTHING);
        look.run();
        assertEquals(Map.of(of(0), 10L, of(1), 10L), assigned);
        assigned.clear();
        look.run();
        assertEquals(Map.of(), assigned);
        assertEquals(10L, told.get(0).ends().get(of(1)));
    }

    @Test
    @DisplayName("reads partitions that are added later from their beginning")
    void added() {
        topic("t", ID, 1);
        twoReaders();
        start(FirstOffsets.latest(), Discovered.NOTHING);
        look.run();
        topic("t", ID, 2);
        look.run();
        assertEquals(Map.of(of(0), 10L, of(1), 5L), assigned);
    }

    @Test
    @DisplayName("tells readers nothing while the job is being stopped: one that has ended would fail it")
    void stopped() {
        topic("t", ID, 1);
        twoReaders();
        start(FirstOffsets.latest(), Discovered.NOTHING);
        stopping = true;
        look.run();
        outage = new IOException("nobody there");
        look.run();
        assertEquals(Map.of(), assigned);
        assertEquals(Map.of(), told);
    }

    @Test
    @DisplayName("never fails because a cluster does not answer: readers hear why, and it looks again")
    void outage() {
        topic("t", ID, 1);
        twoReaders();
        outage = new IOException("nobody there");
        start(FirstOffsets.earliest(), Discovered.NOTHING);
        look.run();
        assertEquals(Map.of(), assigned);
        assertEquals("IO: nobody there", told.get(1).trouble());
        outage = null;
        look.run();
        assertEquals(Map.of(of(0), 5L), assigned);
        assertEquals("", told.get(1).trouble());
    }

    @Test
    @DisplayName("looks once after an outage, and not for all the times that it could not look before")
    void madeUpFor() {
        topic("t", ID, 1);
        twoReaders();
        start(FirstOffsets.earliest(), Discovered.NOTHING);
        look.run();
        assertEquals(1, looks);
        told.clear();
        now -= Enumerator.LOOK_MS; // the timer owes looks: the next one comes at once
        look.run();
        assertEquals(1, looks);
        assertEquals(Map.of(), told);
        look.run();
        assertEquals(2, looks);
    }

    @Test
    @DisplayName("begins where a first run begins in a partition whose leader was silent then, also in its state")
    void owed() throws Exception {
        topic("t", ID, 2);
        silent.add(of(1));
        twoReaders();
        Enumerator one = start(FirstOffsets.latest(), Discovered.NOTHING);
        look.run();
        look.run();
        assertEquals(Map.of(of(0), 10L), assigned);
        DiscoveredSerializer serializer = new DiscoveredSerializer();
        byte[] kept = serializer.serialize(one.snapshotState(1));
        silent.clear();
        topic("t", ID, 3);
        Enumerator two = start(
                FirstOffsets.latest(), serializer.deserialize(serializer.getVersion(), kept));
        look.run();
        assertEquals(Map.of(of(0), 10L, of(1), 10L, of(2), 5L), assigned);
        assertEquals(List.of(), two.snapshotState(2).owed());
    }

    @Test
    @DisplayName("objects to a topic that may not be described, and to no other")
    void oneTopicRefused() {
        topic("t", ID, 1);
        topic("u", OTHER, 1);
        twoReaders();
        start(FirstOffsets.earliest(), Discovered.NOTHING);
        look.run();
        refused.put("u", "not for you");
        topics.remove("u");
        look.run();
        assertTrue(told.get(0).clears(of(0)));
        assertEquals(
                "the topic may not be described: not for you",
                told.get(0).objection(new TopicPartition("u", 0)));
    }

    @Test
    @DisplayName("objects to a topic that was made again, also when that was while nothing ran")
    void madeAgain() throws Exception {
        topic("t", ID, 1);
        twoReaders();
        Enumerator before = start(FirstOffsets.earliest(), Discovered.NOTHING);
        look.run();
        assertTrue(told.get(0).clears(of(0)));
        DiscoveredSerializer serializer = new DiscoveredSerializer();
        byte[] kept = serializer.serialize(before.snapshotState(1));
        topic("t", OTHER, 1);
        assigned.clear();
        start(FirstOffsets.earliest(), serializer.deserialize(serializer.getVersion(), kept));
        look.run();
        assertEquals(Map.of(), assigned);
        assertEquals(
                "the topic was deleted and made again: its id was " + ID + " and is " + OTHER
                        + ", so the position means nothing in it; the way out is an empty target "
                        + "and start --fresh",
                told.get(0).objection(of(0)));
        topics.clear();
        look.run();
        assertEquals("the topic was deleted", told.get(0).objection(of(0)));
    }

    @Test
    @DisplayName("keeps partitions for a reader that is not there yet, also in its state")
    void waiting() {
        topic("t", ID, 2);
        Enumerator one = start(FirstOffsets.latest(), Discovered.NOTHING);
        look.run();
        assertEquals(2, one.snapshotState(1).waiting().size());
        twoReaders();
        Enumerator two = start(FirstOffsets.latest(), one.snapshotState(1));
        two.addReader(0);
        two.addReader(1);
        assertEquals(Map.of(of(0), 10L, of(1), 10L), assigned);
        assertNull(told.get(0), "it has not looked yet");
    }

    @Test
    @DisplayName("hands out again what a failed reader gave back, where it had got to")
    void back() {
        topic("t", ID, 1);
        twoReaders();
        Enumerator one = start(FirstOffsets.earliest(), Discovered.NOTHING);
        look.run();
        one.addSplitsBack(List.of(new PartitionSplit(of(0), 8)), 0);
        assertEquals(Map.of(of(0), 8L), assigned);
    }

    @Test
    @DisplayName("spreads a topic's partitions evenly over the readers")
    void spread() {
        int[] counts = new int[3];
        for (int n = 0; n < 9; n++) {
            counts[Enumerator.readerOf(of(n), 3)]++;
        }
        assertEquals(List.of(3, 3, 3), List.of(counts[0], counts[1], counts[2]));
    }
}
