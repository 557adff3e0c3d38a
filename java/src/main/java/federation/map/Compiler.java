package federation.map;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Type;

/** Resolves a writer's schema against a contract, once, into a program of {@link Emit} nodes. */
final class Compiler {
  private static final int MAX_DEPTH = 256;
  private static final int MAX_STEPS = 1_000_000;
  private static final Schema STRING = Schema.create(Type.STRING);

  private final Shape.Factory shapes = new Shape.Factory();
  private final Map<Pair, Object> known = new HashMap<>();
  /** Pairs in the order they were resolved, so that what rested on a failure can be forgotten. */
  private final List<Pair> order = new ArrayList<>();
  private final Set<Pair> same = new HashSet<>();
  private final Set<Pair> different = new HashSet<>();
  private int depth;
  private int steps;

  /** A question asked of the compiler; its parts are compared by identity, since schemas may be cyclic. */
  private record Pair(Schema writer, Schema contract, Hint hint, byte[] fallback) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Pair p && writer == p.writer && contract == p.contract && hint == p.hint
          && fallback == p.fallback;
    }

    @Override
    public int hashCode() {
      return (System.identityHashCode(writer) * 31 + System.identityHashCode(contract)) * 31
          + System.identityHashCode(hint);
    }
  }

  Shape shape(Schema schema) throws ContractException {
    return shapes.of(schema);
  }

  /** The program for the whole datum: for a record contract one that can say where its fields are. */
  Emit root(Schema writer, Schema contract, Map<String, Rule> rules) throws ContractException {
    Hint hint = rules.isEmpty() ? Hint.NONE : Hint.of(rules);
    if (contract.getType() != Type.RECORD) {
      return resolve(writer, contract, hint, null);
    }
    if (writer.getType() == Type.UNION && !Fields.wholesale(hint)) {
      return branches(writer, contract, hint, null, true);
    }
    return whole(writer, contract, hint);
  }

  /** A record of the contract that is a datum by itself: never a plain copy, since its fields must be found. */
  private Emit whole(Schema writer, Schema contract, Hint hint) throws ContractException {
    if (writer.getType() != Type.RECORD && !Fields.wholesale(hint)) {
      throw new ContractException(": " + Scalars.name(writer) + " does not become " + Scalars.name(contract));
    }
    return new Fields(this, writer).compile(contract, hint);
  }

  /**
   * @param fallback the rule's default, encoded, for a null or a value that does not fit; or null
   * @throws ContractException if no value of {@code writer} can become one of {@code contract}
   */
  Emit resolve(Schema writer, Schema contract, Hint hint, byte[] fallback) throws ContractException {
    step();
    if (!composite(writer) && contract.getType() != Type.UNION) {
      return fresh(writer, contract, hint, fallback);
    }
    Pair pair = new Pair(writer, contract, hint, fallback);
    Object found = known.get(pair);
    if (found instanceof ContractException refused) {
      throw refused;
    }
    if (found != null) {
      return (Emit) found;
    }
    Emit.Late late = new Emit.Late();
    int mark = order.size();
    known.put(pair, late);
    order.add(pair);
    try {
      depth++;
      late.target = fresh(writer, contract, hint, fallback);
      known.put(pair, late.target);
      return late.target;
    } catch (ContractException e) {
      List<Pair> since = order.subList(mark, order.size());
      since.forEach(known::remove);
      since.clear();
      known.put(pair, e);
      throw e;
    } finally {
      depth--;
    }
  }

  private Emit fresh(Schema writer, Schema contract, Hint hint, byte[] fallback) throws ContractException {
    if (hint.split != null && writer.getType() == Type.STRING && Logical.of(writer).is(Logical.Kind.NONE)) {
      return hint.split.compile(this, contract, hint, fallback);
    }
    if (!hint.map.isEmpty() && Replace.applies(writer)) {
      return Replace.compile(this, writer, contract, hint, fallback);
    }
    if (same(writer, contract, hint)) {
      return new Emit.Copy(shape(writer));
    }
    if (contract.getType() == Type.RECORD && Fields.wholesale(hint)) {
      return new Fields(this, writer).compile(contract, hint);
    }
    if (writer.getType() == Type.UNION) {
      return branches(writer, contract, hint, fallback, false);
    }
    if (writer.getType() == Type.NULL) {
      return absent(contract, fallback);
    }
    if (contract.getType() == Type.UNION) {
      return choose(writer, contract, hint);
    }
    if (writer.getType() == contract.getType()) {
      switch (writer.getType()) {
        case RECORD:
          return new Fields(this, writer).compile(contract, hint);
        case ARRAY:
          return new Emit.Items(resolve(writer.getElementType(), contract.getElementType(), hint.items(), null), false);
        case MAP:
          return new Emit.Items(resolve(writer.getValueType(), contract.getValueType(), hint.items(), null), true);
        default:
          break;
      }
    }
    return Scalars.compile(writer, contract, hint, fallback, shape(writer));
  }

  /** What becomes of a null: {@link Emit.Fail} where nothing may stand in for it. */
  Emit onNull(Schema contract, byte[] fallback) throws ContractException {
    Shape nothing = shape(Schema.create(Type.NULL));
    if (contract.getType() == Type.NULL) {
      return new Emit.Copy(nothing);
    }
    if (contract.getType() == Type.UNION && contract.getIndexNamed("null") != null) {
      return new Emit.Branch(contract.getIndexNamed("null"), new Emit.Copy(nothing));
    }
    return fallback == null ? new Emit.Fail("null") : new Emit.Fixed(nothing, fallback);
  }

  private Emit absent(Schema contract, byte[] fallback) throws ContractException {
    Emit emit = onNull(contract, fallback);
    if (emit instanceof Emit.Fail) {
      throw new ContractException(": the writer's type is null, " + Scalars.name(contract) + " is not nullable");
    }
    return emit;
  }

  private Emit branches(Schema writer, Schema contract, Hint hint, byte[] fallback, boolean outermost)
      throws ContractException {
    List<Schema> types = writer.getTypes();
    Emit[] emits = new Emit[types.size()];
    List<String> reasons = new ArrayList<>();
    int good = 0;
    for (int i = 0; i < emits.length; i++) {
      if (types.get(i).getType() == Type.NULL) {
        emits[i] = onNull(contract, fallback);
        good += emits[i] instanceof Emit.Fail ? 0 : 1;
        continue;
      }
      try {
        emits[i] = outermost ? whole(types.get(i), contract, hint) : resolve(types.get(i), contract, hint, fallback);
        good++;
      } catch (ContractException e) {
        emits[i] = new Emit.Fail("type");
        reasons.addAll(e.reasons());
      }
    }
    if (good == 0) {
      throw new ContractException(reasons.isEmpty()
          ? List.of(": the writer's value can only be null, " + Scalars.name(contract) + " is not nullable") : reasons);
    }
    return new Emit.Union(emits);
  }

  /** The branch of the contract's union that a writer's type goes to: its own type first, then what it converts to. */
  private Emit choose(Schema writer, Schema contract, Hint hint) throws ContractException {
    List<Schema> types = contract.getTypes();
    Set<Integer> tried = new HashSet<>();
    List<String> reasons = new ArrayList<>();
    for (int rank = 0; rank < 4; rank++) {
      for (int i = 0; i < types.size(); i++) {
        if (types.get(i).getType() != Type.NULL && Names.match(writer, types.get(i), rank) && tried.add(i)) {
          try {
            // Within a branch a rule's default cannot be written, it belongs to the whole union.
            return new Emit.Branch(i, resolve(writer, types.get(i), hint, null));
          } catch (ContractException e) {
            reasons.addAll(e.reasons());
          }
        }
      }
    }
    throw new ContractException(reasons.isEmpty()
        ? List.of(": no branch of " + Scalars.name(contract) + " takes " + Scalars.name(writer)) : reasons);
  }

  /** Whether every value of {@code writer} has the same bytes under {@code contract}. */
  private boolean same(Schema writer, Schema contract, Hint hint) throws ContractException {
    if (!hint.fields.isEmpty() || !hint.map.isEmpty() || hint.split != null) {
      return !composite(writer) && !composite(contract) && Scalars.same(writer, contract, hint);
    }
    Set<Pair> assumed = new HashSet<>();
    boolean result = same(writer, contract, hint, assumed);
    if (result) {
      same.addAll(assumed);
    }
    return result;
  }

  private boolean same(Schema w, Schema c, Hint hint, Set<Pair> assumed) throws ContractException {
    step();
    if (w.getType() != c.getType()) {
      return w.getType() != Type.UNION && c.getType() != Type.UNION && Scalars.same(w, c, hint);
    }
    Pair pair = new Pair(w, c, hint, null);
    if (same.contains(pair) || assumed.contains(pair)) {
      return true;
    }
    if (different.contains(pair)) {
      return false;
    }
    boolean result;
    try {
      depth++;
      result = switch (w.getType()) {
        case ARRAY -> assumed.add(pair) && same(w.getElementType(), c.getElementType(), hint.items(), assumed);
        case MAP -> assumed.add(pair) && same(w.getValueType(), c.getValueType(), hint.items(), assumed);
        case RECORD -> assumed.add(pair) && sameFields(w, c, assumed);
        case UNION -> assumed.add(pair) && sameBranches(w, c, hint, assumed);
        default -> Scalars.same(w, c, hint);
      };
    } finally {
      depth--;
    }
    if (!result) {
      different.add(pair);
    }
    return result;
  }

  private boolean sameFields(Schema w, Schema c, Set<Pair> assumed) throws ContractException {
    if (w.getFields().size() != c.getFields().size()) {
      return false;
    }
    for (int i = 0; i < c.getFields().size(); i++) {
      Schema.Field field = Names.field(w, c.getFields().get(i));
      if (field == null || field.pos() != i
          || !same(field.schema(), c.getFields().get(i).schema(), Hint.NONE, assumed)) {
        return false;
      }
    }
    return true;
  }

  private boolean sameBranches(Schema w, Schema c, Hint hint, Set<Pair> assumed) throws ContractException {
    if (w.getTypes().size() > c.getTypes().size()) {
      return false;
    }
    for (int i = 0; i < w.getTypes().size(); i++) {
      Schema type = w.getTypes().get(i);
      if (Names.first(type, c) != i || !same(type, c.getTypes().get(i), hint, assumed)) {
        return false;
      }
    }
    return true;
  }

  private static boolean composite(Schema schema) {
    return switch (schema.getType()) {
      case RECORD, ARRAY, MAP, UNION -> true;
      default -> false;
    };
  }

  private void step() throws ContractException {
    if (++steps > MAX_STEPS || depth > MAX_DEPTH) {
      throw new ContractException(": the schemas are nested too deeply or branch too widely to be resolved");
    }
  }

  static Schema string() {
    return STRING;
  }
}
