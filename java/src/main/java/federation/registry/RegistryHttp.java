package federation.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import federation.plan.StreamSpec.RegistrySpec;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One question to a registry and its answer, bounded in size and time. Redirects are not followed,
 * so that credentials go to no other host.
 */
final class RegistryHttp {
    private static final int MAX_BYTES = 8_000_000;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The address without credentials, for people. */
    final String base;

    private final HttpClient http;
    private final String authorization;
    private final Duration timeout;

    /**
     * @param url the address, with credentials or without
     * @param spec credentials and certificates
     * @param timeout for one whole answer; connecting may take a third of it
     */
    RegistryHttp(String url, RegistrySpec spec, Duration timeout) {
        URI given = URI.create(url);
        base = given.getScheme() + "://" + given.getRawAuthority().replaceFirst("^.*@", "")
                + given.getRawPath().replaceFirst("/+$", "");
        authorization = authorization(spec, given.getUserInfo());
        this.timeout = timeout;
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1) // some proxies choke on an offer to upgrade
                .connectTimeout(timeout.dividedBy(3))
                .followRedirects(HttpClient.Redirect.NEVER);
        if (spec.ca != null || spec.certificate != null) {
            builder.sslContext(Tls.context(spec.ca, spec.certificate, spec.key));
        }
        http = builder.build();
    }

    /** An answer of whatever status. */
    record Answer(int status, byte[] body, HttpHeaders headers) {
        /** The body; a missing node where it is not JSON. */
        JsonNode json() throws IOException {
            try {
                return JSON.readTree(body);
            } catch (JsonProcessingException error) {
                return MissingNode.getInstance();
            }
        }

        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        /** What to say of an answer that may be another one later. */
        IOException failure() {
            return status == 200 ? strange() : new IOException("HTTP " + status);
        }
    }

    /** The failure of an answer that no registry gives. */
    static IOException strange() {
        return new IOException("an answer that is not a schema registry's");
    }

    /**
     * Asks once.
     *
     * @throws BoundedBody.TooLarge if the answer is larger than any schema may be
     * @throws IOException if there is no answer in time
     * @throws InterruptedException if the task is cancelled
     */
    Answer get(String path) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path))
                .header("Accept", "application/vnd.schemaregistry.v1+json, application/json");
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        // Not send(): its timeout ends with the headers, and a body that stalls would hold it.
        CompletableFuture<HttpResponse<byte[]>> asked =
                http.sendAsync(request.build(), info -> new BoundedBody(MAX_BYTES));
        try {
            HttpResponse<byte[]> response = asked.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            return new Answer(response.statusCode(), response.body(), response.headers());
        } catch (TimeoutException late) {
            throw new IOException("no answer within " + timeout.toSeconds() + " s", late);
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof IOException cause
                    ? cause
                    : new IOException(failed.getCause());
        } finally {
            asked.cancel(true);
        }
    }

    private static String authorization(RegistrySpec spec, String inUrl) {
        if (spec.token != null) {
            return "Bearer " + spec.token;
        }
        String pair = spec.username == null
                ? inUrl
                : spec.username + ":" + (spec.password == null ? "" : spec.password);
        return pair == null
                ? null
                : "Basic " + Base64.getEncoder()
                        .encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }
}
