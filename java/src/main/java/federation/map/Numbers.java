package federation.map;

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
