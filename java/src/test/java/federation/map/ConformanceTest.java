package federation.map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.avro.Schema;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Avro's resolution rules, by cases that nobody of the project wrote")
class ConformanceTest {
  /** Cases that must raise for other readers, and only because a record, enum or fixed has another name. */
  private static final Set<String> BY_NAME_ONLY = Set.of("py-compat-264", "py-compat-265", "py-compat-353",
      "py-compat-354", "py-compat-355", "py-compat-356", "py-compat-357", "py-compat-358", "java-multiple-enum-name",
      "cs-mismatch-15", "cs-mismatch-21", "cs-mismatch-record-1", "rb-aliased-named-3", "rb-aliased-named-4",
      "rb-aliased-named-6", "rb-aliased-named-8", "rb-decimal-10");
  /** Cases that must raise for other readers, and here keep their meaning: a decimal as bytes or as fixed. */
  private static final Set<String> BY_MEANING = Set.of("rb-decimal-12", "rb-decimal-13");

  @Test
  @DisplayName("every case without rules gives the agreed value or fails where all agree it must")
  void resolution() throws Exception {
    Path given = Resources.given("federation.conformance");
    Path folder = Files.isDirectory(given.resolve("avro")) ? given.resolve("avro") : given;
    Path file = Files.isDirectory(folder) ? folder.resolve("resolution.jsonl") : folder;
    List<String> deviations = new ArrayList<>();
    int agree = 0;
    int expected = 0;
    for (String line : Files.readAllLines(file)) {
      JsonNode row = Resources.JSON.readTree(line);
      String name = row.get("name").asText();
      String problem = problem(row);
      if (problem == null) {
        agree++;
      } else if (BY_NAME_ONLY.contains(name) || BY_MEANING.contains(name)) {
        expected++;
      } else {
        deviations.add(name + ": " + problem + " (" + row.get("grade").asText() + ") " + row.get("writer") + " -> "
            + row.get("reader"));
      }
    }
    System.out.println("conformance: " + agree + " agree, " + expected + " deviate as decided, " + deviations.size()
        + " deviate");
    assertTrue(deviations.isEmpty(), () -> String.join("\n", deviations));
    assertEquals(BY_NAME_ONLY.size() + BY_MEANING.size(), expected, "a case listed as a deviation agrees");
  }

  private static String problem(JsonNode row) throws Exception {
    boolean error = row.path("error").asBoolean();
    byte[] bytes;
    Schema reader = Resources.schema(row.get("reader"));
    try {
      Transcoder transcoder = Transcoder.compile(Resources.schema(row.get("writer")), reader, Map.of());
      bytes = Resources.run(transcoder, Base64.getDecoder().decode(row.get("bytes_b64").asText()));
    } catch (ContractException | MappingException e) {
      return error ? null : e.toString();
    }
    if (error) {
      return "must raise, gives " + Resources.decode(reader, bytes);
    }
    Object value = Resources.decode(reader, bytes);
    Object wanted = Resources.decode(reader, Base64.getDecoder().decode(row.get("expect_bytes_b64").asText()));
    return wanted == null ? value == null ? null : "gives " + value
        : wanted.equals(value) ? null : "gives " + value + ", not " + wanted;
  }
}
