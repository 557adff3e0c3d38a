package federation.map;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A buffer")
class OutputTest {
  private static final byte[] MEBIBYTE = new byte[1 << 20];

  private static void fill(Output out, int mebibytes) {
    for (int n = 0; n < mebibytes; n++) {
      out.write(MEBIBYTE, 0, MEBIBYTE.length);
    }
  }

  @Test
  @DisplayName("takes as much as the largest record, and never more memory than that")
  void full() {
    Output out = new Output();
    assertThrows(Output.Full.class, () -> fill(out, 1_000));
    assertEquals(64 << 20, out.length());
    assertEquals(64 << 20, out.buffer().length);
    Output larger = new Output().roomFor(70 << 20);
    fill(larger, 70);
    assertThrows(Output.Full.class, () -> larger.write(1));
  }

  @Test
  @DisplayName("gives back what a large record has taken, and keeps what is to stay")
  void reset() {
    Output out = new Output();
    out.write(7);
    out.write(8);
    fill(out, 10);
    out.reset(2);
    assertTrue(out.buffer().length < 1 << 20);
    assertArrayEquals(new byte[] {7, 8}, out.copy(0));
  }
}
