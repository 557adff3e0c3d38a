package federation.record;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Random;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

@DisplayName("Records between tasks")
class RecordSerializerTest {
    private static final RecordSerializer SERIALIZER = RecordSerializer.INSTANCE;

    @RepeatedTest(50)
    @DisplayName("what is written is read back, field by field, and nothing is left over")
    void roundTrip(RepetitionInfo info) throws Exception {
        Random random = new Random(info.getCurrentRepetition());
        DataOutputSerializer out = new DataOutputSerializer(64);
        Record first = any(random);
        Record second = any(random);
        SERIALIZER.serialize(first, out);
        SERIALIZER.serialize(second, out);
        DataInputDeserializer in = new DataInputDeserializer(out.getCopyOfBuffer());
        assertSameFields(first, SERIALIZER.deserialize(in));
        assertSameFields(second, SERIALIZER.deserialize(new Record(), in));
        assertEquals(0, in.available());
    }

    @RepeatedTest(50)
    @DisplayName("a copy has every field, and changing it leaves the original alone")
    void copies(RepetitionInfo info) throws Exception {
        Random random = new Random(info.getCurrentRepetition());
        Record record = any(random);
        Record copy = SERIALIZER.copy(record);
        assertNotSame(record, copy);
        assertSameFields(record, copy);
        assertSameFields(record, SERIALIZER.copy(record, any(random)));
        copy.key = null;
        copy.timestamp++;
        assertEquals(copy.timestamp - 1, record.timestamp);
    }

    @RepeatedTest(20)
    @DisplayName("serialised bytes are copied as they are")
    void copiesBytes(RepetitionInfo info) throws Exception {
        byte[] bytes = written(any(new Random(info.getCurrentRepetition())));
        DataOutputSerializer out = new DataOutputSerializer(16);
        SERIALIZER.copy(new DataInputDeserializer(bytes), out);
        assertArrayEquals(bytes, out.getCopyOfBuffer());
    }

    @Test
    @DisplayName("a record that is read never shares its fields with the one before")
    void neverReused() throws Exception {
        Record reused = new Record();
        byte[] bytes = written(any(new Random(1)));
        assertNotSame(reused, SERIALIZER.deserialize(reused, new DataInputDeserializer(bytes)));
    }

    @Test
    @DisplayName("the type gives this serializer, and its snapshot restores it")
    void snapshot() {
        TypeSerializer<Record> given = new RecordType().createSerializer(null);
        assertSame(SERIALIZER, given);
        TypeSerializerSnapshot<Record> snapshot = given.snapshotConfiguration();
        assertSame(SERIALIZER, snapshot.restoreSerializer());
        assertEquals(new RecordType(), new RecordType());
    }

    private static byte[] written(Record record) throws IOException {
        DataOutputSerializer out = new DataOutputSerializer(64);
        SERIALIZER.serialize(record, out);
        return out.getCopyOfBuffer();
    }

    private static Record any(Random random) {
        Record record = new Record();
        record.kind = (byte) random.nextInt(3);
        record.source = random.nextInt(1 << 16);
        record.bucket = random.nextInt(BucketSelector.BUCKETS);
        record.timestamp = random.nextBoolean() ? -1 : random.nextLong();
        record.key = bytes(random);
        record.value = bytes(random);
        record.headers = bytes(random);
        record.hasBusiness = random.nextBoolean();
        if (record.hasBusiness) {
            record.business1 = random.nextLong();
            record.business2 = random.nextLong();
        }
        record.hasTransport = random.nextBoolean();
        if (record.hasTransport) {
            record.transport1 = random.nextLong();
            record.transport2 = random.nextLong();
        }
        return record;
    }

    private static byte[] bytes(Random random) {
        int length = random.nextInt(40) - 1;
        if (length < 0) {
            return null;
        }
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    /** By reflection, so that a field that is added later is not forgotten. */
    private static void assertSameFields(Record wanted, Record got) throws IllegalAccessException {
        for (Field field : Record.class.getFields()) {
            if (Modifier.isStatic(field.getModifiers())) {
                continue;
            }
            if (field.getType() == byte[].class) {
                assertArrayEquals((byte[]) field.get(wanted), (byte[]) field.get(got), field.getName());
            } else {
                assertEquals(field.get(wanted), field.get(got), field.getName());
            }
        }
    }
}
