package federation.settle;

import federation.sink.Extent;
import federation.sink.TargetTransaction;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.record.Record;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes the records of aborted transactions once more, as they lie in the log: same partition, order,
 * key, value, headers and timestamp, all of them in one new transaction.
 */
final class Rewrite {
    private final Properties properties;
    private final TransactionLog log;

    /** @param properties of a producer of the cluster, its transactional id included */
    Rewrite(Properties properties, TransactionLog log) {
        this.properties = properties;
        this.log = log;
    }

    /**
     * Writes and commits, or leaves nothing.
     *
     * @param transactions in the order of their checkpoints
     * @return records written; 0 where an earlier attempt turns out to have succeeded after all
     * @throws KafkaException it was not committed, or that is not known: the log tells
     */
    long write(List<TargetTransaction> transactions) throws InterruptedException {
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                properties, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.initTransactions(); // now an earlier attempt is over, one way or the other
            List<Finding> aborted = new ArrayList<>();
            List<TargetTransaction> owners = new ArrayList<>();
            for (TargetTransaction transaction : transactions) {
                for (Finding finding : log.inspect(transaction)) {
                    if (finding.copies() > 0) {
                        return 0;
                    }
                    if (finding.fate() == Fate.ABORTED) {
                        aborted.add(finding);
                        owners.add(transaction);
                    }
                }
            }
            producer.beginTransaction();
            long written = 0;
            for (int i = 0; i < aborted.size(); i++) {
                written += copy(producer, owners.get(i), aborted.get(i));
            }
            producer.commitTransaction();
            return written;
        }
    }

    private long copy(
            KafkaProducer<byte[], byte[]> producer, TargetTransaction owner, Finding aborted)
            throws InterruptedException {
        Extent extent = aborted.extent();
        AtomicReference<Exception> failure = new AtomicReference<>();
        long[] sent = new long[1];
        log.records(owner, extent, record -> {
            producer.send(
                    again(extent, record), (done, why) -> failure.compareAndSet(null, why));
            sent[0]++;
        });
        producer.flush();
        if (failure.get() != null) {
            throw new KafkaException("records of " + extent + " were not taken", failure.get());
        }
        if (sent[0] != aborted.found()) {
            throw new KafkaException(extent + " changes while it is read: " + sent[0]
                    + " records instead of " + aborted.found());
        }
        return sent[0];
    }

    private static ProducerRecord<byte[], byte[]> again(Extent extent, Record record) {
        return new ProducerRecord<>(
                extent.topic(),
                extent.partition(),
                record.timestamp() < 0 ? null : record.timestamp(),
                bytes(record.key()),
                bytes(record.value()),
                List.of(record.headers()));
    }

    private static byte[] bytes(ByteBuffer part) {
        if (part == null) {
            return null;
        }
        byte[] copy = new byte[part.remaining()];
        part.get(copy);
        return copy;
    }
}
