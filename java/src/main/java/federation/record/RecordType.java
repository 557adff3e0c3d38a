package federation.record;

import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;

/** Flink's name for {@link Record}. */
public final class RecordType extends TypeInformation<Record> {
    private static final long serialVersionUID = 1L;

    @Override
    public boolean isBasicType() {
        return false;
    }

    @Override
    public boolean isTupleType() {
        return false;
    }

    @Override
    public int getArity() {
        return 1;
    }

    @Override
    public int getTotalFields() {
        return 1;
    }

    @Override
    public Class<Record> getTypeClass() {
        return Record.class;
    }

    @Override
    public boolean isKeyType() {
        return false;
    }

    @Override
    public TypeSerializer<Record> createSerializer(SerializerConfig config) {
        return RecordSerializer.INSTANCE;
    }

    @Override
    public String toString() {
        return "Record";
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RecordType;
    }

    @Override
    public int hashCode() {
        return RecordType.class.hashCode();
    }

    @Override
    public boolean canEqual(Object other) {
        return other instanceof RecordType;
    }
}
