package federation.map;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The state of one record being transcoded: where its bytes are and where its fields lie.
 *
 * <p>The first walk validates every byte; later walks over the same bytes ({@code trusted}) only skip.
 */
final class Run {
  private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  static final int MAX_DEPTH = 64;
  static final int MAX_ITEMS = 1_000_000;

  byte[] in;
  int start;
  int end;
  Output out;
  boolean trusted;
  /** Positions noted by {@link #track}; those of the record at hand begin at {@code base}. */
  int[] slots = new int[64];
  int base;
  int top;
  /** The record whose slots begin at 0, once it has been emitted. */
  RecordEmit outermost;
  /** The number read last by {@link #number}, {@link #length} or {@link #index}. */
  long value;
  /** End of the block whose count was read last by {@link #count}, or -1 where the writer did not say. */
  private int blockEnd;
  private int depth;
  private int items;

  void begin(byte[] bytes, int offset, int length, Output output) {
    in = bytes;
    start = offset;
    end = offset + length;
    out = output;
    trusted = false;
    base = 0;
    top = 0;
    depth = 0;
    items = 0;
    outermost = null;
  }

  /** Steps over one value and returns the position after it. */
  int walk(Shape shape, int pos) throws MappingException {
    if (shape.kind <= Shape.ENUM) {
      return leaf(shape, pos);
    }
    if (shape.kind == Shape.UNION) {
      int from = index(pos, shape.kids.length);
      Shape branch = shape.kids[(int) value];
      return branch.kind <= Shape.ENUM ? leaf(branch, from) : walk(branch, from);
    }
    return shape.kind == Shape.RECORD ? record(shape, pos) : collection(shape, pos);
  }

  /** Steps over a value without parts: apart from {@link #walk}, so that nothing recursive hinders its inlining. */
  private int leaf(Shape shape, int pos) throws MappingException {
    switch (shape.kind) {
      case Shape.LONG:
        return skip(pos, 10, 1);
      case Shape.STRING:
        return string(pos);
      case Shape.FIXED:
        if (shape.size > end - pos) {
          throw MappingException.decode("truncated");
        }
        return pos + shape.size;
      case Shape.INT:
        return skip(pos, 5, 0x0F);
      case Shape.BOOLEAN:
        if (pos >= end) {
          throw MappingException.decode("truncated");
        }
        if ((in[pos] & 0xFE) != 0) {
          throw MappingException.decode("boolean");
        }
        return pos + 1;
      case Shape.BYTES:
        return length(pos) + (int) value;
      case Shape.ENUM:
        return index(pos, shape.size);
      default:
        return pos;
    }
  }

  /** As {@link #walk}, and notes where the fields of tracked records begin and end. */
  int track(Track track, int start) throws MappingException {
    Shape shape = track.shape;
    if (shape.kind == Shape.UNION) {
      int from = index(start, shape.kids.length);
      Track branch = track.kids[(int) value];
      return branch == null ? walk(shape.kids[(int) value], from) : track(branch, from);
    }
    int pos = start;
    int slot = base + track.slot;
    int field = 0;
    enter();
    spend(shape.empty);
    try {
      for (; field < shape.kids.length; field++) {
        slots[slot + field] = pos;
        Shape kid = shape.kids[field];
        if (kid.kind <= Shape.ENUM) {
          pos = leaf(kid, pos);
        } else {
          Track further = track.kids[field];
          pos = further == null ? walk(kid, pos) : track(further, pos);
        }
      }
    } catch (MappingException e) {
      throw e.under(shape.names[field]);
    }
    slots[slot + field] = pos;
    depth--;
    return pos;
  }

  private int record(Shape shape, int start) throws MappingException {
    int pos = start;
    int field = 0;
    enter();
    spend(shape.empty);
    try {
      for (; field < shape.kids.length; field++) {
        Shape kid = shape.kids[field];
        pos = kid.kind <= Shape.ENUM ? leaf(kid, pos) : walk(kid, pos);
      }
    } catch (MappingException e) {
      throw e.under(shape.names[field]);
    }
    depth--;
    return pos;
  }

  private int collection(Shape shape, int start) throws MappingException {
    Shape item = shape.kids[0];
    boolean keyed = shape.kind == Shape.MAP;
    enter();
    int pos = count(start);
    while (value != 0) {
      int blockEnds = blockEnd;
      for (long left = value; left > 0; left--) {
        pos = walk(item, keyed ? string(pos) : pos);
      }
      if (blockEnds >= 0 && blockEnds != pos) {
        throw MappingException.decode("length");
      }
      pos = count(pos);
    }
    depth--;
    return pos;
  }

  /** Reads the head of a block: {@code value} becomes the number of its items, 0 at the end. */
  int count(int start) throws MappingException {
    int pos = number(start);
    long count = value;
    blockEnd = -1;
    if (count == 0) {
      return pos;
    }
    if (count < 0) {
      count = -count;
      pos = length(pos);
      blockEnd = pos + (int) value;
    }
    spend(count);
    value = count;
    return pos;
  }

  /** Counts what a few bytes can claim, so that no payload costs much more than its length. */
  private void spend(long count) throws MappingException {
    if (!trusted) {
      // The least long stays negative when negated, so both ends of the range are checked.
      if (count < 0 || count > MAX_ITEMS - items) {
        throw MappingException.decode("items");
      }
      items += (int) count;
    }
  }

  /** Steps over a string, validating it, with {@code value} its length in bytes. */
  int string(int pos) throws MappingException {
    int from = length(pos);
    int to = from + (int) value;
    if (!trusted && !Utf8.valid(in, from, to)) {
      throw MappingException.decode("utf8");
    }
    return to;
  }

  /** Reads a length that lies within the payload. */
  int length(int pos) throws MappingException {
    int from;
    if (pos < end && in[pos] >= 0) {
      int bits = in[pos];
      value = (bits >>> 1) ^ -(bits & 1);
      from = pos + 1;
    } else {
      from = number(pos);
    }
    if (value < 0 || value > end - from) {
      throw MappingException.decode("length");
    }
    return from;
  }

  /** Reads the index of a union's branch or an enum's symbol. */
  int index(int pos, int limit) throws MappingException {
    int from;
    if (pos < end && in[pos] >= 0) {
      int bits = in[pos];
      value = (bits >>> 1) ^ -(bits & 1);
      from = pos + 1;
    } else {
      from = skip(pos, 5, 0x0F);
      number(pos);
    }
    if (value < 0 || value >= limit) {
      throw MappingException.decode("index");
    }
    return from;
  }

  /** Reads an int or long into {@code value}. */
  int number(int pos) throws MappingException {
    int after = pos < end && in[pos] >= 0 ? pos + 1 : skip(pos, 10, 1);
    long bits = 0;
    for (int i = after - 1; i >= pos; i--) {
      bits = (bits << 7) | (in[i] & 0x7F);
    }
    value = (bits >>> 1) ^ -(bits & 1);
    return after;
  }

  /** Steps over a number of at most {@code most} bytes whose last may not exceed {@code limit}. */
  private int skip(int start, int most, int limit) throws MappingException {
    int n = 1;
    if (end - start >= Long.BYTES) {
      // The first byte without its high bit, found among eight at once.
      long stops = ~(long) LONGS.get(in, start) & 0x8080808080808080L;
      int last = start + (Long.numberOfTrailingZeros(stops) >>> 3);
      if (stops != 0 && last - start < most - 1 && (in[last] != 0 || last == start)) {
        return last + 1;
      }
      n = stops == 0 ? Long.BYTES + 1 : 1;
    }
    for (; n <= most; n++) {
      int pos = start + n - 1;
      if (pos >= end) {
        throw MappingException.decode("truncated");
      }
      if (in[pos] >= 0) {
        if (n > 1 && in[pos] == 0 || n == most && in[pos] > limit) {
          throw MappingException.decode("varint");
        }
        return pos + 1;
      }
    }
    throw MappingException.decode("varint");
  }

  /** Makes room for the slots of one more record and returns where they begin. */
  int reserve(int count) {
    int from = top;
    top += count;
    if (top > slots.length) {
      slots = Arrays.copyOf(slots, Math.max(top, 2 * slots.length));
    }
    return from;
  }

  private void enter() throws MappingException {
    if (++depth > MAX_DEPTH) {
      throw MappingException.decode("depth");
    }
  }
}
