package federation.source;

import federation.map.ContractException;
import federation.map.Rule;
import federation.map.Transcoder;
import federation.map.Where;
import federation.registry.RegistryClient;
import federation.registry.RegistryClient.SchemaException;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.Schema;

/** The programs for one side (value or key) of a source, one for each writer schema id seen. */
final class Writers {
    /** An id that is missing may be registered later: the "no" is asked again after this long. */
    private static final long FORGET_REFUSAL_MS = 30_000;

    private final RegistryClient registry;
    private final Schema reader;
    private final Map<String, Rule> rules;
    private final String where;
    private final Map<Integer, Writer> byId = new HashMap<>();

    Writers(RegistryClient registry, Schema reader, Map<String, Rule> rules, String where) {
        this.registry = registry;
        this.reader = reader;
        this.rules = rules;
        this.where = where;
    }

    /** What one writer schema compiled to: a program, or why there is none. */
    static final class Writer {
        final Transcoder transcoder;
        final Where where;
        final String reason;
        final String error;
        private final long refusedAt;

        private Writer(Transcoder transcoder, Where where) {
            this.transcoder = transcoder;
            this.where = where;
            reason = null;
            error = null;
            refusedAt = 0;
        }

        private Writer(String reason, String error) {
            transcoder = null;
            where = null;
            this.reason = reason;
            this.error = error;
            refusedAt = System.currentTimeMillis();
        }
    }

    Writer get(int id) throws InterruptedException {
        Writer known = byId.get(id);
        if (known != null && (known.transcoder != null
                || System.currentTimeMillis() - known.refusedAt < FORGET_REFUSAL_MS)) {
            return known;
        }
        Writer compiled = compile(id);
        byId.put(id, compiled);
        return compiled;
    }

    private Writer compile(int id) throws InterruptedException {
        try {
            Schema writer = registry.byId(id);
            Where filter = where == null ? null : Where.compile(where, writer);
            return new Writer(Transcoder.compile(writer, reader, rules), filter);
        } catch (SchemaException error) {
            return new Writer(error.reason(), error.getMessage());
        } catch (ContractException error) {
            return new Writer("contract", String.join("; ", error.reasons()));
        }
    }
}
