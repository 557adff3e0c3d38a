package federation.settle;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import org.apache.flink.connector.kafka.sink.KafkaCommittable;
import org.apache.flink.connector.kafka.sink.internal.FlinkKafkaInternalProducer;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeProducersResult.PartitionProducerState;
import org.apache.kafka.clients.admin.FenceProducersOptions;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** The open transactions of a cluster: who holds them, and their end one way or the other. */
final class Coordinators implements AutoCloseable {
    private static final String SERIALIZER =
            "org.apache.kafka.common.serialization.ByteArraySerializer";

    private final Properties properties;
    private final Admin admin;

    /**
     * An open transaction.
     *
     * @param id its transactional id; empty where no coordinator knows of it (it hangs)
     * @param started when, in milliseconds since 1970; -1 if that is not told
     * @param timeout milliseconds after which the brokers abort it; -1: they never will
     */
    record Open(
            String id, long producer, int epoch, long started, long timeout,
            Set<TopicPartition> partitions) {}

    /** @param properties of a producer of the cluster, without serializers */
    Coordinators(Properties properties) {
        this.properties = new Properties();
        this.properties.putAll(properties);
        this.properties.setProperty("key.serializer", SERIALIZER);
        this.properties.setProperty("value.serializer", SERIALIZER);
        admin = Admin.create(properties);
    }

    /** The open transactions whose ids begin so. */
    List<Open> open(String prefix) throws InterruptedException {
        Collection<TransactionListing> listed = Answers.get(admin
                .listTransactions(new ListTransactionsOptions()
                        .filterStates(Set.of(TransactionState.ONGOING)))
                .all());
        List<String> ids = listed.stream()
                .map(TransactionListing::transactionalId)
                .filter(id -> id.startsWith(prefix))
                .toList();
        List<Open> all = new ArrayList<>();
        for (Map.Entry<String, TransactionDescription> each :
                Answers.get(admin.describeTransactions(ids).all()).entrySet()) {
            TransactionDescription found = each.getValue();
            if (found.state() == TransactionState.ONGOING) { // it may have ended in between
                all.add(new Open(
                        each.getKey(), found.producerId(), found.producerEpoch(),
                        found.transactionStartTimeMs().orElse(-1), found.transactionTimeoutMs(),
                        found.topicPartitions()));
            }
        }
        return all;
    }

    /**
     * Transactions that hold back readers of these topics although no coordinator counts the partition
     * to one that is under way, so that nothing will ever end them.
     */
    List<Open> hanging(Collection<String> topics) throws InterruptedException {
        Collection<TopicPartition> partitions = partitions(topics);
        Map<TopicPartition, Map<Long, ProducerState>> open = inTransactions(partitions);
        Map<Long, Set<TopicPartition>> known = known(open);
        // What has ended since the first look was no more than slow.
        Map<TopicPartition, Map<Long, ProducerState>> still = inTransactions(partitions);
        Map<Long, ProducerState> states = new TreeMap<>();
        Map<Long, Set<TopicPartition>> places = new HashMap<>();
        open.forEach((place, producers) -> producers.forEach((id, state) -> {
            if (!known.getOrDefault(id, Set.of()).contains(place)
                    && state.currentTransactionStartOffset().equals(start(still.get(place), id))) {
                states.put(id, state);
                places.computeIfAbsent(id, any -> new HashSet<>()).add(place);
            }
        }));
        List<Open> all = new ArrayList<>();
        states.forEach((id, state) -> all.add(new Open(
                "", id, state.producerEpoch(), state.lastTimestamp(), -1, places.get(id))));
        return all;
    }

    private static OptionalLong start(Map<Long, ProducerState> producers, long id) {
        ProducerState state = producers.get(id);
        return state == null ? OptionalLong.empty() : state.currentTransactionStartOffset();
    }

    /** By producer the partitions that a coordinator counts to its transaction. */
    private Map<Long, Set<TopicPartition>> known(
            Map<TopicPartition, Map<Long, ProducerState>> open) throws InterruptedException {
        Set<Long> producers = new HashSet<>();
        open.values().forEach(each -> producers.addAll(each.keySet()));
        Map<Long, Set<TopicPartition>> known = new HashMap<>();
        if (!producers.isEmpty()) {
            List<String> ids = Answers.get(admin
                            .listTransactions(new ListTransactionsOptions()
                                    .filterProducerIds(producers))
                            .all())
                    .stream().map(TransactionListing::transactionalId).toList();
            Answers.get(admin.describeTransactions(ids).all()).values().forEach(
                    each -> known.put(each.producerId(), each.topicPartitions()));
        }
        return known;
    }

    /** Commits a flushed transaction; empty, or why not. */
    String commit(KafkaCommittable transaction) throws InterruptedException {
        try (FlinkKafkaInternalProducer<byte[], byte[]> producer =
                new FlinkKafkaInternalProducer<>(properties, transaction.getTransactionalId())) {
            producer.resumeTransaction(transaction.getProducerId(), transaction.getEpoch());
            producer.commitTransaction();
            return "";
        } catch (InterruptException interrupted) {
            throw new InterruptedException(interrupted.getMessage());
        } catch (KafkaException | IllegalStateException failed) {
            return failed.getClass().getSimpleName() + ": " + failed.getMessage();
        }
    }

    /** Ends whatever transaction is open under these ids; nobody can commit it afterwards. */
    void abort(Collection<String> ids) throws InterruptedException {
        // The request opens an empty transaction of this length, which brokers limit.
        int timeout = Integer.parseInt(properties.getProperty("transaction.timeout.ms", "30000"));
        Answers.get(admin.fenceProducers(
                        ids, new FenceProducersOptions().timeoutMs(Math.min(timeout, 30_000)))
                .all());
    }

    /** Ends a producer's transaction in these partitions by markers of their own. */
    void abortHanging(long producer, Collection<TopicPartition> partitions)
            throws InterruptedException {
        for (Map.Entry<TopicPartition, Map<Long, ProducerState>> each :
                inTransactions(partitions).entrySet()) {
            ProducerState one = each.getValue().get(producer);
            if (one != null) {
                Answers.get(admin.abortTransaction(new AbortTransactionSpec(
                                each.getKey(), producer, (short) one.producerEpoch(),
                                one.coordinatorEpoch().orElse(-1)))
                        .all());
            }
        }
    }

    /** By partition the producers that have a transaction open there, by their ids. */
    private Map<TopicPartition, Map<Long, ProducerState>> inTransactions(
            Collection<TopicPartition> partitions) throws InterruptedException {
        Map<TopicPartition, Map<Long, ProducerState>> all = new HashMap<>();
        for (Map.Entry<TopicPartition, PartitionProducerState> each :
                Answers.get(admin.describeProducers(partitions).all()).entrySet()) {
            Map<Long, ProducerState> open = new HashMap<>();
            for (ProducerState one : each.getValue().activeProducers()) {
                if (one.currentTransactionStartOffset().isPresent()) {
                    open.put(one.producerId(), one);
                }
            }
            all.put(each.getKey(), open);
        }
        return all;
    }

    private Collection<TopicPartition> partitions(Collection<String> topics)
            throws InterruptedException {
        List<TopicPartition> all = new ArrayList<>();
        for (KafkaFuture<TopicDescription> each :
                admin.describeTopics(topics).topicNameValues().values()) {
            try {
                TopicDescription topic = Answers.get(each);
                topic.partitions().forEach(
                        one -> all.add(new TopicPartition(topic.name(), one.partition())));
            } catch (UnknownTopicOrPartitionException notYet) {
                continue; // the first start makes it
            }
        }
        return all;
    }

    @Override
    public void close() {
        admin.close(Duration.ZERO);
    }
}
