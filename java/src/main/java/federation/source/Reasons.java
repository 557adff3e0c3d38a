package federation.source;

import federation.map.MappingException;
import java.util.Map;

/** What a dead letter's reason means, as a sentence for people. */
final class Reasons {
    private static final Map<String, String> SENTENCES = Map.ofEntries(
            // frame
            Map.entry("empty", "0 bytes are neither a record nor a delete marker"),
            Map.entry("magic", "the first bytes are not those of a framing that is read here"),
            Map.entry("short", "the bytes end inside the frame"),
            Map.entry("header", "the header that names the schema is missing or malformed"),
            Map.entry("encoding", "the header says that the payload is not Avro's binary encoding"),
            Map.entry("compression", "the payload is compressed in an unknown way, or damaged"),
            Map.entry("inflated", "the payload is beyond 64 MiB or a hundredfold once inflated"),
            Map.entry("size", "a key that is a number has 4 bytes for an int, 8 for a long"),
            // decode
            Map.entry("truncated", "the payload ends inside the field"),
            Map.entry("trailing", "bytes are left behind the end of the record"),
            Map.entry("varint", "a number is too large or not in its shortest form"),
            Map.entry("utf8", "text is not valid UTF-8"),
            Map.entry("index", "an index points at no branch of the union or symbol of the enum"),
            Map.entry("length", "a length is negative or beyond the payload"),
            Map.entry("boolean", "a boolean is neither 0 nor 1"),
            Map.entry("depth", "records, arrays and maps are nested more than 64 levels deep"),
            Map.entry("items", "the record claims more than 1,000,000 elements and entries"),
            Map.entry("json", "the text is not JSON"),
            Map.entry("duplicate", "an object of the JSON text names a field twice"),
            Map.entry("missing", "the JSON object lacks the field, which has no default"),
            // map and key
            Map.entry("null", "null, where a value is needed"),
            Map.entry("overflow", "the value is beyond the range of the contract's type"),
            Map.entry("parse", "the text is not a value of the contract's type"),
            Map.entry("symbol", "the contract's enum does not have this symbol, or no case is for it"),
            Map.entry("type", "a value of this type cannot become one of the contract's"),
            Map.entry("lossy", "digits would be lost, which the rule does not permit"),
            Map.entry("tombstone", "delete markers are dead letters in this stream"),
            // map and where
            Map.entry("eval", "the expression cannot be evaluated for this record"),
            // origin
            Map.entry("hops", "the record has crossed as many clusters as its origin can name"),
            // target
            Map.entry("too_large", "the record is larger than the target topic takes"));

    private Reasons() {}

    /** The sentence of a reason; of one that is not in the table the word itself. */
    static String sentence(String reason) {
        return SENTENCES.getOrDefault(reason, reason);
    }

    /** With the field: {@code field items.sku: a length is negative or beyond the payload}. */
    static String sentence(MappingException error) {
        return at(error.path(), error.reason());
    }

    /** The sentence of a reason, said of a field; {@code path} may be empty. */
    static String at(String path, String reason) {
        String sentence = sentence(reason);
        return path.isEmpty() ? sentence : "field " + path + ": " + sentence;
    }
}
