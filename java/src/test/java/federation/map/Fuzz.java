package federation.map;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.util.RandomData;

/**
 * Random and damaged payloads over many random schemas; Avro's own reader says which of them may pass.
 *
 * <p>What passes must be read by Avro to the last byte, and must be the same value, written anew, as what came out.
 * What does not pass, Avro must refuse too, or one of our documented bounds is broken, which its reason names.
 */
public final class Fuzz {
  /** Reasons for which our walk is stricter than Avro's reader. */
  private static final Set<String> STRICTER =
      Set.of("varint", "boolean", "utf8", "trailing", "depth", "items", "length");
  private static final int PAYLOADS = 1_000; // of one schema
  private static final long MOST_NANOS = 1_000_000_000L; // of processor time for one payload, on any machine
  private static final long MOST_BYTES = 64L << 20;

  private final Random random;
  private final Map<String, Integer> counts = new TreeMap<>();
  private final com.sun.management.ThreadMXBean clock =
      (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
  private long slowest;
  private long largest;

  private Fuzz(long seed) {
    random = new Random(seed);
  }

  /** {@code [payloads [seed]]}; exit code 1 and the case where anything is wrong. */
  public static void main(String[] arguments) throws Exception {
    int count = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1_000_000;
    System.out.println(run(count, arguments.length > 1 ? Long.parseLong(arguments[1]) : 1));
  }

  /** @throws IllegalStateException with schema and bytes, where a payload is judged wrongly */
  static String run(int count, long seed) throws Exception {
    Fuzz fuzz = new Fuzz(seed);
    for (int left = count; left > 0; left -= PAYLOADS) {
      fuzz.schema(Math.min(left, PAYLOADS));
    }
    return count + " payloads: " + fuzz.counts + "; at most " + fuzz.slowest / 1_000 + " us and " + fuzz.largest
        + " bytes each";
  }

  private void schema(int count) throws Exception {
    Schema schema = new RandomSchemas(random).record();
    Transcoder transcoder = Transcoder.compile(schema, schema, Map.of());
    List<byte[]> seeds = seeds(schema);
    Output out = new Output();
    for (int i = 0; i < count; i++) {
      byte[] bytes = random.nextInt(5) == 0 ? noise() : Damage.of(seeds.get(random.nextInt(seeds.size())), random);
      try {
        one(transcoder, schema, bytes, out);
      } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
        throw new IllegalStateException(
            e + "\nschema " + schema + "\nbytes " + HexFormat.of().formatHex(bytes), e);
      }
    }
  }

  private void one(Transcoder transcoder, Schema schema, byte[] bytes, Output out) {
    long thread = Thread.currentThread().getId();
    long allocated = clock.getThreadAllocatedBytes(thread);
    long begin = clock.getCurrentThreadCpuTime();
    String reason = "passed";
    out.reset(0);
    try {
      transcoder.transcode(bytes, 0, bytes.length, out);
    } catch (MappingException e) {
      reason = e.reason();
    }
    slowest = Math.max(slowest, clock.getCurrentThreadCpuTime() - begin);
    largest = Math.max(largest, clock.getThreadAllocatedBytes(thread) - allocated);
    require(slowest < MOST_NANOS, "took " + slowest + " ns");
    require(largest < MOST_BYTES, "took " + largest + " bytes of memory");
    counts.merge(reason, 1, Integer::sum);
    if (STRICTER.contains(reason)) {
      return; // Avro may read it: bounds of ours, each with vectors of its own
    }
    byte[] again = rewritten(schema, bytes);
    require((again != null) == reason.equals("passed"), "is " + reason + ", and Avro " + (again == null ? "refuses" : "reads") + " it");
    if (again != null) {
      require(Arrays.equals(again, rewritten(schema, out.copy(0))), "came out as another value");
    }
  }

  /** The value as Avro reads and writes it again; null where it refuses, or bytes are left. */
  private static byte[] rewritten(Schema schema, byte[] bytes) {
    try {
      GenericData data = new GenericData();
      BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(bytes, null);
      Object datum = new GenericDatumReader<>(schema, schema, data).read(null, decoder);
      if (!decoder.isEnd()) {
        return null;
      }
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
      new GenericDatumWriter<>(schema, data).write(datum, encoder);
      encoder.flush();
      return out.toByteArray();
    } catch (IOException | AvroRuntimeException | IndexOutOfBoundsException | NegativeArraySizeException e) {
      return null;
    }
  }

  private List<byte[]> seeds(Schema schema) throws IOException {
    List<byte[]> seeds = new ArrayList<>(List.of(noise()));
    GenericDatumWriter<Object> writer = new GenericDatumWriter<>(schema);
    try {
      for (Object datum : new RandomData(schema, 20, random.nextLong())) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BinaryEncoder encoder = new EncoderFactory().configureBlockSize(64).blockingBinaryEncoder(out, null);
        writer.write(datum, encoder);
        encoder.flush();
        seeds.add(out.toByteArray());
      }
    } catch (StackOverflowError e) {
      counts.merge("(schemas whose random data do not end)", 1, Integer::sum);
    }
    return seeds;
  }

  private byte[] noise() {
    if (random.nextInt(4) == 0) {
      byte[] same = new byte[random.nextInt(5_000)]; // of things within things
      Arrays.fill(same, (byte) random.nextInt(5));
      return same;
    }
    byte[] bytes = new byte[random.nextInt(200)];
    random.nextBytes(bytes);
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] &= random.nextInt(3) == 0 ? -1 : 7; // small numbers, so that some of it means something
    }
    return bytes;
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalStateException(message);
    }
  }
}
