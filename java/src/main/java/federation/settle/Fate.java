package federation.settle;

/** What the log says of a transaction's records in one partition. */
public enum Fate {
    /** No marker yet: neither committed nor aborted. */
    OPEN,
    COMMITTED,
    ABORTED,
    /** Retention has deleted them, and with them what tells their marker from a later one's. */
    EXPIRED
}
