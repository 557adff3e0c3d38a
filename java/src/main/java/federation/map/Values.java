package federation.map;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The operators of expressions, with CEL's meaning. Values: null, Boolean, Long, Double, String, byte[], List, Map. */
final class Values {
  private Values() {}

  static boolean flag(Object value) throws MappingException {
    if (value instanceof Boolean flag) {
      return flag;
    }
    throw MappingException.eval();
  }

  static String text(Object value) throws MappingException {
    if (value instanceof String text) {
      return text;
    }
    throw MappingException.eval();
  }

  /** Numbers are equal across types, all else only within one. */
  static boolean equal(Object a, Object b) {
    if (a instanceof Number x && b instanceof Number y) {
      return comparable(x, y) && compare(x, y) == 0;
    }
    if (a instanceof byte[] x && b instanceof byte[] y) {
      return Arrays.equals(x, y);
    }
    if (a instanceof List<?> x && b instanceof List<?> y) {
      if (x.size() != y.size()) {
        return false;
      }
      for (int i = 0; i < x.size(); i++) {
        if (!equal(x.get(i), y.get(i))) {
          return false;
        }
      }
      return true;
    }
    if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
      return x.keySet().equals(y.keySet()) && x.keySet().stream().allMatch(k -> equal(x.get(k), y.get(k)));
    }
    return a == null ? b == null : a.equals(b);
  }

  static boolean ordered(String operator, Object a, Object b) throws MappingException {
    int order;
    if (a instanceof Number x && b instanceof Number y) {
      if (!comparable(x, y)) {
        return false;
      }
      order = compare(x, y);
    } else if (a instanceof String x && b instanceof String y) {
      order = Arrays.compare(x.codePoints().toArray(), y.codePoints().toArray());
    } else if (a instanceof Boolean x && b instanceof Boolean y) {
      order = x.compareTo(y);
    } else if (a instanceof byte[] x && b instanceof byte[] y) {
      order = Arrays.compareUnsigned(x, y);
    } else {
      throw MappingException.eval();
    }
    return switch (operator) {
      case "_<_" -> order < 0;
      case "_<=_" -> order <= 0;
      case "_>_" -> order > 0;
      default -> order >= 0;
    };
  }

  private static boolean comparable(Number a, Number b) {
    return !Double.isNaN(a.doubleValue()) && !Double.isNaN(b.doubleValue());
  }

  /** By value, and exactly: a long is not rounded to a double first. */
  private static int compare(Number a, Number b) {
    if (a instanceof Long x && b instanceof Long y) {
      return x.compareTo(y);
    }
    double x = a.doubleValue();
    double y = b.doubleValue();
    if (x < y || x > y || Double.isInfinite(x) || a instanceof Double && b instanceof Double) {
      return x < y ? -1 : x > y ? 1 : 0;
    }
    return exact(a).compareTo(exact(b));
  }

  private static BigDecimal exact(Number number) {
    return number instanceof Long whole ? BigDecimal.valueOf(whole) : new BigDecimal(number.doubleValue());
  }

  static Object negate(Object value) throws MappingException {
    return value instanceof Double real ? (Object) (-real) : calculate('-', 0L, value);
  }

  static Object calculate(char operator, Object a, Object b) throws MappingException {
    try {
      if (a instanceof Long x && b instanceof Long y) {
        return whole(operator, x, y);
      }
    } catch (ArithmeticException e) {
      throw MappingException.eval();
    }
    if (a instanceof Double x && b instanceof Double y && operator != '%') {
      return switch (operator) {
        case '+' -> x + y;
        case '-' -> x - y;
        case '*' -> x * y;
        default -> x / y;
      };
    }
    if (operator == '+' && a instanceof String x && b instanceof String y) {
      return x + y;
    }
    if (operator == '+' && a instanceof List<?> x && b instanceof List<?> y) {
      List<Object> both = new ArrayList<>(x);
      both.addAll(y);
      return both;
    }
    throw MappingException.eval();
  }

  /** 64 bits that do not overflow in silence. */
  private static long whole(char operator, long a, long b) {
    if (operator == '/' && a == Long.MIN_VALUE && b == -1) {
      throw new ArithmeticException();
    }
    return switch (operator) {
      case '+' -> Math.addExact(a, b);
      case '-' -> Math.subtractExact(a, b);
      case '*' -> Math.multiplyExact(a, b);
      case '/' -> a / b;
      default -> a % b;
    };
  }

  /** A record's field, a map's value or a list's element. */
  static Object member(Object owner, Object key) throws MappingException {
    if (owner instanceof List<?> list && key instanceof Long index && index >= 0 && index < list.size()) {
      return list.get(index.intValue());
    }
    if (owner instanceof Map<?, ?> map && key instanceof String name && map.containsKey(name)) {
      return map.get(name);
    }
    throw MappingException.eval();
  }

  static boolean within(Object item, Object many) throws MappingException {
    if (many instanceof Map<?, ?> map) {
      return item instanceof String && map.containsKey(item);
    }
    if (many instanceof List<?> list) {
      return list.stream().anyMatch(one -> equal(item, one));
    }
    throw MappingException.eval();
  }

  static long size(Object value) throws MappingException {
    if (value instanceof String text) {
      return text.codePointCount(0, text.length());
    }
    if (value instanceof byte[] bytes) {
      return bytes.length;
    }
    if (value instanceof List<?> list) {
      return list.size();
    }
    if (value instanceof Map<?, ?> map) {
      return map.size();
    }
    throw MappingException.eval();
  }

  /** Searches text for an RE2 pattern, which is compiled again only when it changes. */
  static final class Matcher {
    private String source;
    private Pattern pattern;

    boolean find(String text, String wanted) throws MappingException {
      if (!wanted.equals(source)) {
        try {
          pattern = Pattern.compile(wanted);
        } catch (PatternSyntaxException e) {
          throw MappingException.eval();
        }
        source = wanted;
      }
      return pattern.matcher(text).find();
    }
  }
}
