package federation.map;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.apache.avro.Schema;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

@DisplayName("Computed fields")
class CelTest {
  private static final Schema CONTRACT = Resources.schema(Resources.json("{'type':'record','name':'C','fields':["
      + "{'name':'f','type':['null','boolean','long','double','string','bytes']}]}"));

  @TestFactory
  @DisplayName("every expression gives what the Python reference gives: a value, a dead letter, or a refusal")
  List<DynamicTest> vectors() throws Exception {
    JsonNode file = Resources.JSON.readTree(Resources.given("federation.vectors").resolve("cel.json").toFile());
    Schema writer = Resources.schema(file.get("writer"));
    byte[] record = HexFormat.of().parseHex(file.get("in").asText());
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonNode one : file.get("cases")) {
      String cel = one.get("cel").asText();
      tests.add(DynamicTest.dynamicTest(cel, () -> assertEquals(wanted(one), given(cel, writer, record))));
    }
    return tests;
  }

  private static String wanted(JsonNode one) throws Exception {
    if (one.has("refused") || one.has("lacking")) {
      return one.has("refused") ? "refused" : "lacking";
    }
    if (one.has("fails")) {
      return one.get("fails").asText();
    }
    JsonNode value = one.get("gives");
    String kind = value.isNull() ? "null" : value.fieldNames().next();
    Schema type = Schema.create(Schema.Type.valueOf(kind.toUpperCase(Locale.ROOT)));
    return kind + " " + HexFormat.of().formatHex(Literal.encode(type, value.isNull() ? value : value.get(kind)));
  }

  private static String given(String cel, Schema writer, byte[] record) {
    Transcoder transcoder;
    try {
      transcoder = Transcoder.compile(writer, CONTRACT,
          Rule.parse(Resources.JSON.createObjectNode().set("f", Resources.JSON.createObjectNode().put("cel", cel))));
    } catch (ContractException e) {
      return e.getMessage().contains("the writer has no field") ? "lacking" : "refused";
    }
    try {
      byte[] out = Resources.run(transcoder, record);
      Schema type = CONTRACT.getField("f").schema().getTypes().get(out[0] / 2);
      return type.getName() + " " + HexFormat.of().formatHex(out, 1, out.length);
    } catch (MappingException e) {
      return e.reason() + (e.stage().equals("map") && e.path().equals("f") ? "" : " " + e);
    }
  }
}
