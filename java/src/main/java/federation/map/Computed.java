package federation.map;

import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;

/** A value that an expression computes, converted like one of the writer. */
final class Computed implements Emit {
  private final Expression.Node root;
  private final int kinds;
  private final Emit inner;
  private final Scratch result = new Scratch();

  /** @param inner from {@link #type} to the contract */
  Computed(Expression.Node root, Emit inner) {
    this.root = root;
    this.kinds = root.kinds() & Kinds.SCALARS;
    this.inner = inner;
  }

  /** The type of what a non-empty set of kinds of scalars holds: one of them, or a union. */
  static Schema type(int kinds) {
    List<Schema> types = new ArrayList<>();
    for (int i = 0; i < Kinds.TYPES.size(); i++) {
      if ((kinds & 1 << i) != 0) {
        types.add(Schema.create(Kinds.TYPES.get(i)));
      }
    }
    return types.size() == 1 ? types.get(0) : Schema.createUnion(types);
  }

  @Override
  public int emit(Run run, int pos) throws MappingException {
    Object value = root.value(run);
    Output out = result.bytes;
    out.reset(0);
    if (value == null) {
      branch(Kinds.NULL);
    } else if (value instanceof Boolean flag) {
      branch(Kinds.BOOLEAN);
      out.write(flag ? 1 : 0);
    } else if (value instanceof Long whole) {
      branch(Kinds.LONG);
      out.writeLong(whole);
    } else if (value instanceof Double real) {
      branch(Kinds.DOUBLE);
      out.writeDouble(Double.isNaN(real) ? Double.NaN : real);
    } else if (value instanceof String text) {
      branch(Kinds.STRING);
      result.put(text);
    } else if (value instanceof byte[] bytes) {
      branch(Kinds.BYTES);
      out.writeBytes(bytes, 0, bytes.length);
    } else {
      throw MappingException.map("type");
    }
    result.convert(inner, run);
    return pos;
  }

  /** The index of a branch is the number of kinds before it. */
  private void branch(int kind) {
    if (Integer.bitCount(kinds) > 1) {
      result.bytes.writeLong(Integer.bitCount(kinds & (kind - 1)));
    }
  }
}
