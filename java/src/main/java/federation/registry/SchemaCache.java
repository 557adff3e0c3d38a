package federation.registry;

import federation.plan.StreamSpec.RegistrySpec;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.apache.avro.Schema;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is known of one registry's schemas, shared by all tasks of this JVM that read with it: each
 * schema is asked for once. A registry that does not answer is asked again, with back-off, for as long
 * as somebody waits; meanwhile, what {@link SchemaFolder} kept from an earlier run will do.
 *
 * <p>Safe for threads. Only {@link #get} blocks.
 */
public final class SchemaCache implements Schemas {
    /** An id that is unknown may be registered later, and is asked for again after this long. */
    static final long UNKNOWN_MS = 30_000;
    private static final int MAX_SCHEMAS = 10_000;
    private static final int MAX_REFUSALS = 10_000;
    private static final int OUTSTANDING = 4;
    private static final long FIRST_PAUSE_MS = 200;
    private static final long LONGEST_PAUSE_MS = 10_000;
    private static final long IDLE_S = 10;
    private static final Logger LOG = LoggerFactory.getLogger(SchemaCache.class);
    private static final Map<List<String>, SchemaCache> SHARED = new HashMap<>();

    private final SchemaSource source;
    private final SchemaFolder folder;
    private final Waiting waiting;
    private final Settings settings;
    private final ScheduledThreadPoolExecutor threads;
    private final Bounded schemas;
    private final Bounded refusals; // apart: ids made up by broken records displace no schema
    private final Map<SchemaId, Question> open = new HashMap<>(); // guarded by itself

    /** Told about each attempt that has to be repeated; must not block. */
    public interface Waiting {
        void on(String registry, String why);
    }

    /** A schema, or why there is none; the other is null. */
    public record Answer(Schema schema, SchemaException refusal) {
        /** The schema, or else the refusal thrown. */
        public Schema get() throws SchemaException {
            if (refusal != null) {
                throw refusal;
            }
            return schema;
        }
    }

    /** Takes a callback back, unless it is just being made. Whoever stops waiting says so by this. */
    public interface Asked extends AutoCloseable {
        @Override
        void close();
    }

    /** Questions have been waiting for the registry since then; {@code why} is the last failure. */
    public record Outage(String registry, Instant since, String why) {}

    /** Bounds and pauses; {@code clock} in milliseconds that only go forward. */
    record Settings(int maxSchemas, int maxRefusals, long firstPause, LongSupplier clock) {
        static final Settings USUAL = new Settings(
                MAX_SCHEMAS, MAX_REFUSALS, FIRST_PAUSE_MS, () -> System.nanoTime() / 1_000_000);
    }

    private record Known(Answer answer, long until) {}

    /** @param folder where schemas are kept, or null */
    SchemaCache(SchemaSource source, SchemaFolder folder, Waiting waiting, Settings settings) {
        this.source = source;
        this.folder = folder;
        this.waiting = waiting;
        this.settings = settings;
        schemas = new Bounded(settings.maxSchemas);
        refusals = new Bounded(settings.maxRefusals);
        threads = new ScheduledThreadPoolExecutor(OUTSTANDING, work -> {
            Thread thread = new Thread(work, source.registry());
            thread.setDaemon(true);
            return thread;
        });
        threads.setKeepAliveTime(IDLE_S, TimeUnit.SECONDS);
        threads.allowCoreThreadTimeOut(true);
    }

    /** A cache of its own, which keeps nothing on disk. */
    public SchemaCache(SchemaSource source, Waiting waiting) {
        this(source, waiting, Settings.USUAL.clock);
    }

    /** @param clock milliseconds that only go forward */
    public SchemaCache(SchemaSource source, Waiting waiting, LongSupplier clock) {
        this(source, null, waiting, new Settings(MAX_SCHEMAS, MAX_REFUSALS, FIRST_PAUSE_MS, clock));
    }

    /**
     * The one cache of this JVM for a registry.
     *
     * @param folder where schemas outlive the JVM, or null
     */
    public static SchemaCache of(RegistrySpec spec, String folder) {
        return of(spec, List.of(), folder);
    }

    /** The one that knows the schemas of these subjects by their fingerprint. */
    public static SchemaCache of(RegistrySpec spec, List<String> subjects, String folder) {
        List<String> key = new ArrayList<>(spec.access());
        key.add(folder);
        key.addAll(subjects);
        synchronized (SHARED) {
            return SHARED.computeIfAbsent(key, absent -> {
                SchemaSource registry = SchemaSource.of(spec);
                SchemaSource source = subjects.isEmpty()
                        ? registry
                        : new SubjectsSource(registry, subjects);
                SchemaFolder kept =
                        folder == null ? null : new SchemaFolder(Path.of(folder), source.registry());
                return new SchemaCache(source, kept, new WaitingLog(), Settings.USUAL);
            });
        }
    }

    /** What is known of a schema by now; null if nothing is, or no more. Takes no lock. */
    public Answer known(SchemaId id) {
        Known known = last(id);
        return known == null || settings.clock.getAsLong() >= known.until ? null : known.answer;
    }

    private Known last(SchemaId id) {
        Known known = schemas.get(id);
        return known == null ? refusals.get(id) : known;
    }

    /**
     * Calls back when a schema is {@link #known}: from a thread of the cache, or from this one if it is
     * known already. The registry is asked for as long as there is somebody to call back.
     *
     * @param whenKnown must not block or throw
     */
    public Asked ask(SchemaId id, Runnable whenKnown) {
        synchronized (open) {
            if (known(id) == null) {
                Question question = open.get(id);
                if (question == null) {
                    question = new Question(id);
                    open.put(id, question);
                    threads.execute(question);
                }
                List<Runnable> callbacks = question.callbacks;
                callbacks.add(whenKnown);
                return () -> {
                    synchronized (open) {
                        callbacks.remove(whenKnown);
                    }
                };
            }
        }
        whenKnown.run();
        return () -> {};
    }

    /**
     * The schema, with all that it refers to; waits until the registry has answered. An answer is as
     * good here after its time as before: whoever wants a newer one asks for it.
     *
     * @throws SchemaException if there is none of this name, or it is not Avro
     * @throws InterruptedException if the thread is interrupted while waiting
     */
    @Override
    public Schema get(SchemaId id) throws SchemaException, InterruptedException {
        Known known = last(id);
        while (known == null) {
            CountDownLatch done = new CountDownLatch(1);
            try (Asked asked = ask(id, done::countDown)) {
                done.await();
            }
            known = last(id);
        }
        return known.answer.get();
    }

    /** Whether questions wait for the registry to answer, and since when; null if none does. */
    public Outage outage() {
        synchronized (open) {
            Question first = null;
            for (Question one : open.values()) {
                if (one.failedSince != null
                        && !one.callbacks.isEmpty()
                        && (first == null || one.failedSince.isBefore(first.failedSince))) {
                    first = one;
                }
            }
            return first == null ? null : new Outage(source.registry(), first.failedSince, first.why);
        }
    }

    /** A schema that somebody waits for. */
    private final class Question implements Runnable {
        final SchemaId id;
        final List<Runnable> callbacks = new ArrayList<>(); // these three: guarded by open
        Instant failedSince;
        String why;
        private long pause = settings.firstPause;

        Question(SchemaId id) {
            this.id = id;
        }

        @Override
        public void run() {
            synchronized (open) {
                if (callbacks.isEmpty()) { // nobody waits any more
                    open.remove(id);
                    return;
                }
            }
            try {
                Schema schema = source.find(id);
                if (folder != null) {
                    folder.write(id, schema); // first: what has been used is there after a crash
                }
                answered(new Answer(schema, null), Long.MAX_VALUE);
            } catch (SchemaException no) {
                boolean unknown = no.reason().equals("unknown_id");
                answered(new Answer(null, no),
                        unknown ? settings.clock.getAsLong() + UNKNOWN_MS : Long.MAX_VALUE);
            } catch (IOException | InterruptedException | RuntimeException | Error error) {
                failed(error.getMessage() == null ? error.toString() : error.getMessage());
            }
        }

        private void failed(String message) {
            Schema kept = folder == null ? null : folder.read(id);
            if (kept != null) {
                LOG.warn("{} does not answer ({}): schema {} is taken as it was in an earlier run",
                        source.registry(), message, id);
                answered(new Answer(kept, null), Long.MAX_VALUE);
                return;
            }
            synchronized (open) {
                failedSince = failedSince == null ? Instant.now() : failedSince;
                why = message;
            }
            waiting.on(source.registry(), message);
            // Those who wait came at one time, and should not come again all at once.
            long jittered = pause / 2 + ThreadLocalRandom.current().nextLong(pause / 2 + 1);
            pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
            threads.schedule(this, jittered, TimeUnit.MILLISECONDS);
        }

        private void answered(Answer answer, long until) {
            List<Runnable> told;
            synchronized (open) {
                (answer.schema == null ? refusals : schemas).put(id, new Known(answer, until));
                open.remove(id);
                told = List.copyOf(callbacks);
                callbacks.clear();
            }
            for (Runnable callback : told) {
                try {
                    callback.run();
                } catch (RuntimeException bug) {
                    LOG.error("who waited for schema {} of {} failed", id, source.registry(), bug);
                }
            }
        }
    }

    /** The newest entries; read without a lock. */
    private static final class Bounded {
        private final Map<SchemaId, Known> entries = new ConcurrentHashMap<>();
        private final Queue<SchemaId> order = new ArrayDeque<>();
        private final int limit;

        Bounded(int limit) {
            this.limit = limit;
        }

        Known get(SchemaId id) {
            return entries.get(id);
        }

        synchronized void put(SchemaId id, Known known) {
            if (entries.put(id, known) == null) {
                order.add(id);
                if (order.size() > limit) {
                    entries.remove(order.remove());
                }
            }
        }
    }
}
