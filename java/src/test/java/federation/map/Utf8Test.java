package federation.map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("UTF-8")
class Utf8Test {
  @Test
  @DisplayName("exactly what Java's strict decoder takes is valid, at any place and of any length")
  void agrees() {
    Random random = new Random(3);
    String[] pieces = {"a", "zz", "é", "€", "😀", "\u0000", "\u07ff", "\uffff", "12345678"};
    int valid = 0;
    for (int round = 0; round < 50_000; round++) {
      StringBuilder text = new StringBuilder();
      for (int n = random.nextInt(8); n > 0; n--) {
        text.append(pieces[random.nextInt(pieces.length)]);
      }
      byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
      if (bytes.length > 0 && random.nextBoolean()) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      int before = random.nextInt(9);
      byte[] buffer = new byte[before + bytes.length + random.nextInt(9)];
      random.nextBytes(buffer);
      System.arraycopy(bytes, 0, buffer, before, bytes.length);
      boolean wanted = strict(bytes);
      valid += wanted ? 1 : 0;
      assertEquals(wanted, Utf8.valid(buffer, before, before + bytes.length), text::toString);
    }
    assertTrue(valid > 10_000);
  }

  @Test
  @DisplayName("one byte that is no text is found at every place of an otherwise plain text")
  void finds() {
    for (int size = 0; size <= 150; size++) {
      byte[] buffer = new byte[size + 16];
      Arrays.fill(buffer, (byte) 0xFF);
      Arrays.fill(buffer, 8, 8 + size, (byte) 'a');
      assertTrue(Utf8.valid(buffer, 8, 8 + size));
      for (int at = 8; at < 8 + size; at++) {
        buffer[at] = (byte) 0x80;
        assertFalse(Utf8.valid(buffer, 8, 8 + size), "size " + size + ", at " + (at - 8));
        buffer[at] = 'a';
      }
    }
  }

  private static boolean strict(byte[] bytes) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }
}
