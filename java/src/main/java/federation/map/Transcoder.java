package federation.map;

import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;

/**
 * Turns records of one writer's schema into records of the contract, by Avro's rules and the stream's own.
 *
 * <p>Everything that depends on the schemas is decided once, by {@link #compile}. A record is then walked once,
 * validating each byte and noting where its fields lie; what does not change is copied as byte ranges, the rest is
 * converted on the way. An instance keeps its buffers and is not thread-safe: make one per task.
 */
public final class Transcoder {
  private final Shape shape;
  private final Emit root;
  private final int fields;
  private final Run run = new Run();

  private Transcoder(Shape shape, Emit root, int fields) {
    this.shape = shape;
    this.root = root;
    this.fields = fields;
  }

  /**
   * @param writer schema that the records were written with
   * @param contract schema that they are to have
   * @param rules by field of the contract; may be empty
   * @throws ContractException listing all reasons why this writer cannot meet the contract
   */
  public static Transcoder compile(Schema writer, Schema contract, Map<String, Rule> rules) throws ContractException {
    try {
      Compiler compiler = new Compiler();
      Shape shape = compiler.shape(writer);
      int fields = contract.getType() == Schema.Type.RECORD ? contract.getFields().size() : 0;
      return new Transcoder(shape, compiler.root(writer, contract, rules), fields);
    } catch (ContractException e) {
      throw new ContractException(e.reasons().stream().map(r -> r.startsWith(": ") ? r.substring(2) : r).toList());
    } catch (StackOverflowError e) {
      throw new ContractException(List.of("the schemas are nested too deeply to be resolved"));
    }
  }

  /**
   * Appends one record to {@code out}.
   *
   * @param in the buffer that holds the writer's bytes, without a frame
   * @param offset where they begin
   * @param length how many they are; the record must fill them exactly
   * @throws MappingException if the bytes are not a record of the writer's schema or cannot be mapped; {@code out} is
   *     then as it was before
   */
  public void transcode(byte[] in, int offset, int length, Output out) throws MappingException {
    int mark = out.length();
    run.begin(in, offset, length, out);
    try {
      RecordEmit record = root instanceof RecordEmit direct ? direct : null;
      int end = record == null ? run.walk(shape, offset) : record.locate(run, offset);
      if (end != run.end) {
        throw MappingException.decode("trailing");
      }
      run.trusted = true;
      if (record == null) {
        root.emit(run, offset);
      } else {
        record.produce(run);
        run.outermost = record;
      }
    } catch (MappingException e) {
      out.reset(mark);
      throw e;
    } catch (Output.Full full) { // elements without bytes may become elements with defaults
      out.reset(mark);
      throw MappingException.map("overflow");
    }
  }

  /**
   * Where a field of the last record begins in its output. Valid until the next record and while the input buffer
   * is unchanged.
   *
   * @param contractField position of the field in the contract, from 0
   * @throws IllegalStateException if the contract has no such field or the last record failed
   */
  public int fieldStart(int contractField) {
    return located(contractField).start(run, contractField);
  }

  /** Where a field of the last record ends in its output; see {@link #fieldStart}. */
  public int fieldEnd(int contractField) {
    return located(contractField).end(run, contractField);
  }

  private RecordEmit located(int field) {
    if (run.outermost == null || field < 0 || field >= fields) {
      throw new IllegalStateException("no field " + field + " has been located");
    }
    return run.outermost;
  }
}
