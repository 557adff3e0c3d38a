package federation.settle;

import federation.sink.Extent;

/**
 * What the log holds of one extent of a transaction.
 *
 * @param found records of the transaction that are still in the log; counted where it was aborted
 * @param copies how many of those lie there once more, committed, behind the transaction
 * @param start the partition's first offset: everything below has been deleted
 */
public record Finding(Extent extent, Fate fate, long found, long copies, long start) {}
