package federation.map;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import org.apache.avro.Schema;

/**
 * How text is cut.
 *
 * @param by the text between two parts
 * @param part which part is taken, from the end if negative; null for all of them, as an array
 */
public record Split(String by, Integer part) {
  private static final Schema TEXTS = Schema.createArray(Compiler.string());

  static Split parse(String field, JsonNode node) {
    if (node == null) {
      return null;
    }
    String by = Rule.text(field, node, "by");
    JsonNode part = node.get("part");
    Rule.require(by != null && !by.isEmpty(), "split of " + field + " must say by what");
    Rule.require(part == null || part.isInt(), "part of " + field + " must be a whole number");
    return new Split(by, part == null ? null : part.intValue());
  }

  /** From text to what its parts become. */
  Emit compile(Compiler compiler, Schema contract, Hint hint, byte[] fallback) throws ContractException {
    byte[] separator = by.getBytes(StandardCharsets.UTF_8);
    Scratch scratch = new Scratch();
    if (part == null) {
      Emit inner = compiler.resolve(TEXTS, contract, hint.unsplit(), fallback);
      return (run, pos) -> {
        int from = run.length(pos);
        int to = from + (int) run.value;
        all(run.in, from, to, separator, scratch.bytes);
        scratch.convert(inner, run);
        return to;
      };
    }
    Emit inner = compiler.resolve(Compiler.string(), contract, hint.unsplit(), fallback);
    return (run, pos) -> {
      int from = run.length(pos);
      int to = from + (int) run.value;
      one(run.in, from, to, separator, scratch.bytes);
      scratch.convert(inner, run);
      return to;
    };
  }

  private static void all(byte[] in, int from, int to, byte[] by, Output out) {
    out.reset(0);
    int count = count(in, from, to, by);
    if (count > 0) {
      out.writeLong(count);
      int begin = from;
      for (int i = 0; i < count; i++) {
        int end = find(in, begin, to, by);
        out.writeBytes(in, begin, end - begin);
        begin = end + by.length;
      }
    }
    out.write(0);
  }

  private void one(byte[] in, int from, int to, byte[] by, Output out) throws MappingException {
    int count = count(in, from, to, by);
    int index = part < 0 ? part + count : part;
    if (index < 0 || index >= count) {
      throw MappingException.map("parse");
    }
    int begin = from;
    for (int i = 0; i < index; i++) {
      begin = find(in, begin, to, by) + by.length;
    }
    int end = find(in, begin, to, by);
    out.reset(0);
    out.writeBytes(in, begin, end - begin);
  }

  /** An empty text has no parts, any other one more than separators. */
  private static int count(byte[] in, int from, int to, byte[] by) {
    int count = from == to ? 0 : 1;
    for (int at = find(in, from, to, by); at < to; at = find(in, at + by.length, to, by)) {
      count++;
    }
    return count;
  }

  /** Where the next separator begins, or {@code to}. */
  private static int find(byte[] in, int from, int to, byte[] by) {
    for (int at = from; at <= to - by.length; at++) {
      int same = 0;
      while (same < by.length && in[at + same] == by[same]) {
        same++;
      }
      if (same == by.length) {
        return at;
      }
    }
    return to;
  }
}
