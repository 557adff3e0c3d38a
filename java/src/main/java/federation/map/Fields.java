package federation.map;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Type;

/** Compiles one record of the contract from one type of the writer: finds the source of each field. */
final class Fields {
  private static final Set<Type> BYTES_OR_TEXT = Set.of(Type.BYTES, Type.FIXED, Type.STRING);
  private static final Schema NULL_OR_STRING = Schema.createUnion(Schema.create(Type.NULL), Compiler.string());

  private final Paths.Target text = new Paths.Target() {
    @Override
    public Emit of(Schema source) throws ContractException {
      return compiler.resolve(source, NULL_OR_STRING, Hint.NAMED, null);
    }

    @Override
    public Emit ofNull() throws ContractException {
      return compiler.onNull(NULL_OR_STRING, null);
    }
  };
  private static final Paths.Target DISCRIMINATOR = new Paths.Target() {
    @Override
    public Emit of(Schema source) {
      return Discriminator.of(source);
    }

    @Override
    public Emit ofNull() {
      return (run, pos) -> {
        run.out.write(0);
        return pos;
      };
    }
  };

  private final Compiler compiler;
  private final Schema writer;
  private final Paths paths;

  Fields(Compiler compiler, Schema writer) throws ContractException {
    this.compiler = compiler;
    this.writer = writer;
    this.paths = new Paths(compiler, writer);
  }

  /** Whether a rule takes the whole datum, so that the writer need not be a record. */
  static boolean wholesale(Hint hint) {
    return hint.fields.values().stream().anyMatch(r -> ".".equals(r.from()));
  }

  RecordEmit compile(Schema contract, Hint hint) throws ContractException {
    List<String> reasons = new ArrayList<>();
    List<RecordEmit.Step> steps = new ArrayList<>();
    for (String name : hint.fields.keySet()) {
      if (contract.getField(name) == null) {
        reasons.add(name + ": the contract has no such field");
      }
    }
    for (Schema.Field field : contract.getFields()) {
      try {
        RecordEmit.Step made = step(field, hint.fields.get(field.name()));
        steps.add(new RecordEmit.Step(field.name(), made.slot(), made.emit(), made.bytes()));
      } catch (ContractException e) {
        reasons.addAll(e.under(field.name()).reasons());
      }
    }
    if (!reasons.isEmpty()) {
      throw new ContractException(reasons);
    }
    return new RecordEmit(compiler.shape(writer), paths.track(), paths.slots(), steps);
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
    RecordEmit.Step step = source(field, rule, fallback);
    if (step == null) {
      return missing(field, rule, fallback);
    }
    boolean safe = fallback == null || step.emit() instanceof Emit.Copy;
    // The end of a field is known from its slots, so that the shape of nothing is enough.
    return safe ? step : new RecordEmit.Step(field.name(), step.slot(),
        new Emit.OrDefault(step.emit(), compiler.shape(Schema.create(Type.NULL)), fallback), null);
  }

  /** The field as its rule or its name makes it, or null where this writer lacks what it is made from. */
  private RecordEmit.Step source(Schema.Field field, Rule rule, byte[] fallback) throws ContractException {
    Hint hint = rule == null ? Hint.NONE : Hint.of(rule);
    if (rule != null && rule.choice() != null) {
      return choice(field, rule.choice(), fallback);
    }
    if (rule != null && !rule.template().isEmpty()) {
      return template(field, rule.template(), hint, fallback);
    }
    if (rule != null && rule.cel() != null) {
      return computed(field, rule.cel(), hint, fallback);
    }
    String path = rule == null ? null : rule.from();
    if (path == null && writer.getType() == Type.RECORD) {
      Schema.Field source = Names.field(writer, field);
      path = source == null ? null : source.name();
    }
    return path == null ? null : paths.at(path, new Paths.Target() {
      @Override
      public Emit of(Schema source) throws ContractException {
        return compiler.resolve(source, field.schema(), hint, fallback);
      }

      @Override
      public Emit ofNull() throws ContractException {
        return compiler.onNull(field.schema(), fallback);
      }
    });
  }

  private RecordEmit.Step template(Schema.Field field, List<Template.Part> parts, Hint hint, byte[] fallback)
      throws ContractException {
    List<Template.Source> sources = new ArrayList<>();
    boolean nullable = false;
    for (Template.Part part : parts) {
      if (part.path() != null) {
        RecordEmit.Step step = paths.at(part.path(), text);
        if (step == null) {
          return null;
        }
        sources.add(new Template.Source(step.slot(), step.emit()));
        nullable |= paths.nullable(part.path());
      }
    }
    Emit inner = compiler.resolve(nullable ? NULL_OR_STRING : Compiler.string(), field.schema(), hint, fallback);
    return new RecordEmit.Step(field.name(), RecordEmit.WHOLE, new Template(parts, sources, nullable, inner), null);
  }

  private RecordEmit.Step computed(Schema.Field field, String cel, Hint hint, byte[] fallback) throws ContractException {
    Expression.Node root = Expression.compile(cel, "cel", writer, paths.first());
    if (root.kinds() == Kinds.NONE && root.lacking()) {
      return null;
    }
    if ((root.kinds() & Kinds.MANY) != 0 && (root.kinds() & Kinds.SCALARS & ~Kinds.NULL) == 0
        || root.kinds() == Kinds.NONE) {
      throw new ContractException(": cel never has a value that a field can hold");
    }
    Emit inner = compiler.resolve(Computed.type(root.kinds() & Kinds.SCALARS), field.schema(), hint, fallback);
    return new RecordEmit.Step(field.name(), RecordEmit.WHOLE, new Computed(root, inner), null);
  }

  private RecordEmit.Step choice(Schema.Field field, Choice choice, byte[] fallback) throws ContractException {
    RecordEmit.Step by = paths.at(choice.by(), DISCRIMINATOR);
    if (by == null) {
      return null;
    }
    Map<byte[], Choice.Program.Made> made = new HashMap<>();
    for (Map.Entry<String, Choice.Case> entry : choice.cases().entrySet()) {
      Choice.Case one = entry.getValue();
      Schema.Field wanted = field;
      int branch = -1;
      if (one.type() != null) {
        branch = named(field.schema(), one.type());
        wanted = new Schema.Field(field.name(), field.schema().getTypes().get(branch), null, (Object) null);
        field.aliases().forEach(wanted::addAlias);
      }
      made.put(entry.getKey().getBytes(StandardCharsets.UTF_8), new Choice.Program.Made(branch, step(wanted, one.rule())));
    }
    Emit program = new Choice.Program(by.slot(), by.emit(), compiler.onNull(field.schema(), fallback), made);
    return new RecordEmit.Step(field.name(), RecordEmit.WHOLE, program, null);
  }

  /** The only branch of a contract's union that has a name, full or not. */
  private static int named(Schema union, String name) throws ContractException {
    int found = -1;
    for (int i = 0; union.getType() == Type.UNION && i < union.getTypes().size(); i++) {
      Schema type = union.getTypes().get(i);
      if (Names.branch(type).equals(name) || type.getFullName().equals(name)) {
        require(found < 0, "more than one branch is called " + name, union);
        found = i;
      }
    }
    require(found >= 0, "no branch is called " + name, union);
    return found;
  }

  /** Refuses keys of a rule that could never apply to this field, whatever the writer. */
  private static void meaningful(Schema schema, Rule rule) throws ContractException {
    boolean plain = leaf(schema, s -> (s.getType() == Type.INT || s.getType() == Type.LONG)
        && Logical.of(s).is(Logical.Kind.NONE));
    boolean instant = leaf(schema, s -> Logical.of(s).instant());
    require(rule.unit() == null || instant || plain, "unit is for timestamps and plain numbers", schema);
    require(rule.zone() == null || instant, "zone is for timestamps", schema);
    require(rule.scale() == null || plain || leaf(schema, s -> Logical.of(s).is(Logical.Kind.DECIMAL)),
        "scale is for decimals and plain numbers", schema);
    require(rule.encoding() == null || leaf(schema, s -> BYTES_OR_TEXT.contains(s.getType())),
        "encoding is for bytes and text", schema);
    require(rule.split() == null || rule.split().part() != null || array(schema), "split gives an array of text", schema);
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

  private static boolean array(Schema schema) {
    return switch (schema.getType()) {
      case UNION -> schema.getTypes().stream().anyMatch(Fields::array);
      case MAP -> array(schema.getValueType());
      case ARRAY -> true;
      default -> false;
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
}
