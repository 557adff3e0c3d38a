package federation.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import federation.plan.StreamSpec.RegistrySpec;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Base64;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.apache.avro.Schema;
import org.apache.avro.SchemaParseException;

/**
 * Writer schemas by id, from a registry that speaks Confluent's REST API at any path.
 *
 * <p>An answer that may change (no connection, 5xx, 429, 401) is asked for again, with back-off, for
 * as long as it takes: the source waits rather than lose records. Only a definite "no such id" ends
 * the question.
 */
public final class RegistryClient {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final long FIRST_PAUSE_MS = 200;
    private static final long LONGEST_PAUSE_MS = 10_000;
    private static final int MAX_BYTES = 4 << 20;
    private static final int MAX_REFERENCES = 100;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http;
    private final String base;
    private final String authorization;
    private final Waiting waiting;

    /** Told about each attempt that has to be repeated. */
    public interface Waiting {
        void on(String url, String why);
    }

    public RegistryClient(RegistrySpec spec, Waiting waiting) {
        base = spec.url.endsWith("/") ? spec.url.substring(0, spec.url.length() - 1) : spec.url;
        authorization = authorization(spec);
        HttpClient.Builder builder = HttpClient.newBuilder()
                .connectTimeout(TIMEOUT)
                .followRedirects(HttpClient.Redirect.NEVER);
        if (spec.ca != null) {
            builder.sslContext(trusting(spec.ca));
        }
        http = builder.build();
        this.waiting = waiting;
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

    /**
     * The schema with all that it refers to.
     *
     * @throws SchemaException if there is none of this id, or it is not Avro
     * @throws InterruptedException if the task is cancelled while waiting
     */
    public Schema byId(int id) throws SchemaException, InterruptedException {
        JsonNode answer = get("/schemas/ids/" + id);
        if (answer == null) {
            throw new SchemaException("unknown_id", "the registry has no schema with id " + id);
        }
        Schema.Parser parser = new Schema.Parser();
        parseReferences(answer, parser, new int[1]);
        return parse(answer, parser, "schema " + id);
    }

    private void parseReferences(JsonNode answer, Schema.Parser parser, int[] count)
            throws SchemaException, InterruptedException {
        JsonNode references = answer.path("references");
        for (JsonNode reference : references) {
            if (++count[0] > MAX_REFERENCES) {
                throw new SchemaException(
                        "not_avro", "the schema has over " + MAX_REFERENCES + " references");
            }
            String name = reference.path("name").asText();
            if (parser.getTypes().containsKey(name)) {
                continue;
            }
            String subject = reference.path("subject").asText();
            JsonNode referred = get("/subjects/"
                    + URLEncoder.encode(subject, StandardCharsets.UTF_8).replace("+", "%20")
                    + "/versions/" + reference.path("version").asInt());
            if (referred == null) {
                throw new SchemaException("unknown_id", "the registry lacks the reference " + name);
            }
            parseReferences(referred, parser, count);
            if (!parser.getTypes().containsKey(name)) {
                parse(referred, parser, "reference " + name);
            }
        }
    }

    private static Schema parse(JsonNode answer, Schema.Parser parser, String what)
            throws SchemaException {
        String type = answer.path("schemaType").asText("AVRO");
        if (!type.equals("AVRO")) {
            throw new SchemaException("not_avro", what + " is of type " + type);
        }
        try {
            return parser.parse(answer.path("schema").asText());
        } catch (SchemaParseException | StackOverflowError error) {
            throw new SchemaException("not_avro", what + " cannot be parsed: " + error.getMessage());
        }
    }

    /** The JSON at this path, or null where the registry says that it does not exist. */
    private JsonNode get(String path) throws InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path))
                .timeout(TIMEOUT)
                .header("Accept", "application/vnd.schemaregistry.v1+json, application/json");
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        for (long pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
            try {
                HttpResponse<InputStream> response =
                        http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
                try (InputStream body = response.body()) {
                    byte[] bytes = body.readNBytes(MAX_BYTES);
                    if (response.statusCode() == 200) {
                        return JSON.readTree(bytes);
                    }
                    if (response.statusCode() == 404) {
                        return null;
                    }
                }
                waiting.on(base, "HTTP " + response.statusCode());
            } catch (IOException error) {
                waiting.on(base, String.valueOf(error.getMessage()));
            }
            Thread.sleep(pause);
        }
    }

    private static String authorization(RegistrySpec spec) {
        if (spec.token != null) {
            return "Bearer " + spec.token;
        }
        if (spec.username == null) {
            return null;
        }
        String pair = spec.username + ":" + (spec.password == null ? "" : spec.password);
        return "Basic "
                + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }

    private static SSLContext trusting(String pemFile) {
        try (InputStream in = new FileInputStream(pemFile)) {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            int number = 0;
            for (Certificate certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                store.setCertificateEntry("ca-" + number++, certificate);
            }
            TrustManagerFactory trust =
                    TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (IOException | GeneralSecurityException error) {
            throw new IllegalStateException("cannot read the authority file " + pemFile, error);
        }
    }
}
