package federation.source;

import federation.map.MappingException;

/** Why one record becomes a dead letter: stage and reason are words of the documented lists. */
final class Refused extends Exception {
    private static final long serialVersionUID = 1L;
    final String stage;
    final String reason;

    Refused(String stage, String reason, String error) {
        super(error, null, false, false); // bad records come in millions: no stack trace
        this.stage = stage;
        this.reason = reason;
    }

    Refused(String stage, MappingException error) {
        this(stage, error.reason(), error.getMessage());
    }
}
