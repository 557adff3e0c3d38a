package federation.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Questions to a cluster about its topics and offsets; each is answered in time, or fails. */
class ClusterView implements AutoCloseable {
    private static final int ANSWER_MS = 10_000;
    /** The client gives up first, and says why. */
    private static final int PATIENCE_MS = 2 * ANSWER_MS;

    private final Properties properties;
    private volatile Admin admin; // made when it is needed: making one fails where no name resolves

    /** @param properties as for a consumer, with {@code client.id} */
    ClusterView(Properties properties) {
        this.properties = new Properties();
        this.properties.putAll(properties);
        this.properties.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, ANSWER_MS / 2);
        this.properties.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, ANSWER_MS);
        this.properties.put(AdminClientConfig.RETRY_BACKOFF_MS_CONFIG, 1_000);
    }

    /** Topics that exist, by name; and why those cannot be described that this user may not see. */
    record Topics(Map<String, TopicDescription> found, Map<String, String> refused) {}

    /** The topics of a subscription. */
    Topics topics(Subscription subscription) throws Exception {
        List<String> names = subscription.names();
        if (names == null) {
            names = admin().listTopics().names().get(PATIENCE_MS, TimeUnit.MILLISECONDS).stream()
                    .filter(subscription::matches)
                    .toList();
        }
        Map<String, TopicDescription> found = new HashMap<>();
        Map<String, String> refused = new HashMap<>();
        for (Map.Entry<String, KafkaFuture<TopicDescription>> topic :
                admin().describeTopics(names).topicNameValues().entrySet()) {
            try {
                found.put(topic.getKey(), topic.getValue().get(PATIENCE_MS, TimeUnit.MILLISECONDS));
            } catch (ExecutionException error) {
                if (error.getCause() instanceof TopicAuthorizationException && names.size() > 1) {
                    refused.put(topic.getKey(), Causes.sentence(error));
                } else if (!(error.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw error;
                }
            }
        }
        return new Topics(found, refused);
    }

    /** Where partitions end for readers of committed records; those whose leader is silent are left out. */
    Map<TopicPartition, Long> ends(Collection<TopicPartition> partitions) throws Exception {
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        partitions.forEach(partition -> asked.put(partition, OffsetSpec.latest()));
        List<ExecutionException> failures = new ArrayList<>();
        Map<TopicPartition, Long> found = offsets(asked, failures);
        if (found.isEmpty() && !failures.isEmpty()) {
            throw failures.get(0);
        }
        return found;
    }

    /** Offsets as asked for; partitions whose leader does not answer are left out. */
    Map<TopicPartition, Long> offsets(Map<TopicPartition, OffsetSpec> asked) throws Exception {
        return offsets(asked, new ArrayList<>());
    }

    private Map<TopicPartition, Long> offsets(
            Map<TopicPartition, OffsetSpec> asked, List<ExecutionException> failures) throws Exception {
        if (asked.isEmpty()) {
            return Map.of();
        }
        ListOffsetsResult result = admin().listOffsets(
                asked, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED));
        Map<TopicPartition, Long> found = new HashMap<>();
        for (TopicPartition partition : asked.keySet()) {
            try {
                found.put(partition, result.partitionResult(partition)
                        .get(PATIENCE_MS, TimeUnit.MILLISECONDS).offset());
            } catch (ExecutionException error) {
                failures.add(error);
            }
        }
        return found;
    }

    private Admin admin() {
        if (admin == null) {
            admin = Admin.create(properties);
        }
        return admin;
    }

    /** Forgets the connection; the next question makes a new one, with credentials read anew. */
    void reset() {
        Admin before = admin;
        admin = null;
        if (before != null) {
            before.close(Duration.ZERO);
        }
    }

    @Override
    public void close() {
        reset();
    }
}
