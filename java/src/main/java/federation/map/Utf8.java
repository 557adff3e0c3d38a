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
    int i = from;
    while (i < to) {
      while (to - i >= 8 && ((long) LONGS.get(in, i) & HIGH) == 0) {
        i += 8;
      }
      while (i < to && in[i] >= 0) {
        i++;
      }
      if (i < to) {
        int size = sequence(in, i, to);
        if (size == 0) {
          return false;
        }
        i += size;
      }
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
