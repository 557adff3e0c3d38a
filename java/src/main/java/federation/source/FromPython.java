package federation.source;

import federation.framing.Framing;
import federation.plan.StreamSpec;
import federation.plan.StreamSpec.SourceSpec;
import federation.record.HeaderBlock;
import federation.record.Record;
import federation.record.RecordSerializer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichFlatMapFunction;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;

/**
 * The answers of a Python function to the chunks of {@link ToPython}, back to records: with their new
 * value, left out (and counted), or dead letters.
 */
public final class FromPython extends RichFlatMapFunction<byte[], Record> {
    private static final long serialVersionUID = 1L;
    private static final int MADE = 0;
    private static final int DROPPED = 1;

    private final String plan;
    private final int index;

    private transient StreamSpec stream;
    private transient Framing framing;
    private transient DeadLetters deadLetters;
    private transient Counter filtered;

    /** @param plan the stream's plan as JSON; @param index the source's position in it */
    public FromPython(String plan, int index) {
        this.plan = plan;
        this.index = index;
    }

    @Override
    public void open(OpenContext context) {
        open(getRuntimeContext().getMetricGroup());
    }

    /** Outside a job. */
    public void open(MetricGroup group) {
        MetricGroup metrics = group.addGroup("federation");
        stream = StreamSpec.parse(plan);
        SourceSpec source = stream.sources.get(index);
        framing = Framing.of(source.framing, false);
        filtered = metrics.counter("recordsFiltered");
        deadLetters = DeadLetters.of(stream, source, metrics);
    }

    @Override
    public void flatMap(byte[] answer, Collector<Record> out) throws IOException {
        int length = ByteBuffer.wrap(answer).getInt();
        DataInputDeserializer verdicts = new DataInputDeserializer(answer, 4, length);
        DataInputDeserializer rest =
                new DataInputDeserializer(answer, 4 + length, answer.length - 4 - length);
        while (rest.available() > 0) {
            Record record = RecordSerializer.INSTANCE.deserialize(rest);
            if (record.kind != Record.VALUE) {
                out.collect(record);
                continue;
            }
            ConsumerRecord<byte[], byte[]> from = source(record, rest);
            try {
                if (decided(record, from, verdicts)) {
                    out.collect(record);
                }
                deadLetters.passed();
            } catch (Refused error) {
                out.collect(deadLetters.of(from, framing.schemaOf(from), error));
            }
        }
        if (verdicts.available() > 0) {
            throw new IOException("Python gave more verdicts than it was given records");
        }
    }

    /** Whether the record goes on, by the next verdict. */
    private boolean decided(
            Record record, ConsumerRecord<byte[], byte[]> from, DataInputDeserializer verdicts)
            throws IOException, Refused {
        int verdict = verdicts.readByte();
        if (verdict == DROPPED) {
            filtered.inc();
            return false;
        }
        if (verdict != MADE) {
            String reason = text(verdicts);
            throw new Refused("transform", reason, text(verdicts));
        }
        int length = verdicts.readInt();
        record.value = new byte[Normalizer.FRAME + length];
        ByteBuffer.wrap(record.value, 1, 4).putInt(stream.valueSchemaId);
        verdicts.readFully(record.value, Normalizer.FRAME, length);
        Sizes.check(record, from.headers(), stream.recordBytes);
        return true;
    }

    private static String text(DataInputDeserializer in) throws IOException {
        return new String(RecordSerializer.readBytes(in), StandardCharsets.UTF_8);
    }

    /** What {@link ToPython} wrote of the source record. */
    private static ConsumerRecord<byte[], byte[]> source(Record record, DataInputDeserializer in)
            throws IOException {
        String topic = in.readUTF();
        int partition = in.readInt();
        long offset = in.readLong();
        byte[] key = RecordSerializer.readBytes(in);
        byte[] value = RecordSerializer.readBytes(in);
        RecordHeaders headers = HeaderBlock.read(RecordSerializer.readBytes(in));
        return new ConsumerRecord<>(
                topic, partition, offset, record.timestamp, TimestampType.CREATE_TIME, -1, -1,
                key, value, headers, Optional.empty());
    }
}
