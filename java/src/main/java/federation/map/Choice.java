package federation.map;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Several rules for one field, of which a field of the record chooses one by its text.
 *
 * @param by path of the writer's field that chooses
 * @param cases by text
 */
public record Choice(String by, Map<String, Case> cases) {
  /**
   * A rule and what it makes.
   *
   * @param type branch of the contract's union, or null where the rule makes the field as it is
   */
  public record Case(String type, Rule rule) {}

  static Choice parse(String field, JsonNode node, Set<String> keys) {
    if (node == null) {
      return null;
    }
    String by = Rule.text(field, node, "by");
    Rule.require(by != null && node.path("cases").size() > 0, "branch of " + field + " must say by what, and cases");
    Set<String> more = new HashSet<>(keys);
    more.add("type");
    Map<String, Case> cases = new LinkedHashMap<>();
    node.get("cases").fields().forEachRemaining(e -> cases.put(e.getKey(),
        new Case(e.getValue().isObject() ? Rule.text(field, e.getValue(), "type") : null,
            Rule.one(field, e.getValue(), more))));
    return new Choice(by, cases);
  }

  /** Makes the value by the case that the record names. */
  static final class Program implements Emit {
    private final int slot;
    private final Emit text;
    private final Emit onNull;
    private final SliceMap<Made> cases;
    private final Scratch chosen = new Scratch();

    /**
     * One case.
     *
     * @param branch index to write before the value, or -1
     */
    record Made(int branch, RecordEmit.Step step) {}

    /**
     * @param slot where the value that chooses begins
     * @param text writes null or its text, as a union of the two
     * @param onNull what becomes of null; reads nothing
     */
    Program(int slot, Emit text, Emit onNull, Map<byte[], Made> cases) {
      this.slot = slot;
      this.text = text;
      this.onNull = onNull;
      this.cases = new SliceMap<>(cases);
    }

    @Override
    public int emit(Run run, int pos) throws MappingException {
      chosen.take(text, run, run.slots[run.base + slot]);
      int from = chosen.text();
      if (from < 0) {
        return onNull.emit(run, pos);
      }
      Made made = cases.get(chosen.bytes.buffer(), from, chosen.bytes.length());
      if (made == null) {
        throw MappingException.map("symbol");
      }
      if (made.branch >= 0) {
        run.out.writeLong(made.branch);
      }
      RecordEmit.Step step = made.step;
      if (step.bytes() != null) {
        run.out.write(step.bytes(), 0, step.bytes().length);
      } else {
        step.emit().emit(run, run.slots[run.base + step.slot()]);
      }
      return pos;
    }
  }
}
