package federation.map;

import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Type;

/** Finds the writer's values that a record of the contract is made from, and notes what must be tracked for them. */
final class Paths {
  private final Compiler compiler;
  private final Schema writer;
  private Track track;
  private int slots = RecordEmit.FIRST;

  /** What becomes of the value at the end of a path. */
  interface Target {
    Emit of(Schema source) throws ContractException;

    /** Of a null on the way: an {@link Emit.Fail} where nothing may stand in for it. */
    Emit ofNull() throws ContractException;
  }

  /** Remembers a track where it belongs: with its parent, or as the root. */
  private interface Anchor {
    void set(Track track);
  }

  Paths(Compiler compiler, Schema writer) throws ContractException {
    this.compiler = compiler;
    this.writer = writer;
    if (writer.getType() == Type.RECORD) {
      track = track(writer);
    }
  }

  /** What the walk over a datum notes; null where nothing within it is needed. */
  Track track() {
    return track;
  }

  /** How many places that are. */
  int slots() {
    return slots;
  }

  /** The slot of the record's first field. */
  int first() {
    return track == null ? 0 : track.slot;
  }

  /** The source at a path, or null where the writer's schema has no such place. */
  RecordEmit.Step at(String path, Target target) throws ContractException {
    String[] names = path.equals(".") ? new String[0] : path.split("\\.", -1);
    return access(names, 0, writer, RecordEmit.WHOLE, track, t -> track = t, target);
  }

  /** The source at the rest of a path, or null where the writer's schema has no such place. */
  private RecordEmit.Step access(String[] path, int done, Schema at, int slot, Track known, Anchor anchor, Target target)
      throws ContractException {
    if (done == path.length) {
      return new RecordEmit.Step("", slot, target.of(at), null);
    }
    if (at.getType() == Type.RECORD) {
      Schema.Field next = at.getField(path[done]);
      if (next == null) {
        return null;
      }
      Track here = known == null ? track(at, anchor) : known;
      int pos = next.pos();
      return access(path, done + 1, next.schema(), here.slot + pos, here.kids[pos], t -> here.kids[pos] = t, target);
    }
    return at.getType() == Type.UNION ? through(path, done, at, slot, known, anchor, target) : null;
  }

  /** A path that leads through a union: into its only type, or into the branch that it names. */
  private RecordEmit.Step through(String[] path, int done, Schema at, int slot, Track known, Anchor anchor,
      Target target) throws ContractException {
    List<Schema> types = at.getTypes();
    boolean several = Names.several(at);
    int wanted = several ? Names.branch(at, path[done]) : -1;
    if (several && wanted < 0) {
      return null;
    }
    Track here = known == null ? new Track(compiler.shape(at), 0) : known;
    Emit[] emits = new Emit[types.size()];
    List<String> reasons = new ArrayList<>();
    boolean found = false;
    boolean good = false;
    for (int i = 0; i < emits.length; i++) {
      int branch = i;
      if (several ? i != wanted : types.get(i).getType() == Type.NULL) {
        emits[i] = target.ofNull();
        good |= !(emits[i] instanceof Emit.Fail);
        continue;
      }
      emits[i] = new Emit.Fail("type");
      try {
        RecordEmit.Step step = access(path, several ? done + 1 : done, types.get(i), slot, here.kids[i],
            t -> here.kids[branch] = t, target);
        if (step != null) {
          found = true;
          good = true;
          // Where the path ends in the branch itself the value lies behind the index, not at a slot.
          emits[i] = step.slot() == slot ? step.emit() : new At(step.slot(), step.emit());
        }
      } catch (ContractException e) {
        found = true;
        reasons.addAll(e.reasons());
      }
    }
    if (!found) {
      return null;
    }
    if (!good) {
      throw new ContractException(reasons);
    }
    anchor.set(here);
    return new RecordEmit.Step("", slot, new Emit.Union(emits), null);
  }

  /** Whether null may lie on the way or at the end of a path that is there. */
  boolean nullable(String path) {
    Schema at = writer;
    boolean nullable = false;
    for (String name : path.split("\\.", -1)) {
      if (at.getType() == Type.UNION && Names.several(at)) {
        at = at.getTypes().get(Names.branch(at, name));
        nullable = true;
        continue;
      }
      if (at.getType() == Type.UNION) {
        nullable |= at.isNullable();
        at = at.getTypes().stream().filter(t -> t.getType() != Type.NULL).findFirst().orElseThrow();
      }
      at = at.getField(name).schema();
    }
    return nullable || at.isNullable();
  }

  private Track track(Schema record, Anchor anchor) throws ContractException {
    Track made = track(record);
    anchor.set(made);
    return made;
  }

  private Track track(Schema record) throws ContractException {
    Track made = new Track(compiler.shape(record), slots);
    slots += record.getFields().size() + 1;
    return made;
  }

  /** A value that lies elsewhere in the record: at a slot of the scope at hand. */
  record At(int slot, Emit emit) implements Emit {
    @Override
    public int emit(Run run, int pos) throws MappingException {
      return emit.emit(run, run.slots[run.base + slot]);
    }
  }
}
