package federation.sink;

/** The brokers will never commit a transaction that belongs to a completed checkpoint. */
public final class CommitFailed extends Exception {
    private static final long serialVersionUID = 1L;

    CommitFailed(TargetTransaction transaction, Throwable why) {
        // No cause: this is the innermost, the one that people are shown.
        super("the brokers have aborted transaction " + transaction
                + " before it could be committed (" + why.getClass().getSimpleName() + ": "
                + why.getMessage() + ")");
    }
}
