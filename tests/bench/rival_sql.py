"""What a Flink user writes for this work: SQL, Flink's own connectors and formats.

``python rival_sql.py job.json``
"""

import json
import sys
from pathlib import Path

from pyflink.common import Configuration
from pyflink.table import EnvironmentSettings, TableEnvironment

JOB = json.loads(Path(sys.argv[1]).read_text())
ENV = JOB["env"]

COLUMNS = {
    "eu": """
        order_id STRING, customer STRING, amount DOUBLE, currency STRING, created_at TIMESTAMP(3),
        items ARRAY<ROW<sku STRING, qty BIGINT>>, note STRING
    """,
    "us": """
        id STRING, client STRING, total FLOAT, cur STRING, ts BIGINT,
        `lines` ARRAY<ROW<sku STRING, qty BIGINT>>
    """,
}
SELECT = {
    "eu": "SELECT order_id, customer, amount, currency, created_at, items, note FROM eu",
    "us": """
        SELECT id, client, CAST(total AS DOUBLE), cur,
        CAST(TO_TIMESTAMP_LTZ(ts, 3) AS TIMESTAMP(3)), `lines`, CAST(NULL AS STRING) FROM us
    """,
}
TARGET = """
    order_id STRING, customer STRING, amount DOUBLE, currency STRING, created_at TIMESTAMP(3),
    items ARRAY<ROW<sku STRING, qty BIGINT>>, note STRING
"""


def _table(name: str, columns: str, topic: str, more: str) -> str:
    return f"""
        CREATE TABLE {name} ({columns}) WITH (
            'connector' = 'kafka', 'topic' = '{topic}',
            'properties.bootstrap.servers' = '{ENV[f"{name.upper()}_BOOTSTRAP"]}',
            'value.format' = 'avro-confluent',
            'value.avro-confluent.url' = '{ENV[f"{name.upper()}_REGISTRY"]}', {more})
    """


configuration = Configuration()
for option, value in {
    "execution.target": "local",
    "parallelism.default": "2",
    "pipeline.object-reuse": "true",
    "pipeline.jars": ";".join(JOB["jars"]),
    "execution.checkpointing.interval": "5 s",
    "execution.checkpointing.dir": JOB["checkpoints"],
    "table.local-time-zone": "UTC",
}.items():
    configuration.set_string(option, value)
tables = TableEnvironment.create(
    EnvironmentSettings.new_instance().in_streaming_mode().with_configuration(configuration).build()
)
for cluster, topic in JOB["sources"]:
    more = "'scan.startup.mode' = 'earliest-offset'"
    tables.execute_sql(_table(cluster, f"{COLUMNS[cluster]}, `at` AS PROCTIME()", topic, more))
sink = """
    'key.format' = 'raw', 'key.fields' = 'order_id', 'sink.delivery-guarantee' = 'exactly-once',
    'value.avro-confluent.subject' = 'bench.unified-value',
    'sink.transactional-id-prefix' = 'bench-sql', 'properties.transaction.timeout.ms' = '600000',
    'properties.compression.type' = 'lz4'
"""
tables.execute_sql(_table("hub", TARGET, "bench.unified", sink))
every = " UNION ALL ".join(
    SELECT[cluster].replace(f"FROM {cluster}", f", `at` FROM {cluster}").replace(" ,", ",")
    for cluster, _ in JOB["sources"]
)
tables.execute_sql(f"""
    INSERT INTO hub SELECT order_id, customer, amount, currency, created_at, items, note FROM (
        SELECT *, ROW_NUMBER() OVER (PARTITION BY order_id ORDER BY `at` ASC) AS nth FROM ({every})
    ) WHERE nth = 1
""").wait()  # noqa: S608 - made of this file
