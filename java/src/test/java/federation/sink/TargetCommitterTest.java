package federation.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import federation.settle.Fate;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.api.connector.sink2.Committer.CommitRequest;
import org.apache.flink.connector.kafka.sink.KafkaCommittable;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.kafka.common.errors.InvalidPidMappingException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Commits that fail")
class TargetCommitterTest {
    private static final TargetTransaction TRANSACTION = new TargetTransaction(
            new KafkaCommittable(7, (short) 3, "fed.shop.orders.-0-1", null),
            List.of(new Extent("unified", 2, 10, 20, 5)));

    private final Requested request = new Requested();
    private Fate fate = Fate.OPEN;

    @Test
    @DisplayName("a commit that succeeds asks nobody")
    void succeeds() throws Exception {
        fate = null;
        commit(inner -> {}, Set.of());
        assertEquals(List.of(), request.signals);
    }

    @Test
    @DisplayName("a fenced transaction that the log calls committed is committed")
    void committedBefore() throws Exception {
        fate = Fate.COMMITTED;
        commit(TargetCommitterTest::fenced, Set.of());
        assertEquals(List.of("already committed"), request.signals);
    }

    @ParameterizedTest
    @EnumSource(names = {"ABORTED", "OPEN", "EXPIRED"})
    @DisplayName("any other fenced one ends the job for good, and says which and where")
    void lost(Fate found) {
        fate = found;
        SuppressRestartsException ends = assertThrows(
                SuppressRestartsException.class,
                () -> commit(TargetCommitterTest::fenced, Set.of()));
        assertEquals(CommitFailed.class, ends.getCause().getClass());
        String said = ends.getCause().getMessage();
        assertTrue(said.contains("fed.shop.orders.-0-1/7/3 into unified-2"), said);
        assertTrue(said.contains("ProducerFencedException"), said);
        assertEquals(List.of(), request.signals);
    }

    @Test
    @DisplayName("what the connector has no word for is judged by the log as well")
    void unforeseen() {
        fate = Fate.ABORTED;
        assertThrows(SuppressRestartsException.class, () -> commit(
                inner -> inner.signalFailedWithUnknownReason(new InvalidPidMappingException("expired")),
                Set.of()));
    }

    @Test
    @DisplayName("an unforeseen failure of a transaction that is still open is left to the next attempt")
    void undecided() throws Exception {
        commit(inner -> inner.signalFailedWithUnknownReason(new IllegalStateException("odd")), Set.of());
        assertEquals(List.of("failed: odd"), request.signals);
    }

    @Test
    @DisplayName("a log that cannot be read is an ordinary failure: the job restarts and asks again")
    void blind() {
        assertThrows(IOException.class, () -> new TargetCommitter(
                        committer(TargetCommitterTest::fenced),
                        transaction -> {
                            throw new IOException("away");
                        },
                        Set.of())
                .commit(List.of(request)));
    }

    @Test
    @DisplayName("a settled transaction is not committed again")
    void settled() throws Exception {
        commit(inner -> { throw new AssertionError(); }, Set.of("fed.shop.orders.-0-1/7/3"));
        assertEquals(List.of("already committed"), request.signals);
    }

    @Test
    @DisplayName("a retry goes to Flink, with what the transaction wrote")
    void retries() throws Exception {
        commit(CommitRequest::retryLater, Set.of());
        commit(inner -> inner.updateAndRetryLater(inner.getCommittable()), Set.of());
        assertEquals(List.of("retry", "retry " + TRANSACTION), request.signals);
    }

    private void commit(Consumer<CommitRequest<KafkaCommittable>> inner, Set<String> settled)
            throws Exception {
        new TargetCommitter(committer(inner), transaction -> fate, settled).commit(List.of(request));
    }

    private static void fenced(CommitRequest<KafkaCommittable> inner) {
        inner.signalFailedWithKnownReason(new ProducerFencedException("there is a newer producer"));
    }

    private static Committer<KafkaCommittable> committer(
            Consumer<CommitRequest<KafkaCommittable>> each) {
        return new Committer<>() {
            @Override
            public void commit(Collection<CommitRequest<KafkaCommittable>> requests) {
                requests.forEach(each);
            }

            @Override
            public void close() {}
        };
    }

    /** What Flink is told of one request. */
    private static final class Requested implements CommitRequest<TargetTransaction> {
        final List<String> signals = new ArrayList<>();

        @Override
        public TargetTransaction getCommittable() {
            return TRANSACTION;
        }

        @Override
        public int getNumberOfRetries() {
            return 0;
        }

        @Override
        public void signalFailedWithKnownReason(Throwable why) {
            throw new AssertionError("Flink counts this, and forgets it", why);
        }

        @Override
        public void signalFailedWithUnknownReason(Throwable why) {
            signals.add("failed: " + why.getMessage());
        }

        @Override
        public void retryLater() {
            signals.add("retry");
        }

        @Override
        public void updateAndRetryLater(TargetTransaction committable) {
            signals.add("retry " + committable);
        }

        @Override
        public void signalAlreadyCommitted() {
            signals.add("already committed");
        }
    }
}
