package federation.framing;

import federation.map.MappingException;
import federation.registry.SchemaId;
import java.nio.ByteBuffer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Confluent's header: version byte 1 and the schema's GUID, or 0 and its id; the payload is bare. */
final class ConfluentHeader extends OneSide {
    private static final int ID = 5;
    private static final int GUID = 17;

    private final String header;
    private final LastName names = new LastName();

    ConfluentHeader(boolean key) {
        super(key);
        header = named("__*_schema_id");
    }

    boolean there(ConsumerRecord<byte[], byte[]> in) {
        return header(in, header) != null;
    }

    @Override
    public void open(ConsumerRecord<byte[], byte[]> in, Frame out) throws MappingException {
        out.set(name(in), bytes(in), 0);
    }

    @Override
    SchemaId name(ConsumerRecord<byte[], byte[]> in) throws MappingException {
        payload(in);
        byte[] said = header(in, header);
        if (said != null && said.length == GUID && said[0] == 1) {
            ByteBuffer guid = ByteBuffer.wrap(said, 1, GUID - 1);
            return names.of(SchemaId.Kind.GUID, guid.getLong(), guid.getLong());
        }
        if (said != null && said.length == ID && said[0] == 0) {
            return names.of(SchemaId.Kind.ID, 0, ByteBuffer.wrap(said, 1, ID - 1).getInt());
        }
        throw new MappingException("frame", "header");
    }
}
