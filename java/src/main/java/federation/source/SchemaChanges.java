package federation.source;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import federation.map.ContractException;
import federation.map.Transcoder;
import federation.plan.StreamSpec;
import federation.plan.StreamSpec.SourceSpec;
import federation.registry.SchemaId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;

/**
 * What becomes of records whose schema the plan has not seen, as the stream's
 * {@code on_schema_change} says: they flow, become dead letters, or are held where they are. Nothing is
 * decided here that is not in the plan; what was met is shown as a gauge.
 */
public final class SchemaChanges {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** A gauge is no place for all that a careless producer registers. */
    private static final int MOST = 50;

    private final StreamSpec stream;
    private final SourceSpec source;
    private final Map<SchemaId, Change> met = new LinkedHashMap<>();

    /**
     * One schema that was met.
     *
     * @param schema its name
     * @param since when, in epoch milliseconds
     * @param state flows, refused (its records are dead letters) or held
     * @param fields its fields that neither the contract nor any planned schema has
     * @param why what keeps it from meeting the contract, or empty
     */
    public record Change(
            String schema, long since, String state, List<String> fields, String why) {}

    SchemaChanges(StreamSpec stream, SourceSpec source) {
        this.stream = stream;
        this.source = source;
    }

    /** Empty where records of this schema may go on, else why they are held. */
    String judge(SchemaId id, Schema writer) {
        if (source.plannedSchemas.contains(SchemaNormalization.parsingFingerprint64(writer))) {
            return "";
        }
        List<String> added = writer.getType() != Schema.Type.RECORD
                ? List.of()
                : writer.getFields().stream()
                        .map(Schema.Field::name)
                        .filter(name -> !source.plannedFields.contains(name))
                        .toList();
        String why = "";
        try {
            Transcoder.compile(writer, stream.contract, source.rules);
        } catch (ContractException error) {
            why = String.join("; ", error.reasons());
        }
        boolean holds = why.isEmpty()
                ? stream.evolves && !added.isEmpty()
                : stream.holdsUnfit;
        String state = holds ? "held" : why.isEmpty() ? "flows" : "refused";
        note(id, new Change(id.toString(), System.currentTimeMillis(), state, added, why));
        if (!holds) {
            return "";
        }
        return why.isEmpty()
                ? "schema " + id + " has new fields (" + String.join(", ", added)
                        + ") that the contract is to take in"
                : "schema " + id + " cannot meet the contract: " + why;
    }

    private synchronized void note(SchemaId id, Change change) {
        if (met.size() < MOST) {
            met.putIfAbsent(id, change);
        }
    }

    /** The changes so far, as a JSON array. */
    public synchronized String toJson() {
        try {
            return JSON.writeValueAsString(met.values());
        } catch (JsonProcessingException error) {
            throw new IllegalStateException(error); // plain fields
        }
    }
}
