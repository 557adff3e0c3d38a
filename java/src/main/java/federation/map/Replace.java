package federation.map;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.Schema;

/** A rule's {@code map}: replaces text that it lists; each replacement is converted once, when compiling. */
final class Replace {
  private Replace() {}

  /**
   * What has become of one text.
   *
   * @param bytes the contract's value, or null
   * @param reason why there is none
   */
  record Outcome(byte[] bytes, String reason) {
    void put(Run run) throws MappingException {
      if (bytes == null) {
        throw MappingException.map(reason);
      }
      run.out.write(bytes, 0, bytes.length);
    }
  }

  /**
   * Whether a map concerns a writer's value itself and not its parts.
   *
   * @throws ContractException if it does, and the value has no text that could be replaced
   */
  static boolean applies(Schema writer) throws ContractException {
    switch (writer.getType()) {
      case NULL, UNION, ARRAY, MAP, RECORD:
        return false;
      case STRING, ENUM, BOOLEAN:
        return true;
      case INT, LONG:
        if (Logical.of(writer).is(Logical.Kind.NONE)) {
          return true;
        }
        break;
      default:
        break;
    }
    throw new ContractException(": map replaces text, enums, whole numbers and booleans, not " + Scalars.name(writer));
  }

  static Emit compile(Compiler compiler, Schema writer, Schema contract, Hint hint, byte[] fallback)
      throws ContractException {
    Emit text = compiler.resolve(Compiler.string(), contract, hint.unmapped(true), fallback);
    Emit pass = pass(compiler, writer, contract, hint, fallback);
    Map<byte[], Outcome> entries = new HashMap<>();
    for (Map.Entry<String, String> entry : hint.map.entrySet()) {
      Outcome outcome = outcome(text, literal(entry.getValue()), fallback);
      if (outcome.bytes == null && !hint.defaulted) {
        throw new ContractException(": map replaces " + entry.getKey() + " by " + entry.getValue() + ", which is no "
            + Scalars.name(contract) + " (" + outcome.reason + ")");
      }
      entries.put(utf8(entry.getKey()), outcome);
    }
    SliceMap<Outcome> map = new SliceMap<>(entries);
    return switch (writer.getType()) {
      case ENUM -> symbols(writer, map, pass, fallback);
      case STRING -> (run, pos) -> {
        int from = run.length(pos);
        int to = from + (int) run.value;
        Outcome outcome = map.get(run.in, from, to);
        if (outcome == null) {
          return pass.emit(run, pos);
        }
        outcome.put(run);
        return to;
      };
      default -> {
        Shape shape = compiler.shape(writer);
        yield (run, pos) -> {
          byte[] literal = text(shape, run, pos);
          Outcome outcome = map.get(literal, 0, literal.length);
          if (outcome == null) {
            return pass.emit(run, pos);
          }
          outcome.put(run);
          return run.walk(shape, pos);
        };
      }
    };
  }

  /** What is not listed passes on as it is, where it fits. */
  private static Emit pass(Compiler compiler, Schema writer, Schema contract, Hint hint, byte[] fallback) {
    try {
      return compiler.resolve(writer, contract, hint.unmapped(false), fallback);
    } catch (ContractException e) {
      return new Emit.Fail("type");
    }
  }

  private static Emit symbols(Schema writer, SliceMap<Outcome> map, Emit pass, byte[] fallback) {
    Outcome[] outcomes = new Outcome[writer.getEnumSymbols().size()];
    for (int i = 0; i < outcomes.length; i++) {
      byte[] symbol = utf8(writer.getEnumSymbols().get(i));
      Outcome listed = map.get(symbol, 0, symbol.length);
      Output index = new Output();
      index.writeLong(i);
      outcomes[i] = listed != null ? listed : outcome(pass, index.copy(0), fallback);
    }
    return table(outcomes);
  }

  /** A value for each symbol of the writer's enum. */
  static Emit table(Outcome[] outcomes) {
    return (run, pos) -> {
      int end = run.index(pos, outcomes.length);
      outcomes[(int) run.value].put(run);
      return end;
    };
  }

  /** Runs a conversion once, on bytes known when compiling. */
  private static Outcome outcome(Emit emit, byte[] value, byte[] fallback) {
    Run run = new Run();
    Output out = new Output(64);
    run.begin(value, 0, value.length, out);
    run.trusted = true;
    try {
      emit.emit(run, 0);
      return new Outcome(out.copy(0), "");
    } catch (MappingException e) {
      return new Outcome(e.mendable() ? fallback : null, e.reason());
    }
  }

  /** Canonical text of a boolean, int or long. */
  private static byte[] text(Shape shape, Run run, int pos) throws MappingException {
    if (shape.kind == Shape.BOOLEAN) {
      return utf8(run.in[pos] == 1 ? "true" : "false");
    }
    run.number(pos);
    return utf8(Long.toString(run.value));
  }

  static byte[] literal(String text) {
    byte[] bytes = utf8(text);
    Output out = new Output(bytes.length + 5);
    out.writeBytes(bytes, 0, bytes.length);
    return out.copy(0);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
