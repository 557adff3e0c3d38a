package federation.map;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.util.RandomData;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Bytes of any kind")
class FuzzTest {
  private static final int ROUNDS = 100_000;
  private static final Set<String> REASONS = Set.of("truncated", "trailing", "varint", "utf8", "index", "length",
      "boolean", "depth", "items", "null", "overflow", "parse", "symbol", "type", "lossy");

  private record Pair(String name, Schema writer, Schema contract, Map<String, Rule> rules) {
    static Pair of(String name, String writer, String contract, String rules) {
      return new Pair(name, Resources.schema(writer.replace('\'', '"')), Resources.schema(contract.replace('\'', '"')),
          Rule.parse(Resources.json(rules)));
    }
  }

  private static final String WIDE = "{'type':'record','name':'W','fields':["
      + "{'name':'a','type':'string'},{'name':'b','type':['null','long','string',{'type':'array','items':'int'}]},"
      + "{'name':'c','type':{'type':'enum','name':'E','symbols':['X','Y','Z']}},{'name':'d','type':'double'},"
      + "{'name':'e','type':{'type':'map','values':{'type':'record','name':'In','fields':["
      + "{'name':'x','type':'boolean'},{'name':'y','type':'bytes'},{'name':'z','type':['null','In']}]}}},"
      + "{'name':'f','type':{'type':'fixed','name':'F','size':3}},{'name':'g','type':'float'},"
      + "{'name':'h','type':{'type':'array','items':'null'}},"
      + "{'name':'i','type':{'type':'bytes','logicalType':'decimal','precision':9,'scale':2}}]}";

  private static final List<Pair> PAIRS = List.of(
      Pair.of("the same", WIDE, WIDE, "{}"),
      Pair.of("converted", WIDE, "{'type':'record','name':'C','fields':["
          + "{'name':'i','type':{'type':'bytes','logicalType':'decimal','precision':7,'scale':1}},"
          + "{'name':'c','type':{'type':'enum','name':'E','symbols':['Z','X'],'default':'X'}},"
          + "{'name':'a','type':'long'},{'name':'b','type':['null','double']},{'name':'g','type':'double'},"
          + "{'name':'e','type':{'type':'map','values':{'type':'record','name':'In','fields':["
          + "{'name':'z','type':['null','In']},{'name':'y','type':'string'}]}}},{'name':'k','type':'string','default':'k'}]}",
          "{'a':{'from':'a','map':{'':'0'},'default':-1},'i':{'lossy':true,'default':''},'b':{'default':null},'e':{'default':{}}}"),
      Pair.of("recursive", "{'type':'record','name':'T','fields':[{'name':'v','type':'int'},"
          + "{'name':'kids','type':{'type':'array','items':'T'}},{'name':'m','type':{'type':'map','values':'T'}}]}",
          "{'type':'record','name':'T','fields':[{'name':'kids','type':{'type':'array','items':'T'}},"
          + "{'name':'v','type':'double'}]}", "{}"));

  @Test
  @DisplayName("damaged records fail with a documented reason and nothing else, in bounded time")
  void damaged() {
    Assertions.assertTimeout(Duration.ofSeconds(60), () -> {
      for (Pair pair : PAIRS) {
        Random random = new Random(20240711);
        Transcoder transcoder = Transcoder.compile(pair.writer, pair.contract, pair.rules);
        Output out = new Output();
        int passed = 0;
        byte[][] seeds = seeds(pair.writer, 200);
        for (int i = 0; i < ROUNDS / PAIRS.size() + 1; i++) {
          byte[] bytes = Damage.of(seeds[random.nextInt(seeds.length)], random);
          out.reset(0);
          try {
            transcoder.transcode(bytes, 0, bytes.length, out);
            passed++;
          } catch (MappingException e) {
            assertEquals(true, REASONS.contains(e.reason()), e::toString);
            continue;
          }
          Object value = Resources.decode(pair.contract, out.copy(0));
          assertNotNull(value, pair.name);
        }
        assertEquals(true, passed > 100, pair.name + ": mutations hardly ever pass, so nothing is shown: " + passed);
      }
    });
  }

  @Test
  @DisplayName("over many random schemas exactly that passes which Avro reads, but for what our bounds forbid")
  void agreesOnWhatPasses() throws Exception {
    System.out.println(Fuzz.run(50_000, 20260711));
  }

  @Test
  @DisplayName("what passes unchanged is what Avro's own reader reads")
  void agreesWithAvro() throws Exception {
    Pair pair = PAIRS.get(0);
    Transcoder transcoder = Transcoder.compile(pair.writer, pair.contract, pair.rules);
    for (byte[] bytes : seeds(pair.writer, 500)) {
      assertArrayEquals(bytes, Resources.run(transcoder, bytes));
    }
    Pair tree = PAIRS.get(2);
    Transcoder trees = Transcoder.compile(tree.writer, tree.contract, tree.rules);
    for (byte[] bytes : seeds(tree.writer, 500)) {
      Object wanted = new GenericDatumReader<>(tree.writer, tree.contract)
          .read(null, DecoderFactory.get().binaryDecoder(bytes, null));
      assertEquals(wanted, Resources.decode(tree.contract, Resources.run(trees, bytes)));
    }
  }

  @Test
  @DisplayName("five bytes that claim millions of elements cost nothing")
  void claims() throws Exception {
    Schema nulls = Resources.schema("{\"type\":\"record\",\"name\":\"N\",\"fields\":[{\"name\":\"a\",\"type\":"
        + "{\"type\":\"array\",\"items\":\"null\"}}]}");
    Transcoder transcoder = Transcoder.compile(nulls, nulls, Map.of());
    byte[] bytes = {(byte) 0x80, (byte) 0x80, (byte) 0x80, 0x40, 0};
    MappingException e = Assertions.assertThrows(MappingException.class, () -> Resources.run(transcoder, bytes));
    assertEquals("items", e.reason());
  }

  private static byte[][] seeds(Schema schema, int count) throws Exception {
    byte[][] seeds = new byte[count][];
    GenericDatumWriter<Object> writer = new GenericDatumWriter<>(schema);
    int i = 0;
    for (Object datum : new RandomData(schema, count, 42L)) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
      writer.write(datum, encoder);
      encoder.flush();
      seeds[i++] = bytes.toByteArray();
    }
    return seeds;
  }
}
