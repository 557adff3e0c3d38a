package federation.map;

import java.util.Arrays;
import java.util.Random;

/** Bytes with up to three wounds: bits, bytes, cuts, insertions, repetitions. */
final class Damage {
  private Damage() {}

  static byte[] of(byte[] seed, Random random) {
    byte[] bytes = seed.clone();
    for (int n = random.nextInt(4); n > 0 && bytes.length > 0; n--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(5)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt(256);
        case 2 -> bytes = Arrays.copyOf(bytes, at);
        case 3 -> {
          byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
          System.arraycopy(bytes, at, longer, at + 1, bytes.length - at);
          bytes = longer;
        }
        default -> System.arraycopy(bytes, random.nextInt(bytes.length - at), bytes, 0, at);
      }
    }
    return bytes;
  }
}
