package federation.settle;

import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;

/** Waits for what an administrator's request answers. */
final class Answers {
    private Answers() {}

    /** @throws KafkaException whatever it failed with */
    static <T> T get(KafkaFuture<T> answer) throws InterruptedException {
        try {
            return answer.get();
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof KafkaException cause
                    ? cause
                    : new KafkaException(failed.getCause());
        }
    }
}
