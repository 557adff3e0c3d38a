package federation.sink;

import federation.record.HeaderBlock;
import federation.record.Record;
import java.util.List;
import java.util.Optional;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetIdentifier;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacetProvider;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * A record for the producer: dead letters to their topic, everything else to the target. The
 * partition is left to Kafka's own partitioner (murmur2 of the key), so that other producers agree.
 */
public final class TargetSerializer
        implements KafkaRecordSerializationSchema<Record>, KafkaDatasetFacetProvider {
    private static final long serialVersionUID = 1L;

    private final String target;
    private final String deadLetters;

    public TargetSerializer(String target, String deadLetters) {
        this.target = target;
        this.deadLetters = deadLetters;
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(
            Record record, KafkaSinkContext context, Long timestamp) {
        // "No timestamp" is -1 at a source and null for a producer, which then stamps its own time.
        Long time = record.timestamp < 0 ? null : record.timestamp;
        return new ProducerRecord<>(
                record.kind == Record.DEAD ? deadLetters : target,
                null,
                time,
                record.key,
                record.value,
                HeaderBlock.read(record.headers));
    }

    /** The topics written to; the sink's transaction naming asks for them. */
    @Override
    public Optional<KafkaDatasetFacet> getKafkaDatasetFacet() {
        return Optional.of(new DefaultKafkaDatasetFacet(
                DefaultKafkaDatasetIdentifier.ofTopics(List.of(target, deadLetters))));
    }
}
