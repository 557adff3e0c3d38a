package federation.map;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON text as values: Map, List, String, Boolean, null, and numbers as they are written, so that no
 * digits are lost or blown up.
 */
final class JsonText {
  /** Names are a stranger's: none are remembered. Depth is bounded before, the rest by the record's size. */
  private static final JsonFactory JSON = JsonFactory.builder()
      .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
      .streamReadConstraints(StreamReadConstraints.builder().maxNumberLength(Integer.MAX_VALUE)
          .maxNameLength(Integer.MAX_VALUE).maxStringLength(Integer.MAX_VALUE).build())
      .build();

  private JsonText() {}

  /** A number as it is written. */
  record Number(String text) {}

  /** @throws MappingException utf8, depth, json or duplicate, looked for in this order */
  static Object parse(byte[] in, int from, int length) throws MappingException {
    if (!Utf8.valid(in, from, from + length)) {
      throw MappingException.decode("utf8");
    }
    nesting(in, from, from + length);
    boolean[] repeated = {false};
    Object value;
    // From text and not from bytes: of bytes the parser guesses whether they are UTF-16 or UTF-32.
    try (JsonParser parser = JSON.createParser(new String(in, from, length, StandardCharsets.UTF_8))) {
      value = value(parser, parser.nextToken(), repeated);
      if (parser.nextToken() != null) {
        throw MappingException.decode("json");
      }
    } catch (IOException malformed) {
      throw MappingException.decode("json");
    }
    if (repeated[0]) {
      throw MappingException.decode("duplicate");
    }
    return value;
  }

  private static Object value(JsonParser parser, JsonToken token, boolean[] repeated)
      throws IOException, MappingException {
    if (token == null) {
      throw MappingException.decode("json");
    }
    switch (token) {
      case START_OBJECT: {
        Map<String, Object> map = new LinkedHashMap<>();
        for (JsonToken name = parser.nextToken(); name != JsonToken.END_OBJECT; name = parser.nextToken()) {
          if (name != JsonToken.FIELD_NAME) {
            throw MappingException.decode("json");
          }
          String key = parser.currentName();
          int before = map.size();
          map.put(key, value(parser, parser.nextToken(), repeated));
          repeated[0] |= map.size() == before;
        }
        return map;
      }
      case START_ARRAY: {
        List<Object> list = new ArrayList<>();
        for (JsonToken item = parser.nextToken(); item != JsonToken.END_ARRAY; item = parser.nextToken()) {
          list.add(value(parser, item, repeated));
        }
        return list;
      }
      case VALUE_STRING:
        return parser.getText();
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT:
        return new Number(parser.getText());
      case VALUE_TRUE:
        return true;
      case VALUE_FALSE:
        return false;
      case VALUE_NULL:
        return null;
      default:
        throw MappingException.decode("json");
    }
  }

  /** Refuses brackets within more than 64 others, before a parser goes down with them. */
  private static void nesting(byte[] in, int from, int to) throws MappingException {
    int depth = 0;
    boolean text = false;
    for (int i = from; i < to; i++) {
      switch (in[i]) {
        case '"' -> text = !text;
        case '\\' -> i += text ? 1 : 0;
        case '[', '{' -> depth += text ? 0 : 1;
        case ']', '}' -> depth -= text ? 0 : 1;
        default -> { }
      }
      if (depth > Run.MAX_DEPTH) {
        throw MappingException.decode("depth");
      }
    }
  }
}
