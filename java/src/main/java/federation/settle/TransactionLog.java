package federation.settle;

import federation.sink.Extent;
import federation.sink.TargetTransaction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.kafka.common.record.ControlRecordType;
import org.apache.kafka.common.record.Record;
import org.apache.kafka.common.record.RecordBatch;

/**
 * What became of transactions, by the only witness that does not forget: the log of the partitions they
 * wrote to. A producer id has one open transaction at a time, so the first marker of a producer id behind
 * a transaction's records is that transaction's, whatever epoch the marker bears.
 */
public final class TransactionLog implements AutoCloseable {
    private final RawLog log;

    /** @param properties by which the cluster is reached */
    public TransactionLog(Properties properties) {
        log = new RawLog(properties);
    }

    /** One word for all partitions: the worst that needs something done. */
    public Fate fate(TargetTransaction transaction) throws InterruptedException {
        Fate all = Fate.EXPIRED;
        for (Extent extent : transaction.extents()) {
            Fate one = marker(transaction, extent).fate();
            if (one == Fate.OPEN || one == Fate.ABORTED && all != Fate.OPEN
                    || all == Fate.EXPIRED) {
                all = one;
            }
        }
        return all;
    }

    /** What the log holds, extent by extent; the records themselves are read only where aborted. */
    public List<Finding> inspect(TargetTransaction transaction) throws InterruptedException {
        List<Finding> all = new ArrayList<>();
        for (Extent extent : transaction.extents()) {
            Finding found = marker(transaction, extent);
            all.add(found.fate() == Fate.ABORTED ? counted(transaction, extent, found) : found);
        }
        return all;
    }

    /** Hands out the transaction's records of one partition, in their order. */
    void records(TargetTransaction transaction, Extent extent, Consumer<Record> out)
            throws InterruptedException {
        log.read(extent.place(), extent.first(), batch -> {
            if (belongs(transaction, batch)) {
                batch.forEach(out);
            }
            return batch.baseOffset() < extent.last() || extent.last() < 0;
        });
    }

    /** Reads on from the last record; where its offset is not known, from the first that is met. */
    private Finding marker(TargetTransaction transaction, Extent extent)
            throws InterruptedException {
        AtomicReference<Fate> fate = new AtomicReference<>(Fate.OPEN);
        boolean[] met = {extent.last() >= 0};
        long start = log.read(extent.place(), Math.max(0, extent.last()), batch -> {
            met[0] |= belongs(transaction, batch);
            ControlRecordType ends = met[0] ? end(transaction, batch) : null;
            if (ends != null) {
                fate.set(ends == ControlRecordType.COMMIT ? Fate.COMMITTED : Fate.ABORTED);
            }
            return ends == null;
        });
        boolean deleted = extent.last() >= 0 ? extent.last() < start : !met[0] && start > 0;
        return new Finding(extent, deleted ? Fate.EXPIRED : fate.get(), 0, 0, start);
    }

    private Finding counted(TargetTransaction transaction, Extent extent, Finding marked)
            throws InterruptedException {
        Fingerprints fingerprints = new Fingerprints();
        records(transaction, extent, fingerprints::add);
        fingerprints.seal();
        long[] copies = new long[1];
        Map<Long, Long> open = new HashMap<>();
        log.read(extent.place(), Math.max(0, extent.last()), batch -> {
            if (batch.isControlBatch()) {
                Long pending = open.remove(batch.producerId());
                if (pending != null && type(batch) == ControlRecordType.COMMIT) {
                    copies[0] += pending;
                }
            } else if (!belongs(transaction, batch)) {
                long equal = 0;
                for (Record record : batch) {
                    equal += fingerprints.contains(record) ? 1 : 0;
                }
                if (!batch.isTransactional()) {
                    copies[0] += equal;
                } else if (equal > 0) {
                    open.merge(batch.producerId(), equal, Long::sum);
                }
            }
            return true;
        });
        return new Finding(
                extent, Fate.ABORTED, fingerprints.size(), copies[0], marked.start());
    }

    private static boolean belongs(TargetTransaction transaction, RecordBatch batch) {
        return !batch.isControlBatch()
                && batch.producerId() == transaction.committable().getProducerId()
                && batch.producerEpoch() == transaction.committable().getEpoch();
    }

    /** The kind of marker, if the batch is one of this transaction's producer. */
    private static ControlRecordType end(TargetTransaction transaction, RecordBatch batch) {
        boolean ours = batch.isControlBatch()
                && batch.producerId() == transaction.committable().getProducerId();
        return ours ? type(batch) : null;
    }

    private static ControlRecordType type(RecordBatch control) {
        return ControlRecordType.parse(control.iterator().next().key());
    }

    @Override
    public void close() {
        log.close();
    }
}
