package federation.map;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;

/** Numbers in the lexical forms of XML Schema. */
final class Numbers {
  private Numbers() {}

  /** A whole number: an optional sign, then digits. */
  static long whole(byte[] in, int from, int to) throws MappingException {
    int at = sign(in, from, to);
    if (at == to || digits(in, at, to) != to) {
      throw MappingException.map("parse");
    }
    boolean minus = in[from] == '-';
    long value = 0;
    for (; at < to; at++) {
      int digit = in[at] - '0';
      // Counted downwards, where the range is larger by one.
      if (value < (Long.MIN_VALUE + digit) / 10) {
        throw MappingException.map("overflow");
      }
      value = value * 10 - digit;
    }
    if (!minus && value == Long.MIN_VALUE) {
      throw MappingException.map("overflow");
    }
    return minus ? value : -value;
  }

  static double real(byte[] in, int from, int to) throws MappingException {
    String text = lexical(in, from, to);
    double value = Double.parseDouble(text);
    if (Double.isInfinite(value) && !text.endsWith("Infinity")) {
      throw MappingException.map("overflow");
    }
    return value;
  }

  static float single(byte[] in, int from, int to) throws MappingException {
    String text = lexical(in, from, to);
    float value = Float.parseFloat(text);
    if (Float.isInfinite(value) && !text.endsWith("Infinity")) {
      throw MappingException.map("overflow");
    }
    return value;
  }

  /** A decimal without exponent, as sign, digits without leading zeros, and a fraction without trailing ones. */
  static String decimal(byte[] in, int from, int to) throws MappingException {
    if (mantissa(in, from, to) != to) {
      throw MappingException.map("parse");
    }
    int begin = sign(in, from, to);
    while (begin < to && in[begin] == '0') {
      begin++;
    }
    int point = digits(in, begin, to);
    int end = to;
    while (end > point && (in[end - 1] == '0' || in[end - 1] == '.')) {
      end--;
    }
    String text = new String(in, begin, end - begin, StandardCharsets.US_ASCII);
    return (in[from] == '-' ? "-" : "+") + (point == begin ? "0" : "") + text;
  }

  /** The shortest digits that read back as the same double, laid out as JavaScript does. */
  static String text(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return special(value);
    }
    BigDecimal shown = new BigDecimal(Double.toString(Math.abs(value))).stripTrailingZeros();
    // Java prefers two digits where one is enough.
    BigDecimal shorter = shown.round(new MathContext(1, RoundingMode.HALF_EVEN));
    return layout(Math.copySign(1, value) < 0,
        shown.precision() == 2 && shorter.doubleValue() == Math.abs(value) ? shorter : shown);
  }

  /** As {@link #text(double)}, of a float. */
  static String text(float value) {
    if (Float.isNaN(value) || Float.isInfinite(value)) {
      return special(value);
    }
    BigDecimal shown = new BigDecimal(Float.toString(Math.abs(value))).stripTrailingZeros();
    BigDecimal shorter = shown.round(new MathContext(1, RoundingMode.HALF_EVEN));
    return layout(Math.copySign(1, value) < 0,
        shown.precision() == 2 && shorter.floatValue() == Math.abs(value) ? shorter : shown);
  }

  private static String special(double value) {
    return Double.isNaN(value) ? "NaN" : value > 0 ? "INF" : "-INF";
  }

  /** Plain from 1e-6 to below 1e21, else with an exponent. */
  private static String layout(boolean minus, BigDecimal value) {
    String digits = value.stripTrailingZeros().unscaledValue().toString();
    int point = value.precision() - value.scale();
    String plain;
    if (value.signum() == 0) {
      plain = "0";
    } else if (point > -6 && point <= 21) {
      plain = value.stripTrailingZeros().toPlainString();
    } else {
      plain = digits.charAt(0) + (digits.length() > 1 ? "." + digits.substring(1) : "")
          + "e" + (point > 0 ? "+" : "") + (point - 1);
    }
    return minus ? "-" + plain : plain;
  }

  /** A float or double as Java reads it. */
  private static String lexical(byte[] in, int from, int to) throws MappingException {
    if (to - from == 3 && in[from] == 'N' && in[from + 1] == 'a' && in[from + 2] == 'N') {
      return "NaN";
    }
    int infinity = from < to && in[from] == '-' ? from + 1 : from;
    if (to - infinity == 3 && in[infinity] == 'I' && in[infinity + 1] == 'N' && in[infinity + 2] == 'F') {
      return infinity > from ? "-Infinity" : "Infinity";
    }
    int at = mantissa(in, from, to);
    if (at > 0 && at < to && (in[at] == 'e' || in[at] == 'E')) {
      int exponent = sign(in, at + 1, to);
      at = digits(in, exponent, to);
      at = at == exponent ? -1 : at;
    }
    if (at != to) {
      throw MappingException.map("parse");
    }
    return new String(in, from, to - from, StandardCharsets.US_ASCII);
  }

  /** The position after sign, digits and fraction, of which one digit must be there; or -1. */
  private static int mantissa(byte[] in, int from, int to) {
    int begin = sign(in, from, to);
    int at = digits(in, begin, to);
    int count = at - begin;
    if (at < to && in[at] == '.') {
      int end = digits(in, at + 1, to);
      count += end - at - 1;
      at = end;
    }
    return count == 0 ? -1 : at;
  }

  private static int sign(byte[] in, int from, int to) {
    return from < to && (in[from] == '+' || in[from] == '-') ? from + 1 : from;
  }

  private static int digits(byte[] in, int from, int to) {
    int at = from;
    while (at < to && in[at] >= '0' && in[at] <= '9') {
      at++;
    }
    return at;
  }
}
