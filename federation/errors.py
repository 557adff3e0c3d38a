"""Every error a person may meet, as one tree.

::

    FederationError            exit 1
    ├── ConfigError            the file is wrong: a list of findings with file:line:column
    ├── PlanError              the file is right, the clusters or schemas cannot do it
    ├── ClusterError           a cluster, topic or registry did not answer as needed
    ├── JobError               Flink could not start, run or stop the job
    ├── SetupError             Java, jars or Python packages are missing or damaged
    ├── SandboxError           a local broker or registry
    └── Incomplete             exit 4: partial result or time-out

Anything else that escapes is a bug of ours and keeps its traceback. Exit codes: 0 good, 1 error,
2 usage (click's own), 3 differences found, 4 partial or timed out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_OK = 0
EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_DIFFERENCES = 3
EXIT_INCOMPLETE = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, said so that a person can act on it.

    Attributes:
        what: one sentence, without a full stop.
        where: ``file:line:column``, ``cluster/topic/partition@offset`` or a config path.
        hint: what is allowed, or the next step; may be empty.
        severity: ``error`` stops, ``warning`` is shown.
    """

    what: str
    where: str = ""
    hint: str = ""
    severity: str = "error"

    def __str__(self) -> str:
        """One line: ``where: what; hint``."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}; {self.hint}" if self.hint else head


class FederationError(Exception):
    """An error meant for a person: what, where, and what to do about it."""

    exit_code = EXIT_ERROR

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.findings: tuple[Finding, ...] = (Finding(what, where, hint),)
        super().__init__(str(self.findings[0]))

    @property
    def brief(self) -> str:
        """The first finding without its hint: ``where: what``."""
        first = self.findings[0]
        return f"{first.where}: {first.what}" if first.where else first.what

    @classmethod
    def of(cls, findings: Sequence[Finding]) -> FederationError:
        """Wrap several findings; they are all reported at once."""
        error = cls(findings[0].what, where=findings[0].where, hint=findings[0].hint)
        error.findings = tuple(findings)
        error.args = ("\n".join(str(f) for f in findings),)
        return error


class ConfigError(FederationError):
    """The configuration file is wrong."""


class PlanError(FederationError):
    """The configuration is well formed but cannot work on these clusters and schemas."""


class ClusterError(FederationError):
    """A Kafka cluster or a schema registry did not answer as needed."""


class JobError(FederationError):
    """Flink could not start, run or stop a job."""


class SetupError(FederationError):
    """Something that the gateway needs on this machine is missing or damaged."""


class SandboxError(FederationError):
    """A local broker or registry could not be started or stopped."""


class Incomplete(FederationError):  # noqa: N818 - it is an outcome, not a fault
    """The work ended before it was whole (deadline, interruption)."""

    exit_code = EXIT_INCOMPLETE
