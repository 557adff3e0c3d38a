package federation.registry;

import com.fasterxml.jackson.databind.JsonNode;
import federation.plan.StreamSpec.RegistrySpec;
import federation.registry.Assembly.Reference;
import federation.registry.Assembly.Text;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;

/**
 * Apicurio: its own API for global and content ids, Confluent's for the rest. {@code
 * federation/schemas/registry/apicurio.py} says what differs between the versions of its API.
 */
final class ApicurioSource implements SchemaSource {
    private final String identity;
    private final ConfluentSource confluent;
    private final RegistryHttp http;
    private final String content;

    ApicurioSource(RegistrySpec spec) {
        identity = spec.identity;
        confluent = new ConfluentSource(spec);
        http = new RegistryHttp(spec.nativeUrl, spec, ConfluentSource.TIMEOUT);
        content = http.base.endsWith("/v2") ? "" : "/content";
    }

    @Override
    public String registry() {
        return identity;
    }

    @Override
    public Schema find(SchemaId id) throws SchemaException, IOException, InterruptedException {
        String kind = switch (id.kind()) {
            case GLOBAL -> "globalIds";
            case CONTENT -> "contentIds";
            default -> null;
        };
        if (kind == null) {
            return confluent.find(id);
        }
        String what = "schema " + id;
        String path = "/ids/" + kind + "/" + Long.toUnsignedString(id.low());
        Text text = text(path, path, what);
        return Assembly.of(text, what,
                (reference, named) -> text(reference.path() + content, reference.path(), named));
    }

    @Override
    public Schema find(SchemaId fingerprint, String subject)
            throws SchemaException, IOException, InterruptedException {
        return confluent.find(fingerprint, subject);
    }

    private Text text(String path, String of, String what)
            throws SchemaException, IOException, InterruptedException {
        RegistryHttp.Answer answer = ask(path + "?returnArtifactType=true", what);
        String type = answer.headers().firstValue("X-Registry-ArtifactType").orElse("AVRO");
        if (!type.equals("AVRO")) {
            throw SchemaException.notAvro(what + " is of type " + type);
        }
        RegistryHttp.Answer referred = ask(of + "/references", what);
        JsonNode found = referred.json();
        if (!found.isArray()) {
            throw referred.failure();
        }
        List<Reference> references = new ArrayList<>();
        for (JsonNode one : found) {
            String artifact = one.path("artifactId").asText();
            if (artifact.isEmpty() || !one.path("version").isTextual()) {
                throw RegistryHttp.strange();
            }
            JsonNode in = one.path("groupId");
            String group = in.isTextual() ? in.asText() : "";
            references.add(new Reference(
                    one.path("name").asText(artifact),
                    "/groups/" + part(group.isEmpty() ? "default" : group)
                            + "/artifacts/" + part(artifact)
                            + "/versions/" + part(one.path("version").asText())));
        }
        return new Text(answer.text(), references);
    }

    private RegistryHttp.Answer ask(String path, String what)
            throws SchemaException, IOException, InterruptedException {
        RegistryHttp.Answer answer;
        try {
            answer = http.get(path);
        } catch (BoundedBody.TooLarge error) {
            throw SchemaException.notAvro(what + ": " + error.getMessage());
        }
        if (answer.status() == 200) {
            return answer;
        }
        // A 404 of a proxy or a wrong path is no evidence: the registry names what it did not find.
        String name = answer.json().path("name").asText();
        if (answer.status() == 404
                && name.endsWith("NotFoundException")
                && !name.equals("NotFoundException")) {
            throw SchemaException.unknown("the registry does not have " + what);
        }
        throw answer.failure();
    }

    private static String part(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
