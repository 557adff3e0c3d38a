package federation.sink;

import java.io.Serializable;

/**
 * Which timestamps a topic takes and keeps: how far from the time of writing one may lie, in
 * milliseconds, or -1 for as far as it likes. {@code federation/mapping/times.py} decides the same.
 *
 * @param old what is older is refused, or deleted as soon as it is written
 * @param ahead what lies further ahead is refused
 */
public record TimeLimits(long old, long ahead) implements Serializable {
    /** Has a record's own timestamp, in milliseconds as text, where it was given another. */
    static final String HEADER = "fed.timestamp";
    private static final long HOUR_MS = 60 * 60 * 1000;

    /** Whether a record that is written now gets the time of writing instead of its own. */
    boolean clamps(long timestamp, long now) {
        return timestamp >= 0
                && (old >= 0 && timestamp < now - safe(old)
                        || ahead >= 0 && timestamp > now + safe(ahead));
    }

    /** A tenth less, an hour at most: clocks differ, and a record has to be there to be read. */
    private static long safe(long limit) {
        return limit - Math.min(limit / 10, HOUR_MS);
    }
}
