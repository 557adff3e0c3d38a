package federation.dedup;

/** A record for tests: identities are named by numbers, and hashed here. */
record Event(int bucket, int source, Long business, Long transport, long time)
        implements Identified {
    /** An event with a business identity alone; events of one key share a bucket. */
    static Event of(long business, long time) {
        return new Event((int) (business & 15), 0, business, null, time);
    }

    /** A number stirred until all its bits are random (the finisher of SplitMix64). */
    static long hash(long number) {
        long z = number * 0x9e3779b97f4a7c15L + 0x632be59bd9b4e019L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    @Override
    public boolean hasBusiness() {
        return business != null;
    }

    @Override
    public long business1() {
        return hash(business);
    }

    @Override
    public long business2() {
        return hash(~business);
    }

    @Override
    public boolean hasTransport() {
        return transport != null;
    }

    @Override
    public long transport1() {
        return hash(transport);
    }

    @Override
    public long transport2() {
        return hash(~transport);
    }
}
