package federation.map;

import java.nio.charset.StandardCharsets;

/** The functions of expressions that convert values and change text. */
final class Conversions {
  private static final String BLANKS = "\t\n\u000B\f\r \u0085\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
      + "\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000";

  /** Characters that {@code replace} may make of a few. */
  private static final int MAX_TEXT = 1 << 24;

  private Conversions() {}

  /** A step that may fail as a conversion of a field does; within an expression that is an error of evaluation. */
  private interface Parse<T> {
    T of(byte[] text) throws MappingException;
  }

  static String string(Object value) throws MappingException {
    if (value instanceof String text) {
      return text;
    }
    if (value instanceof Boolean || value instanceof Long) {
      return value.toString();
    }
    if (value instanceof Double real) {
      return Numbers.text(real);
    }
    if (value instanceof byte[] bytes && Utf8.valid(bytes, 0, bytes.length)) {
      return new String(bytes, StandardCharsets.UTF_8);
    }
    throw MappingException.eval();
  }

  static Object whole(Object value) throws MappingException {
    if (value instanceof String text) {
      return parsed(text, in -> Numbers.whole(in, 0, in.length));
    }
    if (value instanceof Double real && real >= -0x1p63 && real < 0x1p63) {
      return real.longValue();
    }
    if (value instanceof Long) {
      return value;
    }
    throw MappingException.eval();
  }

  static Object real(Object value) throws MappingException {
    if (value instanceof String text) {
      return parsed(text, in -> Numbers.real(in, 0, in.length));
    }
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    throw MappingException.eval();
  }

  static Object flag(Object value) throws MappingException {
    if (value instanceof Boolean) {
      return value;
    }
    if ("true".equals(value) || "1".equals(value)) {
      return true;
    }
    if ("false".equals(value) || "0".equals(value)) {
      return false;
    }
    throw MappingException.eval();
  }

  private static <T> T parsed(String text, Parse<T> parse) throws MappingException {
    try {
      return parse.of(text.getBytes(StandardCharsets.UTF_8));
    } catch (MappingException e) {
      throw MappingException.eval();
    }
  }

  static String lower(String text) {
    return shifted(text, 'A', 'Z', 32);
  }

  static String upper(String text) {
    return shifted(text, 'a', 'z', -32);
  }

  private static String shifted(String text, char first, char last, int by) {
    StringBuilder out = new StringBuilder(text);
    for (int i = 0; i < out.length(); i++) {
      char c = out.charAt(i);
      if (c >= first && c <= last) {
        out.setCharAt(i, (char) (c + by));
      }
    }
    return out.toString();
  }

  /** Without what Unicode calls white space at both ends. */
  static String trim(String text) {
    int from = 0;
    int to = text.length();
    while (from < to && BLANKS.indexOf(text.charAt(from)) >= 0) {
      from++;
    }
    while (from < to && BLANKS.indexOf(text.charAt(to - 1)) >= 0) {
      to--;
    }
    return text.substring(from, to);
  }

  static String replace(String text, String old, String fresh) throws MappingException {
    long count = 0;
    for (int at = old.isEmpty() ? -1 : text.indexOf(old); at >= 0; at = text.indexOf(old, at + old.length())) {
      count++;
    }
    if (old.isEmpty() || size(text) + count * (size(fresh) - size(old)) > MAX_TEXT) {
      throw MappingException.eval();
    }
    return text.replace(old, fresh);
  }

  private static long size(String text) {
    return text.codePointCount(0, text.length());
  }

  /** Characters (code points) from one index to before another; {@code end} null for all that follow. */
  static String cut(String text, Object begin, Object end) throws MappingException {
    long size = size(text);
    if (begin instanceof Long from && (end == null || end instanceof Long)) {
      long to = end == null ? size : (Long) end;
      if (from >= 0 && from <= to && to <= size) {
        int at = text.offsetByCodePoints(0, from.intValue());
        return text.substring(at, text.offsetByCodePoints(at, (int) (to - from)));
      }
    }
    throw MappingException.eval();
  }
}
