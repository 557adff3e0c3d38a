"""Cases beside a configuration, run without clusters.

::

    cases ──> prepare (plan, bytes) ─┬─> Python reference ─┬─> judge ──> verdicts
                                     └─> Java operators ───┘

Schemas come from the cases; everything else is what ``plan``, ``verify`` and the engine use.
"""
