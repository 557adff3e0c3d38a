package federation.map;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** A growable byte buffer that Avro values are appended to. Reuse one per task; not thread-safe. */
public final class Output {
  private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** More than a record of any topic; defaults make much out of little. */
  private static final int LIMIT = 64 << 20;
  /** What one large record has taken is given back with the next. */
  private static final int KEPT = 4 << 20;

  private byte[] buffer;
  private int length;
  private int limit = LIMIT;

  /** There is no room for what was to be appended. Carries no stack trace, as {@link MappingException}. */
  public static final class Full extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private Full() {
      super("larger than any record may be", null, false, false);
    }
  }

  /** Starts with room for 512 bytes. */
  public Output() {
    this(512);
  }

  /** @param capacity bytes to hold before the first growth */
  public Output(int capacity) {
    buffer = new byte[Math.max(capacity, 16)];
  }

  /** Has room for records of so many bytes, if that is more than usual. */
  public Output roomFor(long bytes) {
    limit = (int) Math.min(Integer.MAX_VALUE - 16L, Math.max(limit, bytes));
    return this;
  }

  /** The bytes themselves, valid up to {@link #length()} and until the next append. */
  public byte[] buffer() {
    return buffer;
  }

  /** Number of bytes written. */
  public int length() {
    return length;
  }

  /** Forgets all but the first {@code keep} bytes, such as a frame that stays. */
  public void reset(int keep) {
    length = keep;
    if (buffer.length > KEPT && keep < KEPT) {
      buffer = Arrays.copyOf(buffer, Math.max(keep, 512));
    }
  }

  /** A copy of what was written from {@code from} on. */
  public byte[] copy(int from) {
    return Arrays.copyOfRange(buffer, from, length);
  }

  /** Appends one byte. */
  public void write(int value) {
    reserve(1);
    buffer[length++] = (byte) value;
  }

  /** Appends bytes as they are. */
  public void write(byte[] bytes, int offset, int count) {
    reserve(count);
    System.arraycopy(bytes, offset, buffer, length, count);
    length += count;
  }

  /** Appends an Avro int or long: zigzag, variable length. */
  public void writeLong(long value) {
    reserve(10);
    long bits = (value << 1) ^ (value >> 63);
    while ((bits & ~0x7FL) != 0) {
      buffer[length++] = (byte) (bits | 0x80);
      bits >>>= 7;
    }
    buffer[length++] = (byte) bits;
  }

  /** Appends Avro bytes or a string: length, then content. */
  public void writeBytes(byte[] bytes, int offset, int count) {
    writeLong(count);
    write(bytes, offset, count);
  }

  /** Appends an Avro float. */
  public void writeFloat(float value) {
    reserve(4);
    INTS.set(buffer, length, Float.floatToRawIntBits(value));
    length += 4;
  }

  /** Appends an Avro double. */
  public void writeDouble(double value) {
    reserve(8);
    LONGS.set(buffer, length, Double.doubleToRawLongBits(value));
    length += 8;
  }

  /** Replaces the {@code size} bytes at {@code at} by the Avro long {@code value}, moving what follows. */
  void replaceLong(int at, int size, long value) {
    int end = length;
    writeLong(value);
    int wide = length - end;
    byte[] fresh = Arrays.copyOfRange(buffer, end, length);
    System.arraycopy(buffer, at + size, buffer, at + wide, end - at - size);
    System.arraycopy(fresh, 0, buffer, at, wide);
    length = end + wide - size;
  }

  private void reserve(int more) {
    if (buffer.length - length < more) {
      grow(more);
    }
  }

  private void grow(int more) {
    long least = (long) length + more;
    if (least > limit) {
      throw new Full();
    }
    buffer = Arrays.copyOf(buffer, (int) Math.max(least, Math.min(2L * buffer.length, limit)));
  }
}
