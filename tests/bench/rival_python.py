"""What a Python user writes for this work: two consumers, fastavro, a set, a producer.

``python rival_python.py job.json``
"""

import io
import json
import sys
from pathlib import Path

import fastavro
import httpx
from confluent_kafka import Consumer, Producer
from workload import CONTRACT, SOURCES

JOB = json.loads(Path(sys.argv[1]).read_text())
ENV = JOB["env"]
TARGET = "bench.unified"


def _mapped(cluster: str, value: dict) -> dict:
    if cluster == "eu":
        return value
    names = ("id", "client", "total", "cur", "ts", "lines")
    order_id, customer, amount, currency, created_at, items = (value[name] for name in names)
    return {
        "order_id": order_id, "customer": customer, "amount": amount, "currency": currency,
        "created_at": created_at, "items": items, "note": None,
    }  # fmt: skip


consumers = {}
for source in SOURCES:
    consumers[source.cluster] = Consumer(
        {
            "bootstrap.servers": ENV[f"{source.cluster.upper()}_BOOTSTRAP"],
            "group.id": JOB["group"],
            "auto.offset.reset": "earliest",
        }
    )
    consumers[source.cluster].subscribe([source.topic])
producer = Producer(
    {
        "bootstrap.servers": ENV["HUB_BOOTSTRAP"],
        "compression.type": "lz4",
        "linger.ms": 50,
        "batch.num.messages": 20_000,
    }
)
registered = httpx.post(
    f"{ENV['HUB_REGISTRY']}/subjects/{TARGET}-value/versions", json={"schema": json.dumps(CONTRACT)}
)
head = b"\0" + int(registered.raise_for_status().json()["id"]).to_bytes(4, "big")
read = {source.cluster: fastavro.parse_schema(dict(source.schema)) for source in SOURCES}
write = fastavro.parse_schema(dict(CONTRACT))
seen = set()
while True:
    for cluster, consumer in consumers.items():
        for message in consumer.consume(10_000, timeout=0.05):
            if message.error():
                continue
            value = io.BytesIO(message.value())
            value.seek(len(head))
            mapped = _mapped(cluster, fastavro.schemaless_reader(value, read[cluster]))
            if mapped["order_id"] in seen:
                continue
            seen.add(mapped["order_id"])
            out = io.BytesIO(head)
            out.seek(len(head))
            fastavro.schemaless_writer(out, write, mapped)
            while True:
                try:
                    producer.produce(TARGET, out.getvalue(), key=mapped["order_id"])
                    break
                except BufferError:
                    producer.poll(0.05)
    producer.poll(0)
