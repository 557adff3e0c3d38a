package federation.map;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;

/** Enums, by symbol. What a symbol becomes is decided when compiling. */
final class Enums {
  private Enums() {}

  /** An enum to an enum or to a string. */
  static Emit compile(Schema w, Schema c, Hint hint, byte[] fallback) {
    List<String> symbols = w.getEnumSymbols();
    Replace.Outcome[] outcomes = new Replace.Outcome[symbols.size()];
    for (int i = 0; i < outcomes.length; i++) {
      outcomes[i] = c.getType() == Schema.Type.STRING ? new Replace.Outcome(Replace.literal(symbols.get(i)), "")
          : c.hasEnumSymbol(symbols.get(i)) ? index(c, symbols.get(i)) : unknown(c, hint, fallback);
    }
    return Replace.table(outcomes);
  }

  /** A string, named by a rule, to an enum. */
  static Emit parse(Schema c, Hint hint, byte[] fallback) {
    Map<byte[], Replace.Outcome> known = new HashMap<>();
    c.getEnumSymbols().forEach(s -> known.put(s.getBytes(StandardCharsets.UTF_8), index(c, s)));
    SliceMap<Replace.Outcome> map = new SliceMap<>(known);
    Replace.Outcome unknown = unknown(c, hint, fallback);
    return (run, pos) -> {
      int from = run.length(pos);
      int to = from + (int) run.value;
      Replace.Outcome outcome = map.get(run.in, from, to);
      (outcome == null ? unknown : outcome).put(run);
      return to;
    };
  }

  /** The rule's default comes first, then the contract's own. */
  private static Replace.Outcome unknown(Schema c, Hint hint, byte[] fallback) {
    if (fallback != null || hint.defaulted || c.getEnumDefault() == null) {
      return new Replace.Outcome(fallback, "symbol");
    }
    return index(c, c.getEnumDefault());
  }

  private static Replace.Outcome index(Schema c, String symbol) {
    Output out = new Output();
    out.writeLong(c.getEnumOrdinal(symbol));
    return new Replace.Outcome(out.copy(0), "");
  }
}
