package federation.registry;

import com.fasterxml.jackson.databind.JsonNode;
import federation.plan.StreamSpec.RegistrySpec;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.UUID;
import org.apache.avro.Schema;

/**
 * A registry that the process asks which started this JVM; {@code
 * federation/schemas/registry/server.py} says how it answers.
 */
final class ServedSource implements SchemaSource {
    private final String identity;
    private final RegistryHttp http;

    ServedSource(RegistrySpec spec) {
        identity = spec.identity;
        http = new RegistryHttp(spec.url, spec, ConfluentSource.TIMEOUT);
    }

    @Override
    public String registry() {
        return identity;
    }

    @Override
    public Schema find(SchemaId id) throws SchemaException, IOException, InterruptedException {
        String kind = id.kind().name().toLowerCase(Locale.ROOT);
        String value = switch (id.kind()) {
            case GUID, GLUE -> new UUID(id.high(), id.low()).toString();
            default -> Long.toUnsignedString(id.low());
        };
        return ask("/" + kind + "/" + value, id);
    }

    @Override
    public Schema find(SchemaId fingerprint, String subject)
            throws SchemaException, IOException, InterruptedException {
        try {
            return ask("/fingerprint/" + Long.toUnsignedString(fingerprint.low()) + "/"
                    + URLEncoder.encode(subject, StandardCharsets.UTF_8).replace("+", "%20"), fingerprint);
        } catch (SchemaException no) {
            return null;
        }
    }

    private Schema ask(String path, SchemaId id)
            throws SchemaException, IOException, InterruptedException {
        RegistryHttp.Answer answer = http.get(path);
        JsonNode body = answer.json();
        String message = body.path("message").asText();
        switch (answer.status()) {
            case 200:
                return Assembly.of(body.required("schema").toString(), "schema " + id);
            case 404:
                throw SchemaException.unknown(message);
            case 422:
                throw SchemaException.notAvro(message);
            case 503:
                throw new IOException(message);
            default:
                throw answer.failure();
        }
    }
}
