package federation.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Schemas kept on disk")
class SchemaFolderTest {
    private static final String REGISTRY = "confluent http://registry:8081";
    private static final UUID GUID = UUID.fromString("89791762-2336-4186-9674-299b90a802e2");
    private static final Schema ORDER = new Schema.Parser().parse("""
            {"type": "record", "name": "Order", "namespace": "shop", "doc": "who, what",
             "fields": [{"name": "price", "aliases": ["cost"], "type": {"type": "record", "name": "Money",
               "fields": [{"name": "amount", "type": {"type": "bytes", "logicalType": "decimal",
                 "precision": 9, "scale": 2}}]}},
               {"name": "tip", "type": ["null", "Money"], "default": null}]}""");

    @TempDir
    Path folder;

    private SchemaFolder kept() {
        return new SchemaFolder(folder.resolve("schemas"), REGISTRY);
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.list(folder.resolve("schemas"))) {
            return all.sorted().toList();
        }
    }

    @Test
    @DisplayName("are there again whole, whatever kind of name they have")
    void again() throws Exception {
        List<SchemaId> ids = List.of(
                SchemaId.of(7), SchemaId.of(SchemaId.Kind.GLOBAL, 7),
                SchemaId.of(SchemaId.Kind.CONTENT, 7), SchemaId.of(SchemaId.Kind.GUID, GUID),
                SchemaId.of(SchemaId.Kind.GLUE, GUID));
        for (int i = 0; i < ids.size(); i++) {
            assertNull(kept().read(ids.get(i)));
            kept().write(ids.get(i), i == 0 ? ORDER : Schema.createFixed("F", null, null, i));
        }
        assertEquals(ORDER.toString(), kept().read(ids.get(0)).toString());
        for (int i = 1; i < ids.size(); i++) {
            assertEquals(i, kept().read(ids.get(i)).getFixedSize());
        }
        assertEquals(ids.size(), files().size());
    }

    @Test
    @DisplayName("of one registry are not another's, though the ids be the same")
    void apart() {
        SchemaFolder other = new SchemaFolder(folder.resolve("schemas"), "confluent http://other");
        kept().write(SchemaId.of(7), ORDER);
        assertNull(other.read(SchemaId.of(7)));
    }

    @Test
    @DisplayName("are replaced where the registry has another schema by now")
    void replaced() {
        kept().write(SchemaId.of(7), ORDER);
        kept().write(SchemaId.of(7), SchemaBuilder.builder().intType());
        assertEquals(Schema.Type.INT, kept().read(SchemaId.of(7)).getType());
    }

    @Test
    @DisplayName("are bounded: what comes later is not kept")
    void bounded() throws Exception {
        for (int i = 0; i < 5; i++) { // each as after a restart
            new SchemaFolder(folder.resolve("schemas"), REGISTRY, 3).write(SchemaId.of(i), ORDER);
        }
        assertEquals(3, files().size());
        assertEquals(ORDER, kept().read(SchemaId.of(2)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "{\"registry\": \"confluent http://registry:8081\"}",
        "{\"registry\": \"confluent http://registry:8081\", \"schema\": {\"type\": \"nonsense\"}}",
        "{\"registry\": \"confluent http://elsewhere\", \"schema\": \"string\"}"})
    @DisplayName("a damaged file is as none, and is written anew")
    void damaged(String content) throws Exception {
        kept().write(SchemaId.of(7), ORDER);
        Files.writeString(files().get(0), content);
        assertNull(kept().read(SchemaId.of(7)));
        kept().write(SchemaId.of(7), ORDER);
        assertEquals(ORDER, kept().read(SchemaId.of(7)));
    }

    @Test
    @DisplayName("where there can be no folder, nothing is kept and nothing fails")
    void nowhere() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        SchemaFolder nowhere = new SchemaFolder(file, REGISTRY);
        nowhere.write(SchemaId.of(7), ORDER);
        assertNull(nowhere.read(SchemaId.of(7)));
        assertFalse(Files.isDirectory(file));
    }
}
