package federation.source;

import com.fasterxml.jackson.databind.node.ObjectNode;
import federation.map.Murmur3;
import federation.plan.Specs;
import federation.record.HeaderBlock;
import federation.record.Record;
import federation.registry.LocalRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.flink.api.common.serialization.DeserializationSchema.InitializationContext;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.util.Collector;
import org.apache.flink.util.InstantiationUtil;
import org.apache.flink.util.UserCodeClassLoader;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;

/** A normaliser with a registry of its own, fed with records of {@code orders-3} from offset 41 on. */
final class Stage implements AutoCloseable {
    static final String TOPIC = "orders";
    static final int PARTITION = 3;
    static final long TIME = 1_700_000_000_000L;
    /** Ids of the registry: the writer's value and key. */
    static final int VALUE = 5;
    static final int KEY = 6;
    static final Schema WRITER = new Schema.Parser().parse("""
            {"type": "record", "name": "Sale", "fields": [
              {"name": "event", "type": "int"},
              {"name": "id", "type": "string"},
              {"name": "sum", "type": "int"},
              {"name": "note", "type": ["null", "string"]}]}""");
    static final Schema WRITER_KEY = new Schema.Parser().parse("""
            {"type": "record", "name": "SaleKey", "fields": [{"name": "id", "type": "string"}]}""");

    final LocalRegistry registry = new LocalRegistry();
    final ObjectNode spec = Specs.orders(registry.url());
    final ObjectNode source = Specs.source(spec);
    final List<Record> out = new ArrayList<>();
    private final Map<String, Counter> counters = new HashMap<>();
    private Normalizer normalizer;
    private long offset = 41;

    Stage() throws IOException {
        registry.with(VALUE, WRITER.toString()).with(KEY, WRITER_KEY.toString());
    }

    /** What came of a record; the plan can be changed before the first one only. */
    Optional<Record> feed(byte[] key, byte[] value, Headers headers) throws Exception {
        if (normalizer == null) {
            normalizer = InstantiationUtil.clone(new Normalizer(spec.toString(), 0));
            normalizer.open(new Context());
        }
        int before = out.size();
        normalizer.deserialize(
                new ConsumerRecord<>(TOPIC, PARTITION, offset++, TIME, TimestampType.CREATE_TIME, -1, -1,
                        key, value, headers, Optional.empty()),
                new Collector<>() {
                    @Override
                    public void collect(Record record) {
                        out.add(record);
                    }

                    @Override
                    public void close() {}
                });
        if (out.size() > before + 1) {
            throw new AssertionError("more than one record of one");
        }
        return out.size() == before ? Optional.empty() : Optional.of(out.get(before));
    }

    Optional<Record> feed(byte[] key, byte[] value) throws Exception {
        return feed(key, value, new RecordHeaders());
    }

    /** What came of an order, which must not have been dropped. */
    Record order(String id, int event) throws Exception {
        return feed(null, value(id, event)).orElseThrow();
    }

    /** What came of a delete marker, which must not have been dropped. */
    Record tombstone(String id) throws Exception {
        return feed(key(id), null).orElseThrow();
    }

    /** Offset of the record fed last. */
    long lastOffset() {
        return offset - 1;
    }

    long count(String counter) {
        return counters.get("federation." + counter).getCount();
    }

    static byte[] value(String id, int event) {
        return framed(VALUE, avro(WRITER, "id", id, "event", event, "sum", 7, "note", null));
    }

    static byte[] key(String id) {
        return framed(KEY, avro(WRITER_KEY, "id", id));
    }

    static byte[] framed(int id, byte... body) {
        return ByteBuffer.allocate(5 + body.length).put((byte) 0).putInt(id).put(body).array();
    }

    /** A record of a schema, by names and values in turn, written by Avro itself. */
    static byte[] avro(Schema schema, Object... fields) {
        GenericRecordBuilder builder = new GenericRecordBuilder(schema);
        for (int i = 0; i < fields.length; i += 2) {
            builder.set((String) fields[i], fields[i + 1]);
        }
        return bytes(schema, builder.build());
    }

    /** Any datum, written by Avro itself. */
    static byte[] bytes(Schema schema, Object datum) {
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
            new GenericDatumWriter<>(schema).write(datum, encoder);
            encoder.flush();
            return bytes.toByteArray();
        } catch (IOException impossible) {
            throw new AssertionError(impossible);
        }
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static Murmur3 murmur(byte[] bytes) {
        return new Murmur3().hash(bytes, 0, bytes.length);
    }

    static Headers headers(Record record) {
        return HeaderBlock.read(record.headers);
    }

    /** The text of a dead letter's header {@code fed.dead.NAME}; null where it is absent. */
    static String dead(Record record, String name) {
        var header = headers(record).lastHeader("fed.dead." + name);
        return header == null ? null : new String(header.value(), StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        registry.close();
    }

    private final class Context implements InitializationContext {
        @Override
        public MetricGroup getMetricGroup() {
            return new Group("");
        }

        @Override
        public UserCodeClassLoader getUserCodeClassLoader() {
            throw new UnsupportedOperationException();
        }
    }

    /** Keeps counters by their full names. */
    private final class Group extends UnregisteredMetricsGroup {
        private final String prefix;

        Group(String prefix) {
            this.prefix = prefix;
        }

        @Override
        public MetricGroup addGroup(String name) {
            return new Group(prefix + name + ".");
        }

        @Override
        public Counter counter(String name) {
            return counters.computeIfAbsent(prefix + name, super::counter);
        }
    }
}
