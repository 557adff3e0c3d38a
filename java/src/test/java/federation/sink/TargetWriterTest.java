package federation.sink;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertTrue;

import federation.record.Record;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.flink.connector.kafka.sink.KafkaCommittable;
import org.apache.flink.connector.kafka.sink.KafkaWriterState;
import org.apache.flink.connector.kafka.sink.TwoPhaseCommittingStatefulSink.PrecommittingStatefulSinkWriter;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A writer of the target")
class TargetWriterTest {
    @Test
    @DisplayName("closes without an error whatever has failed, for Flink would end its task manager")
    @SuppressWarnings("unchecked")
    void close() {
        AtomicBoolean closed = new AtomicBoolean();
        var writer = (PrecommittingStatefulSinkWriter<Record, KafkaWriterState, KafkaCommittable>)
                Proxy.newProxyInstance(
                        getClass().getClassLoader(),
                        new Class<?>[] {PrecommittingStatefulSinkWriter.class},
                        (proxy, method, arguments) -> {
                            closed.set(method.getName().equals("close"));
                            throw new IOException("a send has failed");
                        });
        assertDoesNotThrow(() -> new TargetWriter(writer, new Extents("t", "d")).close());
        assertTrue(closed.get());
    }

    @Test
    @DisplayName("closes the client that the connector leaves open")
    void admin() throws ReflectiveOperationException {
        AtomicBoolean closed = new AtomicBoolean();
        Admin admin = (Admin) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Admin.class},
                (proxy, method, arguments) -> {
                    closed.set(method.getName().equals("close"));
                    return null;
                });
        TargetWriter.closeAdmin(new Object() {
            private final Admin client = admin;
        });
        assertTrue(closed.get());
        Class<?> theirs = Class.forName("org.apache.flink.connector.kafka.sink.ExactlyOnceKafkaWriter");
        assertTrue(Arrays.stream(theirs.getDeclaredFields())
                .anyMatch(field -> Admin.class.isAssignableFrom(field.getType())));
    }
}
