package federation.settle;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Predicate;
import org.apache.kafka.clients.ApiVersions;
import org.apache.kafka.clients.ClientResponse;
import org.apache.kafka.clients.ClientUtils;
import org.apache.kafka.clients.DefaultHostResolver;
import org.apache.kafka.clients.ManualMetadataUpdater;
import org.apache.kafka.clients.NetworkClient;
import org.apache.kafka.clients.NetworkClientUtils;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.LeaderNotAvailableException;
import org.apache.kafka.common.errors.NetworkException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;

/**
 * Reads partitions as they lie in the log: batches with the producer that wrote them, aborted ones and
 * transaction markers included. Kafka's consumer hides all three, so this speaks the fetch request
 * itself, by the client's own network layer and with its security settings.
 */
final class RawLog implements AutoCloseable {
    /** The last version of the request that names topics; later ones want their ids. */
    private static final short VERSION = 12;
    private static final int BYTES = 1 << 20;
    private static final int WAIT_MS = 500;
    private static final int ATTEMPTS = 10;
    private static final Duration PAUSE = Duration.ofMillis(300);

    private final Admin admin;
    private final ManualMetadataUpdater nodes = new ManualMetadataUpdater();
    private final Time time = Time.SYSTEM;
    private final Metrics metrics = new Metrics(time);
    private final NetworkClient client;
    private final int timeout;
    private final Map<TopicPartition, Node> leaders = new HashMap<>();

    /** @param properties of a client of the cluster; what is meant for producers is ignored */
    RawLog(Properties properties) {
        Properties consumer = new Properties();
        consumer.putAll(properties);
        consumer.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        consumer.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        ConsumerConfig config = new ConsumerConfig(consumer);
        timeout = config.getInt(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG);
        admin = Admin.create(properties);
        client = ClientUtils.createNetworkClient(
                config, "federation-log", metrics, "federation-log", new LogContext(),
                new ApiVersions(), time, 1, timeout, nodes, new DefaultHostResolver());
    }

    /**
     * Reads a partition from an offset to its end as it is at the first answer, or until told to stop.
     *
     * @param visitor is given each batch, and tells whether to go on
     * @return the partition's first offset, below which everything has been deleted
     * @throws KafkaException the cluster does not answer, or not so
     */
    long read(TopicPartition partition, long from, Predicate<RecordBatch> visitor)
            throws InterruptedException {
        long end = Long.MAX_VALUE;
        long start = 0;
        long at = from;
        for (boolean more = true; more && at < end; ) {
            FetchResponseData.PartitionData answer = fetch(partition, at);
            if (answer.errorCode() == Errors.OFFSET_OUT_OF_RANGE.code()) {
                start = first(partition);
                if (at >= start) {
                    return start; // behind the end: there is nothing
                }
                at = start;
                continue;
            }
            start = answer.logStartOffset();
            end = Math.min(end, answer.highWatermark());
            long before = at;
            for (RecordBatch batch : FetchResponse.recordsOrFail(answer).batches()) {
                at = batch.nextOffset();
                if (!visitor.test(batch)) {
                    more = false;
                    break;
                }
            }
            if (more && at == before && at < end) {
                throw new NetworkException("no records of " + partition + " at offset " + at
                        + " although it ends at " + end);
            }
        }
        return start;
    }

    private FetchResponseData.PartitionData fetch(TopicPartition partition, long from)
            throws InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                FetchResponseData.PartitionData answer = ask(partition, from);
                Errors error = Errors.forCode(answer.errorCode());
                if (error == Errors.NONE || error == Errors.OFFSET_OUT_OF_RANGE) {
                    return answer;
                }
                throw error.exception(error.message() + " (" + partition + ")");
            } catch (RetriableException notNow) {
                leaders.remove(partition);
                if (attempt == ATTEMPTS) {
                    throw notNow;
                }
                Thread.sleep(PAUSE.toMillis());
            }
        }
    }

    private FetchResponseData.PartitionData ask(TopicPartition partition, long from)
            throws InterruptedException {
        Node leader = leader(partition);
        FetchRequest.PartitionData wanted = new FetchRequest.PartitionData(
                Uuid.ZERO_UUID, from, FetchRequest.INVALID_LOG_START_OFFSET, BYTES, Optional.empty());
        FetchRequest.Builder request = FetchRequest.Builder
                .forConsumer(VERSION, WAIT_MS, 1, Map.of(partition, wanted))
                .isolationLevel(IsolationLevel.READ_UNCOMMITTED)
                .setMaxBytes(BYTES);
        try {
            nodes.setNodes(List.of(leader));
            if (!NetworkClientUtils.awaitReady(client, leader, time, timeout)) {
                throw new NetworkException("no connection to " + leader);
            }
            ClientResponse answer = NetworkClientUtils.sendAndReceive(
                    client,
                    client.newClientRequest(
                            leader.idString(), request, time.milliseconds(), true),
                    time);
            FetchResponse response = (FetchResponse) answer.responseBody();
            response.error().maybeThrow();
            return response.data().responses().get(0).partitions().get(0);
        } catch (IOException lost) {
            throw new NetworkException("no answer from " + leader, lost);
        }
    }

    private long first(TopicPartition partition) throws InterruptedException {
        return Answers.get(admin.listOffsets(Map.of(partition, OffsetSpec.earliest()))
                        .partitionResult(partition))
                .offset();
    }

    private Node leader(TopicPartition partition) throws InterruptedException {
        Node known = leaders.get(partition);
        if (known != null) {
            return known;
        }
        String topic = partition.topic();
        Map<String, TopicDescription> found =
                Answers.get(admin.describeTopics(List.of(topic)).allTopicNames());
        for (TopicPartitionInfo each : found.get(topic).partitions()) {
            if (each.leader() != null && !each.leader().isEmpty()) {
                leaders.put(new TopicPartition(topic, each.partition()), each.leader());
            }
        }
        Node leader = leaders.get(partition);
        if (leader == null) {
            throw new LeaderNotAvailableException(partition + " has no leader");
        }
        return leader;
    }

    @Override
    public void close() {
        client.close();
        metrics.close();
        admin.close(Duration.ZERO);
    }
}
