package federation.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import federation.Vectors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

@DisplayName("The provenance header")
class OriginTest {
    @TestFactory
    @DisplayName("is written and read as the shared vectors say")
    List<DynamicTest> cases() throws Exception {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode one : Vectors.read("origin.json").get("cases")) {
            tests.add(DynamicTest.dynamicTest(one.get("hex").asText(), () -> check(one)));
        }
        assertTrue(tests.size() > 3);
        return tests;
    }

    private static void check(JsonNode one) {
        byte[] origin = new byte[Origin.MAX_BYTES];
        int length = Origin.write(
                cluster(one.get("cluster_id").asText()),
                Origin.fingerprint(one.get("topic").asText(), Origin.TOPIC_BYTES),
                one.get("partition").asInt(), one.get("offset").asLong(), origin);
        byte[] header = Arrays.copyOf(origin, length);
        for (JsonNode hop : one.get("hops")) {
            header = Origin.withHop(header, cluster(hop.asText()));
        }
        assertEquals(one.get("hex").asText(), HexFormat.of().formatHex(header));
        assertEquals(length, Origin.lengthWithoutHops(header));
        assertTrue(Origin.crossed(header, length, cluster(one.get("cluster_id").asText())));
        for (JsonNode hop : one.get("hops")) {
            assertTrue(Origin.crossed(header, length, cluster(hop.asText())), hop.asText());
        }
        assertFalse(Origin.crossed(header, length, cluster("somewhere else")));
    }

    @TestFactory
    @DisplayName("is no origin where the shared vectors refuse it")
    List<DynamicTest> refused() throws Exception {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode one : Vectors.read("origin.json").get("refused")) {
            byte[] header = HexFormat.of().parseHex(one.get("hex").asText());
            tests.add(DynamicTest.dynamicTest(one.get("name").asText(),
                    () -> assertEquals(-1, Origin.lengthWithoutHops(header))));
        }
        assertTrue(tests.size() > 3);
        return tests;
    }

    @Test
    @DisplayName("an absent value is no origin")
    void nothing() {
        assertEquals(-1, Origin.lengthWithoutHops(null));
    }

    @RepeatedTest(20)
    @DisplayName("any place is read back with up to eight hops, and not with nine")
    void hops(RepetitionInfo info) {
        Random random = new Random(info.getCurrentRepetition());
        byte[] origin = new byte[Origin.MAX_BYTES];
        int length = Origin.write(
                cluster("c"), Origin.fingerprint("t", Origin.TOPIC_BYTES),
                random.nextInt() >>> 1 >>> random.nextInt(31),
                random.nextLong() >>> 1 >>> random.nextInt(63), origin);
        byte[] header = Arrays.copyOf(origin, length);
        for (int hops = 0; hops <= Origin.MAX_HOPS; hops++) {
            assertEquals(length, Origin.lengthWithoutHops(header), hops + " hops");
            header = Origin.withHop(header, cluster("hop " + hops));
        }
        assertEquals(-1, Origin.lengthWithoutHops(header));
    }

    private static byte[] cluster(String id) {
        return Origin.fingerprint(id, Origin.CLUSTER_BYTES);
    }
}
