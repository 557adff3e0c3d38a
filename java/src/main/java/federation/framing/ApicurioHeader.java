package federation.framing;

import federation.map.MappingException;
import federation.registry.SchemaId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Apicurio's headers: a global id, else a content id, in 8 bytes; the payload is bare. */
final class ApicurioHeader extends OneSide {
    private final String globalId;
    private final String contentId;
    private final String encoding;
    private final LastName names = new LastName();

    ApicurioHeader(boolean key) {
        super(key);
        globalId = named("apicurio.*.globalId");
        contentId = named("apicurio.*.contentId");
        encoding = named("apicurio.*.encoding");
    }

    boolean there(ConsumerRecord<byte[], byte[]> in) {
        return header(in, globalId) != null || header(in, contentId) != null;
    }

    @Override
    public void open(ConsumerRecord<byte[], byte[]> in, Frame out) throws MappingException {
        out.set(name(in), bytes(in), 0);
    }

    @Override
    SchemaId name(ConsumerRecord<byte[], byte[]> in) throws MappingException {
        payload(in);
        byte[] global = header(in, globalId);
        byte[] said = global == null ? header(in, contentId) : global;
        if (said == null || said.length != Long.BYTES) {
            throw new MappingException("frame", "header");
        }
        byte[] how = header(in, encoding);
        if (how != null && !new String(how, StandardCharsets.ISO_8859_1).equalsIgnoreCase("BINARY")) {
            throw new MappingException("frame", "encoding");
        }
        SchemaId.Kind kind = global == null ? SchemaId.Kind.CONTENT : SchemaId.Kind.GLOBAL;
        return names.of(kind, 0, ByteBuffer.wrap(said).getLong());
    }
}
