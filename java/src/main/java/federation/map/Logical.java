package federation.map;

import org.apache.avro.LogicalType;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;

/**
 * What a value means beyond its physical type.
 *
 * @param kind the family within which values convert by meaning
 * @param digits decimal digits below a second of an instant, local timestamp or time
 * @param precision most digits of a decimal
 * @param scale digits after the point of a decimal
 */
record Logical(Kind kind, int digits, int precision, int scale) {
  enum Kind { NONE, INSTANT, LOCAL, TIME, DATE, DECIMAL, UUID, DURATION }

  /** Most digits that a decimal may have at all. */
  static final int MAX_PRECISION = 10_000;
  static final Logical NONE = new Logical(Kind.NONE, 0, 0, 0);

  static Logical of(Schema schema) {
    LogicalType type = schema.getLogicalType();
    if (type == null) {
      return NONE;
    }
    if (type instanceof LogicalTypes.Decimal decimal) {
      // More digits than that are taken for a mistake, and the type for its physical one.
      return decimal.getPrecision() > MAX_PRECISION ? NONE
          : new Logical(Kind.DECIMAL, 0, decimal.getPrecision(), decimal.getScale());
    }
    String name = type.getName();
    int digits = name.endsWith("-millis") ? 3 : name.endsWith("-micros") ? 6 : 9;
    return switch (name) {
      case "timestamp-millis", "timestamp-micros", "timestamp-nanos" -> new Logical(Kind.INSTANT, digits, 0, 0);
      case "local-timestamp-millis", "local-timestamp-micros", "local-timestamp-nanos" ->
          new Logical(Kind.LOCAL, digits, 0, 0);
      case "time-millis", "time-micros" -> new Logical(Kind.TIME, digits, 0, 0);
      case "date" -> new Logical(Kind.DATE, 0, 0, 0);
      case "uuid" -> new Logical(Kind.UUID, 0, 0, 0);
      case "duration" -> new Logical(Kind.DURATION, 0, 0, 0);
      default -> NONE;
    };
  }

  boolean is(Kind other) {
    return kind == other;
  }

  /** Whether the value counts from the epoch, so that a plain number needs a unit to become one. */
  boolean instant() {
    return kind == Kind.INSTANT || kind == Kind.LOCAL;
  }

  /** Whether the value is a count of some unit since or within something. */
  boolean timed() {
    return kind == Kind.INSTANT || kind == Kind.LOCAL || kind == Kind.TIME;
  }
}
