package federation.map;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import federation.Vectors;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.apache.avro.Schema;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

@DisplayName("Plain JSON by a schema, by the vectors shared with the Python reference")
class PlainJsonTest {
  @TestFactory
  @DisplayName("every case gives the same Avro bytes, or the same refusal")
  List<DynamicTest> cases() throws Exception {
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonNode one : Vectors.read("plainjson.json").get("cases")) {
      tests.add(DynamicTest.dynamicTest(one.get("name").asText(), () -> check(one)));
    }
    assertFalse(tests.isEmpty());
    return tests;
  }

  private static void check(JsonNode one) throws Exception {
    byte[] text = one.has("hex") ? HexFormat.of().parseHex(one.get("hex").asText())
        : one.get("text").asText().getBytes(StandardCharsets.UTF_8);
    PlainJson program = PlainJson.compile(Resources.schema(one.get("schema")));
    byte[] padded = new byte[text.length + 9];
    System.arraycopy(text, 0, padded, 4, text.length);
    for (int twice = 0; twice < 2; twice++) { // what a program remembers changes nothing
      Output out = new Output();
      out.write(7);
      String made;
      try {
        program.encode(padded, 4, text.length, out);
        made = HexFormat.of().formatHex(out.copy(1));
      } catch (MappingException refusal) {
        made = refusal.stage() + "/" + refusal.reason() + " at " + refusal.path();
      }
      JsonNode error = one.path("error");
      assertEquals(one.has("avro") ? one.get("avro").asText()
          : "decode/" + error.get("reason").asText() + " at " + error.get("path").asText(), made);
    }
  }

  @Test
  @DisplayName("a default of another type is no schema for JSON")
  void badDefault() {
    Schema schema = Resources.schema(Resources.json(
        "{'type': 'record', 'name': 'R', 'fields': [{'name': 'a', 'type': 'int', 'default': 'x'}]}"));
    assertThrows(ContractException.class, () -> PlainJson.compile(schema));
  }

  @Test
  @DisplayName("text cut or changed anywhere becomes a datum of the schema or is refused, and nothing else happens")
  void fuzz() throws Exception {
    Random random = new Random(7);
    for (JsonNode one : Vectors.read("plainjson.json").get("cases")) {
      Schema schema = Resources.schema(one.get("schema"));
      PlainJson program = PlainJson.compile(schema);
      byte[] text = one.path("text").asText().getBytes(StandardCharsets.UTF_8);
      for (int turn = 0; turn < 50 && text.length < 1_000; turn++) {
        byte[] bytes = Arrays.copyOf(text, random.nextInt(text.length + 1));
        for (int flips = random.nextInt(3); flips > 0 && bytes.length > 0; flips--) {
          bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        Output out = new Output();
        try {
          program.encode(bytes, 0, bytes.length, out);
        } catch (MappingException refusal) {
          assertEquals("decode", refusal.stage());
          continue;
        }
        Object datum = Resources.decode(schema, out.copy(0));
        Output again = new Output();
        program.encode(bytes, 0, bytes.length, again);
        assertArrayEquals(out.copy(0), again.copy(0), String.valueOf(datum));
      }
    }
  }
}
