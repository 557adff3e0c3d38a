package federation.map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.avro.Schema;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Avro's resolution rules, by cases that nobody of the project wrote")
class ConformanceTest {
  @Test
  @DisplayName("every case without rules gives the agreed value or fails where all agree it must")
  void resolution() throws Exception {
    Path given = Resources.given("federation.conformance");
    Path folder = Files.isDirectory(given.resolve("avro")) ? given.resolve("avro") : given;
    Path file = Files.isDirectory(folder) ? folder.resolve("resolution.jsonl") : folder;
    Set<String> decided = new HashSet<>(); // why is said in docs/reference/avro-conformance.md
    Resources.JSON.readTree(Resources.given("federation.vectors").resolve("deviations.json").toFile())
        .forEach(names -> names.forEach(name -> decided.add(name.asText())));
    List<String> deviations = new ArrayList<>();
    int agree = 0;
    int expected = 0;
    for (String line : Files.readAllLines(file)) {
      JsonNode row = Resources.JSON.readTree(line);
      String name = row.get("name").asText();
      String problem = problem(row);
      if (problem == null) {
        agree++;
      } else if (decided.contains(name)) {
        expected++;
      } else {
        deviations.add(name + ": " + problem + " (" + row.get("grade").asText() + ") " + row.get("writer") + " -> "
            + row.get("reader"));
      }
    }
    System.out.println("conformance: " + agree + " agree, " + expected + " deviate as decided, " + deviations.size()
        + " deviate");
    assertTrue(deviations.isEmpty(), () -> String.join("\n", deviations));
    assertEquals(decided.size(), expected, "a case listed as a deviation agrees");
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
