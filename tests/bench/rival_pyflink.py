"""What a PyFlink user writes for this work: tables of bytes, fastavro in an Arrow (pandas) step.

``python rival_pyflink.py job.json``
"""

import json
import os
import sys
from pathlib import Path

import pandas as pd
from flink_tables import EXACTLY_ONCE, FROM_START, environment, first, table
from handwritten import Step
from load import register
from pyflink.table import DataTypes
from pyflink.table.udf import ScalarFunction, udf
from workloads import WORKLOADS

FIELDS = ["id", "k", "body"]


class Normalise(ScalarFunction):
    """Steps over a batch of records, whose sources stand beside them."""

    def __init__(self, workload: str, head: bytes) -> None:
        self._made_of = workload, head

    def open(self, _context: object) -> None:
        """Parse the schemas, once in each worker."""
        name, head = self._made_of
        workload = WORKLOADS[name]
        self._steps = [Step(workload, source, head) for source in workload.sources]

    def eval(self, batch: pd.DataFrame) -> pd.DataFrame:
        """Ids, keys and values for a batch of values."""
        pairs = zip(batch.iloc[:, 0], batch.iloc[:, 1], strict=True)
        return pd.DataFrame([self._steps[at](value) for at, value in pairs], columns=FIELDS)


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    env, workload = job["env"], WORKLOADS[job["workload"]]
    # The workers of Flink's Python are processes of their own, with this one's environment.
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)
    python = {"python.executable": sys.executable, "python.client.executable": sys.executable}
    tables = environment(job["jars"], job["checkpoints"], **python)
    head = register(env["HUB_REGISTRY"], workload.target, workload.contract)
    kinds = (DataTypes.STRING(), DataTypes.STRING(), DataTypes.BYTES())
    row = DataTypes.ROW(
        [DataTypes.FIELD(name, kind) for name, kind in zip(FIELDS, kinds, strict=True)]
    )
    for source in workload.sources:
        options = (source.cluster, source.topic, "'format' = 'raw'", FROM_START)
        tables.execute_sql(table(source.name, "body BYTES", env, *options))
    every = " UNION ALL ".join(
        f"SELECT {at} AS source, body FROM {source.name}"  # noqa: S608 - the workload's own names
        for at, source in enumerate(workload.sources)
    )
    normalise = udf(Normalise(workload.name, head), result_type=row, func_type="pandas")
    merged = tables.sql_query(every).map(normalise).alias(*FIELDS)
    tables.create_temporary_view("merged", merged)
    sink = """
        'key.format' = 'raw', 'key.fields' = 'k', 'value.format' = 'raw',
        'value.fields-include' = 'EXCEPT_KEY'
    """
    options = ("hub", workload.target, sink, EXACTLY_ONCE)
    tables.execute_sql(table("hub", "k STRING, body BYTES", env, *options))
    query = "SELECT k, body FROM merged"
    if workload.deduplicate:
        query = first("k, body", "SELECT *, PROCTIME() AS `at` FROM merged", "id")
    tables.execute_sql(f"INSERT INTO hub {query}").wait()


if __name__ == "__main__":
    main()
