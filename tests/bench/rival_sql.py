"""What a Flink user writes for this work: SQL, Flink's own connectors and formats.

``python rival_sql.py job.json``
"""

import json
import sys
from pathlib import Path

from flink_tables import EXACTLY_ONCE, FROM_START, environment, first, table
from workloads import WORKLOADS

JOB = json.loads(Path(sys.argv[1]).read_text())
ENV = JOB["env"]
WORKLOAD = WORKLOADS[JOB["workload"]]
TARGET = WORKLOAD.target


def _format(cluster: str) -> str:
    return f"""
        'value.format' = 'avro-confluent',
        'value.avro-confluent.url' = '{ENV[f"{cluster.upper()}_REGISTRY"]}'
    """


tables = environment(JOB["jars"], JOB["checkpoints"])
for source in WORKLOAD.for_sql:
    columns = f"{source.columns}, `at` AS PROCTIME()"
    options = (_format(source.cluster), FROM_START)
    tables.execute_sql(table(source.name, columns, ENV, source.cluster, source.topic, *options))
sink = f"""
    'key.format' = 'raw', 'key.fields' = '{WORKLOAD.key}',
    'value.avro-confluent.subject' = '{TARGET}-value'
"""
options = (_format("hub"), sink, EXACTLY_ONCE)
tables.execute_sql(table("hub", WORKLOAD.columns, ENV, "hub", TARGET, *options))
every = " UNION ALL ".join(
    f"SELECT {source.select}, `at` FROM {source.name}"  # noqa: S608 - the workload's own text
    for source in WORKLOAD.for_sql
)
wanted = ", ".join(f"`{name}`" for name in WORKLOAD.fields)
if WORKLOAD.deduplicate:
    query = first(wanted, every, WORKLOAD.fields[0])
else:
    query = f"SELECT {wanted} FROM ({every})"  # noqa: S608 - the workload's own text
tables.execute_sql(f"INSERT INTO hub {query}").wait()
