package federation.map;

import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;

/**
 * Which kinds of values an expression may have, as far as the writer's schema says: a set of bits, one for each of
 * CEL's types. Records are maps, enums text, logical types their physical ones.
 */
final class Kinds {
  static final int NONE = 0;
  static final int NULL = 1;
  static final int BOOLEAN = 2;
  static final int LONG = 4;
  static final int DOUBLE = 8;
  static final int STRING = 16;
  static final int BYTES = 32;
  static final int LIST = 64;
  static final int MAP = 128;
  static final int NUMBERS = LONG | DOUBLE;
  static final int MANY = LIST | MAP;
  static final int SIZED = STRING | BYTES | MANY;
  static final int SCALARS = NULL | BOOLEAN | LONG | DOUBLE | STRING | BYTES;
  static final int ALL = SCALARS | MANY;

  /** The scalars in the order in which they stand in the union of a result. */
  static final List<Schema.Type> TYPES = List.of(Schema.Type.NULL, Schema.Type.BOOLEAN, Schema.Type.LONG,
      Schema.Type.DOUBLE, Schema.Type.STRING, Schema.Type.BYTES);

  private Kinds() {}

  static int of(List<Schema> types) {
    int kinds = NONE;
    for (Schema type : types) {
      kinds |= switch (type.getType()) {
        case NULL -> NULL;
        case BOOLEAN -> BOOLEAN;
        case INT, LONG -> LONG;
        case FLOAT, DOUBLE -> DOUBLE;
        case STRING, ENUM -> STRING;
        case BYTES, FIXED -> BYTES;
        case ARRAY -> LIST;
        case RECORD, MAP -> MAP;
        case UNION -> of(type.getTypes());
      };
    }
    return kinds;
  }

  /** What both sides of an operator may be at once: arithmetic does not mix. */
  static int arithmetic(char operator, int a, int b) {
    return a & b & switch (operator) {
      case '+' -> NUMBERS | STRING | LIST;
      case '%' -> LONG;
      default -> NUMBERS;
    };
  }

  /** Whether some values of both have an order. */
  static boolean comparable(int a, int b) {
    return (a & NUMBERS) != 0 && (b & NUMBERS) != 0 || (a & b & (STRING | BYTES | BOOLEAN)) != 0;
  }

  /**
   * The types of a member, by a name or, where that is null, by an index that is not known before.
   *
   * @param found to which they are added
   * @return whether there is something that could have such a member at all
   */
  static boolean members(List<Schema> types, String name, List<Schema> found) {
    boolean owner = false;
    for (Schema type : types) {
      switch (type.getType()) {
        case UNION -> owner |= members(type.getTypes(), name, found);
        case RECORD -> {
          owner = true;
          if (name == null) {
            type.getFields().forEach(f -> found.add(f.schema()));
          } else if (type.getField(name) != null) {
            found.add(type.getField(name).schema());
          }
        }
        case MAP -> {
          owner = true;
          found.add(type.getValueType());
        }
        case ARRAY -> {
          if (name == null) {
            owner = true;
            found.add(type.getElementType());
          }
        }
        default -> { }
      }
    }
    return owner;
  }

  /** A list that members can be added to. */
  static List<Schema> none() {
    return new ArrayList<>();
  }
}
