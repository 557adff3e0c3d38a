"""Run prepared cases through the reference, and if asked through the engine, and judge both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from federation.rehearse.judge import Difference, Judge, Made
from federation.verify import ledger
from federation.verify.expect import Outcome, Reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from federation.rehearse.prepare import Rehearsal

    Engine = Callable[[Rehearsal], list[list[Made]]]

_KINDS = {
    ledger.RECORD: "record",
    ledger.TOMBSTONE: "tombstone",
    ledger.DEAD: "dead",
    ledger.FILTERED: "filtered",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One case after its run.

    Attributes:
        name: the case's.
        where: its ``file:line:column``.
        reference: where the Python reference differs from the case.
        engine: where the Java operators differ from the case, if the reference does not in the same
            way, or from the reference; empty too if they were not asked.
    """

    name: str
    where: str
    reference: tuple[Difference, ...]
    engine: tuple[Difference, ...]

    @property
    def ok(self) -> bool:
        """Whether everything is as the case says."""
        return not self.reference and not self.engine


def rehearse(rehearsal: Rehearsal, engine: Engine | None = None) -> list[Verdict]:
    """The verdict on each case, in their order."""
    judge, reference = Judge(rehearsal.stream), Reference(rehearsal.stream, rehearsal.book)
    ours = [
        [_made(reference.outcome(record.source, record)) for record in case.records]
        for case in rehearsal.cases
    ]
    theirs = engine(rehearsal) if engine else None
    verdicts = []
    for n, case in enumerate(rehearsal.cases):
        found = judge.differences(case, ours[n])
        other: list[Difference] = []
        if theirs is not None:
            other = [one for one in judge.differences(case, theirs[n]) if one not in found]
            for left, right in zip(ours[n], theirs[n], strict=True):
                other += [one for one in judge.disagreement(left, right) if one not in other]
        verdicts.append(Verdict(case.case.name, case.where, tuple(found), tuple(other)))
    return verdicts


def _made(outcome: Outcome) -> Made:
    refusal = outcome.refusal
    if refusal is not None:
        field = f"field {refusal.path}: " if refusal.path else ""
        return Made(
            "dead",
            stage=refusal.stage,
            reason=refusal.reason,
            sentence=f"{field}{refusal.message}",
        )
    return Made(_KINDS[outcome.kind], key=outcome.key, body=outcome.body, event=outcome.event)
