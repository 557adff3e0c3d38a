package federation.record;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * Provenance, header {@value #HEADER}, version 1: one version byte, six bytes of the origin
 * cluster's fingerprint, four of the topic's, partition and offset as unsigned varints, then six
 * bytes for each cluster crossed since. Fingerprints are the first bytes of SHA-256 over the
 * broker's cluster.id and the topic name.
 */
public final class Origin {
    public static final String HEADER = "fed.origin";
    public static final byte[] HEADER_UTF8 = HEADER.getBytes(StandardCharsets.UTF_8);
    public static final int CLUSTER_BYTES = 6;
    public static final int TOPIC_BYTES = 4;
    public static final int MAX_HOPS = 8;
    private static final byte VERSION = 1;
    private static final int FIXED = 1 + CLUSTER_BYTES + TOPIC_BYTES;
    /** Longest origin without hops. */
    public static final int MAX_BYTES = FIXED + 5 + 9;

    private Origin() {}

    /** First {@code length} bytes of SHA-256 over the text. */
    public static byte[] fingerprint(String text, int length) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256")
                    .digest(text.getBytes(StandardCharsets.UTF_8));
            return Arrays.copyOf(digest, length);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("SHA-256 is part of every Java", impossible);
        }
    }

    /** Writes an origin without hops into {@code out}, of {@link #MAX_BYTES}; returns its length. */
    public static int write(byte[] cluster, byte[] topic, int partition, long offset, byte[] out) {
        out[0] = VERSION;
        System.arraycopy(cluster, 0, out, 1, CLUSTER_BYTES);
        System.arraycopy(topic, 0, out, 1 + CLUSTER_BYTES, TOPIC_BYTES);
        return varint(offset, out, varint(partition, out, FIXED));
    }

    private static int varint(long value, byte[] out, int at) {
        long rest = value;
        int position = at;
        while ((rest & ~0x7FL) != 0) {
            out[position++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        out[position++] = (byte) rest;
        return position;
    }

    /** Length of the origin proper, hops excluded, or -1 where the bytes are no origin of version 1. */
    public static int lengthWithoutHops(byte[] header) {
        if (header == null || header.length < FIXED + 2 || header[0] != VERSION) {
            return -1;
        }
        int partitionEnd = skipVarint(header, FIXED, 31);
        int end = partitionEnd < 0 ? -1 : skipVarint(header, partitionEnd, 63);
        if (end < 0) {
            return -1;
        }
        int hops = header.length - end;
        return hops % CLUSTER_BYTES == 0 && hops / CLUSTER_BYTES <= MAX_HOPS ? end : -1;
    }

    /** Where a number of at most {@code bits} bits ends; -1 if it is longer, cut or padded. */
    private static int skipVarint(byte[] bytes, int from, int bits) {
        for (int at = from, shift = 0; at < bytes.length && shift < bits; at++, shift += 7) {
            if (bytes[at] >= 0) {
                boolean padded = bytes[at] == 0 && shift > 0;
                boolean fits = shift + 7 <= bits || bytes[at] >>> (bits - shift) == 0;
                return !padded && fits ? at + 1 : -1;
            }
        }
        return -1;
    }

    /** Whether the record began in this cluster or has crossed it. */
    public static boolean crossed(byte[] header, int endOfOrigin, byte[] cluster) {
        if (matches(header, 1, cluster)) {
            return true;
        }
        for (int at = endOfOrigin; at < header.length; at += CLUSTER_BYTES) {
            if (matches(header, at, cluster)) {
                return true;
            }
        }
        return false;
    }

    private static boolean matches(byte[] header, int at, byte[] cluster) {
        return Arrays.equals(header, at, at + CLUSTER_BYTES, cluster, 0, CLUSTER_BYTES);
    }

    /** The header with one more hop. */
    public static byte[] withHop(byte[] header, byte[] cluster) {
        byte[] longer = Arrays.copyOf(header, header.length + CLUSTER_BYTES);
        System.arraycopy(cluster, 0, longer, header.length, CLUSTER_BYTES);
        return longer;
    }
}
