package federation.kafka;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Decides whether a record may go to the task now, without waiting. Asked by the fetcher's thread, in
 * the order of each partition; a record that may not go holds back those behind it in its partition,
 * and nothing else.
 */
public interface Gate {
    /**
     * Null if the record may go; else why it must wait, for people. What it waits for is then under
     * way, and {@code again} runs when it may be worth asking again.
     */
    String waitsFor(ConsumerRecord<byte[], byte[]> record, Runnable again);

    /** Nobody asks any more. */
    default void close() {}
}
