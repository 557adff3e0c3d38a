package federation.source;

import federation.framing.Frame;
import federation.framing.Framing;
import federation.framing.SchemaHeaders;
import federation.kafka.Gate;
import federation.map.Keys;
import federation.map.MappingException;
import federation.map.Murmur3;
import federation.map.Output;
import federation.map.Transcoder;
import federation.map.Where;
import federation.plan.StreamSpec;
import federation.plan.StreamSpec.SourceSpec;
import federation.record.BucketSelector;
import federation.record.HeaderBlock;
import federation.record.Origin;
import federation.record.Record;
import federation.record.RecordType;
import federation.registry.Given;
import federation.registry.SchemaCache;
import federation.registry.SchemaSource;
import federation.source.Writers.Writer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/**
 * One source's records into the stream's: frame, writer's schema, contract, target key, identities
 * and provenance. What cannot be read or mapped becomes a dead letter; nothing is skipped without
 * being counted.
 */
public final class Normalizer implements KafkaRecordDeserializationSchema<Record> {
    private static final long serialVersionUID = 1L;
    static final int FRAME = 5; // the target's magic byte and 4-byte schema id

    private final String plan;
    private final int index;

    private transient StreamSpec stream;
    private transient SourceSpec source;
    private transient Framing valueFraming;
    private transient Framing keyFraming;
    private transient Frame frame;
    private transient Given valueSchemas;
    private transient Given keySchemas;
    private transient SchemaChanges changes;
    private transient Writers values;
    private transient Writers keys;
    private transient DeadLetters deadLetters;
    private transient Output value;
    private transient Output scratch;
    private transient Murmur3 hash;
    private transient byte[] origin;
    private transient byte[] sourceCluster;
    private transient byte[] targetCluster;
    private transient Map<String, byte[]> topics;
    private transient Counter read;
    private transient Counter filtered;
    private transient Counter tombstonesDropped;
    private transient Counter looped;

    /** @param plan the stream's plan as JSON; @param index the source's position in it */
    public Normalizer(String plan, int index) {
        this.plan = plan;
        this.index = index;
    }

    @Override
    public void open(DeserializationSchema.InitializationContext context) {
        open(context, null);
    }

    /** @param schemas stands in for the source's registry; null where that is asked */
    public void open(
            DeserializationSchema.InitializationContext context, SchemaSource schemas) {
        stream = StreamSpec.parse(plan);
        source = stream.sources.get(index);
        valueFraming = Framing.of(source.framing, false);
        keyFraming = Framing.of(source.keyFraming, true);
        frame = new Frame();
        if (schemas != null) {
            SchemaCache cache = new SchemaCache(schemas, (where, why) -> { });
            valueSchemas = new Given(source.framing, cache, null);
            keySchemas = new Given(source.keyFraming, cache, null);
        } else {
            valueSchemas = Given.of(source.framing, source.registry, stream.schemaFolder);
            keySchemas = Given.of(source.keyFraming, source.registry, stream.schemaFolder);
        }
        values = new Writers(valueSchemas, stream.contract, source.rules, source.where);
        keys = new Writers(keySchemas, stream.keySchema, source.keyRules, null);
        value = new Output().roomFor(stream.recordBytes);
        scratch = new Output();
        hash = new Murmur3();
        origin = new byte[Origin.MAX_BYTES];
        sourceCluster = Origin.fingerprint(source.clusterId, Origin.CLUSTER_BYTES);
        targetCluster = Origin.fingerprint(stream.targetClusterId, Origin.CLUSTER_BYTES);
        topics = new HashMap<>();
        MetricGroup metrics = context.getMetricGroup().addGroup("federation");
        read = metrics.counter("recordsRead");
        filtered = metrics.counter("recordsFiltered");
        tombstonesDropped = metrics.counter("tombstonesDropped");
        looped = metrics.counter("recordsLooped");
        changes = new SchemaChanges(stream, source);
        Gauge<String> met = changes::toJson;
        metrics.gauge("schemaChanges", met);
        deadLetters = DeadLetters.of(stream, source, metrics);
    }

    /** Decides ahead of this task, in another thread, which records it may get; after {@code open}. */
    public Gate gate() {
        boolean readsKeys = stream.tombstones.equals("forward");
        return new SchemaGate(
                Framing.of(source.framing, false),
                valueSchemas,
                readsKeys ? Framing.of(source.keyFraming, true) : null,
                keySchemas,
                changes);
    }

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> in, Collector<Record> out)
            throws IOException {
        read.inc();
        try {
            Record record = normalize(in);
            deadLetters.passed();
            if (record != null) {
                out.collect(record);
            }
        } catch (MappingException error) {
            out.collect(dead(in, new Refused(error)));
        } catch (Refused error) {
            out.collect(dead(in, error));
        } catch (InterruptedException cancelled) {
            Thread.currentThread().interrupt();
            throw new IOException("cancelled while waiting for a schema", cancelled);
        }
    }

    private Record dead(ConsumerRecord<byte[], byte[]> in, Refused error) {
        Framing read = in.value() == null ? keyFraming : valueFraming;
        return deadLetters.of(in, read.schemaOf(in), error);
    }

    /** The target record, or null where it is dropped on purpose (and counted). */
    private Record normalize(ConsumerRecord<byte[], byte[]> in)
            throws MappingException, Refused, InterruptedException {
        Header came = in.headers().lastHeader(Origin.HEADER);
        int originEnd = came == null ? -1 : Origin.lengthWithoutHops(came.value());
        if (!stream.follows && originEnd >= 0 && Origin.crossed(came.value(), originEnd, targetCluster)) {
            looped.inc();
            return null;
        }
        Record record = new Record();
        record.source = index;
        record.timestamp = in.timestamp();
        if (in.value() == null) {
            if (!tombstone(in, record)) {
                return null;
            }
        } else if (!value(in, record)) {
            return null;
        }
        provenance(in, record, came, originEnd);
        if (stream.transforms && record.kind == Record.VALUE) {
            record.from = in; // how large it is shows when it was transformed
        } else {
            Sizes.check(record, in.headers(), stream.recordBytes);
        }
        return record;
    }

    private boolean value(ConsumerRecord<byte[], byte[]> in, Record record)
            throws MappingException, Refused, InterruptedException {
        valueFraming.open(in, frame);
        Writer writer = values.get(frame.schema);
        Where where = writer.where();
        if (where != null && !where.test(frame.bytes, frame.from, frame.length)) {
            filtered.inc();
            return false;
        }
        value.reset(0);
        frame(value, stream.valueSchemaId);
        writer.transcoder().transcode(frame.bytes, frame.from, frame.length, value);
        record.kind = Record.VALUE;
        record.value = value.copy(0);
        key(record, writer.transcoder(), value, stream.keyFields);
        if (stream.deduplicationKey.length > 0) {
            business(record, writer.transcoder());
        }
        return true;
    }

    private boolean tombstone(ConsumerRecord<byte[], byte[]> in, Record record)
            throws MappingException, Refused, InterruptedException {
        if (stream.tombstones.equals("drop")) {
            tombstonesDropped.inc();
            return false;
        }
        if (stream.tombstones.equals("dead-letter")) {
            throw new Refused("map", "tombstone");
        }
        if (in.key() == null) {
            throw new Refused("key", "null", "a delete marker without a key");
        }
        try {
            keyFraming.open(in, frame);
            Writer writer = keys.get(frame.schema);
            scratch.reset(0);
            writer.transcoder().transcode(frame.bytes, frame.from, frame.length, scratch);
            record.kind = Record.TOMBSTONE;
            key(record, writer.transcoder(), scratch, null);
            return true;
        } catch (MappingException error) {
            throw new Refused(error).ofKey();
        } catch (Refused error) {
            throw error.ofKey();
        }
    }

    /**
     * Sets key and bucket from the mapped record ({@code fields} are positions in the contract) or,
     * with {@code fields} null, from a record of the key schema.
     */
    private void key(Record record, Transcoder program, Output mapped, int[] fields)
            throws Refused {
        byte[] buffer = mapped.buffer();
        int count = stream.keyFields.length;
        if (stream.avroKey) {
            int length = FRAME;
            for (int i = 0; i < count; i++) {
                int field = fields == null ? i : fields[i];
                length += program.fieldEnd(field) - program.fieldStart(field);
            }
            ByteBuffer key = ByteBuffer.allocate(length);
            key.put((byte) 0).putInt(stream.keySchemaId);
            for (int i = 0; i < count; i++) {
                int field = fields == null ? i : fields[i];
                int start = program.fieldStart(field);
                key.put(buffer, start, program.fieldEnd(field) - start);
            }
            record.key = key.array();
        } else {
            int field = fields == null ? 0 : fields[0];
            Schema.Field named = stream.keySchema.getFields().get(0);
            try {
                record.key = Keys.text(
                        named.schema(), buffer, program.fieldStart(field), program.fieldEnd(field));
            } catch (MappingException error) {
                throw new Refused("key", error.reason(), Reasons.at(named.name(), error.reason()));
            }
        }
        record.bucket = bucket(hash.hash(record.key, 0, record.key.length));
    }

    private void business(Record record, Transcoder program) {
        scratch.reset(0);
        Keys.concat(program, value, stream.deduplicationKey, scratch);
        if (!stream.acrossKeys) {
            Keys.concat(program, value, stream.keyFields, scratch);
        }
        hash.hash(scratch.buffer(), 0, scratch.length());
        record.hasBusiness = true;
        record.business1 = hash.first();
        record.business2 = hash.second();
        if (stream.acrossKeys) {
            record.bucket = bucket(hash);
        }
    }

    private static int bucket(Murmur3 hash) {
        return (int) Math.floorMod(hash.first(), (long) BucketSelector.BUCKETS);
    }

    /** Keeps the origin a record came with, adding a hop; gives it one where it has none. */
    private void provenance(ConsumerRecord<byte[], byte[]> in, Record record, Header came, int end)
            throws Refused {
        if (end < 0) {
            byte[] topic = topics.computeIfAbsent(
                    in.topic(), name -> Origin.fingerprint(name, Origin.TOPIC_BYTES));
            int length = Origin.write(sourceCluster, topic, in.partition(), in.offset(), origin);
            record.headers = in.headers().iterator().hasNext()
                    ? new HeaderBlock.Writer()
                            .addAll(in.headers(), Normalizer::leftBehind)
                            .add(Origin.HEADER, Arrays.copyOf(origin, length))
                            .toBytes()
                    : HeaderBlock.single(Origin.HEADER_UTF8, origin, length);
            if (stream.severalClusters) {
                transport(record, origin, length);
            }
            return;
        }
        byte[] before = came.value();
        if ((before.length - end) / Origin.CLUSTER_BYTES >= Origin.MAX_HOPS) {
            throw new Refused("origin", "hops");
        }
        record.headers = new HeaderBlock.Writer()
                .addAll(in.headers(), Normalizer::leftBehind)
                .add(Origin.HEADER, Origin.withHop(before, sourceCluster))
                .toBytes();
        if (!stream.follows) {
            transport(record, before, end);
        }
    }

    /** Headers that are replaced, or that mean nothing at the target. */
    private static boolean leftBehind(String header) {
        return header.equals(Origin.HEADER) || SchemaHeaders.names(header);
    }

    /**
     * What arrives by two routes is one record. Its business identity says so where it has one; else
     * its origin does.
     */
    private void transport(Record record, byte[] origin, int length) {
        if (record.hasBusiness) {
            return;
        }
        hash.hash(origin, 0, length);
        record.hasTransport = true;
        record.transport1 = hash.first();
        record.transport2 = hash.second();
    }

    private static void frame(Output out, int schemaId) {
        out.write(0);
        out.write(schemaId >>> 24);
        out.write(schemaId >>> 16);
        out.write(schemaId >>> 8);
        out.write(schemaId);
    }

    @Override
    public TypeInformation<Record> getProducedType() {
        return new RecordType();
    }
}
