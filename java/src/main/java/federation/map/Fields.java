package federation.map;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Type;

/** Compiles one record of the contract from one type of the writer: finds the source of each field. */
final class Fields {
  private final Compiler compiler;
  private final Schema writer;
  private Track track;
  private int slots = RecordEmit.FIRST;

  Fields(Compiler compiler, Schema writer) {
    this.compiler = compiler;
    this.writer = writer;
  }

  /** Whether a rule takes the whole datum, so that the writer need not be a record. */
  static boolean wholesale(Hint hint) {
    return hint.fields.values().stream().anyMatch(r -> ".".equals(r.from()));
  }

  RecordEmit compile(Schema contract, Hint hint) throws ContractException {
    List<String> reasons = new ArrayList<>();
    List<RecordEmit.Step> steps = new ArrayList<>();
    if (writer.getType() == Type.RECORD) {
      track = track(writer);
    }
    for (String name : hint.fields.keySet()) {
      if (contract.getField(name) == null) {
        reasons.add(name + ": the contract has no such field");
      }
    }
    for (Schema.Field field : contract.getFields()) {
      try {
        steps.add(step(field, hint.fields.get(field.name())));
      } catch (ContractException e) {
        reasons.addAll(e.under(field.name()).reasons());
      }
    }
    if (!reasons.isEmpty()) {
      throw new ContractException(reasons);
    }
    return new RecordEmit(compiler.shape(writer), track, slots, steps);
  }

  private RecordEmit.Step step(Schema.Field field, Rule rule) throws ContractException {
    if (rule != null && rule.constant() != null) {
      if (rule.from() != null) {
        throw new ContractException(": a rule has both from and const");
      }
      return constant(field, Literal.encode(field.schema(), rule.constant()));
    }
    if (rule != null) {
      meaningful(field.schema(), rule);
    }
    byte[] fallback = rule == null || rule.fallback() == null ? null : Literal.encode(field.schema(), rule.fallback());
    Hint hint = rule == null ? Hint.NONE : Hint.of(rule);
    RecordEmit.Step step = null;
    if (rule != null && rule.from() != null) {
      String[] path = rule.from().equals(".") ? new String[0] : rule.from().split("\\.", -1);
      step = access(field, path, 0, writer, RecordEmit.WHOLE, track, t -> track = t, hint, fallback);
    } else if (writer.getType() == Type.RECORD) {
      Schema.Field source = Names.field(writer, field);
      String[] path = {source == null ? "" : source.name()};
      step = source == null ? null
          : access(field, path, 0, writer, RecordEmit.WHOLE, track, t -> track = t, hint, fallback);
    }
    if (step == null) {
      return missing(field, rule, fallback);
    }
    boolean safe = fallback == null || step.emit() instanceof Emit.Copy;
    // The end of a field is known from its slots, so that the shape of nothing is enough.
    return safe ? step : new RecordEmit.Step(field.name(), step.slot(),
        new Emit.OrDefault(step.emit(), compiler.shape(Schema.create(Type.NULL)), fallback), null);
  }

  /** Refuses keys of a rule that could never apply to this field, whatever the writer. */
  private static void meaningful(Schema schema, Rule rule) throws ContractException {
    if (rule.unit() != null || rule.zone() != null) {
      require(leaf(schema, s -> Logical.of(s).instant()), "unit and zone are for timestamps", schema);
    }
    if (rule.scale() != null) {
      require(leaf(schema, s -> Logical.of(s).is(Logical.Kind.DECIMAL)), "scale is for decimals", schema);
    }
    if (!rule.fields().isEmpty()) {
      require(leaf(schema, s -> s.getType() == Type.RECORD), "fields is for nested records", schema);
    }
  }

  private static void require(boolean condition, String message, Schema schema) throws ContractException {
    if (!condition) {
      throw new ContractException(": " + message + ", and the field is " + Scalars.name(schema));
    }
  }

  /** Whether some value of a field, of its branches or of its elements is of a kind. */
  private static boolean leaf(Schema schema, Predicate<Schema> kind) {
    return switch (schema.getType()) {
      case UNION -> schema.getTypes().stream().anyMatch(s -> leaf(s, kind));
      case ARRAY -> leaf(schema.getElementType(), kind);
      case MAP -> leaf(schema.getValueType(), kind);
      default -> kind.test(schema);
    };
  }

  private RecordEmit.Step missing(Schema.Field field, Rule rule, byte[] fallback) throws ContractException {
    if (fallback != null) {
      return constant(field, fallback);
    }
    if (field.hasDefaultValue()) {
      return constant(field, Literal.encode(field));
    }
    String path = rule == null || rule.from() == null ? field.name() : rule.from();
    throw new ContractException(": the writer has no field " + path + ", and there is no default");
  }

  private static RecordEmit.Step constant(Schema.Field field, byte[] bytes) {
    return new RecordEmit.Step(field.name(), 0, null, bytes);
  }

  /** Remembers a track where it belongs: with its parent, or as the root. */
  private interface Anchor {
    void set(Track track);
  }

  /** The source at the rest of a path, or null where the writer's schema has no such place. */
  private RecordEmit.Step access(Schema.Field field, String[] path, int done, Schema at, int slot, Track known,
      Anchor anchor, Hint hint, byte[] fallback) throws ContractException {
    if (done == path.length) {
      Emit emit = compiler.resolve(at, field.schema(), hint, fallback);
      return new RecordEmit.Step(field.name(), slot, emit, null);
    }
    if (at.getType() == Type.RECORD) {
      Schema.Field next = at.getField(path[done]);
      if (next == null) {
        return null;
      }
      Track here = known == null ? track(at, anchor) : known;
      int pos = next.pos();
      return access(field, path, done + 1, next.schema(), here.slot + pos, here.kids[pos],
          t -> here.kids[pos] = t, hint, fallback);
    }
    return at.getType() == Type.UNION ? through(field, path, done, at, slot, known, anchor, hint, fallback) : null;
  }

  /** A path that leads through a union of null and one type; others are no way for a path. */
  private RecordEmit.Step through(Schema.Field field, String[] path, int done, Schema at, int slot, Track known,
      Anchor anchor, Hint hint, byte[] fallback) throws ContractException {
    List<Schema> types = at.getTypes();
    Track here = known == null ? new Track(compiler.shape(at), 0) : known;
    Emit[] emits = new Emit[types.size()];
    List<String> reasons = new ArrayList<>();
    int found = 0;
    int good = 0;
    if (types.stream().filter(t -> t.getType() != Type.NULL).count() > 1) {
      return null;
    }
    for (int i = 0; i < emits.length; i++) {
      int branch = i;
      emits[i] = new Emit.Fail("type");
      if (types.get(i).getType() == Type.NULL) {
        emits[i] = compiler.onNull(field.schema(), fallback);
        good += emits[i] instanceof Emit.Fail ? 0 : 1;
        continue;
      }
      try {
        RecordEmit.Step step = access(field, path, done, types.get(i), slot, here.kids[i],
            t -> here.kids[branch] = t, hint, fallback);
        if (step != null) {
          found++;
          good++;
          emits[i] = new At(step.slot(), step.emit());
        }
      } catch (ContractException e) {
        found++;
        reasons.addAll(e.reasons());
      }
    }
    if (found == 0) {
      return null;
    }
    if (good == 0) {
      throw new ContractException(reasons);
    }
    anchor.set(here);
    return new RecordEmit.Step(field.name(), slot, new Emit.Union(emits), null);
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
