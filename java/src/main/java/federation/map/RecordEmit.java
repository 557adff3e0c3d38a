package federation.map;

import java.util.List;

/** A record of the contract: notes where the writer's fields lie, then emits its own, most of them as copies. */
final class RecordEmit implements Emit {
  /** Slots that hold where the whole datum begins and ends; those of its fields follow. */
  static final int WHOLE = 0;
  static final int FIRST = 2;

  /**
   * How one field of the contract comes about.
   *
   * @param field name in the contract
   * @param slot where the source value begins; the next slot is where it ends
   * @param emit the conversion, or null where {@code bytes} stand
   * @param bytes a constant, or null
   */
  record Step(String field, int slot, Emit emit, byte[] bytes) {}

  private final Shape shape;
  private final Track track;
  private final int slotCount;
  // One entry per operation; neighbours that are copied from neighbours are one operation.
  private final int[] from;
  private final int[] to;
  private final Emit[] emits;
  private final byte[][] bytes;
  private final String[] names;
  /** Where each operation of the last record began in the output, then where the last one ended. */
  private final int[] starts;
  /** Per field of the contract: its operation, and its slot within that. */
  private final int[] operation;
  private final int[] slot;

  RecordEmit(Shape shape, Track track, int slotCount, List<Step> steps) {
    this.shape = shape;
    this.track = track;
    this.slotCount = slotCount;
    int n = steps.size();
    from = new int[n];
    to = new int[n];
    emits = new Emit[n];
    bytes = new byte[n][];
    names = new String[n];
    operation = new int[n];
    slot = new int[n];
    int last = -1;
    for (int i = 0; i < n; i++) {
      Step step = steps.get(i);
      boolean copy = step.emit instanceof Copy;
      if (copy && last >= 0 && emits[last] == null && bytes[last] == null && to[last] == step.slot) {
        to[last]++;
      } else {
        last++;
        from[last] = step.slot;
        to[last] = step.slot + 1;
        emits[last] = copy ? null : step.emit;
        bytes[last] = step.bytes;
        names[last] = step.field;
      }
      operation[i] = last;
      slot[i] = step.slot;
    }
    starts = new int[last + 2];
  }

  @Override
  public int emit(Run run, int pos) throws MappingException {
    int base = run.base;
    int top = run.top;
    int end = locate(run, pos);
    produce(run);
    run.base = base;
    run.top = top;
    if (top == 0) {
      run.outermost = this;
    }
    return end;
  }

  /** Walks the writer's value, noting where its fields lie, and returns the position after it. */
  int locate(Run run, int pos) throws MappingException {
    run.base = run.reserve(slotCount);
    run.slots[run.base + WHOLE] = pos;
    int end = track == null ? run.walk(shape, pos) : run.track(track, pos);
    run.slots[run.base + WHOLE + 1] = end;
    return end;
  }

  /** Emits the contract's fields from the places noted last. */
  void produce(Run run) throws MappingException {
    Output out = run.out;
    int base = run.base;
    int count = starts.length - 1;
    int i = 0;
    try {
      for (; i < count; i++) {
        starts[i] = out.length();
        if (emits[i] != null) {
          emits[i].emit(run, run.slots[base + from[i]]);
        } else if (bytes[i] != null) {
          out.write(bytes[i], 0, bytes[i].length);
        } else {
          int begin = run.slots[base + from[i]];
          out.write(run.in, begin, run.slots[base + to[i]] - begin);
        }
      }
    } catch (MappingException e) {
      throw e.under(names[i]);
    }
    starts[count] = out.length();
  }

  /** Where a field of the contract begins in the output; the last record must still be in {@code run}. */
  int start(Run run, int field) {
    int op = operation[field];
    return emits[op] != null || bytes[op] != null ? starts[op] : starts[op] + within(run, op, slot[field]);
  }

  /** Where a field of the contract ends in the output. */
  int end(Run run, int field) {
    int op = operation[field];
    return emits[op] != null || bytes[op] != null ? starts[op + 1] : starts[op] + within(run, op, slot[field] + 1);
  }

  private int within(Run run, int op, int at) {
    return run.slots[at] - run.slots[from[op]];
  }
}
