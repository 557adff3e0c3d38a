package federation.map;

import java.util.Arrays;
import java.util.Map;

/** A fixed map from byte strings to values that is asked with a slice of a buffer, without an allocation. */
final class SliceMap<V> {
  private final byte[][] keys;
  private final Object[] values;

  SliceMap(Map<byte[], V> entries) {
    int size = Integer.highestOneBit(Math.max(1, entries.size()) * 4);
    keys = new byte[size][];
    values = new Object[size];
    entries.forEach((key, value) -> {
      int at = hash(key, 0, key.length) & (size - 1);
      while (keys[at] != null) {
        at = (at + 1) & (size - 1);
      }
      keys[at] = key;
      values[at] = value;
    });
  }

  @SuppressWarnings("unchecked") // only values of type V were put
  V get(byte[] in, int from, int to) {
    int mask = keys.length - 1;
    for (int at = hash(in, from, to) & mask; keys[at] != null; at = (at + 1) & mask) {
      if (Arrays.equals(keys[at], 0, keys[at].length, in, from, to)) {
        return (V) values[at];
      }
    }
    return null;
  }

  private static int hash(byte[] in, int from, int to) {
    int hash = 0;
    for (int i = from; i < to; i++) {
      hash = 31 * hash + in[i];
    }
    return hash ^ (hash >>> 15);
  }
}
