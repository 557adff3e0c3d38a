package federation.map;

import java.time.ZoneId;
import java.util.Map;

/** The part of a rule that says how to convert, as it reaches a value inside a field. */
final class Hint {
  static final Hint NONE = new Hint(false, false, false, Map.of(), null, null, null, Map.of());
  /** Only that text may be parsed. */
  static final Hint NAMED = new Hint(true, false, false, Map.of(), null, null, null, Map.of());

  /** Whether a rule names the source, so that text may be parsed and made. */
  final boolean named;
  final boolean lossy;
  /** Whether a rule's default comes before the contract enum's own. */
  final boolean defaulted;
  final Map<String, String> map;
  final Integer unit;
  final ZoneId zone;
  final Integer scale;
  final Map<String, Rule> fields;
  private Hint items;
  private final Hint[] unmapped = new Hint[2];

  private Hint(boolean named, boolean lossy, boolean defaulted, Map<String, String> map, Integer unit, ZoneId zone,
      Integer scale, Map<String, Rule> fields) {
    this.named = named;
    this.lossy = lossy;
    this.defaulted = defaulted;
    this.map = map;
    this.unit = unit;
    this.zone = zone;
    this.scale = scale;
    this.fields = fields;
  }

  static Hint of(Rule rule) {
    return new Hint(rule.from() != null, rule.lossy(), rule.fallback() != null, rule.map(), rule.unit(),
        rule.zone(), rule.scale(), rule.fields());
  }

  /** Rules for the fields of a record that itself is the whole datum. */
  static Hint of(Map<String, Rule> fields) {
    return new Hint(false, false, false, Map.of(), null, null, null, fields);
  }

  /** For the elements of an array or map: the rule's default stands for the whole, not for an element. */
  Hint items() {
    if (!defaulted) {
      return this;
    }
    if (items == null) {
      items = new Hint(named, lossy, false, map, unit, zone, scale, fields);
    }
    return items;
  }

  /** For what the map has replaced, which is text that a rule names, or has passed on. */
  Hint unmapped(boolean replaced) {
    int which = replaced ? 1 : 0;
    if (unmapped[which] == null) {
      unmapped[which] = new Hint(named || replaced, lossy, defaulted, Map.of(), unit, zone, scale, fields);
    }
    return unmapped[which];
  }
}
