package federation.kafka;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What keeps a reading task from reading, and since when: shown as a gauge, and logged when it
 * begins and when it ends, not each time it is noticed. Safe for use by several threads.
 */
public final class Troubles {
    private static final Logger LOG = LoggerFactory.getLogger(Troubles.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    /** A gauge is no place for the troubles of a thousand partitions. */
    private static final int MOST = 20;

    private final String source;
    private final LongSupplier clock;
    private final Map<String, Trouble> troubles = new TreeMap<>();

    /** One trouble; {@code since} in epoch milliseconds, {@code gap} null where nothing is gone. */
    public record Trouble(String where, long since, String what, Gap gap) {}

    /** @param source the source's name; @param clock epoch milliseconds */
    public Troubles(String source, LongSupplier clock) {
        this.source = source;
        this.clock = clock;
    }

    /** Something is wrong at a place; the same place keeps its beginning. */
    public void set(String where, String what) {
        set(where, what, null);
    }

    /** Records are gone at a place, and only an operator can say that reading may go on. */
    public synchronized void set(String where, String what, Gap gap) {
        Trouble before = troubles.get(where);
        if (before != null && before.what.equals(what)) {
            return;
        }
        if (before == null) {
            LOG.warn("{}: {}: {}", source, where, what);
        }
        troubles.put(where, new Trouble(
                where, before == null ? clock.getAsLong() : before.since, what, gap));
    }

    /** All is well again at a place. */
    public synchronized void clear(String where) {
        Trouble ended = troubles.remove(where);
        if (ended != null) {
            LOG.info("{}: {}: well again after {} s", source, where,
                    (clock.getAsLong() - ended.since) / 1000);
        }
    }

    /** The troubles now, by place. */
    public synchronized List<Trouble> now() {
        return new ArrayList<>(troubles.values());
    }

    /** A JSON array of {@code {"where", "since", "what", "gap"}}; of many only the first. */
    public String toJson() {
        List<Trouble> all = now();
        try {
            return JSON.writeValueAsString(all.subList(0, Math.min(MOST, all.size())));
        } catch (JsonProcessingException error) {
            throw new IllegalStateException(error); // plain fields
        }
    }
}
