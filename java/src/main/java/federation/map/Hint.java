package federation.map;

import java.time.ZoneId;
import java.util.Map;

/** The part of a rule that says how to convert, as it reaches a value inside a field. */
final class Hint {
  static final Hint NONE = of(Map.of());
  /** For a value that a rule names and says no more of. */
  static final Hint NAMED = new Hint(Rule.of(Map.of()), true, false, null, Map.of());

  /** Whether a rule names the source, so that text may be parsed and made. */
  final boolean named;
  /** Whether an expression computes the value, whose whole numbers are of one kind. */
  final boolean computed;
  final boolean lossy;
  /** Whether a rule's default comes before the contract enum's own. */
  final boolean defaulted;
  final Split split;
  final Map<String, String> map;
  final Encoding encoding;
  final Integer unit;
  final ZoneId zone;
  final Integer scale;
  final Map<String, Rule> fields;
  private final Rule rule;
  private Hint items;
  private Hint unsplit;
  private final Hint[] unmapped = new Hint[2];

  private Hint(Rule rule, boolean named, boolean defaulted, Split split, Map<String, String> map) {
    this.rule = rule;
    this.named = named;
    this.computed = rule.cel() != null;
    this.lossy = rule.lossy();
    this.defaulted = defaulted;
    this.split = split;
    this.map = map;
    this.encoding = rule.encoding();
    this.unit = rule.unit();
    this.zone = rule.zone();
    this.scale = rule.scale();
    this.fields = rule.fields();
  }

  static Hint of(Rule rule) {
    return new Hint(rule, rule.named(), rule.fallback() != null, rule.split(), rule.map());
  }

  /** Rules for the fields of a record that itself is the whole datum. */
  static Hint of(Map<String, Rule> fields) {
    return of(Rule.of(fields));
  }

  /** For the elements of an array or map: the rule's default stands for the whole, not for an element. */
  Hint items() {
    if (!defaulted) {
      return this;
    }
    if (items == null) {
      items = new Hint(rule, named, false, split, map);
    }
    return items;
  }

  /** For text that has been cut, which is text that a rule names. */
  Hint unsplit() {
    if (unsplit == null) {
      unsplit = new Hint(rule, true, defaulted, null, map);
    }
    return unsplit;
  }

  /** For what the map has replaced, which is text that a rule names, or has passed on. */
  Hint unmapped(boolean replaced) {
    int which = replaced ? 1 : 0;
    if (unmapped[which] == null) {
      unmapped[which] = new Hint(rule, named || replaced, defaulted, split, Map.of());
    }
    return unmapped[which];
  }
}
