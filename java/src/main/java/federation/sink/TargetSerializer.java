package federation.sink;

import federation.record.HeaderBlock;
import federation.record.Record;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.apache.flink.api.common.serialization.SerializationSchema.InitializationContext;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetIdentifier;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacetProvider;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.metrics.Counter;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;

/**
 * A record for the producer: dead letters to their topic, everything else to the target. The
 * partition is left to Kafka's own partitioner (murmur2 of the key), so that other producers agree.
 * A timestamp that its topic would refuse, or for which it would delete the record at once, gives way
 * to the time of writing, and stays in a header.
 */
public final class TargetSerializer
        implements KafkaRecordSerializationSchema<Record>, KafkaDatasetFacetProvider {
    private static final long serialVersionUID = 1L;

    private final String target;
    private final String deadLetters;
    private final TimeLimits times;
    private final TimeLimits deadTimes;
    private transient LongSupplier clock;
    private transient Counter clamped;

    /** @param times what the target takes and keeps; @param deadTimes what the dead letters' topic does */
    public TargetSerializer(
            String target, String deadLetters, TimeLimits times, TimeLimits deadTimes) {
        this.target = target;
        this.deadLetters = deadLetters;
        this.times = times;
        this.deadTimes = deadTimes;
    }

    @Override
    public void open(InitializationContext context, KafkaSinkContext sink) {
        if (clamped != null) { // the connector does so twice, and a second counter of a name counts for nobody
            return;
        }
        open(System::currentTimeMillis,
                context.getMetricGroup().addGroup("federation").counter("timestampsClamped"));
    }

    /** @param clock milliseconds since 1970 */
    void open(LongSupplier clock, Counter clamped) {
        this.clock = clock;
        this.clamped = clamped;
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(
            Record record, KafkaSinkContext context, Long timestamp) {
        // "No timestamp" is -1 at a source and null for a producer, which then stamps its own time.
        Long time = record.timestamp < 0 ? null : record.timestamp;
        boolean dead = record.kind == Record.DEAD;
        Headers headers = HeaderBlock.read(record.headers);
        long now = clock.getAsLong();
        if ((dead ? deadTimes : times).clamps(record.timestamp, now)) {
            time = now;
            clamped.inc();
            if (!dead) { // a dead letter has it already
                headers.add(
                        TimeLimits.HEADER,
                        Long.toString(record.timestamp).getBytes(StandardCharsets.UTF_8));
            }
        }
        return new ProducerRecord<>(
                dead ? deadLetters : target, null, time, record.key, record.value, headers);
    }

    /** The topics written to; the sink's transaction naming asks for them. */
    @Override
    public Optional<KafkaDatasetFacet> getKafkaDatasetFacet() {
        return Optional.of(new DefaultKafkaDatasetFacet(
                DefaultKafkaDatasetIdentifier.ofTopics(List.of(target, deadLetters))));
    }
}
