package federation.source;

import federation.map.Keys;
import federation.map.MappingException;
import federation.map.Murmur3;
import federation.map.Output;
import federation.plan.StreamSpec;
import federation.plan.StreamSpec.SourceSpec;
import federation.record.BucketSelector;
import federation.record.HeaderBlock;
import federation.record.Origin;
import federation.record.Record;
import federation.record.RecordType;
import federation.registry.RegistryClient;
import federation.source.Writers.Writer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One source's records into the stream's: frame, writer's schema, contract, target key, identities
 * and provenance. What cannot be read or mapped becomes a dead letter; nothing is skipped without
 * being counted.
 */
public final class Normalizer implements KafkaRecordDeserializationSchema<Record> {
    private static final long serialVersionUID = 1L;
    private static final Logger LOG = LoggerFactory.getLogger(Normalizer.class);
    private static final int FRAME = 5; // magic byte and 4-byte schema id

    private final String plan;
    private final int index;

    private transient StreamSpec stream;
    private transient SourceSpec source;
    private transient Writers values;
    private transient Writers keys;
    private transient DeadLetters deadLetters;
    private transient Output value;
    private transient Output scratch;
    private transient long[] hash;
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
        stream = StreamSpec.parse(plan);
        source = stream.sources.get(index);
        RegistryClient registry = new RegistryClient(source.registry, (url, why) ->
                LOG.warn("waiting for the registry of {} at {}: {}", source.cluster, url, why));
        values = new Writers(registry, stream.contract, source.rules, source.where);
        keys = new Writers(registry, stream.keySchema, source.keyRules, null);
        value = new Output();
        scratch = new Output();
        hash = new long[2];
        origin = new byte[32];
        sourceCluster = Origin.fingerprint(source.clusterId, Origin.CLUSTER_BYTES);
        targetCluster = Origin.fingerprint(stream.targetClusterId, Origin.CLUSTER_BYTES);
        topics = new HashMap<>();
        MetricGroup metrics = context.getMetricGroup().addGroup("federation");
        read = metrics.counter("recordsRead");
        filtered = metrics.counter("recordsFiltered");
        tombstonesDropped = metrics.counter("tombstonesDropped");
        looped = metrics.counter("recordsLooped");
        deadLetters = new DeadLetters(
                source, stream.deadLetterRatio, stream.deadLetterOf, metrics.counter("deadLetters"));
    }

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> in, Collector<Record> out)
            throws IOException {
        read.inc();
        try {
            Record record = normalize(in);
            if (record != null) {
                deadLetters.passed();
                out.collect(record);
            }
        } catch (MappingException error) {
            out.collect(deadLetters.of(in, error));
        } catch (InterruptedException cancelled) {
            Thread.currentThread().interrupt();
            throw new IOException("cancelled while waiting for a schema", cancelled);
        }
    }

    /** The target record, or null where it is dropped on purpose (and counted). */
    private Record normalize(ConsumerRecord<byte[], byte[]> in)
            throws MappingException, InterruptedException {
        Header came = in.headers().lastHeader(Origin.HEADER);
        int originEnd = came == null ? -1 : Origin.lengthWithoutHops(came.value());
        if (originEnd >= 0 && Origin.crossed(came.value(), originEnd, targetCluster)) {
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
        return record;
    }

    private boolean value(ConsumerRecord<byte[], byte[]> in, Record record)
            throws MappingException, InterruptedException {
        byte[] bytes = in.value();
        Writer writer = writer(values, bytes);
        if (writer.where != null && !writer.where.test(bytes, FRAME, bytes.length - FRAME)) {
            filtered.inc();
            return false;
        }
        value.reset(0);
        frame(value, stream.valueSchemaId);
        writer.transcoder.transcode(bytes, FRAME, bytes.length - FRAME, value);
        record.kind = Record.VALUE;
        record.value = value.toBytes();
        key(record, writer, value, stream.keyFields);
        if (stream.deduplicationKey.length > 0) {
            business(record, writer);
        }
        return true;
    }

    private boolean tombstone(ConsumerRecord<byte[], byte[]> in, Record record)
            throws MappingException, InterruptedException {
        if (stream.tombstones.equals("drop")) {
            tombstonesDropped.inc();
            return false;
        }
        if (stream.tombstones.equals("dead-letter")) {
            throw new MappingException("map", "tombstone", "", "delete markers are dead letters here");
        }
        byte[] bytes = in.key();
        if (bytes == null) {
            throw new MappingException("key", "null", "", "a delete marker without a key");
        }
        try {
            Writer writer = writer(keys, bytes);
            scratch.reset(0);
            writer.transcoder.transcode(bytes, FRAME, bytes.length - FRAME, scratch);
            record.kind = Record.TOMBSTONE;
            key(record, writer, scratch, null);
            return true;
        } catch (MappingException error) {
            throw new MappingException("key", error.reason(), error.path(), error.getMessage());
        }
    }

    /** The program for a framed payload. */
    private static Writer writer(Writers writers, byte[] bytes)
            throws MappingException, InterruptedException {
        if (bytes.length == 0) {
            throw new MappingException("frame", "empty", "", "0 bytes are neither a record nor null");
        }
        if (bytes[0] != 0) {
            throw new MappingException("frame", "magic", "",
                    "the first byte is " + (bytes[0] & 0xFF) + ", not the magic byte 0");
        }
        if (bytes.length < FRAME) {
            throw new MappingException("frame", "short", "",
                    bytes.length + " bytes are shorter than the frame");
        }
        int id = ByteBuffer.wrap(bytes, 1, 4).getInt();
        Writer writer = writers.get(id);
        if (writer.transcoder == null) {
            throw new MappingException("schema", writer.reason, "", writer.error);
        }
        return writer;
    }

    /**
     * Sets key and bucket from the mapped record ({@code fields} are positions in the contract) or,
     * with {@code fields} null, from a record of the key schema.
     */
    private void key(Record record, Writer writer, Output mapped, int[] fields) {
        byte[] buffer = mapped.buffer();
        int count = stream.keyFields.length;
        if (stream.avroKey) {
            int length = FRAME;
            for (int i = 0; i < count; i++) {
                int field = fields == null ? i : fields[i];
                length += writer.transcoder.fieldEnd(field) - writer.transcoder.fieldStart(field);
            }
            ByteBuffer key = ByteBuffer.allocate(length);
            key.put((byte) 0).putInt(stream.keySchemaId);
            for (int i = 0; i < count; i++) {
                int field = fields == null ? i : fields[i];
                int start = writer.transcoder.fieldStart(field);
                key.put(buffer, start, writer.transcoder.fieldEnd(field) - start);
            }
            record.key = key.array();
        } else {
            int field = fields == null ? 0 : fields[0];
            record.key = Keys.text(
                    stream.keySchema.getFields().get(0).schema(), buffer,
                    writer.transcoder.fieldStart(field), writer.transcoder.fieldEnd(field));
        }
        Murmur3.hash(record.key, 0, record.key.length, hash);
        record.bucket = (int) Math.floorMod(hash[0], (long) BucketSelector.BUCKETS);
    }

    private void business(Record record, Writer writer) {
        scratch.reset(0);
        for (int field : stream.deduplicationKey) {
            append(writer, field);
        }
        if (!stream.acrossKeys) {
            for (int field : stream.keyFields) {
                append(writer, field);
            }
        }
        Murmur3.hash(scratch.buffer(), 0, scratch.length(), hash);
        record.hasBusiness = true;
        record.business1 = hash[0];
        record.business2 = hash[1];
        if (stream.acrossKeys) {
            record.bucket = (int) Math.floorMod(hash[0], (long) BucketSelector.BUCKETS);
        }
    }

    private void append(Writer writer, int field) {
        int start = writer.transcoder.fieldStart(field);
        scratch.write(value.buffer(), start, writer.transcoder.fieldEnd(field) - start);
    }

    /** Keeps the origin a record came with, adding a hop; gives it one where it has none. */
    private void provenance(ConsumerRecord<byte[], byte[]> in, Record record, Header came, int end)
            throws MappingException {
        if (end < 0) {
            byte[] topic = topics.computeIfAbsent(
                    in.topic(), name -> Origin.fingerprint(name, Origin.TOPIC_BYTES));
            int length = Origin.write(sourceCluster, topic, in.partition(), in.offset(), origin);
            record.headers = in.headers().iterator().hasNext()
                    ? new HeaderBlock.Writer()
                            .addAll(in.headers(), Origin.HEADER)
                            .add(Origin.HEADER, java.util.Arrays.copyOf(origin, length))
                            .toBytes()
                    : HeaderBlock.single(Origin.HEADER_UTF8, origin, length);
            return;
        }
        byte[] before = came.value();
        if ((before.length - end) / Origin.CLUSTER_BYTES >= Origin.MAX_HOPS) {
            throw new MappingException("origin", "hops", "",
                    "the record has crossed over " + Origin.MAX_HOPS + " clusters");
        }
        record.headers = new HeaderBlock.Writer()
                .addAll(in.headers(), Origin.HEADER)
                .add(Origin.HEADER, Origin.withHop(before, sourceCluster))
                .toBytes();
        Murmur3.hash(before, 0, end, hash);
        record.hasTransport = true;
        record.transport1 = hash[0];
        record.transport2 = hash[1];
    }

    private static void frame(Output out, int schemaId) {
        out.write((byte) 0);
        out.write((byte) (schemaId >>> 24));
        out.write((byte) (schemaId >>> 16));
        out.write((byte) (schemaId >>> 8));
        out.write((byte) schemaId);
    }

    @Override
    public TypeInformation<Record> getProducedType() {
        return new RecordType();
    }
}
