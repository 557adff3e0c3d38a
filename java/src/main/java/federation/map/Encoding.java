package federation.map;

import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Type;

/** How text stands for bytes, after RFC 4648 and strictly: what is read back is what was written. */
enum Encoding {
  HEX {
    @Override
    byte[] encode(byte[] raw) {
      return Texts.ascii(HexFormat.of().formatHex(raw));
    }

    @Override
    byte[] decode(byte[] text) {
      return HexFormat.of().parseHex(new String(text, java.nio.charset.StandardCharsets.ISO_8859_1));
    }
  },

  BASE64 {
    @Override
    byte[] encode(byte[] raw) {
      return Base64.getEncoder().encode(raw);
    }

    @Override
    byte[] decode(byte[] text) {
      return same(text, Base64.getDecoder().decode(text), Base64.getEncoder(), Base64.getEncoder());
    }
  },

  /** Written without padding, read with or without. */
  BASE64URL {
    @Override
    byte[] encode(byte[] raw) {
      return Base64.getUrlEncoder().withoutPadding().encode(raw);
    }

    @Override
    byte[] decode(byte[] text) {
      return same(text, Base64.getUrlDecoder().decode(text), Base64.getUrlEncoder(),
          Base64.getUrlEncoder().withoutPadding());
    }
  };

  abstract byte[] encode(byte[] raw);

  /** @throws IllegalArgumentException if the text is not of this encoding */
  abstract byte[] decode(byte[] text);

  /** @throws IllegalArgumentException if there is no such encoding */
  static Encoding of(String field, String name) {
    if (name == null) {
      return null;
    }
    for (Encoding one : values()) {
      if (one.name().toLowerCase(Locale.ROOT).equals(name)) {
        return one;
      }
    }
    throw new IllegalArgumentException("encoding of " + field + " must be hex, base64 or base64url, not " + name);
  }

  /** From text to bytes or fixed of any meaning, or back; null where this is about neither. */
  Emit compile(Schema w, Schema c) {
    boolean text = w.getType() == Type.STRING && Logical.of(w).is(Logical.Kind.NONE);
    if (text && c.getType() == Type.BYTES) {
      return (run, pos) -> {
        int from = run.length(pos);
        int to = from + (int) run.value;
        byte[] raw = read(Arrays.copyOfRange(run.in, from, to));
        run.out.writeBytes(raw, 0, raw.length);
        return to;
      };
    }
    if (text && c.getType() == Type.FIXED) {
      return (run, pos) -> {
        int from = run.length(pos);
        int to = from + (int) run.value;
        byte[] raw = read(Arrays.copyOfRange(run.in, from, to));
        if (raw.length != c.getFixedSize()) {
          throw MappingException.map("parse");
        }
        run.out.write(raw, 0, raw.length);
        return to;
      };
    }
    boolean raw = w.getType() == Type.BYTES || w.getType() == Type.FIXED;
    if (raw && c.getType() == Type.STRING && Logical.of(c).is(Logical.Kind.NONE)) {
      return (run, pos) -> {
        int from = w.getType() == Type.FIXED ? pos : run.length(pos);
        int to = from + (w.getType() == Type.FIXED ? w.getFixedSize() : (int) run.value);
        byte[] shown = encode(Arrays.copyOfRange(run.in, from, to));
        run.out.writeBytes(shown, 0, shown.length);
        return to;
      };
    }
    return null;
  }

  private byte[] read(byte[] text) throws MappingException {
    try {
      return decode(text);
    } catch (IllegalArgumentException e) {
      throw MappingException.map("parse");
    }
  }

  /** The bytes, if one of the encoders writes this very text: Java's decoders pass over bits that no byte holds. */
  private static byte[] same(byte[] text, byte[] raw, Base64.Encoder one, Base64.Encoder other) {
    if (!Arrays.equals(text, one.encode(raw)) && !Arrays.equals(text, other.encode(raw))) {
      throw new IllegalArgumentException();
    }
    return raw;
  }
}
