package federation.source;

import federation.map.MappingException;

/**
 * Why one record becomes a dead letter: stage and reason are words of the documented lists, the
 * message is a sentence for people.
 */
final class Refused extends Exception {
    private static final long serialVersionUID = 1L;
    final String stage;
    final String reason;

    Refused(String stage, String reason, String sentence) {
        super(sentence, null, false, false); // bad records come in millions: no stack trace
        this.stage = stage;
        this.reason = reason;
    }

    /** With the sentence that goes with the reason. */
    Refused(String stage, String reason) {
        this(stage, reason, Reasons.sentence(reason));
    }

    Refused(MappingException error) {
        this(error.stage(), error.reason(), Reasons.sentence(error));
    }

    /** The same, said of the key. */
    Refused ofKey() {
        return new Refused("key", reason, getMessage());
    }
}
