package federation.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import federation.plan.Specs;
import federation.plan.StreamSpec;
import federation.registry.LocalRegistry;
import federation.registry.SchemaCache;
import federation.registry.SchemaId;
import federation.registry.SchemaSource;
import java.util.Map;
import org.apache.avro.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayName("Programs by writer schema id")
@Timeout(60)
class WritersTest {
    private static final int PROGRAMS = 20;
    private static final int REFUSALS = 50;

    private LocalRegistry registry;
    private Writers writers;

    @BeforeEach
    void open() throws Exception {
        registry = new LocalRegistry();
        Schema contract = StreamSpec.parse(Specs.orders(registry.url()).toString()).contract;
        SchemaCache cache = new SchemaCache(
                SchemaSource.of(Specs.access(registry.url())), (url, why) -> {
                    throw new AssertionError(why);
                });
        writers = new Writers(cache, contract, Map.of(), null, PROGRAMS, REFUSALS);
        registry.with(5, Stage.WRITER.toString());
    }

    @AfterEach
    void close() {
        registry.close();
    }

    private Refused refused(int id) {
        return assertThrows(Refused.class, () -> writers.get(SchemaId.of(id)));
    }

    @Test
    @DisplayName("are compiled once")
    void once() throws Exception {
        Writers.Writer writer = writers.get(SchemaId.of(5));
        refused(404);
        assertSame(writer, writers.get(SchemaId.of(5)));
        assertEquals(2, registry.asked().size());
    }

    @Test
    @DisplayName("a schema that cannot be used is not asked for again: what an id means never changes")
    void forGood() {
        registry.with(6, "nonsense").with(7, "\"int\"");
        for (int i = 0; i < 3; i++) {
            assertEquals("not_avro", refused(6).reason);
            assertEquals("contract", refused(7).reason);
        }
        assertEquals(2, registry.asked().size());
    }

    @Test
    @DisplayName("ids of no use without end displace no program")
    void hostile() throws Exception {
        Writers.Writer writer = writers.get(SchemaId.of(5));
        for (int id = 1_000; id <= 1_000 + REFUSALS; id++) {
            registry.with(id, "\"int\"");
            assertEquals("contract", refused(id).reason);
        }
        assertSame(writer, writers.get(SchemaId.of(5)));
    }

    @Test
    @DisplayName("are bounded: the one unused for longest goes, and is compiled again")
    void bounded() throws Exception {
        for (int id = 0; id < PROGRAMS; id++) {
            registry.with(id, Stage.WRITER.toString());
        }
        Writers.Writer first = writers.get(SchemaId.of(0));
        Writers.Writer second = writers.get(SchemaId.of(1));
        for (int id = 2; id < PROGRAMS; id++) {
            writers.get(SchemaId.of(id));
            assertSame(first, writers.get(SchemaId.of(0)), "what is in use stays");
        }
        registry.with(PROGRAMS, Stage.WRITER.toString());
        writers.get(SchemaId.of(PROGRAMS));
        assertSame(first, writers.get(SchemaId.of(0)));
        assertNotSame(second, writers.get(SchemaId.of(1)));
    }

    @Test
    @DisplayName("an id that no registry can give is refused without asking")
    void negative() {
        assertEquals("unknown_id", refused(Integer.MIN_VALUE).reason);
        assertEquals(0, registry.asked().size());
    }
}
