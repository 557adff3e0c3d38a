package federation.map;

import java.nio.charset.StandardCharsets;
import org.apache.avro.Schema;

/** The text by which a case is chosen, as null or a string; of a type without text its name. */
final class Discriminator {
  private Discriminator() {}

  static Emit of(Schema schema) {
    Logical logical = Logical.of(schema);
    boolean plain = logical.is(Logical.Kind.NONE) || logical.is(Logical.Kind.UUID);
    return switch (schema.getType()) {
      case NULL -> (run, pos) -> {
        run.out.write(0);
        return pos;
      };
      case UNION -> new Emit.Union(schema.getTypes().stream().map(Discriminator::of).toArray(Emit[]::new));
      case STRING -> plain ? (run, pos) -> {
        int from = run.length(pos);
        int size = (int) run.value;
        put(run, run.in, from, size);
        return from + size;
      } : name(schema);
      case ENUM -> (run, pos) -> {
        int end = run.index(pos, schema.getEnumSymbols().size());
        put(run, schema.getEnumSymbols().get((int) run.value));
        return end;
      };
      case INT, LONG -> plain ? (run, pos) -> {
        int end = run.number(pos);
        put(run, Long.toString(run.value));
        return end;
      } : name(schema);
      case BOOLEAN -> (run, pos) -> {
        put(run, run.in[pos] == 1 ? "true" : "false");
        return pos + 1;
      };
      default -> name(schema);
    };
  }

  private static Emit name(Schema schema) {
    return (run, pos) -> {
      put(run, Names.branch(schema));
      return pos;
    };
  }

  private static void put(Run run, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    put(run, bytes, 0, bytes.length);
  }

  private static void put(Run run, byte[] bytes, int from, int size) {
    run.out.write(2);
    run.out.writeBytes(bytes, from, size);
  }
}
