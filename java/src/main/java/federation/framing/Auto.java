package federation.framing;

import federation.map.MappingException;
import federation.registry.SchemaId;
import org.apache.avro.Schema;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * What can be told apart, record by record: headers first, then the first byte. Bare Avro begins with
 * anything, so it is not sought.
 */
final class Auto extends OneSide {
    private final ConfluentHeader confluentHeader;
    private final ApicurioHeader apicurioHeader;
    private final Confluent confluent;
    private final Glue glue;
    private final SingleObject single;
    private final Json json;

    /** @param schema of records that are JSON; null if none are */
    Auto(boolean key, Schema schema) {
        super(key);
        confluentHeader = new ConfluentHeader(key);
        apicurioHeader = new ApicurioHeader(key);
        confluent = new Confluent(key);
        glue = new Glue(key);
        single = new SingleObject(key);
        json = schema == null ? null : new Json(key, schema);
    }

    @Override
    public void open(ConsumerRecord<byte[], byte[]> in, Frame out) throws MappingException {
        framing(in).open(in, out);
    }

    @Override
    SchemaId name(ConsumerRecord<byte[], byte[]> in) throws MappingException {
        return framing(in).name(in);
    }

    private OneSide framing(ConsumerRecord<byte[], byte[]> in) throws MappingException {
        if (in.headers().iterator().hasNext()) {
            if (confluentHeader.there(in)) {
                return confluentHeader;
            }
            if (apicurioHeader.there(in)) {
                return apicurioHeader;
            }
        }
        byte[] bytes = payload(in);
        switch (bytes[0] & 0xFF) {
            case Confluent.MAGIC:
                return confluent;
            case Glue.MAGIC:
                return glue;
            case SingleObject.MAGIC:
                return single;
            default:
                if (json != null && object(bytes)) {
                    return json;
                }
                throw new MappingException("frame", "magic");
        }
    }

    /** Whether JSON's white space is followed by a brace. */
    private static boolean object(byte[] bytes) {
        for (byte one : bytes) {
            if (one != ' ' && one != '\t' && one != '\r' && one != '\n') {
                return one == '{';
            }
        }
        return false;
    }
}
