package federation.settle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.Record;
import org.apache.kafka.common.record.SimpleRecord;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Copies of records are recognised")
class FingerprintsTest {
    @Test
    @DisplayName("by key, value and headers, each of which may be missing")
    void differs() {
        List<Record> all = List.of(
                record("k", "v"),
                record(null, "v"),
                record("", "v"),
                record("k", null),
                record("k", ""),
                record("kv", ""),
                record("", "kv"),
                record("k", "v", "h"),
                record("k", "v", "h", "h"),
                record("k", "v", "g"));
        for (int known = 0; known < all.size(); known++) {
            Fingerprints fingerprints = new Fingerprints();
            fingerprints.add(all.get(known));
            fingerprints.seal();
            for (int asked = 0; asked < all.size(); asked++) {
                assertEquals(known == asked, fingerprints.contains(all.get(asked)), known + " " + asked);
            }
        }
    }

    @Test
    @DisplayName("whatever timestamp the topic gave them, and however many there are")
    void many() {
        Fingerprints fingerprints = new Fingerprints();
        for (int i = 0; i < 5_000; i++) {
            fingerprints.add(record(1_000 + i, "k" + i, "v".repeat(i % 3_000)));
        }
        fingerprints.seal();
        assertEquals(5_000, fingerprints.size());
        for (int i = 0; i < 5_000; i++) {
            assertTrue(fingerprints.contains(record(7, "k" + i, "v".repeat(i % 3_000))));
        }
        assertFalse(fingerprints.contains(record(7, "k", "v")));
    }

    private static Record record(String key, String value, String... headers) {
        return record(5, key, value, headers);
    }

    private static Record record(long timestamp, String key, String value, String... headers) {
        List<Header> all = new ArrayList<>();
        for (String name : headers) {
            all.add(new RecordHeader(name, null));
        }
        return MemoryRecords.withRecords(
                        Compression.NONE,
                        new SimpleRecord(
                                timestamp,
                                key == null ? null : key.getBytes(),
                                value == null ? null : value.getBytes(),
                                all.toArray(Header[]::new)))
                .records().iterator().next();
    }
}
