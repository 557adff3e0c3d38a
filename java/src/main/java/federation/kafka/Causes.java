package federation.kafka;

import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** What an exception says to people. */
final class Causes {
    private Causes() {}

    /** The innermost message, as {@code Kind: message} where the message alone says too little. */
    static String sentence(Throwable error) {
        Throwable cause = error;
        while (cause.getCause() != null
                && (cause instanceof ExecutionException
                        || cause instanceof CompletionException
                        || cause.getClass().getName().endsWith(".KafkaException"))) {
            cause = cause.getCause();
        }
        String kind = cause.getClass().getSimpleName().replaceFirst("Exception$", "");
        return cause.getMessage() == null ? kind : kind + ": " + cause.getMessage();
    }
}
