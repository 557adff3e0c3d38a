"""What a federation learned at its last start, for a start while a cluster or registry is away.

Nothing is remembered before the first start: that one needs everybody.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from federation.errors import PlanError
from federation.plan import remembered_clusters, remembered_registries

if TYPE_CHECKING:
    from federation.config.load import Loaded
    from federation.plan.facts import Facts


def keep(loaded: Loaded, facts: Facts) -> None:
    """Keep what everyone who answered said."""
    remembered_clusters.keep(loaded, facts)
    remembered_registries.keep(loaded, facts)


def check(loaded: Loaded, facts: Facts) -> None:
    """Make sure that streams go on with the clusters that they have run with.

    Raises:
        PlanError: a cluster is another one.
    """
    if found := remembered_clusters.replaced(loaded, facts):
        raise PlanError.of(found)


def recall(loaded: Loaded, facts: Facts) -> Facts:
    """The facts with what is remembered of those who do not answer, where that suffices."""
    return replace(
        facts,
        clusters={**facts.clusters, **remembered_clusters.recall(loaded, facts)},
        registries={**facts.registries, **remembered_registries.recall(loaded, facts)},
    )
