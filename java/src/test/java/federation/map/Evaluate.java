package federation.map;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;

/**
 * Answers, line by line, what the transcoder makes of cases: for whoever compares it with another implementation.
 *
 * <p>In: {@code {"writer": …, "contract": …, "rules": …, "in": [hex, …]}}. Out: {@code {"refused": sentence}}, or
 * {@code {"out": [hex or "stage/reason/path", …]}}, or {@code {"broken": sentence}} for what must never happen. With
 * {@code {"json": schema, "in": …}} the inputs are JSON texts, and out come the Avro bytes that they mean.
 */
public final class Evaluate {
  private static final HexFormat HEX = HexFormat.of();

  private Evaluate() {}

  public static void main(String[] arguments) throws Exception {
    PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    System.setOut(System.err); // whatever else prints is no answer
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      ObjectNode answer;
      try {
        answer = answer(Resources.JSON.readTree(line));
      } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
        answer = Resources.JSON.createObjectNode().put("broken", e.toString());
      }
      answers.println(answer);
      answers.flush();
    }
  }

  private static ObjectNode answer(JsonNode one) {
    ObjectNode answer = Resources.JSON.createObjectNode();
    if (one.has("json")) {
      return ofJson(one, answer);
    }
    Schema contract;
    Transcoder transcoder;
    try {
      contract = Resources.schema(one.required("contract"));
      transcoder = Transcoder.compile(Resources.schema(one.required("writer")), contract, Rule.parse(one.get("rules")));
    } catch (ContractException | IllegalArgumentException | AvroRuntimeException e) {
      return answer.put("refused", String.valueOf(e.getMessage()));
    }
    ArrayNode out = answer.putArray("out");
    Output output = new Output(64);
    for (JsonNode hex : one.required("in")) {
      out.add(outcome(transcoder, contract, HEX.parseHex(hex.asText()), output));
    }
    return answer;
  }

  private static ObjectNode ofJson(JsonNode one, ObjectNode answer) {
    PlainJson program;
    try {
      program = PlainJson.compile(Resources.schema(one.get("json")));
    } catch (ContractException | AvroRuntimeException e) {
      return answer.put("refused", String.valueOf(e.getMessage()));
    }
    ArrayNode out = answer.putArray("out");
    Output output = new Output(64);
    for (JsonNode hex : one.required("in")) {
      byte[] in = HEX.parseHex(hex.asText());
      output.reset(0);
      try {
        program.encode(in, 0, in.length, output);
        out.add(HEX.formatHex(output.buffer(), 0, output.length()));
      } catch (MappingException e) {
        out.add(e.stage() + "/" + e.reason() + "/" + e.path());
      }
    }
    return answer;
  }

  /** The record lies within other bytes, as in a frame, so that reading beyond it would show. */
  private static String outcome(Transcoder transcoder, Schema contract, byte[] in, Output out) {
    byte[] padded = new byte[in.length + 9];
    System.arraycopy(in, 0, padded, 4, in.length);
    out.reset(0);
    out.write(7);
    try {
      transcoder.transcode(padded, 4, in.length, out);
    } catch (MappingException e) {
      require(out.length() == 1, "a failed record left bytes in the output");
      return e.stage() + "/" + e.reason() + "/" + e.path();
    }
    int at = 1;
    for (Schema.Field field : contract.getFields()) {
      require(transcoder.fieldStart(field.pos()) == at, "the field does not begin where the last one ends: " + field);
      at = transcoder.fieldEnd(field.pos());
    }
    require(at == out.length(), "the last field does not end where the record ends");
    return HEX.formatHex(out.buffer(), 1, out.length());
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalStateException(message);
    }
  }
}
