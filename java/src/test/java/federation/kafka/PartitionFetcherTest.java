package federation.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsAddition;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A fetcher")
class PartitionFetcherTest {
    private static final TopicPartition A = new TopicPartition("t", 0);
    private static final TopicPartition B = new TopicPartition("t", 1);

    private final Told told = new Told();
    private final Troubles troubles = new Troubles("eu/t", () -> 1_000);
    private final List<MockConsumer<byte[], byte[]>> clients = new ArrayList<>();
    private final AtomicReference<KafkaException> refusal = new AtomicReference<>();
    private Gate gate = (record, again) -> null;
    private PartitionFetcher fetcher;
    private long ahead; // of the system's clock, ms

    @TempDir
    Path folder;

    @BeforeEach
    void assign() {
        fetcher = new PartitionFetcher(
                this::client,
                told,
                (record, again) -> gate.waitsFor(record, again),
                new Accepted(folder.resolve("accepted.jsonl").toString(), "id-of-eu"),
                troubles,
                () -> System.currentTimeMillis() + ahead);
        fetcher.handleSplitsChanges(new SplitsAddition<>(
                List.of(new PartitionSplit(A, 10), new PartitionSplit(B, 20))));
        seen(Map.of(), Map.of(A, "", B, ""));
    }

    private MockConsumer<byte[], byte[]> client() {
        if (refusal.get() != null) {
            throw refusal.get();
        }
        MockConsumer<byte[], byte[]> made = new MockConsumer<>("none");
        made.updateBeginningOffsets(Map.of(A, 0L, B, 0L));
        made.updateEndOffsets(Map.of(A, 100L, B, 100L));
        clients.add(made);
        return made;
    }

    private MockConsumer<byte[], byte[]> last() {
        return clients.get(clients.size() - 1);
    }

    private void seen(Map<TopicPartition, Long> ends, Map<TopicPartition, String> verified) {
        told.look(Look.of(told.look() == null ? 1 : told.look().at() + 1, ends, verified));
    }

    private void arrives(TopicPartition partition, long... offsets) {
        for (long offset : offsets) {
            last().addRecord(new ConsumerRecord<>(
                    partition.topic(), partition.partition(), offset, null, new byte[] {1}));
        }
    }

    /** What one call brings: {@code 0@10}, and {@code 0=11} where partition 0 is read to 11. */
    private List<String> fetch() {
        List<String> found = new ArrayList<>();
        RecordsWithSplitIds<ConsumerRecord<byte[], byte[]>> fetched = fetcher.fetch();
        while (fetched.nextSplit() != null) {
            ConsumerRecord<byte[], byte[]> record;
            while ((record = fetched.nextRecordFromSplit()) != null) {
                String sign = record instanceof CaughtUp ? "=" : "@";
                found.add(record.partition() + sign + record.offset());
            }
        }
        return found;
    }

    /** Until something comes; pauses between two clients are part of what is tested. */
    private List<String> fetchSomething() {
        for (int i = 0; i < 100; i++) {
            List<String> found = fetch();
            if (!found.isEmpty()) {
                return found;
            }
        }
        throw new AssertionError("nothing came; " + troubles.toJson());
    }

    private String trouble(TopicPartition partition) {
        return troubles.now().stream()
                .filter(one -> one.where().equals(partition.toString()))
                .map(Troubles.Trouble::what)
                .findFirst().orElse("");
    }

    @Test
    @DisplayName("begins where its splits say, in every partition")
    void begins() {
        fetch();
        arrives(A, 10, 11);
        arrives(B, 20);
        assertEquals(List.of("0@10", "0@11", "1@20"), fetch().stream().sorted().toList());
        assertEquals(List.of(), troubles.now());
    }

    @Test
    @DisplayName("reads no partition before the cluster has said that it is still the same topic")
    void unverified() {
        told.look(Look.of(9, Map.of(), Map.of(A, "")));
        fetch();
        assertEquals(1, last().paused().size());
        assertTrue(last().paused().contains(B));
        seen(Map.of(), Map.of(A, "", B, ""));
        fetch();
        assertEquals(0, last().paused().size());
    }

    @Test
    @DisplayName("holds a partition whose topic was made again, with the place where it stands")
    void objection() {
        fetch();
        seen(Map.of(), Map.of(A, "another topic", B, ""));
        fetch();
        arrives(B, 20);
        assertEquals(List.of("1@20"), fetch());
        assertTrue(last().paused().contains(A));
        assertEquals("held at offset 10: another topic", trouble(A));
    }

    @Test
    @DisplayName("says what of a topic that is gone was there and not read, as far as it has seen it")
    void unread() {
        seen(Map.of(A, 13L, B, 20L), Map.of(A, "", B, ""));
        fetch();
        seen(Map.of(), Map.of(A, "another topic", B, "another topic"));
        fetch();
        assertEquals("held at offset 10 (10 to 12 were there, and not read): another topic", trouble(A));
        assertEquals("held at offset 20: another topic", trouble(B));
    }

    @Test
    @DisplayName("holds back from the first record that the gate holds, and its partition alone")
    void gate() {
        fetch();
        gate = (record, again) ->
                record.partition() == 0 && record.offset() == 11 ? "no schema" : null;
        arrives(A, 10, 11, 12);
        arrives(B, 20, 21);
        assertEquals(List.of("0@10", "1@20", "1@21"), fetch().stream().sorted().toList());
        assertEquals("", trouble(A), "it may be a matter of milliseconds");
        while (trouble(A).isEmpty()) {
            assertEquals(List.of(), fetch());
        }
        assertEquals("held at offset 11: no schema", trouble(A));
        gate = (record, again) -> null;
        assertEquals(List.of("0@11", "0@12"), fetch());
        assertEquals("", trouble(A));
        assertFalse(last().paused().contains(A));
        arrives(A, 13);
        assertEquals(List.of("0@13"), fetch());
    }

    @Test
    @DisplayName("keeps what is held, and where it was, over the loss of its client")
    void heldOverLoss() {
        fetch();
        gate = (record, again) -> record.offset() == 11 ? "no schema" : null;
        arrives(A, 10, 11);
        fetch();
        last().setPollException(new AuthenticationException("expired"));
        fetch();
        assertEquals("Authentication: expired", troubles.now().get(0).what());
        gate = (record, again) -> null;
        assertEquals(List.of("0@11"), fetchSomething());
        assertEquals(2, clients.size());
        assertEquals(12, last().position(A));
        assertEquals(20, last().position(B));
    }

    @Test
    @DisplayName("never fails because a client cannot be made: it is nothing now, and said why")
    void noClient() {
        refusal.set(new KafkaException("Failed to construct", new KafkaException("no name resolves")));
        assertEquals(List.of(), fetch());
        assertEquals("Kafka: no name resolves", troubles.now().get(0).what());
        refusal.set(null);
        while (clients.isEmpty()) {
            fetch();
        }
        arrives(A, 10);
        assertEquals(List.of("0@10"), fetch());
        assertEquals(List.of(), troubles.now());
    }

    @Test
    @DisplayName("goes on with its client where one topic may not be read")
    void oneTopicRefused() {
        fetch();
        last().setPollException(new TopicAuthorizationException("not for you"));
        assertEquals(List.of(), fetch());
        arrives(A, 10);
        assertEquals(List.of("0@10"), fetch());
        assertEquals(1, clients.size());
    }

    @Test
    @DisplayName("names what retention took, holds that partition, and moves no position")
    void gap() {
        fetch();
        last().updateBeginningOffsets(Map.of(A, 15L, B, 0L));
        last().setPollException(new OffsetOutOfRangeException(Map.of(A, 10L)));
        fetch();
        assertEquals(
                "offsets 10 to 14 are gone (retention, or records were deleted); "
                        + "the partition begins at 15",
                trouble(A));
        assertTrue(last().paused().contains(A));
        arrives(B, 20);
        assertEquals(List.of("1@20"), fetch());
        assertEquals(10, last().position(A));
    }

    @Test
    @DisplayName("asks again where a gap ends when nobody could say it, and forgets no gap over another trouble")
    void gapWithoutBounds() throws ReflectiveOperationException {
        fetch();
        last().updateBeginningOffsets(Map.of(A, 15L, B, 0L));
        last().setOffsetsException(new TimeoutException("slow"));
        last().setPollException(new OffsetOutOfRangeException(Map.of(A, 10L)));
        fetch();
        assertEquals("position 10 is not there any more", trouble(A));
        ahead += 10_000;
        fetch();
        assertEquals(new Gap("t", 0, 10, 14), troubles.now().get(0).gap());
        seen(Map.of(), Map.of(A, "the topic was deleted", B, ""));
        fetch();
        seen(Map.of(), Map.of(A, "", B, ""));
        fetch();
        assertEquals(new Gap("t", 0, 10, 14), troubles.now().get(0).gap());
    }

    @Test
    @DisplayName("holds a partition with a batch that cannot be read, tries it again, and reads the others")
    void damaged() {
        fetch();
        last().setPollException(
                new KafkaException("Record batch for partition t-0 at offset 10 is invalid"));
        fetch();
        assertTrue(trouble(A).startsWith("held at offset 10: "), trouble(A));
        assertEquals("", trouble(B));
        while (clients.size() < 2) {
            fetch();
        }
        assertEquals(Set.of(A), last().paused());
        arrives(B, 20);
        assertEquals(List.of("1@20"), fetch());
        ahead += 10_000;
        fetch();
        assertEquals(Set.of(), last().paused());
        arrives(A, 10);
        assertEquals(List.of("0@10"), fetch());
        assertEquals("", trouble(A));
    }

    @Test
    @DisplayName("holds a partition that was cut off below its position and written anew, and cannot pass it")
    void cutOff() throws IOException {
        fetch();
        last().setPollException(new LogTruncationException(
                Map.of(A, 10L), Map.of(A, new OffsetAndMetadata(4))));
        fetch();
        assertEquals(
                "the partition was cut off below the position 10 and written anew: "
                        + "what lies there now was not read; the way out is an empty target and start --fresh",
                trouble(A));
        assertTrue(last().paused().contains(A));
        accept("id-of-eu", A, 0, 20);
        fetch();
        assertTrue(last().paused().contains(A));
        assertEquals(10, last().position(A));
    }

    private void accept(String cluster, TopicPartition partition, long first, long last)
            throws IOException {
        String line = String.format(
                "{\"cluster_id\": \"%s\", \"topic\": \"%s\", \"partition\": %d, \"first\": %d, \"last\": %d}%n",
                cluster, partition.topic(), partition.partition(), first, last);
        Files.writeString(
                folder.resolve("accepted.jsonl"), line,
                StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    /** Retention has taken 10 to 14; the fetcher has noticed. */
    private void taken() {
        fetch();
        last().updateBeginningOffsets(Map.of(A, 15L, B, 0L));
        last().setPollException(new OffsetOutOfRangeException(Map.of(A, 10L)));
        fetch();
    }

    @Test
    @DisplayName("passes over a gap that was accepted, and says no more of it")
    void accepted() throws IOException {
        taken();
        assertEquals(new Gap("t", 0, 10, 14), troubles.now().get(0).gap());
        accept("id-of-eu", A, 10, 14);
        while (!troubles.now().isEmpty()) {
            fetch();
        }
        arrives(A, 15);
        assertEquals(List.of("0@15"), fetch());
    }

    @Test
    @DisplayName("reads what is there although more was accepted")
    void acceptedMore() throws IOException {
        taken();
        accept("id-of-eu", A, 10, 12);
        accept("id-of-eu", A, 13, 99);
        while (!troubles.now().isEmpty()) {
            fetch();
        }
        assertEquals(15, last().position(A));
    }

    @Test
    @DisplayName("stays in a gap that was accepted of another cluster or partition, or not to its end")
    void acceptedElsewhere() throws IOException, InterruptedException {
        accept("id-of-us", A, 10, 14);
        accept("id-of-eu", B, 10, 14);
        accept("id-of-eu", A, 11, 14);
        taken();
        Thread.sleep(600); // the file is looked at twice a second
        fetch();
        assertEquals(10, last().position(A));
        assertTrue(last().paused().contains(A));
    }

    @Test
    @DisplayName("accepts nothing by a file that cannot be read")
    void acceptedBadly() throws IOException {
        Files.writeString(folder.resolve("accepted.jsonl"), "{\"cluster_id\": \"id-of-eu\"");
        taken();
        fetch();
        assertEquals(10, last().position(A));
    }

    @Test
    @DisplayName("tells once for each look that a partition was read to its end, and only then")
    void caughtUp() {
        fetch();
        seen(Map.of(A, 12L, B, 21L), Map.of(A, "", B, ""));
        arrives(A, 10);
        arrives(B, 20);
        assertEquals(List.of("0@10", "1=21", "1@20"), fetch().stream().sorted().toList());
        arrives(A, 11);
        assertEquals(List.of("0@11", "0=12"), fetch());
        assertEquals(List.of(), fetch());
        seen(Map.of(A, 12L), Map.of(A, "", B, ""));
        assertEquals(List.of("0=12"), fetch());
    }

    @Test
    @DisplayName("does not take a held partition, or a silent cluster, for one that was read")
    void notCaughtUp() {
        fetch();
        gate = (record, again) -> "no schema";
        seen(Map.of(A, 11L), Map.of(A, "", B, ""));
        arrives(A, 10);
        assertEquals(List.of(), fetch());
        gate = (record, again) -> null;
        told.look(Look.failed(99, "nobody answers"));
        assertEquals(List.of("0@10"), fetch());
        assertEquals("nobody answers", troubles.now().get(0).what());
    }

    @Test
    @DisplayName("publishes the positions of a completed checkpoint")
    void publishes() {
        fetch();
        told.commit(Map.of(A, new OffsetAndMetadata(11)));
        fetch();
        assertEquals(11, last().committed(Set.of(A)).get(A).offset());
    }
}
