package federation.map;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Type;

/**
 * Plain JSON text to the Avro bytes of the schema that it is said to have: unions are not tagged and bytes are base64,
 * unlike in Avro's own JSON encoding. {@code docs/reference/json.md} says what each value may look like. Not
 * thread-safe.
 */
public final class PlainJson {
  /** Writes one value; the union's choice and the field's name are known to those around it. */
  private interface Node {
    void put(Object value) throws MappingException;
  }

  private final Node root;
  private final Run run = new Run();
  private final Output text = new Output();
  private Output out;
  private int left;

  private PlainJson(Schema schema) throws ContractException {
    root = new Nodes().of(schema);
  }

  /** @throws ContractException if a default of the schema is not of its field's type */
  public static PlainJson compile(Schema schema) throws ContractException {
    return new PlainJson(schema);
  }

  /**
   * Appends the Avro bytes of a JSON text to {@code out}.
   *
   * @throws MappingException of stage {@code decode}; {@code out} then holds part of it
   */
  public void encode(byte[] in, int from, int length, Output out) throws MappingException {
    Object value = JsonText.parse(in, from, length);
    this.out = out;
    left = Run.MAX_ITEMS;
    try {
      root.put(value);
    } catch (Output.Full full) {
      throw MappingException.decode("items");
    }
  }

  /** Builds the nodes of a schema, each once; a recursive type meets itself as a detour. */
  private final class Nodes {
    private final Map<Schema, Node> made = new IdentityHashMap<>();

    Node of(Schema schema) throws ContractException {
      Node known = made.get(schema);
      if (known != null) {
        return known;
      }
      made.put(schema, value -> made.get(schema).put(value));
      Node inner = switch (schema.getType()) {
        case RECORD -> record(schema);
        case ARRAY -> array(schema);
        case MAP -> map(schema);
        case UNION -> union(schema);
        default -> scalar(schema);
      };
      Node node = value -> {
        if (--left < 0) {
          throw MappingException.decode("items");
        }
        inner.put(value);
      };
      made.put(schema, node);
      return node;
    }

    private Node record(Schema schema) throws ContractException {
      List<Schema.Field> fields = schema.getFields();
      Node[] nodes = new Node[fields.size()];
      byte[][] defaults = new byte[fields.size()][];
      String[][] names = new String[fields.size()][];
      for (Schema.Field field : fields) {
        int i = field.pos();
        nodes[i] = of(field.schema());
        defaults[i] = field.hasDefaultValue() ? Literal.encode(field) : null;
        List<String> all = new ArrayList<>(List.of(field.name()));
        all.addAll(field.aliases());
        names[i] = all.toArray(String[]::new);
      }
      return value -> {
        Map<?, ?> object = as(Map.class, value);
        for (int i = 0; i < nodes.length; i++) {
          String name = known(object, names[i]);
          try {
            if (name != null) {
              nodes[i].put(object.get(name));
            } else if (defaults[i] != null) {
              out.write(defaults[i], 0, defaults[i].length);
            } else {
              throw MappingException.decode("missing");
            }
          } catch (MappingException error) {
            throw error.under(names[i][0]);
          }
        }
      };
    }

    private Node array(Schema schema) throws ContractException {
      Node item = of(schema.getElementType());
      return value -> {
        List<?> list = as(List.class, value);
        if (!list.isEmpty()) {
          out.writeLong(list.size());
          for (Object one : list) {
            item.put(one);
          }
        }
        out.write(0);
      };
    }

    private Node map(Schema schema) throws ContractException {
      Node item = of(schema.getValueType());
      return value -> {
        Map<?, ?> object = as(Map.class, value);
        if (!object.isEmpty()) {
          out.writeLong(object.size());
          for (Map.Entry<?, ?> entry : object.entrySet()) {
            putText((String) entry.getKey(), out);
            item.put(entry.getValue());
          }
        }
        out.write(0);
      };
    }

    private Node union(Schema schema) throws ContractException {
      List<Schema> types = schema.getTypes();
      Node[] branches = new Node[types.size()];
      for (int i = 0; i < branches.length; i++) {
        branches[i] = of(types.get(i));
      }
      boolean single = types.stream().filter(t -> t.getType() != Type.NULL).count() == 1;
      return value -> {
        int mark = out.length();
        MappingException failure = null;
        for (int i = 0; i < branches.length; i++) {
          try {
            out.writeLong(i);
            branches[i].put(value);
            return;
          } catch (MappingException error) {
            if (error.reason().equals("items")) {
              throw error;
            }
            out.reset(mark);
            failure = single && value != null && types.get(i).getType() != Type.NULL ? error : failure;
          }
        }
        throw failure == null ? MappingException.decode("type") : failure;
      };
    }

    /** By the form of the JSON value; text by the rules for text that a mapping rule names. */
    private Node scalar(Schema schema) {
      Emit number = ofNumber(schema);
      Node words = ofText(schema);
      Type type = schema.getType();
      boolean whole = type == Type.INT || type == Type.LONG;
      return value -> {
        if (value instanceof JsonText.Number written && number != null) {
          emit(number, whole ? whole(written.text()) : written.text());
        } else if (value instanceof String && words != null) {
          words.put(value);
        } else if (value instanceof Boolean flag && type == Type.BOOLEAN) {
          out.write(flag ? 1 : 0);
        } else if (value != null || type != Type.NULL) {
          throw MappingException.decode("type");
        }
      };
    }

    private Emit ofNumber(Schema schema) {
      Logical logical = Logical.of(schema);
      return switch (schema.getType()) {
        case INT, LONG, FLOAT, DOUBLE -> Texts.parse(schema, Logical.NONE, Hint.NAMED, null);
        default -> logical.is(Logical.Kind.DECIMAL) ? Texts.parse(schema, logical, Hint.NAMED, null) : null;
      };
    }

    private Node ofText(Schema schema) {
      Logical logical = Logical.of(schema);
      Type type = schema.getType();
      if (type == Type.STRING) {
        return value -> putText((String) value, out);
      }
      if (type == Type.FLOAT || type == Type.DOUBLE) {
        Emit parse = Texts.parse(schema, Logical.NONE, Hint.NAMED, null);
        return value -> emit(parse, special((String) value));
      }
      if (type == Type.ENUM || !logical.is(Logical.Kind.NONE) && !logical.is(Logical.Kind.DURATION)) {
        Emit parse = Texts.parse(schema, logical, Hint.NAMED, null);
        return value -> emit(parse, (String) value);
      }
      return type == Type.BYTES || type == Type.FIXED ? value -> base64(schema, (String) value) : null;
    }
  }

  private static String known(Map<?, ?> object, String[] names) {
    for (String name : names) {
      if (object.containsKey(name)) {
        return name;
      }
    }
    return null;
  }

  private static <T> T as(Class<T> type, Object value) throws MappingException {
    if (!type.isInstance(value)) {
      throw MappingException.decode("type");
    }
    return type.cast(value);
  }

  /** Lets the text that is {@code words} become a value, as if a record had held it. */
  private void emit(Emit parse, String words) throws MappingException {
    text.reset(0);
    putText(words, text);
    run.begin(text.buffer(), 0, text.length(), out);
    run.trusted = true;
    try {
      parse.emit(run, 0);
    } catch (MappingException error) {
      throw MappingException.decode(error.reason());
    }
  }

  /** A whole number may be written with a fraction of zeros. */
  private static String whole(String written) throws MappingException {
    int point = written.indexOf('.');
    for (int i = point < 0 ? 0 : point + 1; i < written.length(); i++) {
      char c = written.charAt(i);
      if (point < 0 ? c == 'e' || c == 'E' : c != '0') {
        throw MappingException.decode("type");
      }
    }
    return point < 0 ? written : written.substring(0, point);
  }

  private static String special(String word) throws MappingException {
    return switch (word) {
      case "NaN", "INF", "-INF" -> word;
      case "Infinity" -> "INF";
      case "-Infinity" -> "-INF";
      default -> throw MappingException.decode("type");
    };
  }

  private void base64(Schema schema, String words) throws MappingException {
    byte[] data;
    try {
      data = Base64.getDecoder().decode(words);
    } catch (IllegalArgumentException malformed) {
      throw MappingException.decode("parse");
    }
    if (!Base64.getEncoder().encodeToString(data).equals(words)) {
      throw MappingException.decode("parse");
    }
    if (schema.getType() == Type.BYTES) {
      out.writeBytes(data, 0, data.length);
    } else if (data.length == schema.getFixedSize()) {
      out.write(data, 0, data.length);
    } else {
      throw MappingException.decode("length");
    }
  }

  /** JSON can name half of a surrogate pair, which is no text. */
  private static void putText(String words, Output out) throws MappingException {
    for (int i = 0; i < words.length(); i++) {
      if (Character.isSurrogate(words.charAt(i))) {
        if (i + 1 == words.length() || !Character.isSurrogatePair(words.charAt(i), words.charAt(i + 1))) {
          throw MappingException.decode("utf8");
        }
        i++;
      }
    }
    byte[] utf8 = words.getBytes(StandardCharsets.UTF_8);
    out.writeBytes(utf8, 0, utf8.length);
  }
}
