package federation.framing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import federation.plan.Specs;
import federation.plan.StreamSpec;
import java.util.HexFormat;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;

/** Framings and records as the cases of {@code framing.json} describe them. */
final class Frames {
    private Frames() {}

    static Framing framing(JsonNode one) {
        ObjectNode framing = Specs.json("{'schemas': [], 'fingerprints': {}, 'subjects': []}");
        framing.set("type", one.get("framing"));
        if (one.has("given")) {
            framing.withArray("schemas").add(one.get("given"));
        }
        ObjectNode spec = Specs.orders("http://r");
        Specs.source(spec).set("framing", framing);
        return Framing.of(StreamSpec.parse(spec.toString()).sources.get(0).framing, key(one));
    }

    static ConsumerRecord<byte[], byte[]> record(JsonNode one) {
        return record(one, HexFormat.of().parseHex(one.get("data").asText()));
    }

    static ConsumerRecord<byte[], byte[]> record(JsonNode one, byte[] data) {
        RecordHeaders headers = new RecordHeaders();
        for (JsonNode header : one.get("headers")) {
            JsonNode value = header.get(1);
            headers.add(header.get(0).asText(), value.isNull() ? null : HexFormat.of().parseHex(value.asText()));
        }
        return new ConsumerRecord<>("t", 0, 0, 0, TimestampType.CREATE_TIME, -1, -1,
                key(one) ? data : null, key(one) ? null : data, headers, Optional.empty());
    }

    /** Whether only unpacking can tell that a record is refused. */
    static boolean packed(JsonNode one) {
        String data = one.get("data").asText();
        return data.startsWith("0305") && data.length() >= 36;
    }

    private static boolean key(JsonNode one) {
        return one.get("side").asText().equals("key");
    }
}
