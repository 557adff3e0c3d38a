package federation.kafka;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplitSerializer;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.kafka.common.TopicPartition;

/** Writes splits into checkpoints; also reads those that Flink's own KafkaSource has written. */
final class PartitionSplitSerializer implements SimpleVersionedSerializer<PartitionSplit> {
    /** Far from the versions of {@link KafkaPartitionSplitSerializer}, whose splits are read too. */
    static final int VERSION = 101;
    /** Splits of this version have no epoch. */
    private static final int WITHOUT_EPOCH = 100;

    @Override
    public int getVersion() {
        return VERSION;
    }

    @Override
    public byte[] serialize(PartitionSplit split) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        write(split, new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    @Override
    public PartitionSplit deserialize(int version, byte[] bytes) throws IOException {
        if (version < WITHOUT_EPOCH) {
            return of(new KafkaPartitionSplitSerializer().deserialize(version, bytes));
        }
        if (version > VERSION) {
            throw new IOException("a split of version " + version + " was written by a later gateway");
        }
        return read(version, new DataInputStream(new ByteArrayInputStream(bytes)));
    }

    static PartitionSplit of(KafkaPartitionSplit split) {
        return new PartitionSplit(split.getTopicPartition(), split.getStartingOffset());
    }

    static void write(PartitionSplit split, DataOutputStream out) throws IOException {
        out.writeUTF(split.partition().topic());
        out.writeInt(split.partition().partition());
        out.writeLong(split.offset());
        out.writeInt(split.epoch());
    }

    static PartitionSplit read(int version, DataInputStream in) throws IOException {
        return new PartitionSplit(
                new TopicPartition(in.readUTF(), in.readInt()),
                in.readLong(),
                version == WITHOUT_EPOCH ? PartitionSplit.NO_EPOCH : in.readInt());
    }
}
