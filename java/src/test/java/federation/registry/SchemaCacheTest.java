package federation.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import federation.plan.Specs;
import federation.registry.SchemaCache.Asked;
import federation.registry.SchemaCache.Settings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("What is known of a registry's schemas")
@Timeout(60)
class SchemaCacheTest {
    private static final SchemaId NINE = SchemaId.of(9);
    private static final Schema STRING = SchemaBuilder.builder().stringType();

    private final List<String> waits = Collections.synchronizedList(new ArrayList<>());
    private final List<SchemaId> asked = Collections.synchronizedList(new ArrayList<>());
    private volatile long now = 1_000;

    /** What the registry does with a question. */
    private interface Script {
        Schema find(SchemaId id) throws SchemaException, IOException, InterruptedException;
    }

    private SchemaCache cache(Script script) {
        return cache(script, null, 100);
    }

    private SchemaCache cache(Script script, SchemaFolder folder, int limit) {
        SchemaSource source = new SchemaSource() {
            @Override
            public String registry() {
                return "test http://registry";
            }

            @Override
            public Schema find(SchemaId id)
                    throws SchemaException, IOException, InterruptedException {
                asked.add(id);
                return script.find(id);
            }
        };
        return new SchemaCache(source, folder, (registry, why) -> waits.add(registry + " " + why),
                new Settings(limit, limit, 1, () -> now));
    }

    /** A registry that fails so many times before it answers. */
    private static Script failing(int times) {
        AtomicInteger left = new AtomicInteger(times);
        return id -> {
            if (left.getAndDecrement() > 0) {
                throw new IOException("HTTP 503");
            }
            return STRING;
        };
    }

    private static SchemaId id(int number) {
        return SchemaId.of(number);
    }

    @Test
    @DisplayName("is nothing at first, is asked for once however many ask at one time, and stays")
    void once() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        SchemaCache cache = cache(id -> {
            go.await();
            return STRING;
        });
        assertNull(cache.known(NINE));
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        for (String who : List.of("a", "b", "c")) {
            cache.ask(NINE, () -> told.add(who + " " + (cache.known(NINE) != null)));
        }
        go.countDown();
        assertEquals(STRING, cache.get(NINE));
        for (String who : List.of("a", "b", "c")) {
            assertEquals(who + " true", told.poll(30, TimeUnit.SECONDS));
        }
        assertSame(cache.get(NINE), cache.known(NINE).get());
        assertEquals(List.of(NINE), asked);
    }

    @Test
    @DisplayName("that is known already is called back at once, by the caller")
    void atOnce() throws Exception {
        SchemaCache cache = cache(id -> STRING);
        cache.get(NINE);
        List<Thread> by = new ArrayList<>();
        cache.ask(NINE, () -> by.add(Thread.currentThread()));
        assertEquals(List.of(Thread.currentThread()), by);
    }

    @Test
    @DisplayName("is asked for again and again while the registry does not answer, and said")
    void repeats() throws Exception {
        SchemaCache cache = cache(failing(3));
        assertEquals(STRING, cache.get(NINE));
        assertEquals(Collections.nCopies(3, "test http://registry HTTP 503"), waits);
        assertEquals(4, asked.size());
        assertNull(cache.outage());
    }

    @Test
    @DisplayName("of an unknown id is the registry's no, for half a minute")
    void unknown() throws Exception {
        AtomicInteger times = new AtomicInteger();
        SchemaCache cache = cache(id -> {
            if (times.incrementAndGet() == 1) {
                throw SchemaException.unknown("no");
            }
            return STRING;
        });
        assertThrows(SchemaException.class, () -> cache.get(NINE));
        now += SchemaCache.UNKNOWN_MS - 1;
        assertThrows(SchemaException.class, () -> cache.get(NINE));
        assertNotNull(cache.known(NINE).refusal());
        assertEquals(1, asked.size());
        now += 1;
        assertNull(cache.known(NINE));
        assertThrows(SchemaException.class, () -> cache.get(NINE), "until somebody asks anew");
        CountDownLatch asked = new CountDownLatch(1);
        cache.ask(NINE, asked::countDown);
        asked.await();
        assertEquals(STRING, cache.get(NINE));
        now += 1_000 * SchemaCache.UNKNOWN_MS;
        assertEquals(STRING, cache.known(NINE).schema());
    }

    @Test
    @DisplayName("of a schema that is not Avro is believed for good")
    void notAvro() {
        SchemaCache cache = cache(id -> {
            throw SchemaException.notAvro("no");
        });
        for (int i = 0; i < 3; i++) {
            assertEquals("not_avro",
                    assertThrows(SchemaException.class, () -> cache.get(NINE)).reason());
            now += 1_000 * SchemaCache.UNKNOWN_MS;
        }
        assertEquals(1, asked.size());
    }

    @Test
    @DisplayName("a client that fails as none should is asked again, and nobody waits in vain")
    void bug() throws Exception {
        AtomicInteger times = new AtomicInteger();
        SchemaCache cache = cache(id -> {
            switch (times.incrementAndGet()) {
                case 1 -> throw new IllegalStateException("a bug");
                case 2 -> throw new NoClassDefFoundError("a/jar/is/missing");
                default -> {
                    return STRING;
                }
            }
        });
        assertEquals(STRING, cache.get(NINE));
        assertEquals(2, waits.size());
    }

    @Test
    @DisplayName("one callback that fails does not keep the others from theirs")
    void badCallback() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch told = new CountDownLatch(1);
        SchemaCache cache = cache(id -> {
            go.await();
            return STRING;
        });
        cache.ask(NINE, () -> {
            throw new IllegalStateException("a bug");
        });
        cache.ask(NINE, told::countDown);
        go.countDown();
        assertTrue(told.await(30, TimeUnit.SECONDS));
    }

    @Test
    @DisplayName("is asked for with four questions at most at one time, and the rest wait their turn")
    void concurrency() throws Exception {
        Semaphore answers = new Semaphore(0);
        CyclicBarrier four = new CyclicBarrier(5);
        AtomicInteger outstanding = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        SchemaCache cache = cache(id -> {
            most.accumulateAndGet(outstanding.incrementAndGet(), Math::max);
            try {
                if (id.low() < 4) {
                    four.await();
                }
            } catch (Exception broken) {
                throw new IllegalStateException(broken);
            }
            answers.acquire();
            outstanding.decrementAndGet();
            return STRING;
        });
        CountDownLatch all = new CountDownLatch(50);
        for (int i = 0; i < 50; i++) {
            cache.ask(id(i), all::countDown);
        }
        four.await(30, TimeUnit.SECONDS); // the first four are out
        answers.release(50);
        assertTrue(all.await(30, TimeUnit.SECONDS));
        assertEquals(4, most.get());
        assertEquals(50, asked.size());
    }

    @Test
    @DisplayName("an outage is told while somebody waits, from the first failure on")
    void outage() throws Exception {
        CountDownLatch failed = new CountDownLatch(3);
        Semaphore healed = new Semaphore(0);
        SchemaCache cache = cache(id -> {
            failed.countDown();
            if (!healed.tryAcquire()) {
                throw new IOException("HTTP 503 at " + failed.getCount());
            }
            return STRING;
        });
        assertNull(cache.outage());
        CountDownLatch told = new CountDownLatch(1);
        cache.ask(NINE, told::countDown);
        assertTrue(failed.await(30, TimeUnit.SECONDS));
        SchemaCache.Outage first = cache.outage();
        assertEquals("test http://registry", first.registry());
        assertTrue(first.why().startsWith("HTTP 503 at "), first.why());
        assertEquals(first.since(), cache.outage().since());
        healed.release();
        assertTrue(told.await(30, TimeUnit.SECONDS));
        assertNull(cache.outage());
    }

    @Test
    @DisplayName("who no longer waits is not called, and what nobody waits for is not asked")
    void takenBack() throws Exception {
        CountDownLatch failed = new CountDownLatch(1);
        Semaphore healed = new Semaphore(0);
        List<String> told = Collections.synchronizedList(new ArrayList<>());
        SchemaCache cache = cache(id -> {
            if (id.equals(NINE)) {
                failed.countDown();
                throw new IOException("down");
            }
            healed.acquire();
            return STRING;
        });
        Asked gone = cache.ask(id(1), () -> told.add("gone"));
        CountDownLatch stays = new CountDownLatch(1);
        cache.ask(id(1), stays::countDown);
        gone.close();
        Asked only = cache.ask(NINE, () -> told.add("only"));
        assertTrue(failed.await(30, TimeUnit.SECONDS));
        only.close();
        assertNull(cache.outage());
        healed.release();
        assertTrue(stays.await(30, TimeUnit.SECONDS));
        assertEquals(List.of(), told);
    }

    @Test
    @DisplayName("an interrupt ends waiting, and the question with it")
    void interrupted() throws Exception {
        CountDownLatch failed = new CountDownLatch(1);
        SchemaCache cache = cache(id -> {
            failed.countDown();
            throw new IOException("down");
        });
        FutureTask<Schema> task = new FutureTask<>(() -> cache.get(NINE));
        Thread thread = new Thread(task, "waiting");
        thread.setDaemon(true);
        thread.start();
        assertTrue(failed.await(30, TimeUnit.SECONDS));
        assertFalse(task.isDone());
        thread.interrupt();
        ExecutionException ended = assertThrows(
                ExecutionException.class, () -> task.get(30, TimeUnit.SECONDS));
        assertInstanceOf(InterruptedException.class, ended.getCause());
        assertNull(cache.outage());
    }

    @Test
    @DisplayName("is bounded, and ids made up without end displace no schema")
    void bounded() throws Exception {
        SchemaCache cache = cache(id -> {
            if (id.low() >= 1_000) {
                throw SchemaException.unknown("no");
            }
            return STRING;
        }, null, 10);
        for (int i = 0; i <= 10; i++) {
            cache.get(id(i));
        }
        assertNull(cache.known(id(0)));
        for (int i = 1_000; i <= 1_010; i++) {
            int number = i;
            assertThrows(SchemaException.class, () -> cache.get(id(number)));
        }
        assertNull(cache.known(id(1_000)));
        assertNotNull(cache.known(id(1_010)));
        for (int i = 1; i <= 10; i++) {
            assertNotNull(cache.known(id(i)));
        }
    }

    @Test
    @DisplayName("outlives a run: while the registry does not answer, what it gave before will do")
    void kept(@TempDir Path folder) throws Exception {
        SchemaFolder before = new SchemaFolder(folder, "test http://registry");
        cache(id -> STRING, before, 100).get(NINE);
        SchemaCache restarted = cache(id -> {
            throw new IOException("down");
        }, new SchemaFolder(folder, "test http://registry"), 100);
        assertEquals(STRING, restarted.get(NINE));
        assertEquals(List.of(), waits);
    }

    @Test
    @DisplayName("of a registry that answers is its own word, whatever was kept")
    void ownWord(@TempDir Path folder) throws Exception {
        SchemaFolder kept = new SchemaFolder(folder, "test http://registry");
        kept.write(NINE, STRING);
        kept.write(id(10), STRING);
        Schema other = SchemaBuilder.builder().intType();
        SchemaCache cache = cache(id -> {
            if (id.equals(NINE)) {
                return other;
            }
            throw SchemaException.unknown("no");
        }, kept, 100);
        assertEquals(other, cache.get(NINE));
        assertThrows(SchemaException.class, () -> cache.get(id(10)));
    }

    @Test
    @DisplayName("is one in this JVM for one registry reached in one way")
    void shared() {
        SchemaCache cache = SchemaCache.of(Specs.access("http://registry/shared"), null);
        assertSame(cache, SchemaCache.of(Specs.access("http://registry/shared"), null));
        assertFalse(cache == SchemaCache.of(Specs.access("http://registry/other"), null));
        assertFalse(cache == SchemaCache.of(Specs.access("http://registry/shared"), "/tmp/kept"));
    }
}
