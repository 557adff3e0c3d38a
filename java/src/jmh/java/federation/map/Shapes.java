package federation.map;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/** The five kinds of records that are measured, each with another contract, and random data of them. */
final class Shapes {
  private static final String FLAT = record("Flat", "id:'long'", "name:'string'", "amount:'double'", "active:'boolean'",
      "count:'int'", "at:{'type':'long','logicalType':'timestamp-millis'}", "rate:'float'", "note:'string'");
  private static final String FLAT_CHANGED = record("Flat", "name:'string'", "id:'long'", "amount:'double'",
      "total:'long','aliases':['count']", "rate:'double'", "at:{'type':'long','logicalType':'timestamp-millis'}",
      "source:'string','default':'unknown'");
  private static final String ITEM = record("Item", "sku:'string'", "quantity:'int'", "price:'double'");
  private static final String ITEM_CHANGED = record("Item", "price:'double'", "sku:'string'", "quantity:'long'");
  private static final String ADDRESS = record("Address", "street:'string'", "city:'string'", "zip:'string'",
      "geo:" + record("Geo", "lat:'double'", "lon:'double'"));
  private static final String ADDRESS_CHANGED = record("Address", "city:'string'", "street:'string'",
      "geo:" + record("Geo", "lon:'double'", "lat:'double'"));
  private static final String UNION = "['null','long','string','double',{'type':'array','items':'int'}]";
  private static final String UNION_CHANGED = "['string','double','null','long',{'type':'array','items':'int'}]";

  private Shapes() {}

  static Schema writer(String shape) {
    return parse(switch (shape) {
      case "flat" -> FLAT;
      case "wide" -> record("Wide", wide(60, n -> "'" + List.of("long", "string", "double", "int", "boolean").get(n % 5) + "'"));
      case "nested" -> record("Nested", "id:'string'", "to:" + ADDRESS, "customer:" + record("Customer", "name:'string'",
          "home:'Address'", "tags:{'type':'map','values':'string'}"), "items:{'type':'array','items':" + ITEM + "}");
      case "unions" -> record("Unions", wide(12, n -> n % 3 == 0 ? UNION : n % 3 == 1 ? "['null','string']" : "['null','long']"));
      default -> record("Strings", wide(10, n -> "'string'"));
    });
  }

  static Schema changed(String shape) {
    return parse(switch (shape) {
      case "flat" -> FLAT_CHANGED;
      case "wide" -> record("Wide", reversed(wide(60, n -> n % 5 == 3 ? "'long'" : "'" + List.of("long", "string", "double", "int", "boolean").get(n % 5) + "'")));
      case "nested" -> record("Nested", "items:{'type':'array','items':" + ITEM_CHANGED + "}", "to:" + ADDRESS_CHANGED,
          "customer:" + record("Customer", "home:'Address'", "name:'string'", "level:'int','default':1"), "id:'string'");
      case "unions" -> record("Unions", wide(12, n -> n % 3 == 0 ? UNION_CHANGED : n % 3 == 1 ? "['string','null']" : "['null','double']"));
      default -> record("Strings", reversed(wide(10, n -> "'string'")));
    });
  }

  private static String record(String name, String... fields) {
    String all = java.util.Arrays.stream(fields).map(f -> "{'name':'" + f.replaceFirst(":", "','type':") + "}")
        .collect(Collectors.joining(","));
    return "{'type':'record','name':'" + name + "','fields':[" + all + "]}";
  }

  private static String[] wide(int count, java.util.function.IntFunction<String> type) {
    return IntStream.range(0, count).mapToObj(n -> "field" + n + ":" + type.apply(n)).toArray(String[]::new);
  }

  private static String[] reversed(String[] fields) {
    return IntStream.range(0, fields.length).mapToObj(n -> fields[fields.length - 1 - n]).toArray(String[]::new);
  }

  private static Schema parse(String json) {
    return new Schema.Parser().parse(json.replace('\'', '"'));
  }

  static byte[] record(Schema schema, Random random) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
    new GenericDatumWriter<>(schema).write(value(schema, random), encoder);
    encoder.flush();
    return out.toByteArray();
  }

  static Object decode(Schema schema, byte[] bytes) throws IOException {
    return new GenericDatumReader<>(schema).read(null, DecoderFactory.get().binaryDecoder(bytes, null));
  }

  private static Object value(Schema schema, Random random) {
    return switch (schema.getType()) {
      case NULL -> null;
      case BOOLEAN -> random.nextBoolean();
      case INT -> random.nextInt() >> random.nextInt(32);
      case LONG -> random.nextLong() >> random.nextInt(64);
      case FLOAT -> random.nextFloat();
      case DOUBLE -> random.nextDouble();
      case BYTES -> ByteBuffer.wrap(new byte[random.nextInt(20)]);
      case STRING -> text(random);
      case UNION -> value(schema.getTypes().get(random.nextInt(schema.getTypes().size())), random);
      case ARRAY -> IntStream.range(0, random.nextInt(5)).mapToObj(n -> value(schema.getElementType(), random))
          .collect(Collectors.toCollection(ArrayList::new));
      case MAP -> {
        Map<String, Object> map = new HashMap<>();
        for (int n = random.nextInt(4); n > 0; n--) {
          map.put("key" + n, value(schema.getValueType(), random));
        }
        yield map;
      }
      default -> {
        GenericData.Record record = new GenericData.Record(schema);
        schema.getFields().forEach(f -> record.put(f.pos(), value(f.schema(), random)));
        yield record;
      }
    };
  }

  /** 4 to 60 letters, one text in ten with some beyond ASCII. */
  private static String text(Random random) {
    String letters = random.nextInt(10) == 0 ? "abcdefghijklmnoéß日" : "abcdefghijklmnopqr";
    return random.ints(4 + random.nextInt(57), 0, letters.length()).mapToObj(letters::charAt).map(String::valueOf)
        .collect(Collectors.joining());
  }
}
