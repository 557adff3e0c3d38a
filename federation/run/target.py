"""Whether a stream's target can be reached from here, which its job finds out much later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from federation.errors import FederationError
from federation.kafka import watching
from federation.kafka.asking import ANSWER, Asking
from federation.run.pulse import Pulse
from federation.run.status import TargetStatus

if TYPE_CHECKING:
    from confluent_kafka import Consumer

    from federation.plan.model import TargetPlan


class TargetWatch:
    """Follows the target of a running stream."""

    def __init__(self, target: TargetPlan) -> None:
        self._target = target
        self._cluster = Asking(target.cluster.alias, target.cluster.properties)
        self.pulse = Pulse(target.cluster.alias, self._ask, self._cluster.close)

    def status(self) -> TargetStatus:
        """The target now."""
        error, since = self.pulse.trouble()
        return TargetStatus(self._target.cluster.alias, self._target.topic, error, since)

    def _ask(self) -> str:
        partitions = [(self._target.topic, n) for n in range(self._target.partitions)]

        def ends(consumer: Consumer) -> object:
            with self._cluster.reaching(consumer):
                return watching.ends(consumer, partitions, self._cluster.where, ANSWER)

        try:
            self._cluster.ask(ends)
        except FederationError as error:
            return error.brief
        return ""
