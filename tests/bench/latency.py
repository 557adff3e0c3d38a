"""How long a record takes from its source broker to a reader of the target.

``python tests/bench/latency.py --help``. The source topics let their brokers stamp each record when it
is appended, the gateway keeps that time, and a reader of committed records at the target takes the
difference to its own clock, which is the same machine's. Nothing is subtracted.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from array import array
from multiprocessing import get_context
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import click
import fastavro

sys.path.insert(0, str(Path(__file__).parent))  # a folder of scripts, no package

import gateway
from clusters import clusters
from confluent_kafka import Consumer, Producer, TopicPartition
from load import begin
from measure import ended, tidy
from report import machine
from workload import identity
from workloads.orders import orders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workload import Source

HERE = Path(__file__).parent
WORKLOAD = orders("latency", "the baseline's orders, at a steady rate", repeats=0)
_TICK = 0.005  # seconds between two portions
QUANTILES = (0.5, 0.9, 0.99, 0.999)


@click.command(context_settings={"show_default": True})
@click.option("--rate", default=10_000, help="Records a second, in both source clusters together.")
@click.option("--warm-up", default=60, help="Seconds before the first record that counts.")
@click.option("--seconds", default=60, help="Seconds in which records count.")
@click.option(
    "--delivery", default="exactly-once", type=click.Choice(["exactly-once", "at-least-once"])
)
@click.option("--checkpoint", default="100ms", help="The configuration's run.checkpoint.")
@click.option("--parallelism", default=1, help="The configuration's run.parallelism.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=HERE.parents[1] / ".federation" / "bench",
    help="Brokers and results.",
)
def main(
    *,
    rate: int,
    warm_up: int,
    seconds: int,
    delivery: str,
    checkpoint: str,
    parallelism: int,
    folder: Path,
) -> None:
    """Write records at a steady rate, and measure until a reader of the target has them."""
    with clusters(folder) as env:
        tidy(env, (WORKLOAD.target,), WORKLOAD.partitions)
        portions = [_portions(one, rate // 2, warm_up + seconds) for one in WORKLOAD.sources]
        stamped = {"message.timestamp.type": "LogAppendTime"}
        heads = [begin(one, WORKLOAD.partitions, env, **stamped) for one in WORKLOAD.sources]
        run = {"checkpoint": checkpoint, "parallelism": parallelism}
        with tempfile.TemporaryDirectory(prefix="bench-") as work:
            command = gateway.command(Path(work), [WORKLOAD], delivery=delivery, **run)
            process = subprocess.Popen(
                command, cwd=work, env={**os.environ, **env},
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            try:
                taken = _measured(env, portions, heads, warm_up)
            finally:
                ended(process)
    wanted = sum(len(one) for each in portions for one in each)
    if taken["all"] != wanted:
        raise click.ClickException(f"{taken['all']:,} records arrived, {wanted:,} were written")
    name = f"latency-{delivery}-{checkpoint}-{parallelism}"
    values = sorted(taken["counted"])
    found = {f"p{100 * q:g}": values[min(len(values) - 1, int(q * len(values)))] for q in QUANTILES}
    result = folder / f"{name}.json"
    said: dict[str, Any] = {"rate": rate, "delivery": delivery, **run, "records": len(values)}
    result.write_text(json.dumps({**said, **found, "most": values[-1], "machine": machine()}))
    click.echo(
        f"{name}: {', '.join(f'{k} {v} ms' for k, v in found.items())}, most {values[-1]} ms"
    )
    _plot(values, result.with_suffix(".png"), f"{delivery}, checkpoint {checkpoint}, {rate:,}/s")


def _portions(source: Source, rate: int, seconds: int) -> list[list[tuple[bytes, bytes]]]:
    """Keys and bodies, a list for each tick: made before, so that writing them costs little."""
    schema = fastavro.parse_schema(dict(source.schema))
    each = round(rate * _TICK)
    made = []
    for tick in range(round(seconds / _TICK)):
        portion = []
        for number in range(tick * each, (tick + 1) * each):
            out = io.BytesIO()
            fastavro.schemaless_writer(out, schema, source.datum(number))
            portion.append((identity(source.name, number).encode(), out.getvalue()))
        made.append(portion)
    return made


def _measured(
    env: Mapping[str, str],
    portions: list[list[list[tuple[bytes, bytes]]]],
    heads: list[bytes],
    warm_up: int,
) -> dict[str, Any]:
    """Write everything, read everything; milliseconds of the records after the warm-up."""
    context = get_context("spawn")
    results: Any = context.Queue()
    wanted = sum(len(one) for each in portions for one in each)
    reader = context.Process(target=_read, args=(env["HUB_BOOTSTRAP"], wanted, results))
    reader.start()
    results.get(timeout=60)  # it reads
    began = time.time()
    writers = [
        Thread(target=_write, args=(env[f"{s.cluster.upper()}_BOOTSTRAP"], s.topic, head, each))
        for s, head, each in zip(WORKLOAD.sources, heads, portions, strict=True)
    ]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    stamps, latencies = results.get(timeout=180)
    reader.join()
    after = (began + warm_up) * 1000
    return {
        "all": len(latencies),
        "counted": [took for at, took in zip(stamps, latencies, strict=True) if at >= after],
    }


def _write(
    bootstrap: str, topic: str, head: bytes, portions: list[list[tuple[bytes, bytes]]]
) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 1, "compression.type": "lz4"})
    begin = time.monotonic()
    for tick, portion in enumerate(portions):
        time.sleep(max(0.0, begin + tick * _TICK - time.monotonic()))
        for key, body in portion:
            producer.produce(topic, head + body, key=key)
        producer.poll(0)
    producer.flush()


def _read(bootstrap: str, wanted: int, results: Any) -> None:
    consumer = Consumer({
        "bootstrap.servers": bootstrap, "group.id": "latency", "enable.auto.commit": False,
        "isolation.level": "read_committed", "fetch.wait.max.ms": 10,
    })  # fmt: skip
    consumer.assign([TopicPartition(WORKLOAD.target, n, 0) for n in range(WORKLOAD.partitions)])
    stamps, latencies = array("d"), array("l")
    results.put("reading")
    quiet = time.monotonic() + 120
    while len(latencies) < wanted and time.monotonic() < quiet:
        for message in consumer.consume(1000, timeout=0.01):
            if message.error() is None:
                _, stamp = message.timestamp()
                stamps.append(stamp)
                latencies.append(int(time.time() * 1000) - stamp)
                quiet = time.monotonic() + 60
    consumer.close()
    results.put((stamps, latencies))


def _plot(values: list[int], path: Path, title: str) -> None:
    from matplotlib import pyplot as plt  # noqa: PLC0415 - an extra, and slow to load

    figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    step = max(1, len(values) // 2000)
    shown = range(0, len(values), step)
    axes.plot([values[i] for i in shown], [100 * i / len(values) for i in shown])
    axes.set(xlabel="milliseconds", ylabel="% of records", title=title, xlim=(0, None))
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    main()
