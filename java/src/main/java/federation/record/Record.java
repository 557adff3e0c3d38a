package federation.record;

import federation.dedup.Identified;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * What flows through the job: one target record, delete marker or dead letter, with the identities
 * by which duplicates are recognised. Mutable and plain: it is created once per record and never
 * shared between tasks.
 */
public final class Record implements Identified {
    public static final byte VALUE = 0;
    public static final byte TOMBSTONE = 1;
    public static final byte DEAD = 2;

    /** VALUE, TOMBSTONE or DEAD: decides the topic. */
    public byte kind;
    /** Position of the source in the plan's list; names its counters. */
    public int source;
    /** Unit of keyed state: records of one target key share a bucket. */
    public int bucket;
    /** Kafka timestamp of the source record, in milliseconds. */
    public long timestamp;
    /** Key as it is written, or null. */
    public byte[] key;
    /** Value as it is written (framed), or null for a delete marker. */
    public byte[] value;
    /** Headers as they are written; see {@link HeaderBlock}. */
    public byte[] headers;

    /** What it was made from, on its way to a Python function; null elsewhere, and never written. */
    public ConsumerRecord<byte[], byte[]> from;

    public boolean hasBusiness;
    public long business1;
    public long business2;
    public boolean hasTransport;
    public long transport1;
    public long transport2;

    @Override
    public int bucket() {
        return bucket;
    }

    @Override
    public int source() {
        return source;
    }

    @Override
    public boolean hasBusiness() {
        return hasBusiness;
    }

    @Override
    public long business1() {
        return business1;
    }

    @Override
    public long business2() {
        return business2;
    }

    @Override
    public boolean hasTransport() {
        return hasTransport;
    }

    @Override
    public long transport1() {
        return transport1;
    }

    @Override
    public long transport2() {
        return transport2;
    }

    @Override
    public long time() {
        return timestamp;
    }
}
