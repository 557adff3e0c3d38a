package federation.map;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the configuration says about one field of the contract. Absent parts are null.
 *
 * @param from path in the writer's record, {@code .} for the whole datum
 * @param constant value in the form of an Avro default
 * @param template text made of paths; empty where absent
 * @param cel expression that computes the value
 * @param choice several rules, of which the record chooses one
 * @param split how text is cut
 * @param map text of the source value to replacement text; empty where absent
 * @param fallback value in Avro default form that stands in for null and for what does not fit
 * @param encoding how text stands for bytes
 * @param unit decimal digits below a second that a plain number counts: 0, 3, 6 or 9
 * @param zone time zone for text without an offset, and between local timestamps and instants
 * @param scale an int or long counts 10^-scale
 * @param lossy whether digits or precision may be lost
 * @param fields rules for the fields of a nested record; empty where absent
 */
public record Rule(String from, JsonNode constant, List<Template.Part> template, String cel, Choice choice, Split split,
    Map<String, String> map, JsonNode fallback, Encoding encoding, Integer unit, ZoneId zone, Integer scale,
    boolean lossy, Map<String, Rule> fields) {

  private static final Map<String, Integer> UNITS = Map.of("s", 0, "ms", 3, "us", 6, "ns", 9);
  private static final int MAX_SCALE = 1000;
  private static final Set<String> KEYS = Set.of("from", "const", "template", "cel", "branch", "split", "map", "default",
      "encoding", "unit", "zone", "scale", "lossy", "fields");
  private static final Map<String, Set<String>> EXCLUDED = Map.of(
      "template", Set.of("from", "cel", "fields"),
      "cel", Set.of("from", "template", "fields"),
      "fields", Set.of("map", "split", "encoding", "unit", "zone", "scale"),
      "scale", Set.of("unit", "zone"),
      "encoding", Set.of("unit", "zone", "scale"));

  /** The rule of a field that has none, but rules for the fields in it. */
  static Rule of(Map<String, Rule> fields) {
    return new Rule(null, null, List.of(), null, null, null, Map.of(), null, null, null, null, null, false, fields);
  }

  /** Whether the rule says where the value comes from, so that text may be parsed and made. */
  boolean named() {
    return from != null || !template.isEmpty() || cel != null;
  }

  /**
   * Reads rules as the resolved plan has them.
   *
   * @param node object from contract field to rule; a rule is an object or, for {@code from} alone, a string
   * @throws IllegalArgumentException naming the field and what is wrong with its rule
   */
  public static Map<String, Rule> parse(JsonNode node) {
    Map<String, Rule> rules = new LinkedHashMap<>();
    if (node != null && !node.isNull()) {
      require(node.isObject(), "rules must be an object, not " + node);
      node.fields().forEachRemaining(e -> rules.put(e.getKey(), one(e.getKey(), e.getValue(), KEYS)));
    }
    return rules;
  }

  /** @param keys that may be there */
  static Rule one(String field, JsonNode node, Set<String> keys) {
    if (node.isTextual()) {
      return new Rule(node.textValue(), null, List.of(), null, null, null, Map.of(), null, null, null, null, null, false,
          Map.of());
    }
    require(node.isObject(), "the rule of " + field + " must be a path or an object");
    node.fieldNames().forEachRemaining(
        key -> require(keys.contains(key), "the rule of " + field + " has an unknown key " + key));
    int allowed = 1 + (node.has("type") ? 1 : 0);
    require(!node.has("const") || node.size() == allowed, "the rule of " + field + " has const, which excludes all else");
    require(!node.has("branch") || node.size() == allowed + (node.has("default") ? 1 : 0),
        "the rule of " + field + " has branch, which excludes all else but default");
    EXCLUDED.forEach((one, others) -> others.forEach(other -> require(!(node.has(one) && node.has(other)),
        one + " and " + other + " of " + field + " cannot apply to one value")));
    String template = text(field, node, "template");
    return new Rule(text(field, node, "from"), node.get("const"),
        template == null ? List.of() : Template.parse(field, template), text(field, node, "cel"),
        Choice.parse(field, node.get("branch"), KEYS), Split.parse(field, node.get("split")),
        replacements(field, node.path("map")), node.get("default"), Encoding.of(field, text(field, node, "encoding")),
        unit(field, text(field, node, "unit")), zone(field, text(field, node, "zone")), scale(field, node.get("scale")),
        node.path("lossy").asBoolean(false), parse(node.get("fields")));
  }

  static String text(String field, JsonNode node, String key) {
    JsonNode value = node.get(key);
    require(value == null || value.isTextual(), key + " of " + field + " must be text");
    return value == null ? null : value.textValue();
  }

  private static Map<String, String> replacements(String field, JsonNode node) {
    Map<String, String> map = new LinkedHashMap<>();
    require(node.isMissingNode() || node.isObject(), "map of " + field + " must be an object");
    node.fields().forEachRemaining(e -> {
      require(e.getValue().isValueNode() && !e.getValue().isNull(),
          "map of " + field + " must replace " + e.getKey() + " by text");
      map.put(e.getKey(), e.getValue().asText());
    });
    return map;
  }

  private static Integer unit(String field, String name) {
    require(name == null || UNITS.containsKey(name), "unit of " + field + " must be s, ms, us or ns, not " + name);
    return name == null ? null : UNITS.get(name);
  }

  private static Integer scale(String field, JsonNode node) {
    require(node == null || node.isInt() && node.intValue() >= 0 && node.intValue() <= MAX_SCALE,
        "scale of " + field + " must be a whole number from 0 to " + MAX_SCALE);
    return node == null ? null : node.intValue();
  }

  private static ZoneId zone(String field, String name) {
    try {
      return name == null ? null : ZoneId.of(name);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException("zone of " + field + " is not a time zone: " + name, e);
    }
  }

  static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }
}
