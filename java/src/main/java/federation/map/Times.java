package federation.map;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;

/** Dates and times in ISO 8601: {@code YYYY-MM-DD}, {@code hh:mm[:ss[.f…]]}, both joined by {@code T}, then an offset. */
final class Times {
  private static final int MINUTES = 5;
  private static final int DATE = 10;
  private static final long[] POWERS =
      {1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000};

  /** Years 1 to 9999 but for a day at both ends, so that no zone leads beyond them. */
  private static final long FIRST_SECOND = LocalDate.of(1, 1, 2).toEpochDay() * 86_400;
  private static final long LAST_SECOND = LocalDate.of(9999, 12, 31).toEpochDay() * 86_400;

  private Times() {}

  /**
   * @param digits decimal digits below a second to return
   * @param offset whether the text names an instant, so that an offset or {@code zone} is needed; else it may have none
   */
  static long timestamp(byte[] in, int from, int to, int digits, boolean offset, ZoneId zone, boolean lossy)
      throws MappingException {
    require(to - from > DATE && in[from + DATE] == 'T');
    LocalDate day = day(in, from);
    int end = clock(in, from + DATE + 1, to);
    LocalTime time = time(in, from + DATE + 1, end);
    long second;
    if (end < to) {
      require(offset);
      second = day.toEpochDay() * 86_400 + time.toSecondOfDay() - shift(in, end, to);
    } else if (offset) {
      require(zone != null);
      second = ZonedDateTime.of(LocalDateTime.of(day, time), zone).toEpochSecond();
    } else {
      second = day.toEpochDay() * 86_400 + time.toSecondOfDay();
    }
    return join(second, fraction(in, from + DATE + 1, end, digits, lossy), digits);
  }

  /** Between what the clocks of a zone show and the instant, either way; both count from 1970. */
  static long move(long value, int digits, ZoneId zone, boolean instant) throws MappingException {
    long second = Math.floorDiv(value, POWERS[digits]);
    if (second < FIRST_SECOND || second >= LAST_SECOND) {
      throw MappingException.map("overflow");
    }
    long shift = instant
        ? ZonedDateTime.of(LocalDateTime.ofEpochSecond(second, 0, ZoneOffset.UTC), zone).toEpochSecond() - second
        : zone.getRules().getOffset(Instant.ofEpochSecond(second)).getTotalSeconds();
    try {
      return Math.addExact(value, Math.multiplyExact(shift, POWERS[digits]));
    } catch (ArithmeticException e) {
      throw MappingException.map("overflow");
    }
  }

  static long time(byte[] in, int from, int to, int digits, boolean lossy) throws MappingException {
    require(clock(in, from, to) == to);
    return join(time(in, from, to).toSecondOfDay(), fraction(in, from, to, digits, lossy), digits);
  }

  static long date(byte[] in, int from, int to) throws MappingException {
    require(to - from == DATE);
    return day(in, from).toEpochDay();
  }

  private static long join(long second, long fraction, int digits) throws MappingException {
    try {
      // Added in this order so that the first instant of the range does not overflow on the way.
      return second < 0 && fraction > 0
          ? Math.addExact(Math.multiplyExact(second + 1, POWERS[digits]), fraction - POWERS[digits])
          : Math.addExact(Math.multiplyExact(second, POWERS[digits]), fraction);
    } catch (ArithmeticException e) {
      throw MappingException.map("overflow");
    }
  }

  private static LocalDate day(byte[] in, int from) throws MappingException {
    require(in[from + 4] == '-' && in[from + 7] == '-');
    int year = number(in, from, 4);
    require(year > 0);
    try {
      return LocalDate.of(year, number(in, from + 5, 2), number(in, from + 8, 2));
    } catch (DateTimeException e) {
      throw MappingException.map("parse");
    }
  }

  /** The position after {@code hh:mm[:ss[.f…]]}. */
  private static int clock(byte[] in, int from, int to) throws MappingException {
    require(to - from >= MINUTES);
    int at = from + MINUTES;
    if (at < to && in[at] == ':') {
      require(to - at >= 3);
      at += 3;
      if (at < to && in[at] == '.') {
        int first = ++at;
        while (at < to && in[at] >= '0' && in[at] <= '9') {
          at++;
        }
        require(at > first);
      }
    }
    return at;
  }

  private static LocalTime time(byte[] in, int from, int to) throws MappingException {
    require(in[from + 2] == ':');
    int hour = number(in, from, 2);
    int minute = number(in, from + 3, 2);
    int second = to - from > MINUTES ? number(in, from + 6, 2) : 0;
    require(hour < 24 && minute < 60 && second < 60);
    return LocalTime.of(hour, minute, second);
  }

  /** The fraction of a second, as {@code digits} digits; further digits other than zero are lost only if {@code lossy}. */
  private static long fraction(byte[] in, int from, int to, int digits, boolean lossy) throws MappingException {
    long value = 0;
    int first = from + MINUTES + 4;
    for (int i = 0; i < digits; i++) {
      value = value * 10 + (first + i < to ? in[first + i] - '0' : 0);
    }
    for (int at = first + digits; at < to; at++) {
      if (in[at] != '0' && !lossy) {
        throw MappingException.map("lossy");
      }
    }
    return value;
  }

  private static int shift(byte[] in, int from, int to) throws MappingException {
    if (to - from == 1 && in[from] == 'Z') {
      return 0;
    }
    require(to - from == 6 && (in[from] == '+' || in[from] == '-') && in[from + 3] == ':');
    int hours = number(in, from + 1, 2);
    int minutes = number(in, from + 4, 2);
    int seconds = hours * 3600 + minutes * 60;
    require(minutes < 60 && seconds <= 18 * 3600);
    return in[from] == '-' ? -seconds : seconds;
  }

  private static int number(byte[] in, int from, int size) throws MappingException {
    int value = 0;
    for (int i = from; i < from + size; i++) {
      require(in[i] >= '0' && in[i] <= '9');
      value = value * 10 + in[i] - '0';
    }
    return value;
  }

  private static void require(boolean condition) throws MappingException {
    if (!condition) {
      throw MappingException.map("parse");
    }
  }
}
