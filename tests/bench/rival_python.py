"""What a Python user writes for this work: consumers, fastavro, a set, a producer.

``python rival_python.py job.json``
"""

import json
import sys
from pathlib import Path

from confluent_kafka import Consumer, Producer
from handwritten import Step
from load import register
from workloads import WORKLOADS

JOB = json.loads(Path(sys.argv[1]).read_text())
ENV = JOB["env"]
WORKLOAD = WORKLOADS[JOB["workload"]]
TARGET = WORKLOAD.target

producer = Producer(
    {
        "bootstrap.servers": ENV["HUB_BOOTSTRAP"],
        "compression.type": "lz4",
        "linger.ms": 50,
        "batch.num.messages": 20_000,
    }
)
head = register(ENV["HUB_REGISTRY"], TARGET, WORKLOAD.contract)
steps = {source.topic: Step(WORKLOAD, source, head) for source in WORKLOAD.sources}
consumers = []
for cluster in sorted({source.cluster for source in WORKLOAD.sources}):
    consumers.append(
        Consumer(
            {
                "bootstrap.servers": ENV[f"{cluster.upper()}_BOOTSTRAP"],
                "group.id": JOB["group"],
                "auto.offset.reset": "earliest",
            }
        )
    )
    consumers[-1].subscribe([one.topic for one in WORKLOAD.sources if one.cluster == cluster])
seen = set()
while True:
    for consumer in consumers:
        for message in consumer.consume(10_000, timeout=0.05):
            if message.error():
                continue
            number, key, value = steps[message.topic()](message.value())
            if WORKLOAD.deduplicate:
                if number in seen:
                    continue
                seen.add(number)
            while True:
                try:
                    producer.produce(TARGET, value, key=key)
                    break
                except BufferError:
                    producer.poll(0.05)
    producer.poll(0)
