package federation.map;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
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
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** One record from the writer's bytes to the contract's: by the transcoder, and by Avro's readers and its writer. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TranscoderBench {
  private static final int RECORDS = 1024; // so many different ones take turns

  @Param({"flat", "wide", "nested", "unions", "strings"})
  String shape;

  /** The writer's own schema, or one with renamed, promoted, moved, dropped and added fields. */
  @Param({"same", "changed"})
  String contract;

  private final byte[][] records = new byte[RECORDS][];
  private int next;
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
    for (int i = 0; i < RECORDS; i++) {
      transcoder();
      Object mapped = Shapes.decode(to, output.copy(0));
      next = i;
      classic();
      Object wanted = Shapes.decode(to, bytes.toByteArray());
      next = i;
      fastReader();
      if (!wanted.equals(mapped) || !wanted.equals(Shapes.decode(to, bytes.toByteArray()))) {
        throw new IllegalStateException("not the same: " + wanted + " and " + mapped);
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
  public int transcoder() throws MappingException {
    byte[] record = records[next++ & RECORDS - 1];
    output.reset(0);
    transcoder.transcode(record, 0, record.length, output);
    return output.length();
  }

  /** GenericDatumReader, resolving, then GenericDatumWriter; everything that can be is used again. */
  @Benchmark
  public int classic() throws IOException {
    return through(classic);
  }

  /** The same with Avro's fast reader. */
  @Benchmark
  public int fastReader() throws IOException {
    return through(fast);
  }

  private int through(DatumReader<Object> reader) throws IOException {
    decoder = DecoderFactory.get().binaryDecoder(records[next++ & RECORDS - 1], decoder);
    reused = reader.read(reused, decoder);
    bytes.reset();
    encoder = EncoderFactory.get().binaryEncoder(bytes, encoder);
    writer.write(reused, encoder);
    encoder.flush();
    return bytes.size();
  }
}
