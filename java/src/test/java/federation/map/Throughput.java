package federation.map;

import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Map;
import java.util.Random;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;

/** Prints how many records a second of its processor time one thread maps and fingerprints. Not a test: run its main. */
public final class Throughput {
  private static final int RECORDS = 20_000;
  private static final int ROUNDS = 200;
  private static final String CONTRACT = "{'type':'record','name':'Order','fields':[{'name':'order_id','type':'string'},"
      + "{'name':'customer','type':'string'},{'name':'amount','type':'double'},{'name':'currency','type':'string'},"
      + "{'name':'created_at','type':{'type':'long','logicalType':'timestamp-millis'}},"
      + "{'name':'items','type':{'type':'array','items':{'type':'record','name':'Item','fields':["
      + "{'name':'sku','type':'string'},{'name':'qty','type':'long'}]}}},"
      + "{'name':'note','type':['null','string'],'default':null}]}";
  private static final String EU = "{'type':'record','name':'Order','fields':[{'name':'order_id','type':'string'},"
      + "{'name':'customer','type':'string'},{'name':'amount','type':'double'},{'name':'currency','type':"
      + "{'type':'enum','name':'Currency','symbols':['EUR','USD','GBP']}},"
      + "{'name':'created_at','type':{'type':'long','logicalType':'timestamp-millis'}},"
      + "{'name':'items','type':{'type':'array','items':{'type':'record','name':'Item','fields':["
      + "{'name':'sku','type':'string'},{'name':'qty','type':'int'}]}}},{'name':'note','type':['null','string']}]}";
  private static final String US = "{'type':'record','name':'OrderEvent','fields':[{'name':'id','type':'string'},"
      + "{'name':'client','type':'string'},{'name':'total','type':'float'},{'name':'cur','type':'string'},"
      + "{'name':'ts','type':'long'},{'name':'lines','type':{'type':'array','items':{'type':'record','name':'Line',"
      + "'fields':[{'name':'sku','type':'string'},{'name':'qty','type':'long'}]}}}]}";
  private static final String RULES = "{'order_id':'id','customer':'client','amount':'total','currency':"
      + "{'from':'cur','map':{'US$':'USD'}},'created_at':{'from':'ts','unit':'ms'},'items':'lines'}";

  private Throughput() {}

  /** Runs each way five times; the first are warm-up. */
  public static void main(String[] args) throws Exception {
    Schema contract = schema(CONTRACT);
    for (int i = 0; i < 5; i++) {
      measure("eu", schema(EU), contract, Map.of());
      measure("us", schema(US), contract, Rule.parse(Resources.json(RULES)));
    }
  }

  private static void measure(String name, Schema writer, Schema contract, Map<String, Rule> rules) throws Exception {
    byte[][] records = records(writer);
    Transcoder transcoder = Transcoder.compile(writer, contract, rules);
    Murmur3 murmur = new Murmur3();
    Output out = new Output();
    long bytes = 0;
    long check = 0;
    ThreadMXBean clock = ManagementFactory.getThreadMXBean();
    long begin = clock.getCurrentThreadCpuTime();
    for (int round = 0; round < ROUNDS; round++) {
      for (byte[] record : records) {
        out.reset(0);
        transcoder.transcode(record, 0, record.length, out);
        int start = transcoder.fieldStart(0);
        check ^= murmur.hash(out.buffer(), start, transcoder.fieldEnd(0) - start).first();
        bytes += record.length;
      }
    }
    double seconds = (clock.getCurrentThreadCpuTime() - begin) / 1e9;
    long count = (long) ROUNDS * records.length;
    System.out.printf("%s: %.2f million records/s, %.0f bytes each (%x)%n", name, count / seconds / 1e6,
        (double) bytes / count, check & 0xF);
  }

  private static Schema schema(String json) {
    return Resources.schema(json.replace('\'', '"'));
  }

  private static byte[][] records(Schema schema) throws Exception {
    Random random = new Random(1);
    byte[][] records = new byte[RECORDS][];
    for (int i = 0; i < RECORDS; i++) {
      GenericRecord record = new GenericData.Record(schema);
      for (Schema.Field field : schema.getFields()) {
        record.put(field.pos(), value(field.schema(), random, i));
      }
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
      new GenericDatumWriter<GenericRecord>(schema).write(record, encoder);
      encoder.flush();
      records[i] = out.toByteArray();
    }
    return records;
  }

  private static Object value(Schema schema, Random random, int i) {
    return switch (schema.getType()) {
      case STRING -> "ord-" + (100_000 + i) + "-" + random.nextInt(1000);
      case FLOAT -> random.nextFloat();
      case DOUBLE -> random.nextDouble();
      case INT -> random.nextInt(10);
      case LONG -> 1_700_000_000_000L + random.nextInt(1_000_000);
      case ENUM -> new GenericData.EnumSymbol(schema, schema.getEnumSymbols().get(random.nextInt(3)));
      case ARRAY -> {
        GenericData.Array<Object> list = new GenericData.Array<>(2, schema);
        for (int n = random.nextInt(3); n > 0; n--) {
          GenericRecord item = new GenericData.Record(schema.getElementType());
          item.put(0, "sku" + random.nextInt(100));
          item.put(1, value(schema.getElementType().getFields().get(1).schema(), random, i));
          list.add(item);
        }
        yield list;
      }
      case UNION -> random.nextInt(4) == 0 ? "note" : null;
      default -> throw new IllegalArgumentException(schema.toString());
    };
  }
}
