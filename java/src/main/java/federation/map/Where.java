package federation.map;

import com.google.common.collect.ImmutableList;
import dev.cel.common.CelOptions;
import dev.cel.common.CelValidationException;
import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import dev.cel.parser.CelParserFactory;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;

/**
 * A filter: a subset of CEL over the fields of a writer's record, by the writer's names.
 *
 * <p>Comparison, logic, arithmetic, {@code in}, member and index access, {@code has}, {@code size}, {@code startsWith},
 * {@code endsWith}, {@code contains} and {@code matches}. As in CEL, {@code &&} and {@code ||} forgive an error on one
 * side where the other side decides. Logical types are their physical numbers, enums are text, and {@code has} is
 * false for null. Only the fields that the expression names are made into objects. Not thread-safe.
 */
public final class Where {
  private final Shape shape;
  private final Track track;
  private final Run run = new Run();
  private final Datum datum = new Datum(run);
  private Node root;

  /** One expression of the tree. */
  private interface Node {
    Object value() throws MappingException;
  }

  private Where(Shape shape, Track track) {
    this.shape = shape;
    this.track = track;
  }

  /**
   * @param expression CEL
   * @param writer schema of the records to be tested
   * @throws ContractException if it is not CEL or not of the subset
   */
  public static Where compile(String expression, Schema writer) throws ContractException {
    CelOptions options = CelOptions.current().retainRepeatedUnaryOperators(true).populateMacroCalls(false).build();
    CelExpr expr;
    try {
      expr = CelParserFactory.standardCelParserBuilder().setOptions(options)
          .setStandardMacros(ImmutableList.of()).build().parse(expression).getAst().getExpr();
    } catch (CelValidationException e) {
      throw new ContractException("where is not CEL: " + e.getMessage());
    }
    Shape shape = new Shape.Factory().of(writer);
    Where where = new Where(shape, writer.getType() == Schema.Type.RECORD ? new Track(shape, 0) : null);
    where.root = where.node(expr, writer);
    return where;
  }

  /**
   * Whether a record passes.
   *
   * @param in the buffer that holds the writer's bytes, without a frame
   * @param offset where they begin
   * @param length how many they are
   * @throws MappingException stage {@code decode} where the bytes are not a record of the schema, else stage
   *     {@code where}, reason {@code eval}
   */
  public boolean test(byte[] in, int offset, int length) throws MappingException {
    run.begin(in, offset, length, null);
    run.reserve(shape.kids.length + 1);
    int end = track == null ? run.walk(shape, offset) : run.track(track, offset);
    if (end != run.end) {
      throw MappingException.decode("trailing");
    }
    run.trusted = true;
    return Values.flag(root.value());
  }

  static MappingException failed() {
    return new MappingException("where", "eval");
  }

  private Node node(CelExpr expr, Schema writer) throws ContractException {
    switch (expr.getKind()) {
      case CONSTANT:
        Object constant = constant(expr.constant());
        return () -> constant;
      case IDENT:
        return field(expr.ident().name(), writer);
      case SELECT:
        Node owner = node(expr.select().operand(), writer);
        String name = expr.select().field();
        return () -> Values.member(owner.value(), name);
      case LIST:
        List<Node> items = nodes(expr.list().elements(), writer);
        return () -> list(items);
      case CALL:
        return call(expr.call(), writer);
      default:
        throw unknown("this expression");
    }
  }

  private List<Node> nodes(List<CelExpr> exprs, Schema writer) throws ContractException {
    List<Node> nodes = new ArrayList<>();
    for (CelExpr expr : exprs) {
      nodes.add(node(expr, writer));
    }
    return nodes;
  }

  private static Object list(List<Node> items) throws MappingException {
    List<Object> list = new ArrayList<>(items.size());
    for (Node item : items) {
      list.add(item.value());
    }
    return list;
  }

  /** A field of the record; where the writer has none, or is none, that is an error of each evaluation. */
  private Node field(String name, Schema writer) throws ContractException {
    if (name.startsWith(".")) {
      throw unknown("a leading dot");
    }
    if (track != null && writer.getField(name) != null) {
      int slot = writer.getField(name).pos();
      Schema schema = writer.getField(name).schema();
      return () -> datum.read(schema, run.slots[slot]);
    }
    if (track == null) {
      return () -> Values.member(datum.read(writer, run.start), name);
    }
    return () -> {
      throw failed();
    };
  }

  private Node call(CelExpr.CelCall call, Schema writer) throws ContractException {
    List<CelExpr> exprs = new ArrayList<>();
    call.target().ifPresent(exprs::add);
    exprs.addAll(call.args());
    String function = call.target().isPresent() ? "." + call.function() : call.function();
    if (function.equals("has") && exprs.size() == 1) {
      CelExpr.ExprKind.Kind kind = exprs.get(0).getKind();
      if (kind == CelExpr.ExprKind.Kind.IDENT || kind == CelExpr.ExprKind.Kind.SELECT) {
        return presence(node(exprs.get(0), writer));
      }
    }
    List<Node> nodes = nodes(exprs, writer);
    Node node = switch (nodes.size()) {
      case 1 -> one(function, nodes.get(0));
      case 2 -> function.equals(".matches") ? matches(nodes.get(0), nodes.get(1))
          : two(function, nodes.get(0), nodes.get(1));
      default -> null;
    };
    if (node == null) {
      throw unknown(call.function());
    }
    return node;
  }

  private static Node presence(Node node) {
    return () -> {
      try {
        return node.value() != null;
      } catch (MappingException e) {
        return false;
      }
    };
  }

  private static Node one(String function, Node a) {
    return switch (function) {
      case "!_" -> () -> !Values.flag(a.value());
      case "-_" -> () -> Values.negate(a.value());
      case "size", ".size" -> () -> Values.size(a.value());
      default -> null;
    };
  }

  private static Node two(String function, Node a, Node b) {
    return switch (function) {
      case "_&&_" -> () -> logic(a, b, false);
      case "_||_" -> () -> logic(a, b, true);
      case "_==_" -> () -> Values.equal(a.value(), b.value());
      case "_!=_" -> () -> !Values.equal(a.value(), b.value());
      case "_<_", "_<=_", "_>_", "_>=_" -> () -> Values.ordered(function, a.value(), b.value());
      case "_+_", "_-_", "_*_", "_/_", "_%_" -> {
        char operator = function.charAt(1);
        yield () -> Values.calculate(operator, a.value(), b.value());
      }
      case "_[_]" -> () -> Values.member(a.value(), b.value());
      case "@in" -> () -> Values.within(a.value(), b.value());
      case ".startsWith" -> () -> Values.text(a.value()).startsWith(Values.text(b.value()));
      case ".endsWith" -> () -> Values.text(a.value()).endsWith(Values.text(b.value()));
      case ".contains" -> () -> Values.text(a.value()).contains(Values.text(b.value()));
      default -> null;
    };
  }

  /** {@code ||} (decided by true) or {@code &&} (by false); an error counts only if the other side does not decide. */
  private static boolean logic(Node left, Node right, boolean decides) throws MappingException {
    try {
      if (Values.flag(left.value()) == decides) {
        return decides;
      }
    } catch (MappingException e) {
      if (Values.flag(right.value()) == decides) {
        return decides;
      }
      throw e;
    }
    return Values.flag(right.value());
  }

  /** The pattern is compiled once as long as it stays the same text. */
  private static Node matches(Node text, Node pattern) {
    Values.Matcher matcher = new Values.Matcher();
    return () -> matcher.find(Values.text(text.value()), Values.text(pattern.value()));
  }

  private static Object constant(CelConstant constant) throws ContractException {
    return switch (constant.getKind()) {
      case NULL_VALUE -> null;
      case BOOLEAN_VALUE -> constant.booleanValue();
      case INT64_VALUE -> constant.int64Value();
      case DOUBLE_VALUE -> constant.doubleValue();
      case STRING_VALUE -> constant.stringValue();
      default -> throw unknown("a literal of this kind");
    };
  }

  private static ContractException unknown(String what) {
    return new ContractException("where does not know " + what + "; it knows comparison, && || !, + - * / %, in, has(), "
        + "size(), startsWith, endsWith, contains and matches");
  }
}
