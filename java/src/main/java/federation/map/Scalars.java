package federation.map;

import federation.map.Logical.Kind;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Type;

/** Conversions of values without parts. What loses nothing needs no rule; the rest is refused without one. */
final class Scalars {
  private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private Scalars() {}

  /** Whether the bytes stay the same: same type and meaning, or a meaning on one side only. */
  static boolean same(Schema w, Schema c, Hint hint) {
    Logical from = Logical.of(w);
    Logical to = Logical.of(c);
    if (w.getType() != c.getType()) {
      boolean alike = w.getType() == Type.INT && c.getType() == Type.LONG
          || w.getType() == Type.STRING && c.getType() == Type.BYTES;
      boolean encoded = hint.encoding != null && w.getType() == Type.STRING;
      return alike && !encoded && from.is(Kind.NONE) && to.is(Kind.NONE);
    }
    if (w.getType() == Type.FIXED && w.getFixedSize() != c.getFixedSize()
        || w.getType() == Type.ENUM && !prefix(w, c)) {
      return false;
    }
    if (from.is(to.kind())) {
      return from.digits() == to.digits() && from.scale() == to.scale() && from.precision() <= to.precision();
    }
    if (to.is(Kind.NONE)) {
      return !(from.instant() && hint.unit != null && hint.unit != from.digits());
    }
    // A plain value gets a meaning: instants need a unit, and text that a rule names is parsed.
    return from.is(Kind.NONE) && !to.instant() && !(w.getType() == Type.STRING && hint.named);
  }

  private static boolean prefix(Schema w, Schema c) {
    List<String> from = w.getEnumSymbols();
    List<String> to = c.getEnumSymbols();
    return from.size() <= to.size() && to.subList(0, from.size()).equals(from);
  }

  static Emit compile(Schema w, Schema c, Hint hint, byte[] fallback, Shape shape) throws ContractException {
    Logical from = Logical.of(w);
    Logical to = Logical.of(c);
    Emit emit = hint.encoding == null ? null : hint.encoding.compile(w, c);
    if (emit != null) {
      return emit;
    }
    if (w.getType() == Type.ENUM && (c.getType() == Type.ENUM || c.getType() == Type.STRING && to.is(Kind.NONE))) {
      emit = Enums.compile(w, c, hint, fallback);
    } else if (w.getType() == Type.STRING && from.is(Kind.NONE) && hint.named) {
      emit = Texts.parse(c, to, hint, fallback);
    } else if (c.getType() == Type.STRING && to.is(Kind.NONE) && hint.named) {
      emit = Texts.print(w, from);
    } else if (!from.is(Kind.NONE) && !to.is(Kind.NONE)) {
      emit = from.is(to.kind()) ? meaning(w, c, from, to, hint) : through(from, to, hint);
    } else if (!to.is(Kind.NONE)) {
      emit = assign(w, c, to, hint);
    } else {
      emit = !from.is(Kind.NONE) ? count(w, c, from, hint)
          : hint.named && raw(w) && raw(c) ? bytes(w, c) : promote(w.getType(), c.getType(), hint);
    }
    if (emit == null) {
      throw new ContractException(": " + name(w) + " does not become " + name(c) + hint(w, c, from, to, hint));
    }
    return emit;
  }

  /** Both sides mean the same kind of thing, in another unit, scale or form. */
  private static Emit meaning(Schema w, Schema c, Logical from, Logical to, Hint hint) {
    if (from.timed()) {
      return from.digits() > to.digits() && !hint.lossy ? null : rescale(from.digits(), to.digits(), c.getType());
    }
    return switch (from.kind()) {
      case DECIMAL -> Decimals.convert(w, from, c, to, hint.lossy);
      case UUID -> w.getType() == Type.STRING ? Texts.parse(c, to, hint, null) : Texts.print(w, from);
      default -> null;
    };
  }

  /** Between a local timestamp and an instant, by what the clocks of a zone show. */
  private static Emit through(Logical from, Logical to, Hint hint) {
    if (!from.instant() || !to.instant() || hint.zone == null || from.digits() > to.digits() && !hint.lossy) {
      return null;
    }
    Emit scaled = rescale(from.digits(), to.digits(), Type.LONG);
    Scratch moved = new Scratch();
    return (run, pos) -> {
      int end = run.number(pos);
      moved.bytes.reset(0);
      moved.bytes.writeLong(Times.move(run.value, from.digits(), hint.zone, to.is(Kind.INSTANT)));
      moved.convert(scaled, run);
      return end;
    };
  }

  /** What has a meaning becomes a plain number that counts it. */
  private static Emit count(Schema w, Schema c, Logical from, Hint hint) {
    boolean whole = c.getType() == Type.INT || c.getType() == Type.LONG;
    if (whole && from.instant() && hint.unit != null) {
      return from.digits() > hint.unit && !hint.lossy ? null : rescale(from.digits(), hint.unit, c.getType());
    }
    return from.is(Kind.DECIMAL) ? Decimals.number(w, from, c.getType(), hint) : null;
  }

  /** A plain number gets a meaning. */
  private static Emit assign(Schema w, Schema c, Logical to, Hint hint) {
    boolean whole = w.getType() == Type.INT || w.getType() == Type.LONG;
    if (whole && to.instant() && hint.unit != null) {
      return hint.unit > to.digits() && !hint.lossy ? null : rescale(hint.unit, to.digits(), c.getType());
    }
    if (hint.computed && w.getType() == Type.LONG && c.getType() == Type.INT) {
      return promote(Type.LONG, Type.INT, hint); // of CEL there is no int
    }
    if (!to.is(Kind.DECIMAL)) {
      return null;
    }
    boolean real = w.getType() == Type.FLOAT || w.getType() == Type.DOUBLE;
    return whole ? Decimals.count(hint.scale == null ? 0 : hint.scale, c, to, hint.lossy)
        : real && hint.lossy ? Decimals.real(w.getType(), c, to) : null;
  }

  /** Counts another unit; a coarser one is rounded down. */
  private static Emit rescale(int from, int to, Type type) {
    long factor = (long) Math.pow(10, Math.abs(to - from));
    boolean finer = to >= from;
    return (run, pos) -> {
      int end = run.number(pos);
      long value = run.value;
      if (finer) {
        long scaled = value * factor;
        if (Math.multiplyHigh(value, factor) != scaled >> 63) {
          throw MappingException.map("overflow");
        }
        value = scaled;
      } else {
        value = Math.floorDiv(value, factor);
      }
      whole(run, value, type);
      return end;
    };
  }

  /** Writes a whole number, or refuses it where it is outside an int. */
  static void whole(Run run, long value, Type type) throws MappingException {
    if (type == Type.INT && value != (int) value) {
      throw MappingException.map("overflow");
    }
    run.out.writeLong(value);
  }

  private static boolean raw(Schema schema) {
    return schema.getType() == Type.BYTES || schema.getType() == Type.FIXED;
  }

  /** Between bytes and fixed, where their number is right. */
  private static Emit bytes(Schema w, Schema c) {
    if (w.getType() == c.getType()) {
      return null; // two sizes of fixed
    }
    if (w.getType() == Type.FIXED) {
      return (run, pos) -> {
        run.out.writeBytes(run.in, pos, w.getFixedSize());
        return pos + w.getFixedSize();
      };
    }
    return (run, pos) -> {
      int from = run.length(pos);
      int size = (int) run.value;
      if (size != c.getFixedSize()) {
        throw MappingException.map("type");
      }
      run.out.write(run.in, from, size);
      return from + size;
    };
  }

  private static Emit promote(Type w, Type c, Hint hint) {
    boolean whole = w == Type.INT || w == Type.LONG;
    boolean real = w == Type.FLOAT || w == Type.DOUBLE;
    if (c == Type.FLOAT && whole) {
      return (run, pos) -> {
        int end = run.number(pos);
        run.out.writeFloat(run.value);
        return end;
      };
    }
    if (c == Type.DOUBLE && whole) {
      return (run, pos) -> {
        int end = run.number(pos);
        run.out.writeDouble(run.value);
        return end;
      };
    }
    if (w == Type.FLOAT && c == Type.DOUBLE) {
      return (run, pos) -> {
        run.out.writeDouble(real(run, pos, Type.FLOAT));
        return pos + 4;
      };
    }
    if (w == Type.BYTES && c == Type.STRING) {
      return Scalars::text;
    }
    if (!hint.lossy && !hint.computed) {
      return null;
    }
    if (w == Type.LONG && c == Type.INT) {
      return (run, pos) -> {
        int end = run.number(pos);
        whole(run, run.value, Type.INT);
        return end;
      };
    }
    if (!hint.lossy) {
      return null;
    }
    if (w == Type.DOUBLE && c == Type.FLOAT) {
      return (run, pos) -> {
        double value = real(run, pos, w);
        if (Float.isInfinite((float) value) && !Double.isInfinite(value)) {
          throw MappingException.map("overflow");
        }
        run.out.writeFloat((float) value);
        return pos + 8;
      };
    }
    return real && (c == Type.INT || c == Type.LONG) ? cut(w, c) : null;
  }

  /** A fraction is dropped. */
  private static Emit cut(Type w, Type c) {
    return (run, pos) -> {
      double value = real(run, pos, w);
      if (!(value >= -0x1p63 && value < 0x1p63)) {
        throw MappingException.map("overflow");
      }
      whole(run, (long) value, c);
      return pos + (w == Type.FLOAT ? 4 : 8);
    };
  }

  static double real(Run run, int pos, Type type) {
    return type == Type.FLOAT ? Float.intBitsToFloat((int) INTS.get(run.in, pos))
        : Double.longBitsToDouble((long) LONGS.get(run.in, pos));
  }

  /** Bytes become a string where they are UTF-8. */
  static int text(Run run, int pos) throws MappingException {
    int from = run.length(pos);
    int to = from + (int) run.value;
    if (!Utf8.valid(run.in, from, to)) {
      throw MappingException.map("parse");
    }
    run.out.write(run.in, pos, to - pos);
    return to;
  }

  private static String hint(Schema w, Schema c, Logical from, Logical to, Hint hint) {
    if (to.instant() && from.is(Kind.NONE) && (w.getType() == Type.LONG || w.getType() == Type.INT) && hint.unit == null) {
      return " without a unit";
    }
    if (!hint.named && (w.getType() == Type.STRING || c.getType() == Type.STRING)) {
      return " unless a rule names it (from)";
    }
    return hint.lossy ? "" : " without loss (lossy: true may permit it)";
  }

  /** A type as people write it: its logical type, else its name, else its kind. */
  static String name(Schema schema) {
    if (schema.getType() == Type.UNION) {
      return schema.getTypes().stream().map(Scalars::name).toList().toString();
    }
    if (schema.getLogicalType() != null) {
      return schema.getType().getName() + " (" + schema.getLogicalType().getName() + ")";
    }
    boolean named = schema.getType() == Type.ENUM || schema.getType() == Type.FIXED || schema.getType() == Type.RECORD;
    return named ? schema.getType().getName() + " " + schema.getName() : schema.getType().getName();
  }
}
