package federation.map;

import federation.map.Logical.Kind;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.util.HexFormat;
import java.util.Locale;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Type;

/** Text that a rule names: parsed into values, and made of them in canonical form. */
final class Texts {
  private Texts() {}

  /** Converts the text between two positions of {@code run.in}. */
  private interface Parser {
    void put(Run run, int from, int to) throws MappingException;
  }

  private static Emit of(Parser parser) {
    return (run, pos) -> {
      int from = run.length(pos);
      int to = from + (int) run.value;
      parser.put(run, from, to);
      return to;
    };
  }

  /** From text to a contract's type; null where text never becomes that. */
  static Emit parse(Schema c, Logical to, Hint hint, byte[] fallback) {
    switch (to.kind()) {
      case INSTANT:
      case LOCAL:
        return of((run, f, t) -> run.out.writeLong(
            Times.timestamp(run.in, f, t, to.digits(), to.is(Kind.INSTANT), hint.zone, hint.lossy)));
      case TIME:
        return of((run, f, t) -> Scalars.whole(run, Times.time(run.in, f, t, to.digits(), hint.lossy), c.getType()));
      case DATE:
        return of((run, f, t) -> run.out.writeLong(Times.date(run.in, f, t)));
      case DECIMAL:
        return of((run, f, t) -> decimal(run, f, t, c, to, hint.lossy));
      case UUID:
        return of((run, f, t) -> uuid(run, f, t, c.getType()));
      case DURATION:
        return null;
      default:
        break;
    }
    return switch (c.getType()) {
      case STRING, BYTES -> of((run, f, t) -> run.out.writeBytes(run.in, f, t - f));
      case ENUM -> Enums.parse(c, hint, fallback);
      case BOOLEAN -> of((run, f, t) -> run.out.write(flag(text(run.in, f, t))));
      case INT, LONG -> of((run, f, t) -> Scalars.whole(run, Numbers.whole(run.in, f, t), c.getType()));
      case FLOAT -> of((run, f, t) -> run.out.writeFloat(Numbers.single(run.in, f, t)));
      case DOUBLE -> of((run, f, t) -> run.out.writeDouble(Numbers.real(run.in, f, t)));
      default -> null;
    };
  }

  /** Canonical text of a writer's value; null for types that have none. */
  static Emit print(Schema w, Logical from) {
    if (from.is(Kind.INSTANT)) {
      return (run, pos) -> {
        int end = run.number(pos);
        put(run, instant(run.value, from.digits()));
        return end;
      };
    }
    if (from.is(Kind.DECIMAL)) {
      return (run, pos) -> {
        int begin = w.getType() == Type.FIXED ? pos : run.length(pos);
        int size = w.getType() == Type.FIXED ? w.getFixedSize() : (int) run.value;
        put(run, new BigDecimal(Decimals.unscaled(run.in, begin, size), from.scale()).toPlainString());
        return begin + size;
      };
    }
    if (from.is(Kind.UUID) && w.getType() == Type.FIXED) {
      return (run, pos) -> {
        put(run, uuid(run.in, pos));
        return pos + 16;
      };
    }
    if (from.is(Kind.LOCAL)) {
      return (run, pos) -> {
        int end = run.number(pos);
        String shown = instant(run.value, from.digits());
        put(run, shown.substring(0, shown.length() - 1));
        return end;
      };
    }
    if (from.is(Kind.DATE)) {
      return (run, pos) -> {
        int end = run.number(pos);
        put(run, LocalDate.ofEpochDay(run.value).toString());
        return end;
      };
    }
    if (from.is(Kind.TIME)) {
      return (run, pos) -> {
        int end = run.number(pos);
        put(run, clock(run.value, from.digits()));
        return end;
      };
    }
    if (!from.is(Kind.NONE)) {
      return null;
    }
    return switch (w.getType()) {
      case FLOAT -> (run, pos) -> {
        put(run, Numbers.text((float) Scalars.real(run, pos, Type.FLOAT)));
        return pos + 4;
      };
      case DOUBLE -> (run, pos) -> {
        put(run, Numbers.text(Scalars.real(run, pos, Type.DOUBLE)));
        return pos + 8;
      };
      case INT, LONG -> (run, pos) -> {
        int end = run.number(pos);
        put(run, Long.toString(run.value));
        return end;
      };
      case BOOLEAN -> (run, pos) -> {
        put(run, run.in[pos] == 1 ? "true" : "false");
        return pos + 1;
      };
      case BYTES -> Scalars::text;
      default -> null;
    };
  }

  /** Text of 16 bytes, in lower case with hyphens. */
  static String uuid(byte[] in, int pos) {
    String hex = HexFormat.of().formatHex(in, pos, pos + 16);
    return hex.substring(0, 8) + "-" + hex.substring(8, 12) + "-" + hex.substring(12, 16) + "-"
        + hex.substring(16, 20) + "-" + hex.substring(20);
  }

  /** ISO 8601 in UTC, with a fraction of 0, 3, 6 or 9 digits, as few as hold it. */
  static String instant(long value, int digits) {
    long unit = (long) Math.pow(10, digits);
    return Instant.ofEpochSecond(Math.floorDiv(value, unit), Math.floorMod(value, unit) * (1_000_000_000 / unit))
        .toString();
  }

  /** {@code hh:mm:ss} with such a fraction. */
  private static String clock(long value, int digits) throws MappingException {
    if (value < 0 || value >= 86_400 * (long) Math.pow(10, digits)) {
      throw MappingException.map("overflow");
    }
    String shown = instant(value, digits);
    return shown.substring(shown.indexOf('T') + 1, shown.length() - 1);
  }

  static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static void uuid(Run run, int from, int to, Type type) throws MappingException {
    byte[] in = run.in;
    boolean form = to - from == 36;
    for (int i = 0; form && i < 36; i++) {
      boolean hyphen = i == 8 || i == 13 || i == 18 || i == 23;
      form = hyphen ? in[from + i] == '-' : in[from + i] >= 0 && Character.digit(in[from + i], 16) >= 0;
    }
    if (!form) {
      throw MappingException.map("parse");
    }
    String lower = text(in, from, to).toLowerCase(Locale.ROOT);
    if (type == Type.STRING) {
      put(run, lower);
    } else {
      run.out.write(HexFormat.of().parseHex(lower.replace("-", "")), 0, 16);
    }
  }

  private static void decimal(Run run, int from, int to, Schema c, Logical type, boolean lossy)
      throws MappingException {
    String text = Numbers.decimal(run.in, from, to);
    int point = text.indexOf('.');
    int whole = point < 0 ? text.length() : point;
    // Checked before the digits are made a number, whose cost grows with the square of their count.
    if (whole - 1 > type.precision() - type.scale() && !(whole == 2 && text.charAt(1) == '0')) {
      throw MappingException.map("overflow");
    }
    int fraction = Math.max(0, text.length() - whole - 1);
    if (fraction > type.scale()) {
      if (!lossy) {
        throw MappingException.map("lossy");
      }
      // Digits far beyond the scale only tell whether it is more than a half.
      text = fraction - type.scale() < 3 ? text : text.substring(0, whole + type.scale() + 3) + "1";
    }
    Decimals.put(run, new BigDecimal(text).setScale(type.scale(), RoundingMode.HALF_EVEN), c, type);
  }

  private static int flag(String text) throws MappingException {
    return switch (text) {
      case "true", "1" -> 1;
      case "false", "0" -> 0;
      default -> throw MappingException.map("parse");
    };
  }

  static String text(byte[] in, int from, int to) {
    return new String(in, from, to - from, StandardCharsets.UTF_8);
  }

  private static void put(Run run, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    run.out.writeBytes(bytes, 0, bytes.length);
  }
}
