package federation.map;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Type;

/** Random records of any types, some of which contain themselves. */
final class RandomSchemas {
  private static final Type[] PLAIN = {Type.NULL, Type.BOOLEAN, Type.INT, Type.LONG, Type.FLOAT, Type.DOUBLE, Type.BYTES,
      Type.STRING, Type.STRING};
  private final Random random;
  private final List<Schema> open = new ArrayList<>();
  private int names;

  RandomSchemas(Random random) {
    this.random = random;
  }

  Schema record() {
    return record(4);
  }

  private Schema record(int depth) {
    Schema made = Schema.createRecord("R" + names++, null, null, false);
    open.add(made);
    List<Schema.Field> fields = new ArrayList<>();
    for (int n = random.nextInt(6) + (open.size() == 1 ? 1 : 0); n > 0; n--) {
      fields.add(new Schema.Field("f" + n, type(depth - 1), null, null));
    }
    made.setFields(fields);
    open.remove(made);
    return made;
  }

  private Schema type(int depth) {
    int roll = depth <= 0 ? random.nextInt(60) : random.nextInt(100);
    if (roll < 45) {
      return Schema.create(PLAIN[random.nextInt(PLAIN.length)]);
    }
    if (roll < 52) {
      return Schema.createEnum("E" + names++, null, null, List.of("A", "B", "C").subList(0, 1 + random.nextInt(3)));
    }
    if (roll < 60) {
      return Schema.createFixed("F" + names++, null, null, random.nextInt(6));
    }
    if (roll < 70) {
      return Schema.createArray(type(depth - 1));
    }
    if (roll < 77) {
      return Schema.createMap(type(depth - 1));
    }
    if (roll < 87) {
      return record(depth - 1);
    }
    if (roll < 90) {
      Schema around = open.get(random.nextInt(open.size()));
      return random.nextBoolean() ? Schema.createUnion(Schema.create(Type.NULL), around) : Schema.createArray(around);
    }
    Map<String, Schema> branches = new LinkedHashMap<>();
    for (int n = 1 + random.nextInt(4); n > 0; n--) {
      Schema one = type(depth - 1);
      if (one.getType() != Type.UNION) {
        branches.putIfAbsent(one.getFullName(), one);
      }
    }
    return branches.isEmpty() ? Schema.create(Type.NULL) : Schema.createUnion(new ArrayList<>(branches.values()));
  }
}
