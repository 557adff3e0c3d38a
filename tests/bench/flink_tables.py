"""What Flink SQL and PyFlink have in common here: settings, tables on Kafka, first of each id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyflink.common import Configuration
from pyflink.table import EnvironmentSettings, TableEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EXACTLY_ONCE = """
    'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'bench',
    'properties.transaction.timeout.ms' = '600000', 'properties.compression.type' = 'lz4'
"""
FROM_START = "'scan.startup.mode' = 'earliest-offset'"


def environment(jars: Iterable[str], checkpoints: str, **more: str) -> TableEnvironment:
    """Two tasks in this process's own Flink, a checkpoint every 5 s."""
    configuration = Configuration()
    for option, value in {
        "execution.target": "local",
        "parallelism.default": "2",
        "pipeline.object-reuse": "true",
        "pipeline.jars": ";".join(jars),
        "execution.checkpointing.interval": "5 s",
        "execution.checkpointing.dir": checkpoints,
        "table.local-time-zone": "UTC",
        **more,
    }.items():
        configuration.set_string(option, value)
    settings = EnvironmentSettings.new_instance().in_streaming_mode()
    return TableEnvironment.create(settings.with_configuration(configuration).build())


def table(
    name: str, columns: str, env: Mapping[str, str], cluster: str, topic: str, *more: str
) -> str:
    """A table on a topic; ``more`` are further options of it."""
    options = f"""
        'connector' = 'kafka', 'topic' = '{topic}',
        'properties.bootstrap.servers' = '{env[f"{cluster.upper()}_BOOTSTRAP"]}'
    """
    return f"CREATE TABLE {name} ({columns}) WITH ({', '.join((options, *more))})"


def first(columns: str, every: str, number: str) -> str:
    """The first record of each id among those of a query that has its time of arrival in ``at``."""
    return f"""
        SELECT {columns} FROM (
            SELECT *, ROW_NUMBER() OVER (PARTITION BY {number} ORDER BY `at` ASC) AS nth
            FROM ({every})
        ) WHERE nth = 1
    """  # noqa: S608 - made of the workload's own text
