"""Builds of the gateway that break its promise, each in one way: the judge of all other tests sees it.

A build is the operators' sources with one edit; the gateway that runs it is otherwise the real one.
"""

from __future__ import annotations

import shutil
import signal
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Producer
from streams import case, eventually, producing
from window import fence, in_the_window

from federation.flink import build

if TYPE_CHECKING:
    from pathlib import Path

    from streams import Case

    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

# Runs the command line with another jar of operators.
WITH_JAR = """\
import sys
from pathlib import Path
from federation.flink import build
build.PACKAGED = Path(sys.argv.pop(1))
from federation.cli.app import main
main()
"""


@dataclass(frozen=True)
class Edit:
    """One change of a Java file; what it replaces stands there once."""

    file: str
    before: str
    after: str


WRITE = "writer.write(record, context);"
FORGETS_ONE = """\
if (record.kind {} Record.DEAD && ++seen == 3) {{
            return;
        }}
        writer.write(record, context);
    }}

    private int seen;

    private void unused() {{"""
TURNS_ROUND = """\
held.add(new federation.record.RecordSerializer().copy(record));
        if (held.size() == 200) {
            java.util.Collections.reverse(held);
            for (Record one : held) {
                writer.write(one, context);
            }
            held.clear();
        }
    }

    private final java.util.List<Record> held = new ArrayList<>();

    private void unused() {"""

BUILDS = {
    "forgets a record": (Edit("sink/TargetWriter", WRITE, FORGETS_ONE.format("!=")), "missing"),
    "forgets a dead letter": (
        Edit("sink/TargetWriter", WRITE, FORGETS_ONE.format("==")),
        "dead_letters",
    ),
    "turns the order round": (Edit("sink/TargetWriter", WRITE, TURNS_ROUND), "disordered"),
    "does not deduplicate": (
        Edit("dedup/DeduplicateOperator", "} else if (record.hasBusiness()", "} else if (false"),
        "duplicate",
    ),
    "changes a timestamp": (
        Edit("sink/TargetSerializer", "null : record.timestamp;", "null : record.timestamp + 1;"),
        "altered",
    ),
}


def _built(folder: Path, edit: Edit) -> Path:
    """The jar of the operators with one edit."""
    sources = folder / "src"
    shutil.copytree(build.SOURCES / "main", sources / "main")
    file = sources / "main" / "java" / "federation" / f"{edit.file}.java"
    text = file.read_text()
    assert text.count(edit.before) == 1, f"{edit.before!r} in {file}"
    file.write_text(text.replace(edit.before, edit.after))
    jar = folder / "operators.jar"
    build.build_jar(jar, sources)
    return jar


def _with(made: Case, folder: Path, edit: Edit) -> Case:
    """The case, run by a build with that edit."""
    script = folder / "with_jar.py"
    script.write_text(WITH_JAR)
    return replace(made, cli=(sys.executable, str(script), str(_built(folder, edit))))


@pytest.mark.parametrize("name", BUILDS)
def test_a_build_that_is_wrong_by_one_line(name: str, sandbox: Sandbox, tmp_path: Path) -> None:
    """What it does to the stream is found, and called by its name."""
    edit, kind = BUILDS[name]
    made = _with(case(sandbox, tmp_path, name.replace(" ", "-"), records=5_000), tmp_path, edit)
    made.run("start", "--until-caught-up")
    assert kind in made.verdict().faults()


def test_a_build_that_reads_uncommitted(sandbox: Sandbox, tmp_path: Path) -> None:
    """Records of an aborted transaction at a source are found in the output."""
    edit = Edit("kafka/ClusterSource", '"read_committed"', '"read_uncommitted"')
    made = case(sandbox, tmp_path, "uncommitted", records=5_000)
    made = _with(made, tmp_path, edit)
    producer = Producer(
        {"bootstrap.servers": made.env["EU_BOOTSTRAP"], "transactional.id": "uncommitted"}
    )
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce("uncommitted.orders", b"never happened", b"key")
    assert producer.flush(30) == 0
    producer.abort_transaction(30)
    made.run("start", "--until-caught-up")
    assert "dead_letters" in made.verdict().faults()


def _quick(config: dict[str, Any]) -> None:
    config["run"] = {"checkpoint": "1s", "parallelism": 1}


def test_a_build_that_forgets_a_failed_commit(sandbox: Sandbox, tmp_path: Path) -> None:
    """Transactions that the brokers aborted in the commit window are found as lost records."""
    edit = Edit(
        "sink/TargetCommitter",
        "throw new SuppressRestartsException(new CommitFailed(transaction, failed.failure()));",
        "request.signalFailedWithKnownReason(failed.failure());",
    )
    made = _with(case(sandbox, tmp_path, "forgets", edit=_quick), tmp_path, edit)
    with made.running() as process:
        with producing(sandbox, made, rate=1000):
            with in_the_window(made) as transactions:
                fence(made, *transactions)
            before = _number(made)
            eventually(lambda: _number(made) > before, "another checkpoint")
        eventually(lambda: _caught_up(made), "a stream without lag")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=90) == 0, made.log()
    assert "missing" in made.verdict().faults()


def test_delivery_at_least_once(sandbox: Sandbox, tmp_path: Path) -> None:
    """A gateway that is killed between two checkpoints writes again what it wrote since the first."""

    def edit(config: dict[str, Any]) -> None:
        config["run"] = {"checkpoint": "1h", "parallelism": 1}
        (stream,) = config["streams"].values()
        stream["target"]["delivery"] = "at-least-once"

    made = case(sandbox, tmp_path, "again", records=5_000, edit=edit)
    with made.running():
        eventually(made.checkpoint, "the first checkpoint, soon after the start")
        before = _read(made)
        with producing(sandbox, made, rate=1000):
            eventually(lambda: _read(made) > before + 2_000, "records behind it")
    made.run("start", "--until-caught-up")
    assert "duplicate" in made.verdict().faults()


def _read(made: Case) -> int:
    return sum(one["read"] for stream in made.status()["streams"] for one in stream["sources"])


def _caught_up(made: Case) -> bool:
    (stream,) = made.status()["streams"]
    return all(one["read"] > 0 and one["lag"] == 0 for one in stream["sources"])


def _number(made: Case) -> int:
    """Of the last completed checkpoint."""
    (stream,) = made.status()["streams"]
    return stream["checkpoint"]["number"]
