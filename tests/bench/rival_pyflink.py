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
    """A step over a batch of records."""

    def __init__(self, workload: str, source: str, head: bytes) -> None:
        self._made_of = workload, source, head

    def open(self, _context: object) -> None:
        """Parse the schemas, once in each worker."""
        name, source, head = self._made_of
        workload = WORKLOADS[name]
        (found,) = (one for one in workload.sources if one.name == source)
        self._step = Step(workload, found, head)

    def eval(self, batch: pd.DataFrame) -> pd.DataFrame:
        """Ids, keys and values for a batch of values."""
        return pd.DataFrame([self._step(value) for value in batch.iloc[:, 0]], columns=FIELDS)


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
    mapped = []
    for source in workload.sources:
        options = (source.cluster, source.topic, "'format' = 'raw'", FROM_START)
        tables.execute_sql(table(source.name, "body BYTES", env, *options))
        step = Normalise(workload.name, source.name, head)
        normalise = udf(step, result_type=row, func_type="pandas")
        mapped.append(tables.from_path(source.name).map(normalise).alias(*FIELDS))
    merged = mapped[0]
    for one in mapped[1:]:
        merged = merged.union_all(one)
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
