package federation.map;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** MurmurHash3 x64 128 with seed 0, over a range of bytes. Keeps its result in itself, so that nothing is allocated. */
public final class Murmur3 {
  private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long C1 = 0x87c37b91114253d5L;
  private static final long C2 = 0x4cf5ad432745937fL;

  private long high;
  private long low;

  /** Hashes {@code length} bytes from {@code offset}; the result is in {@link #first} and {@link #second}. */
  public Murmur3 hash(byte[] in, int offset, int length) {
    long h1 = 0;
    long h2 = 0;
    int end = offset + (length & ~15);
    for (int i = offset; i < end; i += 16) {
      h1 = (Long.rotateLeft(h1 ^ scramble1((long) LONGS.get(in, i)), 27) + h2) * 5 + 0x52dce729;
      h2 = (Long.rotateLeft(h2 ^ scramble2((long) LONGS.get(in, i + 8)), 31) + h1) * 5 + 0x38495ab5;
    }
    long k1 = 0;
    long k2 = 0;
    for (int i = (length & 15) - 1; i >= 0; i--) {
      long value = in[end + i] & 0xFFL;
      if (i >= 8) {
        k2 |= value << 8 * (i - 8);
      } else {
        k1 |= value << 8 * i;
      }
    }
    h1 ^= scramble1(k1) ^ length;
    h2 ^= scramble2(k2) ^ length;
    h1 += h2;
    h2 += h1;
    h1 = mix(h1);
    h2 = mix(h2);
    h1 += h2;
    h2 += h1;
    high = h1;
    low = h2;
    return this;
  }

  /** The first 64 bits of the last hash. */
  public long first() {
    return high;
  }

  /** The last 64 bits of the last hash. */
  public long second() {
    return low;
  }

  private static long scramble1(long k) {
    return Long.rotateLeft(k * C1, 31) * C2;
  }

  private static long scramble2(long k) {
    return Long.rotateLeft(k * C2, 33) * C1;
  }

  private static long mix(long value) {
    long k = value;
    k = (k ^ k >>> 33) * 0xff51afd7ed558ccdL;
    k = (k ^ k >>> 33) * 0xc4ceb9fe1a85ec53L;
    return k ^ k >>> 33;
  }
}
