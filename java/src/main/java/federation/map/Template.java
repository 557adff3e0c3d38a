package federation.map;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Text made of the writer's fields; null where one of them is null. */
final class Template implements Emit {
  private static final Pattern TOKEN = Pattern.compile("[^{}]+|\\{\\{|\\}\\}|\\{([^{}]*)\\}|[{}]");
  private static final Pattern PATH = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*");

  /**
   * A piece of a template.
   *
   * @param literal text before the path
   * @param path path in the writer's record, or null after the last
   */
  public record Part(String literal, String path) {}

  /**
   * Where the text of a part comes from.
   *
   * @param slot where the source value begins
   * @param emit writes null or a string, as a union of the two
   */
  record Source(int slot, Emit emit) {}

  private final byte[][] literals;
  private final List<Source> sources;
  private final boolean nullable;
  private final Emit inner;
  private final Scratch piece = new Scratch();
  private final Output text = new Output();
  private final Scratch made = new Scratch();

  /**
   * @param sources one for each part that has a path
   * @param nullable whether {@code inner} takes null or a string, as a union of the two, or a string alone
   */
  Template(List<Part> parts, List<Source> sources, boolean nullable, Emit inner) {
    this.literals = parts.stream().map(p -> p.literal.getBytes(StandardCharsets.UTF_8)).toArray(byte[][]::new);
    this.sources = sources;
    this.nullable = nullable;
    this.inner = inner;
  }

  /** @throws IllegalArgumentException for a single brace, something in braces that is no path, or no path at all */
  static List<Part> parse(String field, String template) {
    List<Part> parts = new ArrayList<>();
    StringBuilder literal = new StringBuilder();
    for (Matcher token = TOKEN.matcher(template); token.find();) {
      String path = token.group(1);
      Rule.require(path == null ? !token.group().matches("[{}]") : PATH.matcher(path).matches(),
          "the template of " + field + " has " + token.group() + ", which is no path");
      if (path == null) {
        literal.append(token.group().matches("\\{\\{|\\}\\}") ? token.group().substring(1) : token.group());
      } else {
        parts.add(new Part(literal.toString(), path));
        literal.setLength(0);
      }
    }
    Rule.require(!parts.isEmpty(), "the template of " + field + " names no path");
    if (literal.length() > 0) {
      parts.add(new Part(literal.toString(), null));
    }
    return parts;
  }

  @Override
  public int emit(Run run, int pos) throws MappingException {
    text.reset(0);
    boolean whole = true;
    for (int i = 0; i < literals.length && whole; i++) {
      text.write(literals[i], 0, literals[i].length);
      if (i < sources.size()) {
        whole = append(run, sources.get(i));
      }
    }
    made.bytes.reset(0);
    if (nullable) {
      made.bytes.write(whole ? 2 : 0);
    }
    if (whole) {
      made.bytes.writeBytes(text.buffer(), 0, text.length());
    }
    made.convert(inner, run);
    return pos;
  }

  private boolean append(Run run, Source source) throws MappingException {
    piece.take(source.emit, run, run.slots[run.base + source.slot]);
    int from = piece.text();
    if (from >= 0) {
      text.write(piece.bytes.buffer(), from, piece.bytes.length() - from);
    }
    return from >= 0;
  }
}
