package federation.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The schemas of one registry on disk, one JSON file each, for a restart while the registry does not
 * answer. A file that cannot be read is as one that is not there; one that cannot be written is logged.
 */
final class SchemaFolder {
    static final int MAX_FILES = 10_000;
    private static final Logger LOG = LoggerFactory.getLogger(SchemaFolder.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final String registry;
    private final String prefix;
    private final int limit;
    private int files;

    SchemaFolder(Path folder, String registry) {
        this(folder, registry, MAX_FILES);
    }

    /** @param limit how many schemas of this registry are kept; those that come later are not */
    SchemaFolder(Path folder, String registry, int limit) {
        this.folder = folder;
        this.registry = registry;
        this.limit = limit;
        prefix = digest(registry) + "-";
        try {
            Files.createDirectories(folder);
            try (Stream<Path> all = Files.list(folder)) {
                files = (int) all.filter(one -> one.getFileName().toString().startsWith(prefix)).count();
            }
        } catch (IOException error) {
            LOG.warn("schemas are not kept in {}: {}", folder, error.toString());
        }
    }

    /** The schema of a name; null if it is not kept. */
    synchronized Schema read(SchemaId id) {
        Path file = file(id);
        try {
            JsonNode kept = JSON.readTree(Files.readAllBytes(file));
            if (kept.path("registry").asText().equals(registry)) {
                return new Schema.Parser()
                        .setValidateDefaults(false)
                        .parse(kept.required("schema").toString());
            }
        } catch (NoSuchFileException absent) {
            return null;
        } catch (IOException | RuntimeException | StackOverflowError error) {
            LOG.warn("{} is of no use: {}", file, error.toString());
        }
        return null;
    }

    /** Keeps a schema that the registry gave. */
    synchronized void write(SchemaId id, Schema schema) {
        Schema before = read(id);
        if (schema.equals(before)) {
            return;
        }
        if (before != null) {
            LOG.warn("{} now has another schema {} than before: has the registry been made anew?",
                    registry, id);
        } else if (files >= limit) {
            return;
        }
        Path file = file(id);
        Path stage = file.resolveSibling("." + file.getFileName());
        try {
            ObjectNode kept = JSON.createObjectNode().put("registry", registry).put("id", id.toString());
            kept.set("schema", JSON.readTree(schema.toString()));
            Files.write(stage, JSON.writeValueAsBytes(kept));
            boolean isNew = !Files.exists(file);
            Files.move(stage, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            files += isNew ? 1 : 0;
        } catch (IOException | RuntimeException | StackOverflowError error) { // deeper than can be printed
            LOG.warn("schema {} of {} is not kept: {}", id, registry, error.toString());
        }
    }

    private Path file(SchemaId id) {
        String name = id.kind() == SchemaId.Kind.ID ? "id " + id : id.toString();
        return folder.resolve(prefix + name.toLowerCase(Locale.ROOT).replace(' ', '-') + ".json");
    }

    private static String digest(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 8);
        } catch (NoSuchAlgorithmException impossible) { // every Java has it
            throw new IllegalStateException(impossible);
        }
    }
}
