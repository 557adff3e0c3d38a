package federation.dedup;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.state.KeyedStateBackend;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.VoidNamespaceSerializer;

/**
 * Puts new fingerprints into Flink's keyed state: for each bucket a map from sequence number to the
 * bytes of a {@link Segment}.
 *
 * <p>A bucket's last segment stays open until it has {@value #SEALED} fingerprints; then it is written
 * for good. A checkpoint writes the open segments that have grown since the last one, whole, and nothing
 * else: its cost follows what was added, few additions do not leave small segments behind, and no
 * segment is read back but for a restore. A segment is removed when the latest slice in it is forgotten.
 */
final class SegmentLog {
    /** Fingerprints in a full segment: 2 KiB. */
    private static final int SEALED = 128;
    /** A bucket's objects: itself, its open segment, array headers. */
    private static final int BUCKET_BYTES = 128;

    private static final MapStateDescriptor<Long, byte[]> DESCRIPTOR = new MapStateDescriptor<>(
            "fingerprint-segments-v1",
            Types.LONG,
            PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);

    private static final class Bucket {
        final int number;
        final Segment open = new Segment();
        /** Sequence number of the open segment; all sealed ones have smaller ones. */
        long sequence;
        /** Whether the open segment has what the state has not. */
        boolean unsaved;
        /** Whether it waits for the next checkpoint. */
        boolean listed;
        /** Sealed segments: sequence number and last millisecond, in turns. */
        long[] sealed = {};
        int sealedUsed;

        Bucket(int number) {
            this.number = number;
        }
    }

    private final KeyedStateBackend<Integer> backend;
    private final MapState<Long, byte[]> segments;
    private final List<Bucket> changed = new ArrayList<>();
    private Bucket[] buckets = {};
    private long bytes;
    private int cursor;
    private int toSweep;
    private long sweptBefore = Long.MIN_VALUE;

    SegmentLog(KeyedStateBackend<Integer> backend) throws Exception {
        this.backend = backend;
        this.segments = backend.getPartitionedState(
                VoidNamespace.INSTANCE, VoidNamespaceSerializer.INSTANCE, DESCRIPTOR);
    }

    /** Bytes of memory taken beside the state itself. */
    long bytes() {
        return bytes;
    }

    /** Adds a fingerprint whose slice ends at {@code until}, in milliseconds. */
    void append(int number, long high, long low, long until) throws Exception {
        Bucket bucket = bucket(number);
        bytes -= bucket.open.bytes();
        bucket.open.append(high, low, until);
        bytes += bucket.open.bytes();
        bucket.unsaved = true;
        if (!bucket.listed) {
            bucket.listed = true;
            changed.add(bucket);
        }
        if (bucket.open.size() >= SEALED) {
            write(bucket);
        }
    }

    /** Writes all that the state does not have yet; the synchronous part of a checkpoint. */
    void flush() throws Exception {
        for (Bucket bucket : changed) {
            bucket.listed = false;
            if (bucket.unsaved) {
                write(bucket);
            }
        }
        changed.clear();
    }

    private void write(Bucket bucket) throws Exception {
        backend.setCurrentKey(bucket.number);
        segments.put(bucket.sequence, bucket.open.toBytes());
        bucket.unsaved = false;
        if (bucket.open.size() >= SEALED) {
            seal(bucket, bucket.sequence++, bucket.open.until());
            bytes -= bucket.open.bytes();
            bucket.open.clear();
        }
    }

    private void seal(Bucket bucket, long sequence, long until) {
        if (bucket.sealedUsed == bucket.sealed.length) {
            int more = Math.max(4, bucket.sealedUsed / 8 * 2);
            bucket.sealed = Arrays.copyOf(bucket.sealed, bucket.sealedUsed + more);
            bytes += (long) more * Long.BYTES;
        }
        bucket.sealed[bucket.sealedUsed++] = sequence;
        bucket.sealed[bucket.sealedUsed++] = until;
    }

    /**
     * A small step of housekeeping, to be called now and then: removes one bucket's segments that hold
     * nothing later than this instant, in milliseconds.
     */
    void sweep(long forgottenBefore) throws Exception {
        if (forgottenBefore > sweptBefore) {
            sweptBefore = forgottenBefore;
            toSweep = buckets.length;
        }
        if (toSweep > 0) {
            toSweep--;
            cursor = (cursor + 1) % buckets.length;
            if (buckets[cursor] != null) {
                removeForgotten(buckets[cursor]);
            }
        }
    }

    private void removeForgotten(Bucket bucket) throws Exception {
        int kept = 0;
        for (int at = 0; at < bucket.sealedUsed; at += 2) {
            if (bucket.sealed[at + 1] < sweptBefore) {
                remove(bucket, bucket.sealed[at]);
            } else {
                bucket.sealed[kept++] = bucket.sealed[at];
                bucket.sealed[kept++] = bucket.sealed[at + 1];
            }
        }
        bucket.sealedUsed = kept;
        if (bucket.open.size() > 0 && bucket.open.until() < sweptBefore) {
            remove(bucket, bucket.sequence++);
            bytes -= bucket.open.bytes();
            bucket.open.clear();
            bucket.unsaved = false;
        }
    }

    private void remove(Bucket bucket, long sequence) throws Exception {
        backend.setCurrentKey(bucket.number);
        segments.remove(sequence);
    }

    /**
     * Reads every fingerprint of this task's key groups back; for a task that has just been restored.
     * The state is all there is: it does not matter which tasks wrote it. What counts to a slice that
     * ended before {@code forgottenBefore}, in milliseconds, leaves the state here.
     */
    void restore(long forgottenBefore, Segment.Visitor visitor) throws Exception {
        List<Integer> numbers;
        try (Stream<Integer> keys = backend.getKeys(DESCRIPTOR.getName(), VoidNamespace.INSTANCE)) {
            numbers = keys.toList();
        }
        for (int number : numbers) {
            backend.setCurrentKey(number);
            restore(bucket(number), forgottenBefore, visitor);
        }
    }

    private void restore(Bucket bucket, long forgottenBefore, Segment.Visitor visitor)
            throws Exception {
        byte[] last = null;
        for (Iterator<Map.Entry<Long, byte[]>> all = segments.iterator(); all.hasNext(); ) {
            Map.Entry<Long, byte[]> entry = all.next();
            byte[] segment = Segment.keep(entry.getValue(), forgottenBefore);
            if (segment == null) {
                all.remove();
                continue;
            }
            if (segment != entry.getValue()) {
                entry.setValue(segment);
            }
            Segment.read(segment, visitor);
            if (entry.getKey() >= bucket.sequence) {
                bucket.sequence = entry.getKey();
                last = segment;
            }
            seal(bucket, entry.getKey(), Segment.until(segment));
        }
        if (last != null) {
            reopen(bucket, last);
        }
    }

    /** Goes on with the last segment of a restored bucket, if it is small. */
    private void reopen(Bucket bucket, byte[] last) throws IOException {
        if (Segment.size(last) >= SEALED) {
            bucket.sequence++;
            return;
        }
        int at = 0;
        while (bucket.sealed[at] != bucket.sequence) {
            at += 2;
        }
        bucket.sealedUsed -= 2;
        bucket.sealed[at] = bucket.sealed[bucket.sealedUsed];
        bucket.sealed[at + 1] = bucket.sealed[bucket.sealedUsed + 1];
        Segment.read(last, bucket.open::append);
        bytes += bucket.open.bytes();
    }

    private Bucket bucket(int number) {
        if (number >= buckets.length) {
            buckets = Arrays.copyOf(buckets, Math.max(number + 1, 2 * buckets.length));
        }
        Bucket bucket = buckets[number];
        if (bucket == null) {
            bucket = new Bucket(number);
            buckets[number] = bucket;
            bytes += BUCKET_BYTES;
        }
        return bucket;
    }
}
