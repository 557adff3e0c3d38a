package federation.registry;

import org.apache.avro.Schema;

/** Where writer schemas come from, by name. */
public interface Schemas {
    /**
     * The schema with all that it refers to; waits where it must be asked for.
     *
     * @throws SchemaException if there is none of this name, or it is not Avro
     * @throws InterruptedException if the task is cancelled while waiting
     */
    Schema get(SchemaId id) throws SchemaException, InterruptedException;
}
