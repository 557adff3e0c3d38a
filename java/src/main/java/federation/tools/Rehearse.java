package federation.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import federation.record.HeaderBlock;
import federation.record.Record;
import federation.registry.SchemaException;
import federation.registry.SchemaId;
import federation.registry.SchemaSource;
import federation.source.FromPython;
import federation.source.Normalizer;
import federation.source.ToPython;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.flink.api.common.serialization.DeserializationSchema.InitializationContext;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.util.Collector;
import org.apache.flink.util.UserCodeClassLoader;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;

/**
 * Runs records through the job's own normalisers without a job: the stream's plan is the first line
 * of stdin, writer schemas by their names the second, each further line is a record, and each is
 * answered by one line on stdout. Bytes are hexadecimal text. What a Python function has to see is
 * asked for in between: {@code {"python": chunk}}, and the next line of stdin is its answer.
 */
public final class Rehearse {
    private static final HexFormat HEX = HexFormat.of();
    private static final ObjectMapper JSON = new ObjectMapper();

    private Rehearse() {}

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        System.setOut(System.err); // whatever else prints is no answer
        BufferedReader lines =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String plan = lines.readLine();
        SchemaSource schemas = new Listed(JSON.readTree(lines.readLine()));
        List<Normalizer> sources = new ArrayList<>();
        List<FromPython> transformed = new ArrayList<>();
        for (int i = 0; i < JSON.readTree(plan).required("sources").size(); i++) {
            Normalizer source = new Normalizer(plan, i);
            source.open(new Context(), schemas);
            sources.add(source);
            FromPython python = new FromPython(plan, i);
            python.open(new Context().getMetricGroup());
            transformed.add(python);
        }
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonNode in = JSON.readTree(line);
            int source = in.required("source").asInt();
            Collected out = new Collected();
            sources.get(source).deserialize(record(in), out);
            if (!out.isEmpty() && out.get(0).from != null) {
                byte[] chunk = ToPython.chunk(out.remove(0));
                answers.println(JSON.createObjectNode().put("python", HEX.formatHex(chunk)));
                answers.flush();
                transformed.get(source).flatMap(HEX.parseHex(lines.readLine()), out);
            }
            answers.println(answer(out));
            answers.flush();
        }
    }

    private static final class Collected extends ArrayList<Record> implements Collector<Record> {
        private static final long serialVersionUID = 1L;

        @Override
        public void collect(Record record) {
            add(record);
        }

        @Override
        public void close() {}
    }

    private static ObjectNode answer(List<Record> out) {
        ObjectNode answer = JSON.createObjectNode();
        if (out.isEmpty()) {
            return answer.put("kind", "filtered");
        }
        Record record = out.get(0);
        if (record.kind == Record.DEAD) {
            Headers headers = HeaderBlock.read(record.headers);
            return answer.put("kind", "dead")
                    .put("stage", text(headers, "fed.dead.stage"))
                    .put("reason", text(headers, "fed.dead.reason"))
                    .put("error", text(headers, "fed.dead.error"));
        }
        answer.put("kind", record.kind == Record.TOMBSTONE ? "tombstone" : "record");
        answer.put("key", HEX.formatHex(record.key));
        if (record.value != null) {
            answer.put("value", HEX.formatHex(record.value));
        }
        if (record.hasBusiness) {
            answer.put("event", HEX.toHexDigits(record.business1) + HEX.toHexDigits(record.business2));
        }
        return answer;
    }

    private static ConsumerRecord<byte[], byte[]> record(JsonNode in) {
        RecordHeaders headers = new RecordHeaders();
        for (JsonNode header : in.required("headers")) {
            headers.add(header.get(0).asText(), bytes(header.get(1)));
        }
        return new ConsumerRecord<>(
                in.required("topic").asText(), 0, in.required("offset").asLong(),
                in.required("timestamp").asLong(), TimestampType.CREATE_TIME, -1, -1,
                bytes(in.required("key")), bytes(in.required("value")), headers, Optional.empty());
    }

    private static byte[] bytes(JsonNode hex) {
        return hex.isNull() ? null : HEX.parseHex(hex.asText());
    }

    private static String text(Headers headers, String name) {
        Header header = headers.lastHeader(name);
        return new String(header.value(), StandardCharsets.UTF_8);
    }

    /** Schemas by the text of their names. */
    private record Listed(JsonNode schemas) implements SchemaSource {
        @Override
        public String registry() {
            return "the cases";
        }

        @Override
        public Schema find(SchemaId id) throws SchemaException {
            JsonNode found = schemas.get(id.toString());
            if (found == null) {
                throw SchemaException.unknown("no case has schema " + id);
            }
            return new Schema.Parser().setValidateDefaults(false).parse(found.toString());
        }
    }

    /** What an operator is given in a job; nobody reads the counters here. */
    private static final class Context implements InitializationContext {
        @Override
        public MetricGroup getMetricGroup() {
            return new UnregisteredMetricsGroup();
        }

        @Override
        public UserCodeClassLoader getUserCodeClassLoader() {
            throw new UnsupportedOperationException("a normaliser loads no classes by name");
        }
    }
}
