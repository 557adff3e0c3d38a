package federation.map;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.util.internal.Accessor;

/** Values written in schemas and rules (Avro's default form) as Avro bytes. */
final class Literal {
  private Literal() {}

  /** @throws ContractException if the value is not one of {@code schema} */
  static byte[] encode(Schema schema, JsonNode value) throws ContractException {
    Output out = new Output(64);
    if (!put(schema, value, out, 0)) {
      throw new ContractException(": " + value + " is not a value of " + schema.getType().getName());
    }
    return out.copy(0);
  }

  /** The default of a contract's field. */
  static byte[] encode(Schema.Field field) throws ContractException {
    return encode(field.schema(), fallback(field));
  }

  /** A field's default as it is written; what Avro itself makes of it takes a union's first branch for granted. */
  private static JsonNode fallback(Schema.Field field) {
    return Accessor.defaultValue(field);
  }

  private static boolean put(Schema schema, JsonNode value, Output out, int depth) {
    if (depth > Run.MAX_DEPTH) {
      return false;
    }
    int mark = out.length();
    boolean fits = switch (schema.getType()) {
      case UNION -> union(schema, value, out, depth);
      case NULL -> value.isNull();
      case BOOLEAN -> value.isBoolean() && one(out, value.booleanValue() ? 1 : 0);
      case INT -> value.isIntegralNumber() && value.canConvertToInt() && number(out, value.intValue());
      case LONG -> value.isIntegralNumber() && value.canConvertToLong() && number(out, value.longValue());
      case FLOAT -> value.isNumber() && Float.isFinite(value.floatValue()) && real(out, value.floatValue());
      case DOUBLE -> value.isNumber() && Double.isFinite(value.doubleValue()) && real(out, value.doubleValue());
      case STRING -> value.isTextual() && bytes(out, value.textValue().getBytes(StandardCharsets.UTF_8));
      case BYTES -> latin(value) && bytes(out, value.textValue().getBytes(StandardCharsets.ISO_8859_1));
      case FIXED -> latin(value) && value.textValue().length() == schema.getFixedSize()
          && raw(out, value.textValue().getBytes(StandardCharsets.ISO_8859_1));
      case ENUM -> value.isTextual() && schema.hasEnumSymbol(value.textValue())
          && number(out, schema.getEnumOrdinal(value.textValue()));
      case ARRAY -> value.isArray() && array(schema, value, out, depth);
      case MAP -> value.isObject() && map(schema, value, out, depth);
      case RECORD -> value.isObject() && record(schema, value, out, depth);
    };
    if (!fits) {
      out.reset(mark);
    }
    return fits;
  }

  private static boolean union(Schema schema, JsonNode value, Output out, int depth) {
    for (int i = 0; i < schema.getTypes().size(); i++) {
      int mark = out.length();
      out.writeLong(i);
      if (put(schema.getTypes().get(i), value, out, depth)) {
        return true;
      }
      out.reset(mark);
    }
    return false;
  }

  private static boolean array(Schema schema, JsonNode list, Output out, int depth) {
    if (!list.isEmpty()) {
      out.writeLong(list.size());
      for (JsonNode item : list) {
        if (!put(schema.getElementType(), item, out, depth + 1)) {
          return false;
        }
      }
    }
    return one(out, 0);
  }

  private static boolean map(Schema schema, JsonNode map, Output out, int depth) {
    if (!map.isEmpty()) {
      out.writeLong(map.size());
      for (Map.Entry<String, JsonNode> entry : map.properties()) {
        bytes(out, entry.getKey().getBytes(StandardCharsets.UTF_8));
        if (!put(schema.getValueType(), entry.getValue(), out, depth + 1)) {
          return false;
        }
      }
    }
    return one(out, 0);
  }

  private static boolean record(Schema schema, JsonNode map, Output out, int depth) {
    for (Schema.Field field : schema.getFields()) {
      JsonNode value = map.has(field.name()) ? map.get(field.name()) : fallback(field);
      if (value == null || !put(field.schema(), value, out, depth + 1)) {
        return false;
      }
    }
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      if (schema.getField(entry.getKey()) == null) {
        return false;
      }
    }
    return true;
  }

  /** Bytes and fixed are written as text, one character from U+0000 to U+00FF per byte. */
  private static boolean latin(JsonNode value) {
    return value.isTextual() && value.textValue().chars().allMatch(c -> c < 256);
  }

  private static boolean one(Output out, int value) {
    out.write(value);
    return true;
  }

  private static boolean number(Output out, long value) {
    out.writeLong(value);
    return true;
  }

  private static boolean real(Output out, float value) {
    out.writeFloat(value);
    return true;
  }

  private static boolean real(Output out, double value) {
    out.writeDouble(value);
    return true;
  }

  private static boolean bytes(Output out, byte[] value) {
    out.writeBytes(value, 0, value.length);
    return true;
  }

  private static boolean raw(Output out, byte[] value) {
    out.write(value, 0, value.length);
    return true;
  }
}
