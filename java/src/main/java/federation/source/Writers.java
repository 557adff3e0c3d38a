package federation.source;

import federation.map.ContractException;
import federation.map.Rule;
import federation.map.Transcoder;
import federation.map.Where;
import federation.registry.SchemaException;
import federation.registry.SchemaId;
import federation.registry.Schemas;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.avro.Schema;

/**
 * The programs for one side (value or key) of a source, one for each writer schema. What is kept
 * is bounded, programs apart from refusals: ids made up by broken records displace no program.
 */
final class Writers {
    private static final int MAX_PROGRAMS = 1_000;
    private static final int MAX_REFUSALS = 10_000;

    private final Schemas schemas;
    private final Schema reader;
    private final Map<String, Rule> rules;
    private final String where;
    private final Map<SchemaId, Writer> programs;
    private final Map<SchemaId, Refused> refusals; // for good: what an id means never changes
    private SchemaId lastId;
    private Writer last;

    /**
     * @param reader the contract, or the key's schema
     * @param where a filter or null
     */
    Writers(Schemas schemas, Schema reader, Map<String, Rule> rules, String where) {
        this(schemas, reader, rules, where, MAX_PROGRAMS, MAX_REFUSALS);
    }

    Writers(
            Schemas schemas,
            Schema reader,
            Map<String, Rule> rules,
            String where,
            int maxPrograms,
            int maxRefusals) {
        this.schemas = schemas;
        this.reader = reader;
        this.rules = rules;
        this.where = where;
        programs = new Recent<>(maxPrograms);
        refusals = new Recent<>(maxRefusals);
    }

    /** What one writer schema compiled to; {@code where} may be null. */
    record Writer(Transcoder transcoder, Where where) {}

    /** The entries that were used last. */
    private static final class Recent<V> extends LinkedHashMap<SchemaId, V> {
        private static final long serialVersionUID = 1L;
        private final int limit;

        Recent(int limit) {
            super(16, 0.75f, true);
            this.limit = limit;
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<SchemaId, V> eldest) {
            return size() > limit;
        }
    }

    /**
     * The program for a schema; waits for the registry where it is not known yet.
     *
     * @throws Refused of stage schema: there is no such schema, or it cannot meet the contract
     */
    Writer get(SchemaId id) throws Refused, InterruptedException {
        if (last != null && (lastId == id || lastId.equals(id))) { // nearly always
            return last;
        }
        Writer writer = programs.get(id);
        if (writer == null) {
            Refused refusal = refusals.get(id);
            if (refusal != null) {
                throw refusal;
            }
            writer = compile(id);
            programs.put(id, writer);
        }
        lastId = id;
        last = writer;
        return writer;
    }

    private Writer compile(SchemaId id) throws Refused, InterruptedException {
        try {
            Schema writer = schemas.get(id);
            Where filter = where == null ? null : Where.compile(where, writer);
            return new Writer(Transcoder.compile(writer, reader, rules), filter);
        } catch (SchemaException error) { // remembered where it comes from
            throw new Refused("schema", error.reason(), error.getMessage());
        } catch (ContractException error) {
            String all = "schema " + id + ": " + String.join("; ", error.reasons());
            Refused refusal = new Refused("schema", "contract", all);
            refusals.put(id, refusal);
            throw refusal;
        }
    }
}
