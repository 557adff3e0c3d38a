package federation.framing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import federation.Vectors;
import federation.map.MappingException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

@DisplayName("Framings, by the vectors shared with the Python reference")
class FramingVectorsTest {
    @TestFactory
    @DisplayName("every case gives the same schema and payload, or the same refusal")
    List<DynamicTest> cases() throws Exception {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode one : Vectors.read("framing.json").get("cases")) {
            tests.add(DynamicTest.dynamicTest(one.get("name").asText(), () -> check(one)));
        }
        assertFalse(tests.isEmpty());
        return tests;
    }

    private static void check(JsonNode one) throws Exception {
        Framing framing = Frames.framing(one);
        ConsumerRecord<byte[], byte[]> in = Frames.record(one);
        Frame frame = new Frame();
        for (int twice = 0; twice < 2; twice++) { // what an instance remembers changes nothing
            String made;
            try {
                framing.open(in, frame);
                made = frame.schema + " " + HexFormat.of().formatHex(
                        frame.bytes, frame.from, frame.from + frame.length);
            } catch (MappingException refusal) {
                made = refusal.stage() + "/" + refusal.reason();
            }
            String wanted = one.path("schema").asText() + " " + one.path("body").asText();
            assertEquals(one.path("error").asText(wanted), made);
        }
    }

    @TestFactory
    @DisplayName("the schema's name alone is that of the whole, and null where the frame is broken")
    List<DynamicTest> names() throws Exception {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode one : Vectors.read("framing.json").get("cases")) {
            tests.add(DynamicTest.dynamicTest(one.get("name").asText(), () -> {
                Object name = Frames.framing(one).schemaOf(Frames.record(one));
                if (one.has("schema")) {
                    assertEquals(one.get("schema").asText(), String.valueOf(name));
                } else if (one.get("error").asText().startsWith("frame/") && !Frames.packed(one)) {
                    assertNull(name);
                }
            }));
        }
        return tests;
    }

    @Test
    @DisplayName("headers that name schemas are those that the reference drops")
    void headers() throws Exception {
        JsonNode headers = Vectors.read("framing.json").get("headers");
        headers.get("kept").forEach(name -> assertFalse(SchemaHeaders.names(name.asText()), name.asText()));
        headers.get("dropped").forEach(name -> assertTrue(SchemaHeaders.names(name.asText()), name.asText()));
    }

    @Test
    @DisplayName("cut or changed anywhere, a record is opened or refused, and nothing else happens")
    void fuzz() throws Exception {
        Random random = new Random(7);
        Frame frame = new Frame();
        for (JsonNode one : Vectors.read("framing.json").get("cases")) {
            Framing framing = Frames.framing(one);
            byte[] data = HexFormat.of().parseHex(one.get("data").asText());
            for (int turn = 0; turn < 200; turn++) {
                byte[] bytes = Arrays.copyOf(data, random.nextInt(data.length + 1));
                for (int flips = random.nextInt(3); flips > 0 && bytes.length > 0; flips--) {
                    bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                }
                ConsumerRecord<byte[], byte[]> in = Frames.record(one, bytes);
                try {
                    framing.open(in, frame);
                    assertEquals(frame.schema, framing.schemaOf(in));
                    assertTrue(frame.from + frame.length <= frame.bytes.length);
                } catch (MappingException refusal) {
                    assertTrue(List.of("frame", "decode").contains(refusal.stage()), refusal::getMessage);
                }
            }
        }
    }
}
