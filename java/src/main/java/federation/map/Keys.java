package federation.map;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.avro.Schema;

/** Keys of the target and of deduplication, made from fields of a mapped record. */
public final class Keys {
  private Keys() {}

  /** Whether a contract's field can be a key by its text: string, int, long, boolean, enum, uuid, or one of them or null. */
  public static boolean textual(Schema field) {
    return switch (field.getType()) {
      case STRING, INT, LONG, BOOLEAN, ENUM -> true;
      case FIXED -> Logical.of(field).is(Logical.Kind.UUID);
      case UNION -> field.getTypes().stream().allMatch(t -> t.getType() == Schema.Type.NULL || textual(t));
      default -> false;
    };
  }

  /**
   * The text of one field's value as UTF-8.
   *
   * @param field schema of the field in the contract; see {@link #textual}
   * @param buf the mapped record
   * @param start where the field begins; {@code end} where it ends
   * @throws MappingException of stage {@code key}, reason {@code null}, for a null
   * @throws IllegalArgumentException if the field's type has no text
   */
  public static byte[] text(Schema field, byte[] buf, int start, int end) throws MappingException {
    Run run = new Run();
    run.begin(buf, start, end - start, null);
    run.trusted = true;
    switch (field.getType()) {
      case STRING:
        return Arrays.copyOfRange(buf, run.length(start), end);
      case INT, LONG:
        run.number(start);
        return ascii(Long.toString(run.value));
      case BOOLEAN:
        return ascii(buf[start] == 1 ? "true" : "false");
      case ENUM:
        run.index(start, field.getEnumSymbols().size());
        return ascii(field.getEnumSymbols().get((int) run.value));
      case UNION:
        int from = run.index(start, field.getTypes().size());
        return text(field.getTypes().get((int) run.value), buf, from, end);
      case NULL:
        throw new MappingException("key", "null");
      case FIXED:
        if (textual(field)) {
          return ascii(Texts.uuid(buf, start));
        }
        break;
      default:
        break;
    }
    throw new IllegalArgumentException("a key of type " + Scalars.name(field) + " has no text");
  }

  /**
   * Appends the Avro bytes of some fields of the last record, one after the other: the body of an Avro key, or what a
   * fingerprint is taken of.
   *
   * @param transcoder which has just written the record
   * @param record the output that holds it
   * @param fields positions in the contract, in the wanted order
   */
  public static void concat(Transcoder transcoder, Output record, int[] fields, Output out) {
    for (int field : fields) {
      int start = transcoder.fieldStart(field);
      out.write(record.buffer(), start, transcoder.fieldEnd(field) - start);
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
