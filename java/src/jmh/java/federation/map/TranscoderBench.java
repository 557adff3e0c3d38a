package federation.map;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DatumReader;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * One record from the writer's bytes to the contract's: by the transcoder, and by Avro's readers and its writer.
 *
 * <p>Each sample is a round of all records, which is short enough to run undisturbed most times, so that the median
 * means something on a machine that others use too.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TranscoderBench {
  private static final int RECORDS = 1024; // so many different ones take turns

  @Param({"flat", "wide", "nested", "unions", "strings"})
  String shape;

  /** The writer's own schema, or one with renamed, promoted, moved, dropped and added fields. */
  @Param({"same", "changed"})
  String contract;

  private final byte[][] records = new byte[RECORDS][];
  private Transcoder transcoder;
  private final Output output = new Output(4096);
  private DatumReader<Object> classic;
  private DatumReader<Object> fast;
  private GenericDatumWriter<Object> writer;
  private BinaryDecoder decoder;
  private BinaryEncoder encoder;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(4096);
  private Object reused;

  /** Makes the records, and checks that all three make the same of them. */
  @Setup
  public void prepare() throws Exception {
    Schema from = Shapes.writer(shape);
    Schema to = contract.equals("same") ? from : Shapes.changed(shape);
    Random random = new Random(20240711);
    for (int i = 0; i < RECORDS; i++) {
      records[i] = Shapes.record(from, random);
    }
    transcoder = Transcoder.compile(from, to, Map.of());
    classic = reader(from, to, false);
    fast = reader(from, to, true);
    writer = new GenericDatumWriter<>(to);
    for (byte[] record : records) {
      transcode(record);
      Object mapped = Shapes.decode(to, output.copy(0));
      for (DatumReader<Object> reader : List.of(classic, fast)) {
        through(reader, record);
        if (!mapped.equals(Shapes.decode(to, bytes.toByteArray()))) {
          throw new IllegalStateException("not what Avro makes of it: " + mapped);
        }
      }
    }
  }

  private static DatumReader<Object> reader(Schema from, Schema to, boolean fast) {
    GenericData data = new GenericData();
    data.setFastReaderEnabled(fast);
    return new GenericDatumReader<>(from, to, data);
  }

  /** The gateway's way. */
  @Benchmark
  @OperationsPerInvocation(RECORDS)
  public int transcoder() throws MappingException {
    int sum = 0;
    for (byte[] record : records) {
      sum += transcode(record);
    }
    return sum;
  }

  /** GenericDatumReader, resolving, then GenericDatumWriter; everything that can be is used again. */
  @Benchmark
  @OperationsPerInvocation(RECORDS)
  public int classic() throws IOException {
    int sum = 0;
    for (byte[] record : records) {
      sum += through(classic, record);
    }
    return sum;
  }

  /** The same with Avro's fast reader. */
  @Benchmark
  @OperationsPerInvocation(RECORDS)
  public int fastReader() throws IOException {
    int sum = 0;
    for (byte[] record : records) {
      sum += through(fast, record);
    }
    return sum;
  }

  private int transcode(byte[] record) throws MappingException {
    output.reset(0);
    transcoder.transcode(record, 0, record.length, output);
    return output.length();
  }

  private int through(DatumReader<Object> reader, byte[] record) throws IOException {
    decoder = DecoderFactory.get().binaryDecoder(record, decoder);
    reused = reader.read(reused, decoder);
    bytes.reset();
    encoder = EncoderFactory.get().binaryEncoder(bytes, encoder);
    writer.write(reused, encoder);
    encoder.flush();
    return bytes.size();
  }
}
