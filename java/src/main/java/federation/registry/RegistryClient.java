package federation.registry;

import com.fasterxml.jackson.databind.JsonNode;
import federation.plan.StreamSpec.RegistrySpec;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.apache.avro.Schema;

/**
 * Writer schemas by id, from a registry that speaks Confluent's REST API at any path.
 *
 * <p>An answer that may change (no connection, 5xx, 401, a proxy's 404) is asked for again, with
 * back-off, for as long as it takes: the source waits rather than lose records. Only the registry's
 * own "no such schema", or a schema that is of no use, ends the question.
 */
public final class RegistryClient implements Schemas {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final long FIRST_PAUSE_MS = 200;
    private static final long LONGEST_PAUSE_MS = 10_000;
    private static final int MAX_REFERENCES = 500;

    private final RegistryHttp http;
    private final Waiting waiting;
    private final long firstPause;

    /** Told about each attempt that has to be repeated. */
    public interface Waiting {
        void on(String url, String why);
    }

    public RegistryClient(RegistrySpec spec, Waiting waiting) {
        this(spec, waiting, TIMEOUT, FIRST_PAUSE_MS);
    }

    RegistryClient(RegistrySpec spec, Waiting waiting, Duration timeout, long firstPause) {
        http = new RegistryHttp(spec, timeout);
        this.waiting = waiting;
        this.firstPause = firstPause;
    }

    /** A schema that the registry does not have, or that is not Avro. */
    public static final class SchemaException extends Exception {
        private static final long serialVersionUID = 1L;
        private final String reason;

        SchemaException(String reason, String message) {
            super(message);
            this.reason = reason;
        }

        /** unknown_id or not_avro. */
        public String reason() {
            return reason;
        }
    }

    @Override
    public Schema get(SchemaId id) throws SchemaException, InterruptedException {
        if (id.kind() != SchemaId.Kind.ID || (int) id.low() < 0) {
            throw new SchemaException("unknown_id", id + " is none of the registry's ids");
        }
        return byId((int) id.low());
    }

    /**
     * The schema with all that it refers to.
     *
     * @throws SchemaException if there is none of this id, or it is not Avro
     * @throws InterruptedException if the task is cancelled while waiting
     */
    public Schema byId(int id) throws SchemaException, InterruptedException {
        String what = "schema " + id;
        JsonNode answer = ask("/schemas/ids/" + id, what);
        // What a writer's defaults look like does not matter: they are never used.
        Schema.Parser parser = new Schema.Parser().setValidateDefaults(false);
        references(answer, parser, new HashSet<>());
        return parse(answer, parser, what);
    }

    private void references(JsonNode answer, Schema.Parser parser, Set<String> seen)
            throws SchemaException, InterruptedException {
        for (JsonNode reference : answer.path("references")) {
            String subject = reference.path("subject").asText();
            String path = "/subjects/"
                    + URLEncoder.encode(subject, StandardCharsets.UTF_8).replace("+", "%20")
                    + "/versions/" + reference.path("version").asInt();
            if (!seen.add(path)) {
                continue; // drawn in before, or a circle that the parser will complain about
            }
            if (seen.size() > MAX_REFERENCES) {
                throw new SchemaException(
                        "not_avro", "the schema has over " + MAX_REFERENCES + " references");
            }
            String what = "the reference " + reference.path("name").asText(subject);
            JsonNode referred = ask(path, what);
            references(referred, parser, seen);
            parse(referred, parser, what);
        }
    }

    private static Schema parse(JsonNode answer, Schema.Parser parser, String what)
            throws SchemaException {
        String type = answer.path("schemaType").asText("AVRO");
        if (!type.equals("AVRO")) {
            throw new SchemaException("not_avro", what + " is of type " + type);
        }
        try {
            return parser.parse(answer.get("schema").textValue());
        } catch (RuntimeException | StackOverflowError error) { // Avro's parser has many of them
            throw new SchemaException("not_avro", what + " cannot be parsed: " + error.getMessage());
        }
    }

    /** The answer that holds a schema; asks for as long as there is none. */
    private JsonNode ask(String path, String what) throws SchemaException, InterruptedException {
        for (long pause = firstPause; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
            try {
                RegistryHttp.Answer answer = http.get(path);
                if (answer.status() == 200 && answer.body().path("schema").isTextual()) {
                    return answer.body();
                }
                if (isNo(answer)) {
                    throw new SchemaException("unknown_id", "the registry does not have " + what);
                }
                waiting.on(http.base, answer.status() == 200
                        ? "an answer that is not a schema registry's"
                        : "HTTP " + answer.status());
            } catch (BoundedBody.TooLarge error) {
                throw new SchemaException("not_avro", what + ": " + error.getMessage());
            } catch (IOException error) {
                String message = error.getMessage();
                waiting.on(http.base, message == null ? error.getClass().getSimpleName() : message);
            }
            Thread.sleep(pause);
        }
    }

    /** Whether this is the registry's own no: a 404 of a proxy or a wrong path is no evidence. */
    private boolean isNo(RegistryHttp.Answer answer) throws IOException, InterruptedException {
        int code = answer.body().path("error_code").asInt(answer.status());
        if (code >= 40401 && code <= 40403) { // no such subject, version or schema
            return true;
        }
        if (answer.status() != 404 || code != 404) {
            return false;
        }
        try {
            return http.get("/subjects").body().isArray();
        } catch (BoundedBody.TooLarge manySubjects) {
            return true;
        }
    }
}
