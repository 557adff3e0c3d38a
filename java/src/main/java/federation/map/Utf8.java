package federation.map;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Whether bytes are well-formed UTF-8: no surrogates, nothing over-long, nothing beyond U+10FFFF. */
final class Utf8 {
  private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long HIGH = 0x8080808080808080L;

  // What may follow, as a state of an automaton; each is the place of six bits within a word of STEPS.
  private static final int DONE = 0;
  private static final int MALFORMED = 6;
  private static final int ONE = 12; // so many bytes from 80 to BF
  private static final int TWO = 18;
  private static final int THREE = 24;
  private static final int AFTER_E0 = 30; // A0 to BF, then one: nothing over-long
  private static final int AFTER_ED = 36; // 80 to 9F, then one: no surrogates
  private static final int AFTER_F0 = 42; // 90 to BF, then two: nothing over-long
  private static final int AFTER_F4 = 48; // 80 to 8F, then two: nothing beyond U+10FFFF

  /**
   * By byte, the next state of each state, six bits wide: shifting a byte's word by a state brings up the next one. Only
   * that shift waits for the byte before, and nothing branches, so texts of any mixture cost the same.
   */
  private static final long[] STEPS = steps();

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
    long state = DONE;
    for (int i = from; i < to; i++) {
      state = STEPS[in[i] & 0xFF] >>> state;
    }
    return (state & 63) == DONE;
  }

  /** Table 3-7 of the Unicode standard. */
  private static long[] steps() {
    long[] steps = new long[256];
    for (int state = DONE; state <= AFTER_F4; state += 6) {
      step(steps, state, 0x00, 0xFF, MALFORMED);
    }
    step(steps, DONE, 0x00, 0x7F, DONE);
    step(steps, DONE, 0xC2, 0xDF, ONE);
    step(steps, DONE, 0xE0, 0xE0, AFTER_E0);
    step(steps, DONE, 0xE1, 0xEF, TWO);
    step(steps, DONE, 0xED, 0xED, AFTER_ED);
    step(steps, DONE, 0xF0, 0xF0, AFTER_F0);
    step(steps, DONE, 0xF1, 0xF3, THREE);
    step(steps, DONE, 0xF4, 0xF4, AFTER_F4);
    step(steps, ONE, 0x80, 0xBF, DONE);
    step(steps, TWO, 0x80, 0xBF, ONE);
    step(steps, THREE, 0x80, 0xBF, TWO);
    step(steps, AFTER_E0, 0xA0, 0xBF, ONE);
    step(steps, AFTER_ED, 0x80, 0x9F, ONE);
    step(steps, AFTER_F0, 0x90, 0xBF, TWO);
    step(steps, AFTER_F4, 0x80, 0x8F, TWO);
    return steps;
  }

  private static void step(long[] steps, int state, int first, int last, int next) {
    for (int b = first; b <= last; b++) {
      steps[b] = steps[b] & ~(63L << state) | (long) next << state;
    }
  }
}
