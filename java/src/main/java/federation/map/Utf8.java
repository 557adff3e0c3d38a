package federation.map;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Whether bytes are well-formed UTF-8: no surrogates, nothing over-long, nothing beyond U+10FFFF. */
final class Utf8 {
  private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long HIGH = 0x8080808080808080L;

  private Utf8() {}

  static boolean valid(byte[] in, int from, int to) {
    return ascii(in, from, to) || sequences(in, from, to);
  }

  /** Whether no byte has its high bit set: eight at a time, the last eight overlapping what was seen. */
  private static boolean ascii(byte[] in, int from, int to) {
    int size = to - from;
    if (size < 8) {
      if (in.length - from < 8) {
        return false;
      }
      return ((long) LONGS.get(in, from) & HIGH & (1L << 8 * size) - 1) == 0;
    }
    int last = to - 8;
    long bits = (long) LONGS.get(in, from) | (long) LONGS.get(in, last);
    if (size > 16) {
      // Lengths vary from text to text, so that a loop's end is guessed wrong: up to 64 bytes cost six further loads, some
      // of them of the last eight bytes again.
      bits |= (long) LONGS.get(in, from + 8)
          | (long) LONGS.get(in, Math.min(from + 16, last))
          | (long) LONGS.get(in, Math.min(from + 24, last))
          | (long) LONGS.get(in, Math.min(from + 32, last))
          | (long) LONGS.get(in, Math.min(from + 40, last))
          | (long) LONGS.get(in, Math.min(from + 48, last));
      for (int i = from + 56; i < last; i += 8) {
        bits |= (long) LONGS.get(in, i);
      }
    }
    return (bits & HIGH) == 0;
  }

  private static boolean sequences(byte[] in, int from, int to) {
    int i = from;
    while (i < to) {
      if (in[i] >= 0) {
        i += to - i >= 8 && ((long) LONGS.get(in, i) & HIGH) == 0 ? 8 : 1;
        continue;
      }
      int size = sequence(in, i, to);
      if (size == 0) {
        return false;
      }
      i += size;
    }
    return true;
  }

  /** Length of the multi-byte sequence that starts at {@code i}, or 0 where it is malformed. */
  private static int sequence(byte[] in, int i, int to) {
    int lead = in[i] & 0xFF;
    int size = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (size == 0 || to - i < size) {
      return 0;
    }
    int second = in[i + 1] & 0xFF;
    int low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    int high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (second < low || second > high) {
      return 0;
    }
    for (int k = 2; k < size; k++) {
      if ((in[i + k] & 0xC0) != 0x80) {
        return 0;
      }
    }
    return size;
  }
}
