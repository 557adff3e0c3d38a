package federation.map;

import org.apache.avro.Schema;

/** A filter: an expression that is true or false of a writer's record. Not thread-safe. */
public final class Where {
  private final Shape shape;
  private final Track track;
  private final int slots;
  private final Expression.Node root;
  private final Run run = new Run();

  private Where(Schema writer, String expression) throws ContractException {
    shape = new Shape.Factory().of(writer);
    track = writer.getType() == Schema.Type.RECORD ? new Track(shape, RecordEmit.FIRST) : null;
    slots = RecordEmit.FIRST + shape.kids.length + 1;
    root = Expression.compile(expression, "where", writer, RecordEmit.FIRST);
  }

  /**
   * @param expression CEL
   * @param writer schema of the records to be tested
   * @throws ContractException if it is not CEL or not of the subset
   */
  public static Where compile(String expression, Schema writer) throws ContractException {
    return new Where(writer, expression);
  }

  /**
   * Whether a record passes.
   *
   * @param in the buffer that holds the writer's bytes, without a frame
   * @param offset where they begin
   * @param length how many they are
   * @throws MappingException stage {@code decode} where the bytes are not a record of the schema, else stage
   *     {@code where}, reason {@code eval}
   */
  public boolean test(byte[] in, int offset, int length) throws MappingException {
    run.begin(in, offset, length, null);
    run.reserve(slots);
    run.slots[RecordEmit.WHOLE] = offset;
    int end = track == null ? run.walk(shape, offset) : run.track(track, offset);
    if (end != run.end) {
      throw MappingException.decode("trailing");
    }
    run.trusted = true;
    try {
      return Values.flag(root.value(run));
    } catch (MappingException e) {
      throw new MappingException("where", "eval");
    }
  }
}
