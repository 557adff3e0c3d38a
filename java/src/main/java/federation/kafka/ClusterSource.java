package federation.kafka;

import federation.record.Record;
import federation.record.RecordType;
import federation.source.Normalizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.util.UserCodeClassLoader;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Topics of one cluster as records of the stream. Whatever happens to the cluster, at the start or
 * later, this source only pauses: the job goes on with the others.
 */
public final class ClusterSource
        implements Source<Record, PartitionSplit, Discovered>, ResultTypeQueryable<Record> {
    private static final long serialVersionUID = 1L;
    private final String name;
    private final Properties properties;
    private final Subscription subscription;
    private final FirstOffsets first;
    private final Accepted accepted;
    private final String stopping;
    private final Normalizer normalizer;

    /**
     * @param name the source's name, for people
     * @param properties client properties, with {@code group.id} and {@code client.id}
     * @param stopping a file that is there from when the job is being stopped
     */
    public ClusterSource(
            String name,
            Properties properties,
            Subscription subscription,
            FirstOffsets first,
            Accepted accepted,
            String stopping,
            Normalizer normalizer) {
        this.name = name;
        this.properties = properties;
        this.subscription = subscription;
        this.first = first;
        this.accepted = accepted;
        this.stopping = stopping;
        this.normalizer = normalizer;
    }

    @Override
    public Boundedness getBoundedness() {
        return Boundedness.CONTINUOUS_UNBOUNDED;
    }

    @Override
    public SplitEnumerator<PartitionSplit, Discovered> createEnumerator(
            SplitEnumeratorContext<PartitionSplit> context) {
        return restoreEnumerator(context, Discovered.NOTHING);
    }

    @Override
    public SplitEnumerator<PartitionSplit, Discovered> restoreEnumerator(
            SplitEnumeratorContext<PartitionSplit> context, Discovered before) {
        return new Enumerator(
                context,
                subscription,
                first,
                new ClusterView(client("enumerator")),
                () -> Files.exists(Path.of(stopping)),
                () -> System.nanoTime() / 1_000_000,
                before);
    }

    @Override
    public SourceReader<Record, PartitionSplit> createReader(SourceReaderContext context)
            throws Exception {
        Troubles troubles = new Troubles(name, System::currentTimeMillis);
        context.metricGroup().addGroup("federation").gauge("troubles", troubles::toJson);
        normalizer.open(new Opening(context));
        Properties consumer = consumer(context.getIndexOfSubtask());
        ByteArrayDeserializer bytes = new ByteArrayDeserializer();
        return new ClusterReader(
                () -> new KafkaConsumer<>(consumer, bytes, bytes),
                normalizer.gate(), accepted, troubles, normalizer, context);
    }

    private Properties consumer(int subtask) {
        Properties all = client(Integer.toString(subtask));
        all.setProperty(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        all.setProperty(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        all.setProperty(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
        // A position that is gone is a gap with a name, never a jump.
        all.setProperty(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        return all;
    }

    private Properties client(String suffix) {
        Properties all = new Properties();
        // A cluster that is down is not asked more often than this, and floods no log.
        all.setProperty(ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, "10000");
        all.putAll(properties);
        all.setProperty(
                ConsumerConfig.CLIENT_ID_CONFIG,
                properties.getProperty(ConsumerConfig.CLIENT_ID_CONFIG) + "-" + suffix);
        return all;
    }

    /** What a deserializer is opened with. */
    private record Opening(SourceReaderContext context)
            implements DeserializationSchema.InitializationContext {
        @Override
        public MetricGroup getMetricGroup() {
            return context.metricGroup();
        }

        @Override
        public UserCodeClassLoader getUserCodeClassLoader() {
            return context.getUserCodeClassLoader();
        }
    }

    @Override
    public SimpleVersionedSerializer<PartitionSplit> getSplitSerializer() {
        return new PartitionSplitSerializer();
    }

    @Override
    public SimpleVersionedSerializer<Discovered> getEnumeratorCheckpointSerializer() {
        return new DiscoveredSerializer();
    }

    @Override
    public TypeInformation<Record> getProducedType() {
        return new RecordType();
    }
}
