package federation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** The files that these tests share with those in Python. */
public final class Vectors {
    private Vectors() {}

    /** A file of {@code tests/vectors}; the test is skipped where the folder is not given. */
    public static JsonNode read(String name) throws IOException {
        return new ObjectMapper().readTree(folder().resolve(name).toFile());
    }

    /** A page of {@code docs}. */
    public static String page(String name) throws IOException {
        return Files.readString(folder().resolve("../../docs").resolve(name));
    }

    private static Path folder() {
        String folder = System.getProperty("federation.vectors");
        Assumptions.assumeTrue(folder != null, "the property federation.vectors is not set");
        return Path.of(folder);
    }
}
