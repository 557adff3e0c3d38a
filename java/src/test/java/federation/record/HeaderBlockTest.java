package federation.record;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Headers as one block of bytes")
class HeaderBlockTest {
    private static final byte[] BINARY = {0, -1, 127, -128};

    @Test
    @DisplayName("order, repeated and empty names, null, empty and binary values, and any script are kept")
    void roundTrip() {
        Headers headers = new RecordHeaders()
                .add("trace", BINARY)
                .add("trace", null)
                .add("", new byte[0])
                .add("żółć-名前-🚚", "значение".getBytes(StandardCharsets.UTF_8))
                .add("trace", BINARY);
        byte[] block = new HeaderBlock.Writer().addAll(headers).toBytes();
        assertEquals(headers, HeaderBlock.read(block));
    }

    @Test
    @DisplayName("no headers are no bytes")
    void empty() {
        assertEquals(0, new HeaderBlock.Writer().addAll(new RecordHeaders()).toBytes().length);
        assertEquals(new RecordHeaders(), HeaderBlock.read(new byte[0]));
    }

    @Test
    @DisplayName("the name that is left out is left out every time, and no other")
    void except() {
        Headers headers = new RecordHeaders().add("a", BINARY).add("x", BINARY).add("a", null).add("A", null);
        byte[] block = new HeaderBlock.Writer().addAll(headers, "a"::equals).toBytes();
        assertEquals(new RecordHeaders().add("x", BINARY).add("A", null), HeaderBlock.read(block));
    }

    @Test
    @DisplayName("the short way for one header writes the same block, of as many bytes as are asked for")
    void single() {
        byte[] name = "fed.origin".getBytes(StandardCharsets.UTF_8);
        byte[] three = Arrays.copyOf(BINARY, 3);
        assertArrayEquals(
                new HeaderBlock.Writer().add("fed.origin", three).toBytes(),
                HeaderBlock.single(name, BINARY, 3));
    }
}
