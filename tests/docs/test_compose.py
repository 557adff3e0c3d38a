"""The Docker set-up against the example configuration."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.multi.yml"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return YAML(typ="safe").load(COMPOSE.read_text())


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    return compose["services"]


def test_clusters_are_those_of_the_example(services: dict[str, Any]) -> None:
    """Each cluster of configs/orders.yaml has its broker and its registry, and there is no other."""
    config = YAML(typ="safe").load((ROOT / "configs" / "orders.yaml").read_text())
    brokers = {name.removeprefix("kafka-") for name in services if name.startswith("kafka-")}
    registries = {n.removeprefix("registry-") for n in services if n.startswith("registry-")}
    assert brokers == registries == set(config["clusters"])


def test_clusters_are_independent(services: dict[str, Any]) -> None:
    """No two brokers share a cluster id or a port."""
    brokers = [s["environment"] for name, s in services.items() if name.startswith("kafka-")]
    assert len({broker["CLUSTER_ID"] for broker in brokers}) == len(brokers)
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len({port.split(":")[1] for port in ports}) == len(ports)


def test_everything_listens_on_loopback_only(services: dict[str, Any]) -> None:
    """Every published port is bound to 127.0.0.1."""
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_variables_in_its_head_reach_its_ports(services: dict[str, Any]) -> None:
    """The exports in the file's comment name the ports that are published and advertised."""
    exports = dict(re.findall(r"(\w+_(?:BOOTSTRAP|REGISTRY))=(\S+)", COMPOSE.read_text()))
    for name, service in services.items():
        kind, _, cluster = name.partition("-")
        if kind not in {"kafka", "registry"}:
            continue
        host, port = service["ports"][0].rsplit(":", 1)[0].split(":")
        variable = f"{cluster.upper()}_{'BOOTSTRAP' if kind == 'kafka' else 'REGISTRY'}"
        assert f"{host}:{port}" in exports[variable]
        if kind == "kafka":
            assert f"HOST://{host}:{port}" in service["environment"]["KAFKA_ADVERTISED_LISTENERS"]


def test_versions_are_those_of_the_lock(services: dict[str, Any]) -> None:
    """Brokers, registries and Flink are of the versions that run without Docker too."""
    lock = (ROOT / "federation" / "flink" / "jars.lock.json").read_text()
    constraints = (ROOT / "constraints.txt").read_text()
    kafka = services["kafka-eu"]["image"].partition(":")[2]
    registry = services["registry-eu"]["image"].partition(":")[2]
    flink = services["flink-jobmanager"]["image"].partition(":")[2].partition("-")[0]
    assert f"kafka_2.13:{kafka}" in lock
    assert f"apicurio-registry-app:tar.gz:all:{registry}" in lock
    assert f"apache-flink=={flink}" in constraints
