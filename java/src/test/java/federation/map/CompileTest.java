package federation.map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.avro.Schema;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Compiling a mapping")
class CompileTest {
  private static Schema schema(String json) {
    return Resources.schema(Resources.json(json));
  }

  @Test
  @DisplayName("every reason is told at once, each with the contract's path")
  void reasons() {
    Schema writer = schema("{'type':'record','name':'W','fields':[{'name':'a','type':'string'},{'name':'r','type':"
        + "{'type':'record','name':'R','fields':[{'name':'x','type':'long'}]}}]}");
    Schema contract = schema("{'type':'record','name':'C','fields':[{'name':'a','type':'int'},{'name':'gone','type':'int'},"
        + "{'name':'r','type':{'type':'record','name':'R','fields':[{'name':'x','type':'int'},{'name':'y','type':'int'}]}}]}");
    ContractException e = assertThrows(ContractException.class,
        () -> Transcoder.compile(writer, contract, Rule.parse(Resources.json("{'zz':'a'}"))));
    List<String> fields = e.reasons().stream().map(r -> r.substring(0, r.indexOf(':'))).toList();
    assertEquals(List.of("zz", "a", "gone", "r.x", "r.y"), fields, e.getMessage());
  }

  @ParameterizedTest
  @DisplayName("rules that make no sense are refused when they are read")
  @ValueSource(strings = {"{'a':{'form':'x'}}", "{'a':{'const':1,'default':2}}", "{'a':{'unit':'m'}}", "{'a':{'zone':'Mars/Base'}}",
      "{'a':{'map':{'x':null}}}", "{'a':{'scale':'2'}}", "{'a':{'scale':-1}}", "{'a':7}", "['a']", "{'a':{'from':1}}",
      "{'a':{'fields':{},'map':{'x':'y'}}}"})
  void nonsense(String rules) {
    assertThrows(IllegalArgumentException.class, () -> Rule.parse(Resources.json(rules)));
  }

  @Test
  @DisplayName("the fields of a record that comes out of a union can be found")
  void union() throws Exception {
    Schema contract = schema("{'type':'record','name':'C','fields':[{'name':'a','type':'long'},{'name':'b','type':'string'}]}");
    Schema writer = schema("['null',{'type':'record','name':'C','fields':[{'name':'a','type':'int'},{'name':'b','type':'string'}]}]");
    Transcoder transcoder = Transcoder.compile(writer, contract, Map.of());
    Output out = new Output();
    transcoder.transcode(new byte[] {2, 6, 2, 'x'}, 0, 4, out);
    assertEquals(List.of(0, 1, 1, 3), List.of(transcoder.fieldStart(0), transcoder.fieldEnd(0),
        transcoder.fieldStart(1), transcoder.fieldEnd(1)));
    MappingException e = assertThrows(MappingException.class, () -> Resources.run(transcoder, new byte[] {0}));
    assertEquals("null", e.reason());
    assertThrows(IllegalStateException.class, () -> transcoder.fieldStart(0));
  }

  @Test
  @DisplayName("schemas made to explode are resolved or refused within seconds")
  void hostile() {
    // Each type refers to all later ones, on both sides under other names: every pair of types is asked for.
    Schema writer = tangle("A", 24);
    Schema contract = tangle("B", 24);
    Schema unions = many("W", 300);
    assertTimeout(Duration.ofSeconds(20), () -> {
      attempt(writer, contract);
      attempt(unions, many("C", 300));
      attempt(deep(150, "int"), deep(150, "long"));
      attempt(deep(150, "int"), deep(150, "double"));
      attempt(deep(150, "int"), deep(150, "string"));
    });
  }

  @Test
  @DisplayName("a few bytes cannot be blown up without bound by the contract's defaults")
  void amplification() throws Exception {
    Schema writer = schema("{'type':'record','name':'W','fields':[{'name':'a','type':{'type':'array','items':"
        + "{'type':'record','name':'N','fields':[]}}}]}");
    String text = "x".repeat(1000);
    Schema contract = schema("{'type':'record','name':'W','fields':[{'name':'a','type':{'type':'array','items':"
        + "{'type':'record','name':'N','fields':[{'name':'t','type':'string','default':'" + text + "'}]}}}]}");
    Transcoder transcoder = Transcoder.compile(writer, contract, Map.of());
    byte[] few = {(byte) 0x80, (byte) 0x89, 0x7A, 0};
    MappingException e = assertThrows(MappingException.class, () -> Resources.run(transcoder, few));
    assertEquals("overflow", e.reason());
    assertTrue(Resources.run(transcoder, new byte[] {4, 0}).length > 2000);
  }

  @Test
  @DisplayName("what is beyond the bounds is refused, what is within them is compiled at once")
  void bounds() throws Exception {
    Schema deep = deep(40, "int"); // two types a level
    ContractException e = assertThrows(ContractException.class, () -> Transcoder.compile(deep, deep, Map.of()));
    assertTrue(e.getMessage().contains("more than 64 types within types"), e.getMessage());
    Schema wide = record(25_000);
    e = assertThrows(ContractException.class, () -> Transcoder.compile(wide, wide, Map.of()));
    assertTrue(e.getMessage().contains("more than 20000 types"), e.getMessage());
    List<String> symbols = IntStream.range(0, 100_000).mapToObj(i -> "S" + i).toList();
    Schema vast = Schema.createRecord("R", null, null, false,
        List.of(new Schema.Field("e", Schema.createEnum("E", null, null, symbols), null, null)));
    for (Schema one : List.of(record(5_000), vast, many("B", 500), doubled(40, Schema.Type.INT))) {
      Transcoder transcoder = Transcoder.compile(one, one, Map.of());
      assertThrows(MappingException.class, () -> Resources.run(transcoder, new byte[0]));
    }
  }

  @Test
  @DisplayName("two to the power of 40 nulls, claimed by no byte at all, are a dead letter soon")
  void hollow() throws Exception {
    Schema doubled = doubled(40, Schema.Type.NULL);
    Transcoder transcoder = Transcoder.compile(doubled, doubled, Map.of());
    MappingException e = assertThrows(MappingException.class, () -> Resources.run(transcoder, new byte[0]));
    assertEquals("items", e.reason());
  }

  private static Schema record(int fields) {
    return Schema.createRecord("R", null, null, false, IntStream.range(0, fields)
        .mapToObj(i -> new Schema.Field("f" + i, Schema.create(Schema.Type.INT), null, null)).toList());
  }

  /** A record whose fields double with each level. */
  private static Schema doubled(int levels, Schema.Type leaf) {
    Schema made = Schema.createRecord("R0", null, null, false,
        List.of(new Schema.Field("x", Schema.create(leaf), null, null)));
    for (int i = 1; i < levels; i++) {
      made = Schema.createRecord("R" + i, null, null, false,
          List.of(new Schema.Field("a", made, null, null), new Schema.Field("b", made, null, null)));
    }
    return made;
  }

  private static void attempt(Schema writer, Schema contract) {
    try {
      Transcoder.compile(writer, contract, Map.of());
    } catch (ContractException e) {
      assertTrue(!e.reasons().isEmpty());
    }
  }

  private static Schema tangle(String prefix, int count) {
    Schema[] records = new Schema[count];
    for (int i = 0; i < count; i++) {
      records[i] = Schema.createRecord(prefix + i, null, null, false);
    }
    for (int i = 0; i < count; i++) {
      int from = i;
      List<Schema.Field> fields = IntStream.range(0, count).mapToObj(
          k -> new Schema.Field("f" + k, Schema.createArray(records[(from + k) % count]), null, null))
          .collect(Collectors.toList());
      fields.add(new Schema.Field("leaf", Schema.create(prefix.equals("A") && i == count - 1 ? Schema.Type.INT
          : Schema.Type.LONG), null, null));
      records[i].setFields(fields);
    }
    return records[0];
  }

  private static Schema many(String name, int count) {
    List<Schema> branches = IntStream.range(0, count).mapToObj(i -> Schema.createRecord(name + i, null, null, false,
        List.of(new Schema.Field("x", Schema.create(Schema.Type.INT), null, null)))).toList();
    return Schema.createRecord("Root", null, null, false,
        List.of(new Schema.Field("u", Schema.createUnion(branches), null, null)));
  }

  private static Schema deep(int levels, String leaf) {
    Schema type = Schema.create(Schema.Type.valueOf(leaf.toUpperCase(java.util.Locale.ROOT)));
    for (int i = 0; i < levels; i++) {
      type = Schema.createUnion(Schema.create(Schema.Type.NULL), Schema.createArray(type));
    }
    return Schema.createRecord("Root", null, null, false, List.of(new Schema.Field("a", type, null, null)));
  }
}
