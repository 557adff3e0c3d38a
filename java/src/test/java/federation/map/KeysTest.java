package federation.map;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import org.apache.avro.Schema;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("Keys and fingerprints")
class KeysTest {
  @ParameterizedTest
  @DisplayName("a key's text is that of its value")
  @CsvSource(delimiter = '|', value = {"'string'|0641c3a9|Aé", "'string'|00|''", "'int'|05|-3", "'long'|ffffffffffffffffff01|-9223372036854775808",
      "'boolean'|01|true", "'boolean'|00|false", "{'type':'enum','name':'E','symbols':['A','B']}|02|B",
      "['null','string']|020278|x", "{'type':'fixed','name':'U','size':16,'logicalType':'uuid'}|"
          + "0f1e2d3c4b5a69788796a5b4c3d2e1f0|0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"}, quoteCharacter = '`')
  void text(String schema, String hex, String wanted) throws Exception {
    byte[] bytes = HexFormat.of().parseHex("aa" + hex + "bb");
    byte[] text = Keys.text(Resources.schema(Resources.json(schema)), bytes, 1, bytes.length - 1);
    assertEquals(wanted.equals("''") ? "" : wanted, new String(text, StandardCharsets.UTF_8));
  }

  @Test
  @DisplayName("a null key is an error of the key, and a double has no text")
  void refused() {
    Schema nullable = Resources.schema(Resources.json("['null','string']"));
    MappingException e = assertThrows(MappingException.class, () -> Keys.text(nullable, new byte[] {0}, 0, 1));
    assertEquals("key null", e.stage() + " " + e.reason());
    assertFalse(Keys.textual(Schema.create(Schema.Type.DOUBLE)));
  }

  @Test
  @DisplayName("slices of the record, in the order asked for, are the key record's bytes")
  void concat() throws Exception {
    Schema writer = Resources.schema(Resources.json("{'type':'record','name':'W','fields':["
        + "{'name':'a','type':'string'},{'name':'b','type':'int'},{'name':'c','type':'float'}]}"));
    Schema contract = Resources.schema(Resources.json("{'type':'record','name':'C','fields':["
        + "{'name':'c','type':'double'},{'name':'a','type':'string'},{'name':'b','type':'long'},"
        + "{'name':'k','type':'string','default':'k'}]}"));
    Transcoder transcoder = Transcoder.compile(writer, contract, Map.of());
    Output out = new Output();
    transcoder.transcode(HexFormat.of().parseHex("0478790600000000"), 0, 8, out);
    Output key = new Output();
    Keys.concat(transcoder, out, new int[] {2, 3, 1}, key);
    assertArrayEquals(HexFormat.of().parseHex("06026b047879"), key.copy(0));
  }

  @Test
  @DisplayName("MurmurHash3 x64 128 gives the shared vectors, wherever the bytes lie")
  void murmur() throws Exception {
    JsonNode file = Resources.JSON.readTree(Resources.given("federation.vectors").resolve("murmur3.json").toFile());
    Murmur3 murmur = new Murmur3();
    for (JsonNode one : file.get("murmur3")) {
      byte[] in = HexFormat.of().parseHex("ff" + one.get("in").asText() + "ff");
      murmur.hash(in, 1, in.length - 2);
      byte[] out = new byte[16];
      for (int i = 0; i < 8; i++) {
        out[i] = (byte) (murmur.first() >>> 8 * i);
        out[8 + i] = (byte) (murmur.second() >>> 8 * i);
      }
      assertEquals(one.get("out").asText(), HexFormat.of().formatHex(out));
    }
  }
}
