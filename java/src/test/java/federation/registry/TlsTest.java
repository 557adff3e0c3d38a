package federation.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import federation.plan.Specs;
import federation.plan.StreamSpec;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.apache.avro.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A registry behind TLS")
@Timeout(60)
class TlsTest {
    private static final String PASSWORD = "changeit";
    private static final SchemaId NINE = SchemaId.of(9);

    @TempDir
    Path folder;

    private HttpsServer server;
    private boolean mutual;

    @BeforeEach
    void start() throws Exception {
        identity("server", "EC");
        SSLContext context = SSLContext.getInstance("TLS");
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(store("server"), PASSWORD.toCharArray());
        identity("client", "RSA");
        context.init(own.getKeyManagers(), trust("client"), null);
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context) {
            @Override
            public void configure(HttpsParameters parameters) {
                SSLParameters given = getSSLContext().getDefaultSSLParameters();
                given.setNeedClientAuth(mutual);
                parameters.setSSLParameters(given);
            }
        });
        server.createContext("/", exchange -> {
            byte[] body = "{\"schema\": \"\\\"string\\\"\"}".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private SchemaSource source(String ca, String certificate, String key) {
        ObjectNode spec = Specs.orders(
                "https://" + server.getAddress().getHostString() + ":" + server.getAddress().getPort());
        Specs.registry(spec).put("ca", ca).put("certificate", certificate).put("key", key);
        return SchemaSource.of(StreamSpec.parse(spec.toString()).sources.get(0).registry);
    }

    @Test
    @DisplayName("is read where its authority is trusted")
    void trusted() throws Exception {
        assertEquals(Schema.Type.STRING, source(pem("server"), null, null).find(NINE).getType());
    }

    @Test
    @DisplayName("is not where it is not, and that may pass")
    void untrusted() {
        assertInstanceOf(SSLException.class,
                assertThrows(IOException.class, () -> source(null, null, null).find(NINE)));
        assertInstanceOf(SSLException.class,
                assertThrows(IOException.class, () -> source(pem("client"), null, null).find(NINE)));
    }

    @Test
    @DisplayName("that asks for a certificate gets ours, and answers nobody else")
    void mutual() throws Exception {
        mutual = true;
        SchemaSource known = source(pem("server"), pem("client"), key("client"));
        assertEquals(Schema.Type.STRING, known.find(NINE).getType());
        assertThrows(IOException.class, () -> source(pem("server"), null, null).find(NINE));
        assertThrows(IOException.class,
                () -> source(pem("server"), pem("server"), key("server")).find(NINE));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"})
    @DisplayName("files that hold no certificate are named at once")
    void damaged(String content) throws Exception {
        Path file = Files.writeString(folder.resolve("damaged.pem"), content);
        String said = assertThrows(IllegalStateException.class,
                () -> source(file.toString(), null, null)).getMessage();
        assertTrue(said.contains(file.toString()), said);
    }

    /** A key with a certificate that it signed itself, as {@code keytool} makes them. */
    private void identity(String name, String algorithm) throws Exception {
        Path keytool = Path.of(System.getProperty("java.home"), "bin", "keytool");
        Process made = new ProcessBuilder(
                        keytool.toString(), "-genkeypair", "-alias", name, "-keyalg", algorithm,
                        "-dname", "CN=" + name, "-ext", "san=ip:127.0.0.1", "-validity", "2",
                        "-storetype", "PKCS12", "-storepass", PASSWORD,
                        "-keystore", folder.resolve(name + ".p12").toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(made.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, made.waitFor(), said);
        Files.writeString(Path.of(pem(name)),
                "for people\n" + armoured("CERTIFICATE", store(name).getCertificate(name).getEncoded()));
        Files.writeString(Path.of(key(name)), armoured(
                "PRIVATE KEY", store(name).getKey(name, PASSWORD.toCharArray()).getEncoded()));
    }

    private String pem(String name) {
        return folder.resolve(name + ".pem").toString();
    }

    private String key(String name) {
        return folder.resolve(name + ".key").toString();
    }

    private KeyStore store(String name) throws Exception {
        return KeyStore.getInstance(folder.resolve(name + ".p12").toFile(), PASSWORD.toCharArray());
    }

    private TrustManager[] trust(String name) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        trusted.setCertificateEntry(name, store(name).getCertificate(name));
        TrustManagerFactory factory =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(trusted);
        return factory.getTrustManagers();
    }

    private static String armoured(String what, byte[] der) {
        return "-----BEGIN " + what + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
                + "\n-----END " + what + "-----\n";
    }
}
