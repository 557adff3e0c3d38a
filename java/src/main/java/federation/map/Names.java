package federation.map;

import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Type;

/** Which writer's type or field answers to which of the contract. */
final class Names {
  private Names() {}

  /** The writer's field for a field of the contract: by its name, else by the first alias that is there; or null. */
  static Schema.Field field(Schema writer, Schema.Field wanted) {
    Schema.Field field = writer.getField(wanted.name());
    for (String alias : wanted.aliases()) {
      field = field == null ? writer.getField(alias) : field;
    }
    return field;
  }

  /**
   * Whether a branch of the contract's union is a candidate, by rank: 0 the same type (named: the same full name), 1
   * the same unqualified name, 2 an alias of the contract, 3 a type that may be converted to. In a union a record,
   * enum or fixed of another name is another type.
   */
  static boolean match(Schema writer, Schema branch, int rank) {
    boolean alike = writer.getType() == branch.getType();
    if (rank == 3) {
      return !(alike && named(writer)) || !Logical.of(branch).is(Logical.Kind.NONE);
    }
    if (!alike) {
      return false;
    }
    if (!named(writer)) {
      return rank == 0;
    }
    return switch (rank) {
      case 0 -> writer.getFullName().equals(branch.getFullName());
      case 1 -> writer.getName().equals(branch.getName());
      default -> branch.getAliases().stream().anyMatch(a -> simple(a).equals(writer.getName()));
    };
  }

  /** The branch of {@code union} that is a type's own, or -1. */
  static int first(Schema writer, Schema union) {
    List<Schema> types = union.getTypes();
    for (int rank = 0; rank < 3; rank++) {
      for (int i = 0; i < types.size(); i++) {
        if (match(writer, types.get(i), rank)) {
          return i;
        }
      }
    }
    return -1;
  }

  /** What a union's branch is called in a path: its unqualified name, or its type. */
  static String branch(Schema schema) {
    return named(schema) ? schema.getName() : schema.getType().getName();
  }

  /** The branch that is called so, or -1 where there is none or more than one. */
  static int branch(Schema union, String name) {
    int found = -1;
    for (int i = 0; i < union.getTypes().size(); i++) {
      if (branch(union.getTypes().get(i)).equals(name)) {
        if (found >= 0) {
          return -1;
        }
        found = i;
      }
    }
    return found;
  }

  /** Whether a union has more than one branch that is not null, so that a path must name the one it means. */
  static boolean several(Schema union) {
    return union.getTypes().stream().filter(t -> t.getType() != Type.NULL).count() > 1;
  }

  private static boolean named(Schema schema) {
    return schema.getType() == Type.RECORD || schema.getType() == Type.ENUM || schema.getType() == Type.FIXED;
  }

  private static String simple(String name) {
    return name.substring(name.lastIndexOf('.') + 1);
  }
}
