"""Many random cases through the reference and through Java, side by side."""

from __future__ import annotations

from collections import Counter
from typing import Any

import compare
from evaluator import evaluator

INPUTS = 10  # of one pair of schemas
BATCH = 100  # pairs that Java is asked at once
SHOWN = 20  # differences, after which it ends


def run(cases: int, seed: int) -> tuple[list[str], Counter[str]]:
    """Compare so many cases; the differences as text to keep, and counts of what came out."""
    found: list[str] = []
    counts: Counter[str] = Counter()
    pairs = range(seed, seed + -(-cases // INPUTS))
    with evaluator() as java:

        def differs(one: compare.Case) -> str:
            return compare.difference(one, *java.ask([one])(), *compare.reference(one))

        for start in range(pairs.start, pairs.stop, BATCH):
            made = [compare.case(n, INPUTS) for n in range(start, min(start + BATCH, pairs.stop))]
            answers = java.ask(made)
            wanted = [compare.reference(one) for one in made]
            told = list(answers())
            for n, one, answer, (want, contract) in zip(
                range(start, pairs.stop), made, told, wanted, strict=False
            ):
                counts.update(_kinds(want))
                if said := compare.difference(one, answer, want, contract):
                    small = compare.shrunk(one, differs)
                    found.append(f"seed {n}: " + compare.vector(small, differs(small) or said))
            if len(found) >= SHOWN:
                break
    return found, counts


def _kinds(answer: dict[str, Any]) -> list[str]:
    """What became of each input, in a word or two."""
    if "refused" in answer:
        return ["refused"] * INPUTS
    return [one.rpartition("/")[0] or "mapped" for one in answer["out"]]
