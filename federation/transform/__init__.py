"""Python functions that change records between mapping and deduplication.

The engine's workers, ``verify``, ``test`` and ``plan`` all run them through this one room, so a
function means the same wherever it is called.
"""
