package federation.map;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Arrays;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Type;

/** Decimals: their unscaled value in two's complement, big-endian, as bytes or as fixed. */
final class Decimals {
  private static final double BITS_PER_DIGIT = 3.33;

  private Decimals() {}

  /** A decimal of another precision, scale or form; or null where that may lose digits and must not. */
  static Emit convert(Schema w, Logical from, Schema c, Logical to, boolean lossy) {
    if (!lossy && (to.scale() < from.scale() || to.precision() < from.precision())) {
      return null;
    }
    return (run, pos) -> {
      int begin = w.getType() == Type.FIXED ? pos : run.length(pos);
      int size = w.getType() == Type.FIXED ? w.getFixedSize() : (int) run.value;
      put(run, unscaled(run.in, begin, size), from.scale(), c, to);
      return begin + size;
    };
  }

  /** A whole number that counts {@code 10^-scale}; or null where that may lose digits and must not. */
  static Emit count(int scale, Schema c, Logical to, boolean lossy) {
    if (!lossy && to.scale() < scale) {
      return null;
    }
    return (run, pos) -> {
      int end = run.number(pos);
      put(run, BigInteger.valueOf(run.value), scale, c, to);
      return end;
    };
  }

  /** The exact value of a float or double, rounded to the scale. */
  static Emit real(Type w, Schema c, Logical to) {
    return (run, pos) -> {
      double value = Scalars.real(run, pos, w);
      if (!Double.isFinite(value)) {
        throw MappingException.map("overflow");
      }
      put(run, new BigDecimal(value).setScale(to.scale(), RoundingMode.HALF_EVEN), c, to);
      return pos + (w == Type.FLOAT ? 4 : 8);
    };
  }

  /** A decimal as a plain number; null where digits may be lost and must not, or where the type is none. */
  static Emit number(Schema w, Logical from, Type c, Hint hint) {
    int scale = hint.scale == null ? 0 : hint.scale;
    int most = c == Type.INT ? 9 : 18;
    boolean whole = c == Type.INT || c == Type.LONG;
    boolean exact = whole && from.scale() <= scale && from.precision() - from.scale() + scale <= most;
    if (!whole && c != Type.FLOAT && c != Type.DOUBLE || !exact && !hint.lossy) {
      return null;
    }
    return (run, pos) -> {
      int begin = w.getType() == Type.FIXED ? pos : run.length(pos);
      int size = w.getType() == Type.FIXED ? w.getFixedSize() : (int) run.value;
      BigDecimal value = new BigDecimal(unscaled(run.in, begin, size), from.scale());
      if (whole) {
        count(run, value.movePointRight(scale), c);
      } else {
        nearest(run, value, c);
      }
      return begin + size;
    };
  }

  private static void count(Run run, BigDecimal value, Type c) throws MappingException {
    BigInteger whole = value.setScale(0, RoundingMode.DOWN).unscaledValue();
    if (whole.bitLength() > 63) {
      throw MappingException.map("overflow");
    }
    Scalars.whole(run, whole.longValue(), c);
  }

  private static void nearest(Run run, BigDecimal value, Type c) throws MappingException {
    double real = c == Type.FLOAT ? value.floatValue() : value.doubleValue();
    if (Double.isInfinite(real)) {
      throw MappingException.map("overflow");
    }
    if (c == Type.FLOAT) {
      run.out.writeFloat((float) real);
    } else {
      run.out.writeDouble(real);
    }
  }

  /** The unscaled value; one that no precision allows is refused, since its digits cost the square of their count. */
  static BigInteger unscaled(byte[] in, int begin, int size) throws MappingException {
    if (size == 0) {
      throw MappingException.map("parse");
    }
    BigInteger value = new BigInteger(in, begin, size);
    if (value.bitLength() > BITS_PER_DIGIT * Logical.MAX_PRECISION) {
      throw MappingException.map("overflow");
    }
    return value;
  }

  private static void put(Run run, BigInteger unscaled, int scale, Schema c, Logical to) throws MappingException {
    // What cannot fit is refused before its digits cost time.
    if (unscaled.bitLength() > BITS_PER_DIGIT * (to.precision() + Math.max(0, scale - to.scale())) + 4) {
      throw MappingException.map("overflow");
    }
    BigDecimal value = new BigDecimal(unscaled, scale);
    put(run, value.setScale(to.scale(), RoundingMode.HALF_EVEN), c, to);
  }

  /** Writes a value that has the contract's scale already. */
  static void put(Run run, BigDecimal value, Schema c, Logical to) throws MappingException {
    if (value.precision() > to.precision() && value.signum() != 0) {
      throw MappingException.map("overflow");
    }
    byte[] bytes = value.unscaledValue().toByteArray();
    if (c.getType() == Type.BYTES) {
      run.out.writeBytes(bytes, 0, bytes.length);
      return;
    }
    int size = c.getFixedSize();
    if (bytes.length > size) {
      throw MappingException.map("overflow");
    }
    byte[] wide = new byte[size];
    Arrays.fill(wide, (byte) (value.signum() < 0 ? -1 : 0));
    System.arraycopy(bytes, 0, wide, size - bytes.length, bytes.length);
    run.out.write(wide, 0, size);
  }
}
