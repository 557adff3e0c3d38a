package federation.map;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.JsonProperties;
import org.apache.avro.Schema;

/** Values written in schemas and rules (Avro's default form) as Avro bytes. */
final class Literal {
  private Literal() {}

  /** @throws ContractException if the value is not one of {@code schema} */
  static byte[] encode(Schema schema, JsonNode value) throws ContractException {
    return encode(schema, plain(value));
  }

  /** The default of a contract's field. */
  static byte[] encode(Schema.Field field) throws ContractException {
    return encode(field.schema(), field.defaultVal());
  }

  private static byte[] encode(Schema schema, Object value) throws ContractException {
    Output out = new Output(64);
    if (!put(schema, value, out, 0)) {
      throw new ContractException(": " + value + " is not a value of " + schema.getType().getName());
    }
    return out.copy(0);
  }

  private static Object plain(JsonNode node) {
    if (node.isObject()) {
      Map<String, Object> map = new LinkedHashMap<>();
      node.fields().forEachRemaining(e -> map.put(e.getKey(), plain(e.getValue())));
      return map;
    }
    if (node.isArray()) {
      List<Object> list = new ArrayList<>();
      node.forEach(n -> list.add(plain(n)));
      return list;
    }
    return node.isNumber() ? node.numberValue() : node.isBoolean() ? (Object) node.booleanValue()
        : node.isTextual() ? node.textValue() : null;
  }

  private static boolean put(Schema schema, Object value, Output out, int depth) {
    if (depth > Run.MAX_DEPTH) {
      return false;
    }
    int mark = out.length();
    boolean fits = switch (schema.getType()) {
      case UNION -> union(schema, value, out, depth);
      case NULL -> value == null || value == JsonProperties.NULL_VALUE;
      case BOOLEAN -> value instanceof Boolean b && one(out, b ? 1 : 0);
      case INT -> integer(value, Integer.MIN_VALUE, Integer.MAX_VALUE, out);
      case LONG -> integer(value, Long.MIN_VALUE, Long.MAX_VALUE, out);
      case FLOAT -> value instanceof Number n && Float.isFinite(n.floatValue()) && real(out, n.floatValue());
      case DOUBLE -> value instanceof Number n && Double.isFinite(n.doubleValue()) && real(out, n.doubleValue());
      case STRING -> value instanceof String s && bytes(out, s.getBytes(StandardCharsets.UTF_8));
      case BYTES -> latin(value) != null && bytes(out, latin(value));
      case FIXED -> latin(value) != null && latin(value).length == schema.getFixedSize() && raw(out, latin(value));
      case ENUM -> value instanceof String s && schema.hasEnumSymbol(s) && number(out, schema.getEnumOrdinal(s));
      case ARRAY -> value instanceof List<?> list && array(schema, list, out, depth);
      case MAP -> value instanceof Map<?, ?> map && map(schema, map, out, depth);
      case RECORD -> value instanceof Map<?, ?> map && record(schema, map, out, depth);
    };
    if (!fits) {
      out.reset(mark);
    }
    return fits;
  }

  private static boolean union(Schema schema, Object value, Output out, int depth) {
    for (int i = 0; i < schema.getTypes().size(); i++) {
      int mark = out.length();
      out.writeLong(i);
      if (put(schema.getTypes().get(i), value, out, depth + 1)) {
        return true;
      }
      out.reset(mark);
    }
    return false;
  }

  private static boolean array(Schema schema, List<?> list, Output out, int depth) {
    if (!list.isEmpty()) {
      out.writeLong(list.size());
      for (Object item : list) {
        if (!put(schema.getElementType(), item, out, depth + 1)) {
          return false;
        }
      }
    }
    return one(out, 0);
  }

  private static boolean map(Schema schema, Map<?, ?> map, Output out, int depth) {
    if (!map.isEmpty()) {
      out.writeLong(map.size());
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        bytes(out, entry.getKey().toString().getBytes(StandardCharsets.UTF_8));
        if (!put(schema.getValueType(), entry.getValue(), out, depth + 1)) {
          return false;
        }
      }
    }
    return one(out, 0);
  }

  private static boolean record(Schema schema, Map<?, ?> map, Output out, int depth) {
    for (Schema.Field field : schema.getFields()) {
      if (!map.containsKey(field.name()) && !field.hasDefaultValue()) {
        return false;
      }
      Object value = map.containsKey(field.name()) ? map.get(field.name()) : field.defaultVal();
      if (!put(field.schema(), value, out, depth + 1)) {
        return false;
      }
    }
    for (Object name : map.keySet()) {
      if (schema.getField(name.toString()) == null) {
        return false;
      }
    }
    return true;
  }

  private static boolean integer(Object value, long least, long most, Output out) {
    if (!(value instanceof Integer || value instanceof Long)) {
      return false;
    }
    long number = ((Number) value).longValue();
    return number >= least && number <= most && number(out, number);
  }

  /** Bytes and fixed are written as text, one character from U+0000 to U+00FF per byte. */
  private static byte[] latin(Object value) {
    if (value instanceof byte[] bytes) {
      return bytes;
    }
    return value instanceof String s && s.chars().allMatch(c -> c < 256) ? s.getBytes(StandardCharsets.ISO_8859_1) : null;
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
