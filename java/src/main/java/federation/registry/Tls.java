package federation.registry;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** Whom to trust, and who we are, from PEM files; keys are PKCS#8 without a passphrase. */
final class Tls {
    private static final Pattern KEY =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----");

    private Tls() {}

    /**
     * @param ca authorities to trust instead of Java's own, or null
     * @param certificate our own with its chain, or null; {@code key} is its key
     */
    static SSLContext context(String ca, String certificate, String key) {
        String file = ca;
        try {
            TrustManager[] trust = ca == null ? null : trust(ca);
            file = certificate;
            KeyManager[] own = certificate == null ? null : own(certificate, key);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(own, trust, null);
            return context;
        } catch (IOException | GeneralSecurityException | IllegalArgumentException error) {
            throw new IllegalStateException("cannot use the certificates in " + file, error);
        }
    }

    private static TrustManager[] trust(String ca) throws IOException, GeneralSecurityException {
        KeyStore store = empty();
        int number = 0;
        for (Certificate certificate : certificates(ca)) {
            store.setCertificateEntry("ca-" + number++, certificate);
        }
        TrustManagerFactory factory =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory.getTrustManagers();
    }

    private static KeyManager[] own(String certificate, String key)
            throws IOException, GeneralSecurityException {
        Certificate[] chain = certificates(certificate);
        Matcher found = KEY.matcher(Files.readString(Path.of(key)));
        if (!found.find()) {
            throw new IOException(key + " has no PRIVATE KEY");
        }
        byte[] der = Base64.getMimeDecoder().decode(found.group(1));
        PrivateKey made = KeyFactory.getInstance(chain[0].getPublicKey().getAlgorithm())
                .generatePrivate(new PKCS8EncodedKeySpec(der));
        KeyStore store = empty();
        char[] none = new char[0];
        store.setKeyEntry("own", made, none, chain);
        KeyManagerFactory factory =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, none);
        return factory.getKeyManagers();
    }

    private static Certificate[] certificates(String file)
            throws IOException, GeneralSecurityException {
        // What OpenSSL writes before a certificate is for people.
        String text = Files.readString(Path.of(file));
        String pem = text.substring(Math.max(0, text.indexOf("-----BEGIN CERTIFICATE-----")));
        Certificate[] all = CertificateFactory.getInstance("X.509")
                .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.UTF_8)))
                .toArray(new Certificate[0]);
        if (all.length == 0) {
            throw new IOException(file + " has no certificate");
        }
        return all;
    }

    private static KeyStore empty() throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        return store;
    }
}
