package federation.source;

import federation.record.HeaderBlock;
import federation.record.Record;
import federation.record.RecordSerializer;
import java.io.IOException;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Records into chunks for a Python function: many at a time, for what crossing costs is per chunk. The
 * form is that of {@code federation/transform/chunks.py}; what it calls the rest is here all of a
 * record but its value, and for a dead letter the source record, so that nothing of either is lost
 * or changed by Python. Delete markers and dead letters go along, for the sake of order.
 *
 * <p>It runs in the source's own task (Flink chains it), where records are handed over, not written.
 * A chunk waits neither long nor for a watermark or checkpoint: each sends it on.
 */
public final class ToPython extends AbstractStreamOperator<byte[]>
        implements OneInputStreamOperator<Record, byte[]> {
    private static final long serialVersionUID = 1L;
    static final int RECORDS = 1000;
    private static final int BYTES = 1 << 20;
    private static final int ROOM = BYTES / 16;
    /** Milliseconds that a record may wait for others. */
    private static final long WAIT = 20;
    /** Milliseconds that a chunk should not take. */
    private static final long LONG = 200;

    private transient Chunk chunk;
    private transient int most;

    /** The chunk of just one record. */
    public static byte[] chunk(Record record) throws IOException {
        Chunk chunk = new Chunk();
        chunk.add(record);
        return chunk.taken();
    }

    @Override
    public void open() throws Exception {
        super.open();
        chunk = new Chunk();
        most = RECORDS;
    }

    @Override
    public void processElement(StreamRecord<Record> element) throws Exception {
        if (chunk.records == 0) {
            long now = getProcessingTimeService().getCurrentProcessingTime();
            getProcessingTimeService().registerTimer(now + WAIT, time -> flush());
        }
        chunk.add(element.getValue());
        if (chunk.records >= most || chunk.bytes() >= BYTES) {
            flush();
        }
    }

    private void flush() throws IOException {
        if (chunk.records > 0) {
            long began = System.nanoTime();
            output.collect(new StreamRecord<>(chunk.taken())); // returns when it is answered
            most = fitting(most, (System.nanoTime() - began) / 1_000_000);
        }
    }

    /**
     * How many records the next chunk may have: a checkpoint waits for the one under way.
     *
     * @param most how many this one might have had
     * @param took milliseconds that it took
     */
    static int fitting(int most, long took) {
        if (took > LONG) {
            return Math.max(1, most / 2);
        }
        return took < LONG / 4 ? Math.min(RECORDS, most * 2) : most;
    }

    @Override
    public void processWatermark(Watermark mark) throws Exception {
        flush();
        super.processWatermark(mark);
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpoint) throws Exception {
        flush();
        super.prepareSnapshotPreBarrier(checkpoint);
    }

    @Override
    public void finish() throws Exception {
        flush();
        super.finish();
    }

    /** A chunk as it grows. */
    private static final class Chunk {
        private DataOutputSerializer values = new DataOutputSerializer(ROOM);
        private DataOutputSerializer rest = new DataOutputSerializer(ROOM);
        private int records;
        private int count;

        int bytes() {
            return values.length() + rest.length();
        }

        void add(Record record) throws IOException {
            records++;
            if (record.kind != Record.VALUE) {
                RecordSerializer.INSTANCE.serialize(record, rest);
                return;
            }
            count++;
            int length = record.value.length - Normalizer.FRAME;
            values.writeInt(length);
            values.write(record.value, Normalizer.FRAME, length);
            record.value = null;
            RecordSerializer.INSTANCE.serialize(record, rest);
            ConsumerRecord<byte[], byte[]> from = record.from;
            rest.writeUTF(from.topic());
            rest.writeInt(from.partition());
            rest.writeLong(from.offset());
            RecordSerializer.writeBytes(from.key(), rest);
            RecordSerializer.writeBytes(from.value(), rest);
            byte[] headers = new HeaderBlock.Writer().addAll(from.headers()).toBytes();
            RecordSerializer.writeBytes(headers, rest);
        }

        /** The same to be used again, unless a giant has blown it up. */
        private static DataOutputSerializer emptied(DataOutputSerializer used) {
            used.clear();
            return used.getSharedBuffer().length > 4 * BYTES ? new DataOutputSerializer(ROOM) : used;
        }

        /** Its bytes; what comes then begins a new one. */
        byte[] taken() throws IOException {
            DataOutputSerializer out = new DataOutputSerializer(Integer.BYTES + bytes());
            out.writeInt(count);
            out.write(values.getSharedBuffer(), 0, values.length());
            out.write(rest.getSharedBuffer(), 0, rest.length());
            values = emptied(values);
            rest = emptied(rest);
            records = 0;
            count = 0;
            return out.getCopyOfBuffer();
        }
    }
}
