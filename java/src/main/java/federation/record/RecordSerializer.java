package federation.record;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.base.TypeSerializerSingleton;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Writes a {@link Record} between tasks: flags, fixed fields, then three byte arrays. */
public final class RecordSerializer extends TypeSerializerSingleton<Record> {
    private static final long serialVersionUID = 1L;
    public static final RecordSerializer INSTANCE = new RecordSerializer();

    private static final int BUSINESS = 1;
    private static final int TRANSPORT = 2;

    @Override
    public boolean isImmutableType() {
        return false;
    }

    @Override
    public Record createInstance() {
        return new Record();
    }

    @Override
    public Record copy(Record from) {
        return copy(from, new Record());
    }

    @Override
    public Record copy(Record from, Record to) {
        to.kind = from.kind;
        to.source = from.source;
        to.bucket = from.bucket;
        to.timestamp = from.timestamp;
        to.key = from.key; // arrays are never written to after creation, so they are shared
        to.value = from.value;
        to.headers = from.headers;
        to.from = from.from;
        to.hasBusiness = from.hasBusiness;
        to.business1 = from.business1;
        to.business2 = from.business2;
        to.hasTransport = from.hasTransport;
        to.transport1 = from.transport1;
        to.transport2 = from.transport2;
        return to;
    }

    @Override
    public int getLength() {
        return -1;
    }

    @Override
    public void serialize(Record record, DataOutputView out) throws IOException {
        out.writeByte(record.kind);
        out.writeByte((record.hasBusiness ? BUSINESS : 0) | (record.hasTransport ? TRANSPORT : 0));
        out.writeShort(record.source);
        out.writeInt(record.bucket);
        out.writeLong(record.timestamp);
        if (record.hasBusiness) {
            out.writeLong(record.business1);
            out.writeLong(record.business2);
        }
        if (record.hasTransport) {
            out.writeLong(record.transport1);
            out.writeLong(record.transport2);
        }
        writeBytes(record.key, out);
        writeBytes(record.value, out);
        writeBytes(record.headers, out);
    }

    @Override
    public Record deserialize(DataInputView in) throws IOException {
        return deserialize(new Record(), in);
    }

    @Override
    public Record deserialize(Record reuse, DataInputView in) throws IOException {
        // Always a new record: the sink's producer and the state keep what they are given.
        Record record = new Record();
        record.kind = in.readByte();
        int flags = in.readByte();
        record.source = in.readUnsignedShort();
        record.bucket = in.readInt();
        record.timestamp = in.readLong();
        record.hasBusiness = (flags & BUSINESS) != 0;
        if (record.hasBusiness) {
            record.business1 = in.readLong();
            record.business2 = in.readLong();
        }
        record.hasTransport = (flags & TRANSPORT) != 0;
        if (record.hasTransport) {
            record.transport1 = in.readLong();
            record.transport2 = in.readLong();
        }
        record.key = readBytes(in);
        record.value = readBytes(in);
        record.headers = readBytes(in);
        return record;
    }

    @Override
    public void copy(DataInputView in, DataOutputView out) throws IOException {
        serialize(deserialize(in), out);
    }

    /** Writes a length, -1 for null, and the bytes. */
    public static void writeBytes(byte[] bytes, DataOutputView out) throws IOException {
        if (bytes == null) {
            out.writeInt(-1);
        } else {
            out.writeInt(bytes.length);
            out.write(bytes);
        }
    }

    /** Reads what {@link #writeBytes} wrote. */
    public static byte[] readBytes(DataInputView in) throws IOException {
        int length = in.readInt();
        if (length < 0) {
            return null;
        }
        byte[] bytes = new byte[length];
        in.readFully(bytes);
        return bytes;
    }

    @Override
    public TypeSerializerSnapshot<Record> snapshotConfiguration() {
        return new Snapshot();
    }

    /** The serializer has one form; records are never kept in state. */
    public static final class Snapshot extends SimpleTypeSerializerSnapshot<Record> {
        public Snapshot() {
            super(() -> INSTANCE);
        }
    }
}
