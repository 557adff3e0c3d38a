"""The proof of a stream: what should be in the target is recomputed and compared with what is.

::

    scope ──> work ─┬─> expect (sources, by the reference) ─┬─> ledger ──> compare ──> report
                    └─> observe (target, dead letters) ─────┘

Nothing here knows how the engine works: the ledger is filled from the clusters alone.
"""
