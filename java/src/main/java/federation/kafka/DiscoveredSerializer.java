package federation.kafka;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.connector.kafka.source.enumerator.KafkaSourceEnumState;
import org.apache.flink.connector.kafka.source.enumerator.KafkaSourceEnumStateSerializer;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.kafka.common.TopicPartition;

/** Writes {@link Discovered} into checkpoints; also reads what Flink's own KafkaSource has written. */
final class DiscoveredSerializer implements SimpleVersionedSerializer<Discovered> {
    /** Its splits are of the same version. */
    private static final int VERSION = PartitionSplitSerializer.VERSION;
    /** The versions below are those of {@link KafkaSourceEnumStateSerializer}, whose states are read too. */
    private static final int FIRST = 100;

    @Override
    public int getVersion() {
        return VERSION;
    }

    @Override
    public byte[] serialize(Discovered found) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeBoolean(found.looked());
        write(found.assigned(), out);
        out.writeInt(found.waiting().size());
        for (PartitionSplit split : found.waiting()) {
            PartitionSplitSerializer.write(split, out);
        }
        out.writeInt(found.topicIds().size());
        for (Map.Entry<String, String> topic : found.topicIds().entrySet()) {
            out.writeUTF(topic.getKey());
            out.writeUTF(topic.getValue());
        }
        write(found.owed(), out);
        return bytes.toByteArray();
    }

    private static void write(Collection<TopicPartition> partitions, DataOutputStream out)
            throws IOException {
        out.writeInt(partitions.size());
        for (TopicPartition partition : partitions) {
            out.writeUTF(partition.topic());
            out.writeInt(partition.partition());
        }
    }

    private static List<TopicPartition> partitions(DataInputStream in) throws IOException {
        List<TopicPartition> found = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
            found.add(new TopicPartition(in.readUTF(), in.readInt()));
        }
        return found;
    }

    @Override
    public Discovered deserialize(int version, byte[] bytes) throws IOException {
        if (version < FIRST) {
            return of(new KafkaSourceEnumStateSerializer().deserialize(version, bytes));
        }
        if (version > VERSION) {
            throw new IOException("a state of version " + version + " was written by a later gateway");
        }
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        boolean looked = in.readBoolean();
        List<TopicPartition> assigned = partitions(in);
        List<PartitionSplit> waiting = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
            waiting.add(PartitionSplitSerializer.read(version, in));
        }
        Map<String, String> topicIds = new HashMap<>();
        for (int left = in.readInt(); left > 0; left--) {
            topicIds.put(in.readUTF(), in.readUTF());
        }
        // What gateways wrote that owed nothing ends here.
        List<TopicPartition> owed = in.available() > 0 ? partitions(in) : List.of();
        return new Discovered(looked, assigned, waiting, owed, topicIds);
    }

    private static Discovered of(KafkaSourceEnumState state) {
        return new Discovered(
                state.initialDiscoveryFinished(),
                state.assignedSplits().stream().map(KafkaPartitionSplit::getTopicPartition).toList(),
                state.unassignedSplits().stream().map(PartitionSplitSerializer::of).toList(),
                List.of(),
                Map.of());
    }
}
