package federation.sink;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.connector.kafka.sink.KafkaCommittable;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * A {@link TargetTransaction} in a checkpoint: the connector's own form of the transaction, its version
 * before it, then the extents. Versions are told apart from the connector's own, which is 1.
 */
public final class TargetTransactionSerializer
        implements SimpleVersionedSerializer<TargetTransaction> {
    private static final int VERSION = 2;

    private final SimpleVersionedSerializer<KafkaCommittable> inner;

    public TargetTransactionSerializer(SimpleVersionedSerializer<KafkaCommittable> inner) {
        this.inner = inner;
    }

    @Override
    public int getVersion() {
        return VERSION;
    }

    @Override
    public byte[] serialize(TargetTransaction transaction) throws IOException {
        DataOutputSerializer out = new DataOutputSerializer(128);
        byte[] committable = inner.serialize(transaction.committable());
        out.writeInt(inner.getVersion());
        out.writeInt(committable.length);
        out.write(committable);
        out.writeInt(transaction.extents().size());
        for (Extent extent : transaction.extents()) {
            out.writeUTF(extent.topic());
            out.writeInt(extent.partition());
            out.writeLong(extent.first());
            out.writeLong(extent.last());
            out.writeLong(extent.count());
        }
        return out.getCopyOfBuffer();
    }

    @Override
    public TargetTransaction deserialize(int version, byte[] bytes) throws IOException {
        if (version != VERSION) {
            throw new IOException("another version wrote this checkpoint: transactions of form "
                    + version + ", this one knows " + VERSION);
        }
        DataInputDeserializer in = new DataInputDeserializer(bytes);
        int innerVersion = in.readInt();
        byte[] committable = new byte[in.readInt()];
        in.readFully(committable);
        List<Extent> extents = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
            extents.add(new Extent(
                    in.readUTF(), in.readInt(), in.readLong(), in.readLong(), in.readLong()));
        }
        return new TargetTransaction(inner.deserialize(innerVersion, committable), extents);
    }
}
