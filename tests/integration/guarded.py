"""A broker that asks for a login, for tests of credentials."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from federation.flink import jars, jvm
from federation.kafka.clients import reach
from federation.sandbox import nodes
from federation.sandbox.state import new_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
SASL = """
listeners=SASL_PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=SASL_PLAINTEXT://127.0.0.1:{broker}
listener.security.protocol.map=SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=SASL_PLAINTEXT
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl_plaintext.plain.sasl.jaas.config={module} required username="broker" \
password="inside" user_broker="inside" user_reader="right";
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config={scram} required;
"""


@contextmanager
def guarded_broker(folder: Path) -> Iterator[str]:
    """The address of a broker that asks for a login (PLAIN or SCRAM; reader, right)."""
    node = new_cluster("guarded", set(), None)
    nodes.prepare(folder, node)
    layout = nodes.Layout(folder, node)
    kept = [
        line
        for line in layout.properties.read_text().splitlines()
        if not line.startswith(("listeners=", "advertised.", "listener.security."))
    ]
    sasl = SASL.format(**node.ports, module=PLAIN, scram=SCRAM)
    layout.properties.write_text("\n".join(kept) + sasl)
    java, broker = jvm.find_java(21), jars.resolve("broker")
    user = ["--add-scram", "SCRAM-SHA-512=[name=reader,password=right]"]
    with layout.log("broker").open("wb") as log:
        format_command = nodes.format_command(java, broker, folder, node)
        subprocess.run([*format_command, *user], stdout=log, stderr=log, check=True, timeout=120)
        command = nodes.broker_command(java, broker, folder, node)
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        reach("guarded", login(node.bootstrap), timeout=90)
        yield node.bootstrap
    finally:
        process.kill()
        process.wait()


def login(
    bootstrap: str,
    word: str = "right",
    mechanism: str = "PLAIN",
    protocol: str = "SASL_PLAINTEXT",
) -> dict[str, str]:
    """Java properties of the guarded broker."""
    module = PLAIN if mechanism == "PLAIN" else SCRAM
    return {
        "bootstrap.servers": bootstrap,
        "security.protocol": protocol,
        "sasl.mechanism": mechanism,
        "sasl.jaas.config": f'{module} required username="reader" password="{word}";',
    }
