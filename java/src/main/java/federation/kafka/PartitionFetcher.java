package federation.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.base.source.reader.splitreader.SplitReader;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsChange;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads partitions of one cluster, in a thread of its own. What goes wrong with the cluster is
 * "nothing now", with a report and another try later; what goes wrong with one partition holds that
 * partition. Nothing here fails the job, and no position ever moves but by reading.
 */
final class PartitionFetcher implements SplitReader<ConsumerRecord<byte[], byte[]>, PartitionSplit> {
    private static final Logger LOG = LoggerFactory.getLogger(PartitionFetcher.class);
    private static final String CLUSTER = "cluster"; // as the enumerator sees it
    private static final String CLIENT = "reading"; // as this client does
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration ASK = Duration.ofSeconds(5);
    private static final Duration CLOSE = Duration.ofSeconds(2);
    /** A question that takes its time, or a read that fails, is not tried again before that. */
    private static final long TRY_AGAIN_MS = 10_000;
    private static final long FIRST_PAUSE_MS = 500;
    private static final long LONGEST_PAUSE_MS = 30_000;
    /** A schema that is met for the first time holds its partition for so long, and nobody minds. */
    private static final long USUAL_MS = 1_000;
    /** A client that has not failed for so long is well. */
    private static final long WELL_MS = 10_000;

    private final Supplier<Consumer<byte[], byte[]>> clients;
    private final Told told;
    private final Gate gate;
    private final Accepted accepted;
    private final Troubles troubles;
    private final LongSupplier clock;
    private final Map<TopicPartition, Reading> partitions = new LinkedHashMap<>();
    private final Object alarm = new Object();
    private boolean alarmed;
    private volatile Consumer<byte[], byte[]> consumer; // null while there is none
    private Look look;
    private long pause = FIRST_PAUSE_MS;
    private long notBefore; // when the next client may be made
    private long failed; // when the last one did

    /** How far one partition has been read, and what holds it. */
    private static final class Reading {
        long next; // the offset behind the last record taken from the consumer
        int epoch; // of that record, or -1
        List<ConsumerRecord<byte[], byte[]>> held = List.of(); // taken, and not let through yet
        long heldSince;
        long end = -1; // where the topic ended when it was last seen
        boolean verified; // the cluster has said that this is still the same topic
        String objection; // it has said that it is not
        Gap gap; // the position is not there any more
        String missing; // what of it, in words
        boolean bounded; // whether the cluster has told where the gap ends
        long asked; // when it was last looked whether the gap may be passed over
        long unreadableUntil; // when the next try may be made, or 0
        boolean paused;
        long told; // the instant at which the task last heard that all was read

        Reading(PartitionSplit split) {
            next = split.offset();
            epoch = split.epoch();
        }

        /** The next record, from a place whose epoch nobody has told. */
        void moveTo(long offset) {
            next = offset;
            epoch = PartitionSplit.NO_EPOCH;
        }

        boolean mayRead() {
            return held.isEmpty()
                    && verified
                    && objection == null
                    && gap == null
                    && unreadableUntil == 0;
        }
    }

    /**
     * @param clients makes a client with all its settings; it may fail
     * @param told what the task says
     * @param gate asked about each record
     * @param accepted the gaps that an operator has agreed to
     * @param troubles told what is wrong
     * @param clock milliseconds, from anywhere, which nobody sets
     */
    PartitionFetcher(
            Supplier<Consumer<byte[], byte[]>> clients,
            Told told,
            Gate gate,
            Accepted accepted,
            Troubles troubles,
            LongSupplier clock) {
        this.clients = clients;
        this.told = told;
        this.gate = gate;
        this.accepted = accepted;
        this.troubles = troubles;
        this.clock = clock;
    }

    @Override
    public RecordsWithSplitIds<ConsumerRecord<byte[], byte[]>> fetch() {
        Fetched fetched = new Fetched();
        try {
            if (!connected()) {
                return fetched;
            }
            heed(told.look());
            partitions.forEach(this::mend);
            partitions.forEach((partition, reading) -> release(partition, reading, fetched));
            publish();
            ConsumerRecords<byte[], byte[]> polled =
                    consumer.poll(fetched.isEmpty() ? POLL : Duration.ZERO);
            for (TopicPartition partition : polled.partitions()) {
                take(partition, polled.records(partition), fetched);
            }
            if (!polled.isEmpty() || clock.getAsLong() - failed > WELL_MS) {
                pause = FIRST_PAUSE_MS;
                troubles.clear(CLIENT);
            }
            caughtUp(fetched);
        } catch (WakeupException awake) {
            // Something else is to be done: come again.
        } catch (OffsetOutOfRangeException gone) {
            gone.offsetOutOfRangePartitions().forEach(this::gap);
        } catch (InterruptException ending) {
            throw ending;
        } catch (AuthorizationException refused) {
            // Of one topic or of all: the client goes on, and so do the topics that it may read.
            failed(refused);
            rest(POLL.toMillis());
        } catch (KafkaException | IllegalStateException error) { // the second: an answer unknown to it
            blame(error);
            lost(error);
        }
        return fetched;
    }

    /** Whether there is a client; makes one when its time has come, and waits for that time. */
    private boolean connected() {
        if (consumer != null) {
            return true;
        }
        long left = notBefore - clock.getAsLong();
        if (left > 0) {
            rest(Math.min(left, POLL.toMillis()));
            return false;
        }
        Consumer<byte[], byte[]> made = clients.get();
        consumer = made;
        made.assign(partitions.keySet());
        partitions.forEach((partition, reading) -> {
            seek(made, partition, reading);
            reading.paused = false;
            settle(partition, reading);
        });
        return true;
    }

    /** With its epoch, the brokers tell if their log has become another one below the position. */
    private static void seek(
            Consumer<byte[], byte[]> client, TopicPartition partition, Reading reading) {
        Optional<Integer> epoch = reading.epoch < 0 ? Optional.empty() : Optional.of(reading.epoch);
        client.seek(partition, new OffsetAndMetadata(reading.next, epoch, ""));
    }

    /** The client is of no use for now. */
    private void lost(RuntimeException error) {
        failed(error);
        Consumer<byte[], byte[]> before = consumer;
        consumer = null;
        notBefore = clock.getAsLong() + pause / 2
                + ThreadLocalRandom.current().nextLong(pause);
        pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
        close(before, Duration.ZERO);
    }

    /**
     * The client names a partition whose records it cannot read (a damaged batch) in its message only,
     * and would meet it first again and again: without it all others go on.
     */
    private void blame(RuntimeException error) {
        String message = " " + error.getMessage() + " ";
        partitions.forEach((partition, reading) -> {
            if (message.matches("(?s).*[^\\w.-]" + Pattern.quote(partition.toString()) + "[^\\w-].*")) {
                reading.unreadableUntil = clock.getAsLong() + TRY_AGAIN_MS;
                troubles.set(partition.toString(),
                        "held at offset " + first(reading) + ": " + Causes.sentence(error));
            }
        });
    }

    private void failed(RuntimeException error) {
        failed = clock.getAsLong();
        troubles.set(CLIENT, Causes.sentence(error));
    }

    private static void close(Consumer<byte[], byte[]> client, Duration patience) {
        if (client == null) {
            return;
        }
        try {
            client.close(CloseOptions.timeout(patience));
        } catch (KafkaException error) {
            LOG.debug("closing a client", error);
        }
    }

    /** Takes note of what the last look at the cluster has shown. */
    private void heed(Look now) {
        if (now == look) {
            return;
        }
        look = now;
        if (!now.trouble().isEmpty()) {
            troubles.set(CLUSTER, now.trouble());
            return;
        }
        troubles.clear(CLUSTER);
        partitions.forEach((partition, reading) -> {
            if (now.clears(partition)) {
                reading.verified = true;
                reading.end = now.ends().getOrDefault(partition, reading.end);
            }
            String objection = now.objection(partition);
            if (objection != null) {
                troubles.set(partition.toString(), unread(reading) + objection);
            } else if (reading.objection != null) {
                troubles.clear(partition.toString());
                tell(partition, reading);
            }
            reading.objection = objection;
            settle(partition, reading);
        });
    }

    /** What of a topic that is gone has not been read, as far as it is known. */
    private static String unread(Reading reading) {
        long next = first(reading);
        String held = "held at offset " + next;
        if (reading.end > next) {
            held += " (" + next + " to " + (reading.end - 1) + " were there, and not read)";
        }
        return held + ": ";
    }

    /** The offset of the first record that the task has not got. */
    private static long first(Reading reading) {
        return reading.held.isEmpty() ? reading.next : reading.held.get(0).offset();
    }

    /** Records go on to the task, up to the first that the gate holds. */
    private void take(
            TopicPartition partition,
            List<ConsumerRecord<byte[], byte[]>> records,
            Fetched fetched) {
        Reading reading = partitions.get(partition);
        ConsumerRecord<byte[], byte[]> last = records.get(records.size() - 1);
        reading.next = last.offset() + 1;
        reading.epoch = last.leaderEpoch().orElse(PartitionSplit.NO_EPOCH);
        let(partition, reading, records, fetched);
        settle(partition, reading);
    }

    /** What was held goes on where it may. */
    private void release(TopicPartition partition, Reading reading, Fetched fetched) {
        if (!reading.held.isEmpty() && reading.objection == null) {
            let(partition, reading, reading.held, fetched);
            settle(partition, reading);
        }
    }

    private void let(
            TopicPartition partition,
            Reading reading,
            List<ConsumerRecord<byte[], byte[]>> records,
            Fetched fetched) {
        int free = 0;
        String why = null;
        while (free < records.size()) {
            why = gate.waitsFor(records.get(free), this::wakeUp);
            if (why != null) {
                break;
            }
            free++;
        }
        fetched.add(partition, records.subList(0, free));
        long now = clock.getAsLong();
        if (reading.held.isEmpty() || free > 0) {
            reading.heldSince = now;
        }
        reading.held = free == records.size() ? List.of() : records.subList(free, records.size());
        if (why == null) {
            troubles.clear(partition.toString());
        } else if (now - reading.heldSince > USUAL_MS) {
            troubles.set(partition.toString(), "held at offset " + first(reading) + ": " + why);
        }
    }

    private void settle(TopicPartition partition, Reading reading) {
        boolean pauses = !reading.mayRead();
        if (pauses != reading.paused) {
            if (pauses) {
                consumer.pause(Set.of(partition));
            } else {
                consumer.resume(Set.of(partition));
            }
            reading.paused = pauses;
        }
    }

    /** A position is not there: the partition is held, and what is missing has a name. */
    private void gap(TopicPartition partition, long position) {
        Reading reading = partitions.get(partition);
        String what = "position " + position + " is not there any more";
        reading.gap = new Gap(partition.topic(), partition.partition(), position, -1);
        reading.bounded = false;
        try {
            long begin = consumer.beginningOffsets(Set.of(partition), ASK).get(partition);
            long end = consumer.endOffsets(Set.of(partition), ASK).get(partition);
            if (position < begin) {
                reading.gap = new Gap(partition.topic(), partition.partition(), position, begin - 1);
                what = "offsets " + position + " to " + (begin - 1)
                        + " are gone (retention, or records were deleted); the partition begins at "
                        + begin;
            } else if (position > end) {
                what = "the partition ends at " + end + ", before the position " + position
                        + ": it was truncated; " + Enumerator.WAY_OUT;
            } else {
                what = "the partition was cut off below the position " + position
                        + " and written anew: what lies there now was not read; " + Enumerator.WAY_OUT;
            }
            reading.bounded = true;
        } catch (KafkaException error) {
            LOG.debug("asking where {} begins", partition, error);
        }
        reading.missing = what;
        reading.asked = clock.getAsLong();
        tell(partition, reading);
        settle(partition, reading);
    }

    private void tell(TopicPartition partition, Reading reading) {
        if (reading.gap != null) {
            troubles.set(partition.toString(), reading.missing, reading.gap.last() < 0 ? null : reading.gap);
        }
    }

    /** A gap that an operator has agreed to, in part or whole, is passed over, and no more than it. */
    private void mend(TopicPartition partition, Reading reading) {
        long now = clock.getAsLong();
        if (reading.unreadableUntil != 0 && now >= reading.unreadableUntil) {
            reading.unreadableUntil = 0;
            settle(partition, reading);
        }
        if (reading.gap != null && !reading.bounded && now - reading.asked >= TRY_AGAIN_MS) {
            gap(partition, reading.gap.first());
        }
        if (reading.gap == null || reading.gap.last() < 0 || now - reading.asked < POLL.toMillis()) {
            return;
        }
        reading.asked = now;
        long agreed = accepted.after(partition, reading.gap.first());
        if (agreed == reading.gap.first()) {
            return;
        }
        long next = Math.min(agreed, reading.gap.last() + 1); // what is there is read, whatever was agreed
        LOG.warn("{}: passing over offsets {} to {}, as was accepted", partition, reading.next, next - 1);
        reading.gap = null;
        reading.moveTo(next);
        seek(consumer, partition, reading);
        troubles.clear(partition.toString());
        settle(partition, reading);
    }

    /** Tells the task of partitions that were read to where the last look saw their end. */
    private void caughtUp(Fetched fetched) {
        if (look == null || !look.trouble().isEmpty()) {
            return;
        }
        partitions.forEach((partition, reading) -> {
            Long end = look.ends().get(partition);
            if (end == null || reading.told >= look.at() || !reading.mayRead()) {
                return;
            }
            long position = position(partition);
            if (position >= end) {
                reading.told = look.at();
                troubles.clear(partition.toString());
                if (position != reading.next) {
                    reading.moveTo(position);
                }
                fetched.add(partition, List.of(new CaughtUp(partition, position, look.at())));
            }
        });
    }

    /** Where the consumer is, behind transaction markers too; -1 where it must ask for that. */
    private long position(TopicPartition partition) {
        try {
            return consumer.position(partition, Duration.ZERO);
        } catch (TimeoutException unknown) {
            return -1;
        }
    }

    /** Publishes positions; if that fails the next checkpoint's will do. */
    private void publish() {
        Map<TopicPartition, OffsetAndMetadata> positions = told.takeCommit();
        if (!positions.isEmpty()) {
            consumer.commitAsync(positions, (offsets, error) -> {
                if (error != null) {
                    LOG.debug("publishing positions", error);
                }
            });
        }
    }

    @Override
    public void handleSplitsChanges(SplitsChange<PartitionSplit> change) {
        Map<TopicPartition, Reading> added = new HashMap<>();
        for (PartitionSplit split : change.splits()) {
            added.put(split.partition(), new Reading(split));
        }
        partitions.putAll(added);
        look = null; // it says something of these as well
        if (consumer == null) {
            return;
        }
        try {
            consumer.assign(new ArrayList<>(partitions.keySet()));
            added.forEach((partition, reading) -> {
                seek(consumer, partition, reading);
                settle(partition, reading);
            });
        } catch (KafkaException error) {
            lost(error);
        }
    }

    private void rest(long millis) {
        synchronized (alarm) {
            try {
                if (!alarmed) {
                    alarm.wait(millis);
                }
                alarmed = false;
            } catch (InterruptedException ending) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void wakeUp() {
        synchronized (alarm) {
            alarmed = true;
            alarm.notifyAll();
        }
        Consumer<byte[], byte[]> now = consumer;
        if (now != null) {
            now.wakeup();
        }
    }

    @Override
    public void close() {
        gate.close();
        Consumer<byte[], byte[]> last = consumer;
        consumer = null;
        Map<TopicPartition, OffsetAndMetadata> positions = told.takeCommit();
        if (last != null && !positions.isEmpty()) {
            try {
                last.commitSync(positions, CLOSE);
            } catch (KafkaException error) {
                LOG.debug("publishing the last positions", error);
            }
        }
        close(last, CLOSE);
    }
}
