package federation.map;

import com.google.common.collect.ImmutableList;
import dev.cel.common.CelOptions;
import dev.cel.common.CelValidationException;
import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.ExprKind.Kind;
import dev.cel.parser.CelParserFactory;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Type;

/**
 * Compiles a subset of CEL over the fields of a writer's record, by the writer's names.
 *
 * <p>As in CEL, {@code &&} and {@code ||} forgive an error on one side where the other side decides. Logical types are
 * their physical numbers, enums are text, and {@code has} is false for null. Only the fields that an expression names
 * are made into objects. What it makes is not thread-safe.
 */
final class Expression {
  private static final CelOptions OPTIONS =
      CelOptions.current().retainRepeatedUnaryOperators(true).populateMacroCalls(false).build();

  private final String what;
  private final Schema writer;
  private final int fields;
  private final Datum datum = new Datum();

  /** Computes a value: null, Boolean, Long, Double, String, byte[], List or Map. */
  interface Eval {
    Object value(Run run) throws MappingException;
  }

  /**
   * One part of an expression.
   *
   * @param kinds what its value may be, none where there never is one; see {@link Kinds}
   * @param types the schemas of a path's end, or null where they are not known
   * @param lacking whether there never is a value because the writer lacks a name
   */
  record Node(Eval eval, int kinds, List<Schema> types, boolean lacking) {
    Object value(Run run) throws MappingException {
      return eval.value(run);
    }
  }

  private Expression(String what, Schema writer, int fields) {
    this.what = what;
    this.writer = writer;
    this.fields = fields;
  }

  /**
   * @param text CEL
   * @param what the key that it stands under, for messages
   * @param writer schema of the records; one that is no record has no fields
   * @param fields slot of the record's first field; the whole lies at {@link RecordEmit#WHOLE}
   * @throws ContractException if it is not CEL or not of the subset
   */
  static Node compile(String text, String what, Schema writer, int fields) throws ContractException {
    try {
      return new Expression(what, writer, fields).node(CelParserFactory.standardCelParserBuilder().setOptions(OPTIONS)
          .setStandardMacros(ImmutableList.of()).build().parse(text).getAst().getExpr());
    } catch (CelValidationException e) {
      throw new ContractException(what + " is not CEL: " + e.getMessage());
    }
  }

  private Node node(CelExpr expr) throws ContractException {
    switch (expr.getKind()) {
      case CONSTANT:
        return constant(expr.constant());
      case IDENT:
        return field(expr.ident().name());
      case SELECT:
        return member(node(expr.select().operand()), expr.select().field());
      case LIST:
        Node[] items = nodes(expr.list().elements());
        return made(run -> list(run, items), all(items) ? Kinds.LIST : Kinds.NONE, items);
      case CALL:
        return call(expr.call());
      default:
        throw unknown("this expression");
    }
  }

  private Node[] nodes(List<CelExpr> exprs) throws ContractException {
    Node[] nodes = new Node[exprs.size()];
    for (int i = 0; i < nodes.length; i++) {
      nodes[i] = node(exprs.get(i));
    }
    return nodes;
  }

  /** A node that is made of parts. */
  private static Node made(Eval eval, int kinds, Node... parts) {
    for (int i = 0; kinds == Kinds.NONE && i < parts.length; i++) {
      if (parts[i].kinds == Kinds.NONE) {
        return new Node(eval, kinds, null, parts[i].lacking);
      }
    }
    return new Node(eval, kinds, null, false);
  }

  private static Node flag(Eval eval, boolean possible, Node... parts) {
    return made(eval, possible ? Kinds.BOOLEAN : Kinds.NONE, parts);
  }

  private static boolean all(Node... nodes) {
    for (Node node : nodes) {
      if (node.kinds == Kinds.NONE) {
        return false;
      }
    }
    return true;
  }

  private static Object list(Run run, Node[] items) throws MappingException {
    List<Object> list = new ArrayList<>(items.length);
    for (Node item : items) {
      list.add(item.value(run));
    }
    return list;
  }

  private Node constant(CelConstant constant) throws ContractException {
    return switch (constant.getKind()) {
      case NULL_VALUE -> made(run -> null, Kinds.NULL);
      case BOOLEAN_VALUE -> literal(constant.booleanValue(), Kinds.BOOLEAN);
      case INT64_VALUE -> literal(constant.int64Value(), Kinds.LONG);
      case DOUBLE_VALUE -> literal(constant.doubleValue(), Kinds.DOUBLE);
      case STRING_VALUE -> literal(constant.stringValue(), Kinds.STRING);
      default -> throw unknown("a literal of this kind");
    };
  }

  private static Node literal(Object value, int kind) {
    return made(run -> value, kind);
  }

  /** A field of the record; where the writer has none, or is none, that is an error of each evaluation. */
  private Node field(String name) throws ContractException {
    if (name.startsWith(".")) {
      throw unknown("a leading dot");
    }
    Schema.Field field = writer.getType() == Type.RECORD ? writer.getField(name) : null;
    Eval eval = run -> Values.member(datum.read(run, writer, run.slots[run.base + RecordEmit.WHOLE]), name);
    if (field != null) {
      int slot = fields + field.pos();
      eval = run -> datum.read(run, field.schema(), run.slots[run.base + slot]);
    }
    return member(new Node(null, Kinds.ALL, List.of(writer), false), name, eval);
  }

  private Node member(Node owner, String name) {
    return member(owner, name, run -> Values.member(owner.value(run), name));
  }

  private static Node member(Node owner, String name, Eval eval) {
    if (owner.types == null) {
      return made(eval, (owner.kinds & Kinds.MANY) != 0 ? Kinds.ALL : Kinds.NONE, owner);
    }
    List<Schema> types = new ArrayList<>();
    boolean possible = Kinds.members(owner.types, name, types);
    boolean lacking = types.isEmpty() && (possible || owner.lacking);
    return new Node(eval, Kinds.of(types), types, lacking);
  }

  private static Node element(Node a, Node b, String literal) {
    boolean fits = (b.kinds & (Kinds.LONG | Kinds.STRING)) != 0 && (a.kinds & Kinds.MANY) != 0;
    List<Schema> types = a.types == null ? null : new ArrayList<>();
    int kinds = Kinds.ALL;
    if (types != null) {
      Kinds.members(a.types, literal, types);
      kinds = Kinds.of(types);
    }
    Node node = made(run -> Values.member(a.value(run), b.value(run)), fits ? kinds : Kinds.NONE, a, b);
    return new Node(node.eval, node.kinds, types, node.lacking);
  }

  private Node call(CelExpr.CelCall call) throws ContractException {
    List<CelExpr> exprs = new ArrayList<>();
    call.target().ifPresent(exprs::add);
    exprs.addAll(call.args());
    String function = call.target().isPresent() ? "." + call.function() : call.function();
    Node[] nodes = nodes(exprs);
    Node node = switch (nodes.length) {
      case 1 -> function.equals("has") ? presence(exprs.get(0), nodes[0]) : one(function, nodes[0]);
      case 2 -> function.equals("_[_]") ? element(nodes[0], nodes[1], text(exprs.get(1)))
          : two(function, nodes[0], nodes[1]);
      case 3 -> three(function, nodes[0], nodes[1], nodes[2]);
      default -> null;
    };
    if (node == null) {
      throw unknown(call.function());
    }
    return node;
  }

  private static String text(CelExpr expr) {
    return expr.getKind() == Kind.CONSTANT && expr.constant().getKind() == CelConstant.Kind.STRING_VALUE
        ? expr.constant().stringValue() : null;
  }

  private static Node presence(CelExpr expr, Node node) {
    if (expr.getKind() != Kind.IDENT && expr.getKind() != Kind.SELECT) {
      return null;
    }
    return flag(run -> {
      try {
        return node.value(run) != null;
      } catch (MappingException e) {
        return false;
      }
    }, true);
  }

  private static Node one(String function, Node a) {
    int k = a.kinds;
    return switch (function) {
      case "!_" -> made(run -> !Values.flag(a.value(run)), k & Kinds.BOOLEAN, a);
      case "-_" -> made(run -> Values.negate(a.value(run)), k & Kinds.NUMBERS, a);
      case "size", ".size" -> convert(run -> Values.size(a.value(run)), Kinds.LONG, Kinds.SIZED, a);
      case "string" -> convert(run -> Conversions.string(a.value(run)), Kinds.STRING, Kinds.SCALARS & ~Kinds.NULL, a);
      case "int" -> convert(run -> Conversions.whole(a.value(run)), Kinds.LONG, Kinds.NUMBERS | Kinds.STRING, a);
      case "double" -> convert(run -> Conversions.real(a.value(run)), Kinds.DOUBLE, Kinds.NUMBERS | Kinds.STRING, a);
      case "bool" -> convert(run -> Conversions.flag(a.value(run)), Kinds.BOOLEAN, Kinds.BOOLEAN | Kinds.STRING, a);
      case ".lowerAscii" -> convert(run -> Conversions.lower(Values.text(a.value(run))), Kinds.STRING, Kinds.STRING, a);
      case ".upperAscii" -> convert(run -> Conversions.upper(Values.text(a.value(run))), Kinds.STRING, Kinds.STRING, a);
      case ".trim" -> convert(run -> Conversions.trim(Values.text(a.value(run))), Kinds.STRING, Kinds.STRING, a);
      default -> null;
    };
  }

  private static Node convert(Eval eval, int result, int takes, Node a) {
    return made(eval, (a.kinds & takes) != 0 ? result : Kinds.NONE, a);
  }

  private static Node two(String function, Node a, Node b) {
    boolean both = all(a, b);
    boolean texts = (a.kinds & b.kinds & Kinds.STRING) != 0;
    return switch (function) {
      case "_&&_" -> made(run -> logic(run, a, b, false), (a.kinds | b.kinds) & Kinds.BOOLEAN, a, b);
      case "_||_" -> made(run -> logic(run, a, b, true), (a.kinds | b.kinds) & Kinds.BOOLEAN, a, b);
      case "_==_" -> flag(run -> Values.equal(a.value(run), b.value(run)), both, a, b);
      case "_!=_" -> flag(run -> !Values.equal(a.value(run), b.value(run)), both, a, b);
      case "_<_", "_<=_", "_>_", "_>=_" -> flag(run -> Values.ordered(function, a.value(run), b.value(run)),
          Kinds.comparable(a.kinds, b.kinds), a, b);
      case "_+_", "_-_", "_*_", "_/_", "_%_" -> {
        char operator = function.charAt(1);
        yield made(run -> Values.calculate(operator, a.value(run), b.value(run)),
            Kinds.arithmetic(operator, a.kinds, b.kinds), a, b);
      }
      case "@in" -> flag(run -> Values.within(a.value(run), b.value(run)), both && (b.kinds & Kinds.MANY) != 0, a, b);
      case ".startsWith" -> flag(run -> Values.text(a.value(run)).startsWith(Values.text(b.value(run))), texts, a, b);
      case ".endsWith" -> flag(run -> Values.text(a.value(run)).endsWith(Values.text(b.value(run))), texts, a, b);
      case ".contains" -> flag(run -> Values.text(a.value(run)).contains(Values.text(b.value(run))), texts, a, b);
      case ".matches" -> {
        // The pattern is compiled once as long as it stays the same text.
        Values.Matcher matcher = new Values.Matcher();
        yield flag(run -> matcher.find(Values.text(a.value(run)), Values.text(b.value(run))), texts, a, b);
      }
      case ".substring" -> made(run -> Conversions.cut(Values.text(a.value(run)), b.value(run), null),
          (a.kinds & Kinds.STRING) != 0 && (b.kinds & Kinds.LONG) != 0 ? Kinds.STRING : Kinds.NONE, a, b);
      default -> null;
    };
  }

  private static Node three(String function, Node a, Node b, Node c) {
    return switch (function) {
      case "_?_:_" -> made(run -> Values.flag(a.value(run)) ? b.value(run) : c.value(run),
          (a.kinds & Kinds.BOOLEAN) != 0 ? b.kinds | c.kinds : Kinds.NONE, a, b, c);
      case ".replace" -> made(
          run -> Conversions.replace(Values.text(a.value(run)), Values.text(b.value(run)), Values.text(c.value(run))),
          a.kinds & b.kinds & c.kinds & Kinds.STRING, a, b, c);
      case ".substring" -> made(
          run -> Conversions.cut(Values.text(a.value(run)), b.value(run), c.value(run)),
          (a.kinds & Kinds.STRING) != 0 && (b.kinds & c.kinds & Kinds.LONG) != 0 ? Kinds.STRING : Kinds.NONE, a, b, c);
      default -> null;
    };
  }

  /** {@code ||} (decided by true) or {@code &&} (by false); an error counts only if the other side does not decide. */
  private static boolean logic(Run run, Node left, Node right, boolean decides) throws MappingException {
    try {
      if (Values.flag(left.value(run)) == decides) {
        return decides;
      }
    } catch (MappingException e) {
      if (Values.flag(right.value(run)) == decides) {
        return decides;
      }
      throw e;
    }
    return Values.flag(right.value(run));
  }

  private ContractException unknown(String unknown) {
    return new ContractException(what + " does not know " + unknown);
  }
}
