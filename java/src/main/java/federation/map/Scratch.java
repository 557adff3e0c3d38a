package federation.map;

import java.nio.charset.StandardCharsets;

/** A value that no bytes of the writer hold: written as Avro first, then converted like any other. */
final class Scratch {
  final Output bytes = new Output(64);
  private final Run run = new Run();

  /** Converts what {@link #bytes} hold, into the output of the record at hand. */
  void convert(Emit emit, Run outer) throws MappingException {
    run.begin(bytes.buffer(), 0, bytes.length(), outer.out);
    run.trusted = true;
    emit.emit(run, 0);
  }

  /** Lets {@code emit} write here instead of into the record's output. */
  void take(Emit emit, Run outer, int pos) throws MappingException {
    Output out = outer.out;
    bytes.reset(0);
    outer.out = bytes;
    try {
      emit.emit(outer, pos);
    } finally {
      outer.out = out;
    }
  }

  /** After {@link #take} of a value that is null or text: where the text's characters begin, or -1 for null. */
  int text() {
    byte[] in = bytes.buffer();
    if (in[0] == 0) {
      return -1;
    }
    int at = 1;
    while (in[at] < 0) {
      at++;
    }
    return at + 1;
  }

  /** Writes text as an Avro string. */
  void put(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    bytes.writeBytes(utf8, 0, utf8.length);
  }
}
