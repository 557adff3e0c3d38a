package federation.registry;

import com.fasterxml.jackson.databind.JsonNode;
import federation.plan.StreamSpec.RegistrySpec;
import federation.registry.Assembly.Reference;
import federation.registry.Assembly.Text;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;

/** A registry that speaks Confluent's REST API, at any path. */
final class ConfluentSource implements SchemaSource {
    static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final String identity;
    private final RegistryHttp http;
    private final Map<String, Versions> subjects = new ConcurrentHashMap<>();

    ConfluentSource(RegistrySpec spec) {
        this(spec, TIMEOUT);
    }

    /** @param timeout for one answer; a schema with references takes several */
    ConfluentSource(RegistrySpec spec, Duration timeout) {
        identity = spec.identity;
        http = new RegistryHttp(spec.url, spec, timeout);
    }

    @Override
    public String registry() {
        return identity;
    }

    @Override
    public Schema find(SchemaId id) throws SchemaException, IOException, InterruptedException {
        String what = "schema " + id;
        String path = switch (id.kind()) {
            case ID -> id.low() < 0 ? null : "/schemas/ids/" + id;
            case GUID -> "/schemas/guids/" + new UUID(id.high(), id.low());
            default -> null;
        };
        if (path == null) {
            throw SchemaException.unknown(id + " is none of the registry's ids");
        }
        return Assembly.of(
                ask(path, what), what, (reference, named) -> ask(reference.path(), named));
    }

    @Override
    public Schema find(SchemaId fingerprint, String subject)
            throws SchemaException, IOException, InterruptedException {
        return subjects.computeIfAbsent(subject, one -> new Versions(this, one))
                .find(fingerprint.low());
    }

    /** The versions of a subject, the oldest first; none where there is no such subject. */
    List<Integer> versions(String subject)
            throws SchemaException, IOException, InterruptedException {
        RegistryHttp.Answer answer;
        try {
            answer = http.get(subject(subject) + "/versions");
        } catch (BoundedBody.TooLarge error) {
            throw SchemaException.notAvro("the versions of " + subject + ": " + error.getMessage());
        }
        JsonNode body = answer.json();
        if (answer.status() == 200 && body.isArray()) {
            List<Integer> versions = new ArrayList<>();
            body.forEach(one -> versions.add(one.asInt()));
            return versions;
        }
        if (isNo(answer)) {
            return List.of();
        }
        throw answer.failure();
    }

    /** One version of a subject, with all that it refers to. */
    Schema version(String subject, int version)
            throws SchemaException, IOException, InterruptedException {
        String what = "version " + version + " of " + subject;
        return Assembly.of(
                ask(subject(subject) + "/versions/" + version, what),
                what,
                (reference, named) -> ask(reference.path(), named));
    }

    private static String subject(String name) {
        return "/subjects/" + URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private Text ask(String path, String what)
            throws SchemaException, IOException, InterruptedException {
        RegistryHttp.Answer answer;
        try {
            answer = http.get(path);
        } catch (BoundedBody.TooLarge error) {
            throw SchemaException.notAvro(what + ": " + error.getMessage());
        }
        JsonNode body = answer.json();
        if (answer.status() == 200 && body.path("schema").isTextual()) {
            return text(body, what);
        }
        if (isNo(answer)) {
            throw SchemaException.unknown("the registry does not have " + what);
        }
        throw answer.failure();
    }

    private static Text text(JsonNode answer, String what) throws SchemaException, IOException {
        JsonNode said = answer.path("schemaType"); // Karapace and others leave it out
        String type = said.isTextual() ? said.asText() : "AVRO";
        if (!type.equals("AVRO")) {
            throw SchemaException.notAvro(what + " is of type " + type);
        }
        List<Reference> references = new ArrayList<>();
        JsonNode given = answer.path("references");
        if (!given.isArray() && !given.isNull() && !given.isMissingNode()) {
            throw RegistryHttp.strange();
        }
        for (JsonNode reference : given) {
            String subject = reference.path("subject").asText();
            if (subject.isEmpty() || !reference.path("version").isInt()) {
                throw RegistryHttp.strange();
            }
            references.add(new Reference(
                    reference.path("name").asText(subject),
                    subject(subject) + "/versions/" + reference.path("version").asInt()));
        }
        return new Text(answer.get("schema").textValue(), references);
    }

    /** Whether this is the registry's own no: a 404 of a proxy or a wrong path is no evidence. */
    private boolean isNo(RegistryHttp.Answer answer) throws IOException, InterruptedException {
        int code = answer.json().path("error_code").asInt(answer.status());
        if (code >= 40401 && code <= 40403) { // no such subject, version or schema
            return true;
        }
        if (answer.status() != 404 || code != 404) {
            return false;
        }
        try {
            return http.get("/subjects").json().isArray();
        } catch (BoundedBody.TooLarge manySubjects) {
            return true;
        }
    }
}
