package federation.record;

import org.apache.flink.api.java.functions.KeySelector;

/** Partitions the stream by bucket, so that one target key is always handled by one task. */
public final class BucketSelector implements KeySelector<Record, Integer> {
    private static final long serialVersionUID = 1L;

    /** Number of buckets: many times the largest parallelism, few enough to name each in state. */
    public static final int BUCKETS = 4096;

    @Override
    public Integer getKey(Record record) {
        return record.bucket;
    }
}
