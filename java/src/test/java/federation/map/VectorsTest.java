package federation.map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.avro.Schema;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

@DisplayName("The mapping rules, by the vectors shared with the Python reference")
class VectorsTest {
  @TestFactory
  @DisplayName("every case gives the same value, failure or refusal as is written down")
  List<DynamicTest> cases() throws Exception {
    List<DynamicTest> tests = new ArrayList<>();
    Path folder = Resources.given("federation.vectors");
    for (Path place : List.of(folder, folder.resolve("conformance"))) {
      int before = tests.size();
      try (DirectoryStream<Path> files = Files.newDirectoryStream(place, place == folder ? "mapping*.json" : "*.json")) {
        for (Path file : files) {
          for (JsonNode one : Resources.JSON.readTree(file.toFile()).get("cases")) {
            tests.add(DynamicTest.dynamicTest(file.getFileName() + ": " + one.get("name").asText(), () -> check(one)));
          }
        }
      }
      assertTrue(tests.size() > before, "no vectors in " + place);
    }
    return tests;
  }

  private static void check(JsonNode one) throws Exception {
    Schema contract = Resources.schema(one.get("contract"));
    Transcoder transcoder = null;
    String refusal = "";
    try {
      transcoder = Transcoder.compile(Resources.schema(one.get("writer")), contract, Rule.parse(one.get("rules")));
    } catch (ContractException | IllegalArgumentException e) {
      refusal = e.getMessage();
    }
    assertEquals(one.path("refused").asBoolean(), transcoder == null, "refused: " + refusal);
    if (transcoder == null) {
      return;
    }
    byte[] in = HexFormat.of().parseHex(one.get("in").asText());
    if (one.has("error")) {
      fails(transcoder, in, one.get("error"));
    } else {
      Object value = Resources.decode(contract, Resources.run(transcoder, in));
      assertEquals(Resources.decode(contract, HexFormat.of().parseHex(one.get("out").asText())), value);
      fieldsLieWhereTheySay(transcoder, contract, in);
    }
  }

  private static void fails(Transcoder transcoder, byte[] in, JsonNode wanted) {
    MappingException failure = null;
    Output out = new Output();
    out.write(7);
    try {
      transcoder.transcode(in, 0, in.length, out);
    } catch (MappingException e) {
      failure = e;
    }
    assertNotNull(failure, "must fail");
    assertEquals(1, out.length(), "a failed record leaves nothing in the output");
    assertEquals(wanted.get("stage").asText() + " " + wanted.get("reason").asText(),
        failure.stage() + " " + failure.reason());
    assertEquals(wanted.path("path").asText(failure.path()), failure.path());
  }

  /** The fields' places must cut the record, framed and in the midst of a buffer, into its fields. */
  private static void fieldsLieWhereTheySay(Transcoder transcoder, Schema contract, byte[] in) throws Exception {
    byte[] padded = new byte[in.length + 9];
    System.arraycopy(in, 0, padded, 4, in.length);
    Output out = new Output();
    out.writeLong(123456);
    int frame = out.length();
    transcoder.transcode(padded, 4, in.length, out);
    int at = frame;
    for (Schema.Field field : contract.getFields()) {
      assertEquals(at, transcoder.fieldStart(field.pos()), field.name());
      at = transcoder.fieldEnd(field.pos());
    }
    assertEquals(out.length(), at);
  }
}
