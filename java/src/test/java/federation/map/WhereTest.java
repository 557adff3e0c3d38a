package federation.map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.apache.avro.Schema;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

@DisplayName("Filters")
class WhereTest {
  @TestFactory
  @DisplayName("every expression has the result that the Python reference gives, or is refused by both")
  List<DynamicTest> vectors() throws Exception {
    JsonNode file = Resources.JSON.readTree(Resources.given("federation.vectors").resolve("where.json").toFile());
    Schema writer = Resources.schema(file.get("writer"));
    byte[] record = HexFormat.of().parseHex(file.get("in").asText());
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonNode one : file.get("cases")) {
      String wanted = one.has("refused") ? "refused" : one.get("result").asText();
      tests.add(DynamicTest.dynamicTest(one.get("where").asText(),
          () -> assertEquals(wanted, result(one.get("where").asText(), writer, record))));
    }
    return tests;
  }

  @Test
  @DisplayName("bytes that are no record are an error of decoding, wherever they lie in the buffer")
  void decode() throws Exception {
    Schema writer = Resources.schema(Resources.json("{'type':'record','name':'W','fields':[{'name':'ok','type':'boolean'}]}"));
    Where where = Where.compile("ok", writer);
    byte[] buffer = {9, 9, 1, 9};
    assertEquals(true, where.test(buffer, 2, 1));
    assertEquals("trailing", assertThrows(MappingException.class, () -> where.test(buffer, 2, 2)).reason());
    assertEquals("truncated", assertThrows(MappingException.class, () -> where.test(buffer, 2, 0)).reason());
  }

  @Test
  @DisplayName("a schema that is no record has no fields, and one that is a nullable record has its fields")
  void bare() throws Exception {
    Schema nullable = Resources.schema(Resources.json(
        "['null',{'type':'record','name':'W','fields':[{'name':'ok','type':'boolean'}]}]"));
    assertEquals("true", result("ok", nullable, new byte[] {2, 1}));
    assertEquals("eval", result("ok", nullable, new byte[] {0}));
    assertEquals("eval", result("ok", Schema.create(Schema.Type.INT), new byte[] {0}));
  }

  private static String result(String expression, Schema writer, byte[] record) {
    byte[] padded = Arrays.copyOf(record, record.length + 3);
    try {
      return Boolean.toString(Where.compile(expression, writer).test(padded, 0, record.length));
    } catch (ContractException e) {
      return "refused";
    } catch (MappingException e) {
      return e.stage().equals("where") ? e.reason() : e.toString();
    }
  }
}
