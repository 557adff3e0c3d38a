package federation.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import federation.plan.Specs;
import federation.plan.StreamSpec;
import federation.registry.LocalRegistry;
import federation.registry.RegistryClient;
import federation.registry.SchemaId;
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
    private long now = 1_000;

    @BeforeEach
    void open() throws Exception {
        registry = new LocalRegistry();
        Schema contract = StreamSpec.parse(Specs.orders(registry.url()).toString()).contract;
        RegistryClient client = new RegistryClient(Specs.access(registry.url()), (url, why) -> {
            throw new AssertionError(why);
        });
        writers = new Writers(client, contract, Map.of(), null, () -> now, PROGRAMS, REFUSALS);
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
    @DisplayName("an unknown id is asked for again after a while, and found if it was registered since")
    void registeredLater() throws Exception {
        assertEquals("unknown_id", refused(6).reason);
        registry.with(6, Stage.WRITER.toString());
        now += Writers.UNKNOWN_MS - 1;
        refused(6);
        assertEquals(1, registry.asked().size());
        now += 1;
        writers.get(SchemaId.of(6));
        assertEquals(2, registry.asked().size());
    }

    @Test
    @DisplayName("a schema that cannot be used is not asked for again: what an id means never changes")
    void forGood() {
        registry.with(6, "nonsense").with(7, "\"int\"");
        for (int i = 0; i < 3; i++) {
            assertEquals("not_avro", refused(6).reason);
            assertEquals("contract", refused(7).reason);
            now += 10 * Writers.UNKNOWN_MS;
        }
        assertEquals(2, registry.asked().size());
    }

    @Test
    @DisplayName("unknown ids without end are forgotten, and displace no program")
    void hostile() throws Exception {
        Writers.Writer writer = writers.get(SchemaId.of(5));
        for (int id = 1_000; id <= 1_000 + REFUSALS; id++) {
            refused(id);
        }
        int asked = registry.asked().size();
        assertSame(writer, writers.get(SchemaId.of(5)));
        refused(1_001);
        assertEquals(asked, registry.asked().size(), "remembered: among the last");
        refused(1_000);
        assertEquals(asked + 1, registry.asked().size(), "forgotten: one more than is kept");
    }

    @Test
    @DisplayName("programs are bounded too: the one unused for longest goes")
    void bounded() throws Exception {
        for (int id = 0; id <= PROGRAMS; id++) {
            registry.with(id, Stage.WRITER.toString());
            writers.get(SchemaId.of(id));
            writers.get(SchemaId.of(0));
        }
        int asked = registry.asked().size();
        assertEquals(PROGRAMS + 1, asked, "what is in use stays");
        writers.get(SchemaId.of(0));
        writers.get(SchemaId.of(2));
        assertEquals(asked, registry.asked().size());
        writers.get(SchemaId.of(1));
        assertEquals(asked + 1, registry.asked().size());
    }

    @Test
    @DisplayName("an id that no registry can give is refused without asking")
    void negative() {
        assertEquals("unknown_id", refused(Integer.MIN_VALUE).reason);
        assertEquals(0, registry.asked().size());
    }
}
