package federation.source;

import federation.framing.Framing;
import federation.kafka.Gate;
import federation.registry.Given;
import federation.registry.SchemaCache;
import federation.registry.SchemaCache.Answer;
import federation.registry.SchemaCache.Asked;
import federation.registry.SchemaCache.Outage;
import federation.registry.SchemaId;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Lets a record go to the task when its schema is known there, or known not to exist: so the task
 * never waits for a registry, and a registry that is down holds only the partitions whose next record
 * needs a schema that nobody has seen. Also holds what {@link SchemaChanges} wants held.
 */
final class SchemaGate implements Gate {
    private static final int MAX_VERDICTS = 10_000;
    private static final Answer NONE_NEEDED = new Answer(null, null);
    private static final Asked BEING_ASKED = () -> {};

    private final Framing values;
    private final Given valueSchemas;
    private final Framing keys;
    private final Given keySchemas;
    private final SchemaChanges changes;
    private final Map<SchemaId, String> verdicts = new HashMap<>();
    private final Map<SchemaId, Asked> asked = new ConcurrentHashMap<>();
    private SchemaId lastValue;
    private SchemaId lastKey;

    /**
     * @param values framing of values, this gate's own
     * @param keys framing of the keys of delete markers, or null where those are not read
     */
    SchemaGate(
            Framing values,
            Given valueSchemas,
            Framing keys,
            Given keySchemas,
            SchemaChanges changes) {
        this.values = values;
        this.valueSchemas = valueSchemas;
        this.keys = keys;
        this.keySchemas = keySchemas;
        this.changes = changes;
    }

    @Override
    public String waitsFor(ConsumerRecord<byte[], byte[]> record, Runnable again) {
        if (record.value() != null) {
            SchemaId id = values.schemaOf(record);
            if (id == null || id == lastValue) { // nearly always
                return null;
            }
            return value(id, again);
        }
        SchemaId id = keys == null ? null : keys.schemaOf(record);
        if (id == null || id == lastKey) {
            return null;
        }
        SchemaCache cache = keySchemas.cache(id);
        Answer answer = answer(cache, id, again);
        lastKey = isLasting(answer) ? id : null;
        return answer == null ? waiting(cache, id) : null;
    }

    private String value(SchemaId id, Runnable again) {
        lastValue = null;
        String verdict = verdicts.get(id);
        if (verdict == null) {
            SchemaCache cache = valueSchemas.cache(id);
            Answer answer = answer(cache, id, again);
            if (answer == null) {
                return waiting(cache, id);
            }
            if (!isLasting(answer)) {
                return null;
            }
            verdict = answer.schema() == null ? "" : changes.judge(id, answer.schema());
            if (answer.schema() != null && verdicts.size() < MAX_VERDICTS) {
                verdicts.put(id, verdict);
            }
        }
        if (!verdict.isEmpty()) {
            return verdict;
        }
        lastValue = id;
        return null;
    }

    /** A registry may get a schema later that it does not have yet: a refusal is good for a time only. */
    private static boolean isLasting(Answer answer) {
        return answer != null && answer.refusal() == null;
    }

    /** What the registry has said of a schema; null while it has not. */
    private Answer answer(SchemaCache registry, SchemaId id, Runnable again) {
        if (registry == null) {
            return NONE_NEEDED;
        }
        Answer answer = registry.known(id);
        if (answer == null) {
            if (asked.putIfAbsent(id, BEING_ASKED) == null) {
                Asked question = registry.ask(id, () -> {
                    asked.remove(id);
                    again.run();
                });
                asked.replace(id, BEING_ASKED, question); // unless the answer is there already
            }
            answer = registry.known(id);
        }
        return answer;
    }

    private static String waiting(SchemaCache registry, SchemaId id) {
        Outage outage = registry.outage();
        return outage == null
                ? "schema " + id + " is asked for"
                : "schema " + id + " is not known yet, and " + outage.registry()
                        + " does not answer since " + outage.since() + ": " + outage.why();
    }

    @Override
    public void close() {
        asked.values().forEach(Asked::close);
        asked.clear();
    }
}
