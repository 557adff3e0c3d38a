package federation.map;

import java.util.Arrays;

/**
 * The state of one record being transcoded: where its bytes are and where its fields lie.
 *
 * <p>The first walk validates every byte; later walks over the same bytes ({@code trusted}) only skip.
 */
final class Run {
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
    switch (shape.kind) {
      case Shape.NULL:
        return pos;
      case Shape.BOOLEAN:
        if (pos >= end) {
          throw MappingException.decode("truncated");
        }
        if ((in[pos] & 0xFE) != 0) {
          throw MappingException.decode("boolean");
        }
        return pos + 1;
      case Shape.INT:
        return pos < end && in[pos] >= 0 ? pos + 1 : skip(pos, 5, 0x0F);
      case Shape.LONG:
        return pos < end && in[pos] >= 0 ? pos + 1 : skip(pos, 10, 1);
      case Shape.FIXED:
        if (shape.size > end - pos) {
          throw MappingException.decode("truncated");
        }
        return pos + shape.size;
      case Shape.BYTES: {
        int from = length(pos);
        return from + (int) value;
      }
      case Shape.STRING:
        return string(pos);
      case Shape.ENUM:
        return index(pos, shape.size);
      case Shape.UNION: {
        int from = index(pos, shape.kids.length);
        return walk(shape.kids[(int) value], from);
      }
      case Shape.RECORD:
        return record(shape, pos);
      default:
        return collection(shape, pos);
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
        Track kid = track.kids[field];
        pos = kid == null ? walk(shape.kids[field], pos) : track(kid, pos);
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
        pos = walk(shape.kids[field], pos);
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
    for (int n = 1; n <= most; n++) {
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
