package federation.source;

import federation.plan.StreamSpec;
import federation.plan.StreamSpec.SourceSpec;
import federation.record.BucketSelector;
import federation.record.HeaderBlock;
import federation.record.Record;
import federation.registry.SchemaId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Makes dead letters: raw key and value untouched, the original headers, and {@code fed.dead.*}
 * headers that say what went wrong and where. One that would be too large for its topic names the
 * source record instead of holding it. Stops the job when too many of the last {@code of}
 * records fail: then it is the configuration that is wrong, not the records.
 */
final class DeadLetters {
    /** A header is no place for all that a hostile schema gives cause to say. */
    private static final int MAX_ERROR = 1_000;
    /** What its own headers may take: an error of three-byte letters, names, a topic. */
    private static final long OWN = 6 * 1024;

    private final SourceSpec source;
    private final double ratio;
    private final boolean[] recent;
    private final long most;
    private final Counter count;
    private int at;
    private int failed;
    private boolean full;

    /**
     * @param ratio share of the last {@code of} records that may fail
     * @param most bytes of a record in the topic for dead letters
     */
    DeadLetters(SourceSpec source, double ratio, int of, long most, Counter count) {
        this.source = source;
        this.ratio = ratio;
        this.recent = new boolean[of];
        this.most = most;
        this.count = count;
    }

    /** Those of one task, as the plan says. */
    static DeadLetters of(StreamSpec stream, SourceSpec source, MetricGroup metrics) {
        return new DeadLetters(
                source,
                stream.deadLetterRatio,
                stream.deadLetterOf,
                stream.deadBytes,
                metrics.counter("deadLetters"));
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
        boolean large = Sizes.of(in.key(), in.value(), in.headers()) + OWN > most;
        boolean larger = large && Sizes.of(in.key(), null, in.headers()) + OWN > most;
        HeaderBlock.Writer headers = new HeaderBlock.Writer();
        if (!larger) {
            headers.addAll(in.headers());
        }
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
        if (large) { // by reference: cluster, topic, partition and offset say where it is
            add(headers, "omitted", larger ? "key, value, headers" : "value");
            add(headers, "bytes", Integer.toString(in.value() == null ? 0 : in.value().length));
            add(headers, "sha256", sha256(in.value()));
        }
        Record record = new Record();
        record.kind = Record.DEAD;
        record.source = source.index;
        record.timestamp = in.timestamp();
        record.key = larger ? null : in.key();
        record.value = large ? null : in.value();
        record.headers = headers.toBytes();
        // Dead letters of one source partition stay in order.
        record.bucket = Math.floorMod(
                31 * in.topic().hashCode() + in.partition(), BucketSelector.BUCKETS);
        return record;
    }

    private static String shortened(String text) {
        return text.length() <= MAX_ERROR ? text : text.substring(0, MAX_ERROR - 1) + "…";
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256")
                    .digest(bytes == null ? new byte[0] : bytes));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible); // every Java has it
        }
    }

    private static void add(HeaderBlock.Writer headers, String name, String value) {
        headers.add("fed.dead." + name, value.getBytes(StandardCharsets.UTF_8));
    }
}
