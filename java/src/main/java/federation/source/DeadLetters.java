package federation.source;

import federation.plan.StreamSpec.SourceSpec;
import federation.record.BucketSelector;
import federation.record.HeaderBlock;
import federation.record.Record;
import federation.registry.SchemaId;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Makes dead letters: raw key and value untouched, the original headers, and {@code fed.dead.*}
 * headers that say what went wrong and where. Stops the job when too many of the last {@code of}
 * records fail: then it is the configuration that is wrong, not the records.
 */
final class DeadLetters {
    /** A header is no place for all that a hostile schema gives cause to say. */
    private static final int MAX_ERROR = 1_000;

    private final SourceSpec source;
    private final double ratio;
    private final boolean[] recent;
    private final Counter count;
    private int at;
    private int failed;
    private boolean full;

    /** @param ratio share of the last {@code of} records that may fail */
    DeadLetters(SourceSpec source, double ratio, int of, Counter count) {
        this.source = source;
        this.ratio = ratio;
        this.recent = new boolean[of];
        this.count = count;
    }

    /** Takes note of a record that could be used, or was dropped on purpose. */
    void passed() {
        note(false);
    }

    private void note(boolean failure) {
        if (recent[at]) {
            failed--;
        }
        recent[at] = failure;
        if (failure) {
            failed++;
        }
        if (++at == recent.length) {
            at = 0;
            full = true;
        }
    }

    /**
     * The dead letter of a record.
     *
     * @param schema that the side to blame names; null where it names none
     * @throws SuppressRestartsException if it is one too many
     */
    Record of(ConsumerRecord<byte[], byte[]> in, SchemaId schema, Refused error) {
        note(true);
        if (full && failed > ratio * recent.length) {
            throw new SuppressRestartsException(new IllegalStateException(String.format(
                    Locale.ROOT,
                    "%,d of the last %,d records of %s cannot be used; the last one, %s/%s-%d@%d: "
                            + "%s (%s/%s)",
                    failed, recent.length, source.name, source.cluster, in.topic(), in.partition(),
                    in.offset(), shortened(error.getMessage()), error.stage, error.reason)));
        }
        count.inc();
        HeaderBlock.Writer headers = new HeaderBlock.Writer().addAll(in.headers());
        add(headers, "cluster", source.cluster);
        add(headers, "cluster_id", source.clusterId);
        add(headers, "topic", in.topic());
        add(headers, "partition", Integer.toString(in.partition()));
        add(headers, "offset", Long.toString(in.offset()));
        add(headers, "timestamp", Long.toString(in.timestamp()));
        if (schema != null) {
            add(headers, "schema_id", schema.toString());
        }
        add(headers, "stage", error.stage);
        add(headers, "reason", error.reason);
        add(headers, "error", shortened(error.getMessage()));
        add(headers, "attempt", "1");
        Record record = new Record();
        record.kind = Record.DEAD;
        record.source = source.index;
        record.timestamp = in.timestamp();
        record.key = in.key();
        record.value = in.value();
        record.headers = headers.toBytes();
        // Dead letters of one source partition stay in order.
        record.bucket = Math.floorMod(
                31 * in.topic().hashCode() + in.partition(), BucketSelector.BUCKETS);
        return record;
    }

    private static String shortened(String text) {
        return text.length() <= MAX_ERROR ? text : text.substring(0, MAX_ERROR - 1) + "…";
    }

    private static void add(HeaderBlock.Writer headers, String name, String value) {
        headers.add("fed.dead." + name, value.getBytes(StandardCharsets.UTF_8));
    }
}
