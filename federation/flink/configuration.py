"""What Flink is told of one job: checkpoints, state, restarts."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyflink.common import Configuration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PYTHON = {
    "python.executable": sys.executable,
    "python.client.executable": sys.executable,
    # A chunk is a bundle by itself: its records have waited for each other already.
    "python.fn-execution.bundle.size": "1",
    "python.metric.enabled": "false",
    # A worker has the JVM's environment anyway; said here it would be logged, secrets and all.
    "python.systemenv.enabled": "false",
}


@dataclass(frozen=True, slots=True)
class JobSettings:
    """What a run decides, and a plan does not.

    Attributes:
        parallelism: parallel tasks.
        checkpoint_ms: checkpoint interval.
        checkpoint_timeout_ms: how long a checkpoint may take.
        tolerated_failures: how many checkpoints in a row may fail before the job restarts.
        checkpoints: folder for checkpoints.
        schemas: folder where the sources' schemas outlive a run.
        accepted: file of the gaps in sources that an operator has agreed to; it may grow.
        stopping: file that will be there from when the job is being stopped.
        restore: checkpoint or savepoint to go on from.
        settled: its transactions, which were dealt with and need no commit by the job.
        flink: the settings by which the cluster is reached that is to run it.
        group: consumer group under which progress is published.
        heap_share: part of the JVM's heap that deduplication may fill; beyond it uses the disk.
    """

    parallelism: int
    checkpoint_ms: int
    checkpoint_timeout_ms: int
    tolerated_failures: int
    checkpoints: Path
    schemas: Path
    accepted: Path
    stopping: Path
    restore: Path | None
    settled: tuple[str, ...]
    flink: Mapping[str, str]
    group: str
    heap_share: float
    value_schema_id: int
    key_schema_id: int | None


def configuration(settings: JobSettings, *, python: bool) -> Configuration:
    """Flink's configuration of one job.

    Args:
        settings: what its run has decided.
        python: whether a Python function takes part.
    """
    options: Mapping[str, str] = {
        "execution.attached": "true",
        "parallelism.default": str(settings.parallelism),
        "pipeline.max-parallelism": "128",
        "pipeline.object-reuse": "true",
        "pipeline.generic-types": "false",
        "execution.checkpointing.interval": f"{settings.checkpoint_ms} ms",
        "execution.checkpointing.min-pause": f"{min(1000, settings.checkpoint_ms // 2)} ms",
        "execution.checkpointing.timeout": f"{settings.checkpoint_timeout_ms} ms",
        # For at-least-once delivery too: what deduplication remembers has to match what was read.
        "execution.checkpointing.mode": "EXACTLY_ONCE",
        "execution.checkpointing.max-concurrent-checkpoints": "1",
        "execution.checkpointing.tolerable-failed-checkpoints": str(settings.tolerated_failures),
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "execution.checkpointing.num-retained": "3",
        "execution.checkpointing.dir": uri(settings.checkpoints),
        "execution.checkpointing.storage": "filesystem",
        # What deduplication remembers is only written: a checkpoint uploads what is new. Hashes
        # do not compress. Small buffers leave little to write while the stream waits for its
        # checkpoint.
        "state.backend.type": "rocksdb",
        "state.backend.rocksdb.compaction.style": "UNIVERSAL",
        "state.backend.rocksdb.compression.per.level": "NO_COMPRESSION",
        "state.backend.rocksdb.writebuffer.size": "8mb",
        "execution.checkpointing.incremental": "true",
        "restart-strategy.type": "exponential-delay",
        "restart-strategy.exponential-delay.initial-backoff": "1 s",
        "restart-strategy.exponential-delay.max-backoff": "30 s",
        "restart-strategy.exponential-delay.backoff-multiplier": "2.0",
        "restart-strategy.exponential-delay.reset-backoff-threshold": "10 min",
        # How long a record may wait for others on its way to deduplication.
        "execution.buffer-timeout.interval": "10 ms",
        **settings.flink,
        **(_PYTHON if python else {}),
    }
    made = Configuration()
    for name, value in options.items():
        made.set_string(name, value)
    if settings.restore is not None:
        made.set_string("execution.state-recovery.path", uri(settings.restore))
        made.set_string("execution.state-recovery.claim-mode", "NO_CLAIM")
    return made


def uri(folder: Path) -> str:
    """A folder for Flink, whose paths know no percent signs: a blank stays a blank."""
    return f"file://{folder}"
