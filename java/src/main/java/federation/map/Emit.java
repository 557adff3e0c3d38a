package federation.map;

/** Writes one value of the contract from one value of the writer, whose bytes have been validated. */
interface Emit {
  /**
   * @param run the record at hand; the value is appended to {@code run.out}
   * @param pos where the writer's value begins
   * @return the position after the writer's value
   * @throws MappingException of stage {@code map}
   */
  int emit(Run run, int pos) throws MappingException;

  /** The value's bytes are the same in both schemas. */
  record Copy(Shape shape) implements Emit {
    @Override
    public int emit(Run run, int pos) throws MappingException {
      int end = run.walk(shape, pos);
      run.out.write(run.in, pos, end - pos);
      return end;
    }
  }

  /** Always the same bytes, whatever the writer's value is. */
  record Fixed(Shape shape, byte[] bytes) implements Emit {
    @Override
    public int emit(Run run, int pos) throws MappingException {
      int end = run.walk(shape, pos);
      run.out.write(bytes, 0, bytes.length);
      return end;
    }
  }

  /** A value that can never be mapped. */
  record Fail(String reason) implements Emit {
    @Override
    public int emit(Run run, int pos) throws MappingException {
      throw MappingException.map(reason);
    }
  }

  /** One branch of the contract's union. */
  record Branch(int index, Emit inner) implements Emit {
    @Override
    public int emit(Run run, int pos) throws MappingException {
      run.out.writeLong(index);
      return inner.emit(run, pos);
    }
  }

  /** The writer's union: each branch by itself. */
  record Union(Emit[] branches) implements Emit {
    @Override
    public int emit(Run run, int pos) throws MappingException {
      int from = run.index(pos, branches.length);
      return branches[(int) run.value].emit(run, from);
    }
  }

  /** Where a rule's default stands in for what does not fit. */
  record OrDefault(Emit inner, Shape shape, byte[] bytes) implements Emit {
    @Override
    public int emit(Run run, int pos) throws MappingException {
      int mark = run.out.length();
      int base = run.base;
      int top = run.top;
      try {
        return inner.emit(run, pos);
      } catch (MappingException e) {
        if (!e.mendable()) {
          throw e;
        }
        run.out.reset(mark);
        run.base = base;
        run.top = top;
        run.out.write(bytes, 0, bytes.length);
        return run.walk(shape, pos);
      }
    }
  }

  /** An array or map whose elements change: written as one block. */
  record Items(Emit item, boolean keyed) implements Emit {
    @Override
    public int emit(Run run, int start) throws MappingException {
      int mark = run.out.length();
      int pos = run.count(start);
      long first = run.value;
      run.out.writeLong(first);
      int size = run.out.length() - mark;
      long total = 0;
      for (long left = first; left > 0; left = run.value) {
        total += left;
        for (; left > 0; left--) {
          if (keyed) {
            int key = pos;
            pos = run.string(key);
            run.out.write(run.in, key, pos - key);
          }
          pos = item.emit(run, pos);
        }
        pos = run.count(pos);
      }
      if (total != first) {
        run.out.replaceLong(mark, size, total);
      }
      if (total != 0) {
        run.out.write(0);
      }
      return pos;
    }
  }

  /** A type that contains itself: bound once it has been compiled. */
  final class Late implements Emit {
    Emit target;

    @Override
    public int emit(Run run, int pos) throws MappingException {
      return target.emit(run, pos);
    }
  }
}
