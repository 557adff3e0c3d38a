package federation.dedup;

/**
 * A record that can be recognised when it comes again. A fingerprint is a 128-bit hash, well mixed in
 * all its bits: the upper ones choose a place in memory, and two different identities are taken for
 * one with a chance of (remembered keys) / 2^128 per record.
 */
public interface Identified {
    /** Unit of keyed state, from 0 up: the same for all records that may be duplicates of each other. */
    int bucket();

    /** Position of the record's source in the plan's list; names its counters. */
    int source();

    /** Whether there is a business identity: the key fields by which one event is known anywhere. */
    boolean hasBusiness();

    /** Upper half of the business fingerprint. */
    long business1();

    /** Lower half of the business fingerprint. */
    long business2();

    /** Whether there is a transport identity: cluster id, topic, partition and offset. */
    boolean hasTransport();

    /** Upper half of the transport fingerprint. */
    long transport1();

    /** Lower half of the transport fingerprint. */
    long transport2();

    /** Record time in milliseconds since 1970; the window is counted from it. */
    long time();
}
