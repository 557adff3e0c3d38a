package federation.map;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * What the configuration says about one field of the contract. Absent parts are null.
 *
 * @param from path in the writer's record, {@code .} for the whole datum
 * @param constant value in the form of an Avro default
 * @param map text of the source value to replacement text; empty where absent
 * @param fallback value in Avro default form that stands in for null and for what does not fit
 * @param unit decimal digits below a second that a plain number counts: 0, 3, 6 or 9
 * @param zone time zone for text without an offset
 * @param scale an int or long counts 10^-scale
 * @param lossy whether digits or precision may be lost
 * @param fields rules for the fields of a nested record; empty where absent
 */
public record Rule(String from, JsonNode constant, Map<String, String> map, JsonNode fallback, Integer unit,
    ZoneId zone, Integer scale, boolean lossy, Map<String, Rule> fields) {

  private static final Map<String, Integer> UNITS = Map.of("s", 0, "ms", 3, "us", 6, "ns", 9);
  private static final int MAX_SCALE = 1000;
  private static final Set<String> KEYS =
      Set.of("from", "const", "map", "default", "unit", "zone", "scale", "lossy", "fields");

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
      node.fields().forEachRemaining(e -> rules.put(e.getKey(), one(e.getKey(), e.getValue())));
    }
    return rules;
  }

  private static Rule one(String field, JsonNode node) {
    if (node.isTextual()) {
      return new Rule(node.textValue(), null, Map.of(), null, null, null, null, false, Map.of());
    }
    require(node.isObject(), "the rule of " + field + " must be a path or an object");
    node.fieldNames().forEachRemaining(
        key -> require(KEYS.contains(key), "the rule of " + field + " has an unknown key " + key));
    require(!node.has("const") || node.size() == 1, "the rule of " + field + " has const, which excludes all else");
    exclude(field, node, "fields", "map", "unit", "zone", "scale");
    exclude(field, node, "scale", "unit", "zone");
    return new Rule(text(field, node, "from"), node.get("const"), replacements(field, node.path("map")),
        node.get("default"), unit(field, text(field, node, "unit")), zone(field, text(field, node, "zone")),
        scale(field, node.get("scale")), node.path("lossy").asBoolean(false),
        parse(node.get("fields")));
  }

  private static void exclude(String field, JsonNode node, String one, String... others) {
    for (String other : others) {
      require(!(node.has(one) && node.has(other)),
          one + " and " + other + " of " + field + " cannot apply to one value");
    }
  }

  private static String text(String field, JsonNode node, String key) {
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

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }
}
