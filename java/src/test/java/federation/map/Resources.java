package federation.map;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.DecoderFactory;
import org.junit.jupiter.api.Assumptions;

/** What the tests share: folders given by system properties, schemas, decoding with Avro's own reader. */
final class Resources {
  static final ObjectMapper JSON = new ObjectMapper();

  private Resources() {}

  /** The folder or file that a property names; the test is skipped where it is not given. */
  static Path given(String property) {
    String value = System.getProperty(property);
    Assumptions.assumeTrue(value != null, "the property " + property + " is not set");
    Path path = Path.of(value);
    Assumptions.assumeTrue(Files.exists(path), path + " is not there");
    return path;
  }

  static Schema schema(JsonNode json) {
    return new Schema.Parser().setValidateDefaults(false).parse(json.toString());
  }

  static Schema schema(String json) {
    return new Schema.Parser().parse(json);
  }

  static JsonNode json(String text) {
    try {
      return JSON.readTree(text.replace('\'', '"'));
    } catch (java.io.IOException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** The datum, physical types only. */
  static Object decode(Schema schema, byte[] bytes) throws java.io.IOException {
    return new GenericDatumReader<>(schema, schema, new GenericData())
        .read(null, DecoderFactory.get().binaryDecoder(bytes, null));
  }

  static byte[] run(Transcoder transcoder, byte[] in) throws MappingException {
    Output out = new Output(0);
    transcoder.transcode(in, 0, in.length, out);
    return out.copy(0);
  }
}
