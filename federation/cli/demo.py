"""``federation demo``: three real clusters, one clean stream, and the proof."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from federation.cli.output import stdout
from federation.errors import SetupError

if TYPE_CHECKING:
    from federation.plan.model import StreamPlan

_MARK = ".federation-demo"  # only a folder that has it is ever emptied
_DEAD = "fed.dead."
_EXAMPLES = """\b
Examples:
  federation demo
  federation demo --records 100000 --keep
"""


@click.command(epilog=_EXAMPLES)
@click.option(
    "--records", type=click.IntRange(min=1000), default=1_000_000, show_default=True,
    help="How many source records.",
)  # fmt: skip
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), default=Path("federation-demo"),
    show_default=True, help="Where everything of the demo is kept; emptied first.",
)  # fmt: skip
@click.option("--keep", is_flag=True, help="Leave the clusters running afterwards.")
@click.pass_context
def demo(ctx: click.Context, records: int, folder: Path, *, keep: bool) -> None:
    """Merge three real Kafka clusters into one stream, and prove the result.

    Starts brokers and registries, writes orders as two shops write them, with everything that goes
    wrong in real topics, merges them with a Flink job and verifies what came out. Every step is one
    command that you can run yourself.
    """
    began = time.monotonic()
    story = _Story(ctx, folder, records)
    story.prepare()
    try:
        story.tell()
    finally:
        if not keep:
            story.end()
    story.summary(time.monotonic() - began, keep=keep)


class _Story:
    """The demo, step by step; each step is a command of this program."""

    def __init__(self, ctx: click.Context, folder: Path, records: int) -> None:
        self._ctx = ctx
        self._folder = folder
        self._records = records
        self._box = folder / "sandbox"
        self._config = folder / "orders.yaml"
        self._report = folder / "proof.html"
        self._step = 0

    def prepare(self) -> None:
        """Begin with an empty folder that holds the example configuration."""
        if self._folder.exists() and any(self._folder.iterdir()):
            if not (self._folder / _MARK).exists():
                raise SetupError(
                    "the folder is not empty and is not from an earlier demo",
                    where=str(self._folder),
                    hint="choose another with --folder",
                )
            self.end()
            shutil.rmtree(self._folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / _MARK).touch()
        examples = _examples()
        shutil.copy(examples / "orders.yaml", self._config)
        shutil.copy(examples / "federation.schema.json", self._folder)
        shutil.copytree(examples / "schemas", self._folder / "schemas")

    def tell(self) -> None:
        """Run every step."""
        from federation.cli.sandbox import seed, up
        from federation.cli.start import start
        from federation.cli.verify import verify
        from federation.sandbox import Sandbox

        truth = self._folder / "truth.jsonl.gz"
        self._say("three real clusters, each with its own schema registry", "sandbox up")
        self._run(up, folder=self._box)
        self._say(
            "orders as two shops write them: other names and types, two schema versions, orders in "
            "both regions, retries, delete markers, and records that nobody can read",
            f"sandbox seed --records {self._records} --truth {truth}",
        )
        self._run(seed, records=self._records, truth=truth, folder=self._box)
        os.environ.update(Sandbox(self._box).env())
        self._say("what will run, decided before anything starts", f"plan -c {self._config}")
        stream = self._plan()
        self._say(
            "one Flink job: decode, map to the contract, deduplicate, commit exactly once",
            f"start -c {self._config} --until-caught-up",
        )
        self._run(start, config=self._config, until_caught_up=True)
        self._say(
            "the proof: both ends read again, every record recomputed by code that the engine "
            "does not share",
            f"verify -c {self._config} --report {self._report}",
        )
        self._run(verify, config=self._config, report=self._report, everything=True)
        self._say(
            "why the dead letters are dead: the first of each kind",
            f"trace -c {self._config} {stream.target.dead_letter}-0@0",
        )
        self._dead_letters(stream)

    def end(self) -> None:
        """Stop the clusters."""
        from federation.cli.sandbox import down

        self._run(down, folder=self._box)

    def summary(self, seconds: float, *, keep: bool) -> None:
        """Say what was shown and what can be done next."""
        console = stdout()
        console.rule(style="green")
        console.print(
            f"[bold green]{self._records:,} records of two schemas and four versions became one "
            f"stream, proven in {seconds:.0f} s.[/]"
        )
        console.print(f"The proof as a page: {self._report}")
        if keep:
            console.print(
                f'Go on: eval "$(federation sandbox env --folder {self._box})"; '
                f"federation start -c {self._config}"
            )
            console.print(f"End:   federation sandbox down --folder {self._box}")
        else:
            console.print("Nothing is left running. Play on with: federation demo --keep")

    def _plan(self) -> StreamPlan:
        from federation.cli.plan import compiled

        (stream,) = compiled(self._config).streams
        console = stdout()
        for source in stream.sources:
            for version in source.versions:
                fields = version.report.fields
                count = {
                    kind: sum(field.kind == kind for field in fields)
                    for kind in ("mapped", "defaulted", "const")
                }
                console.print(
                    f"{source.name}, {version.subject} version {version.version}: "
                    f"{count['mapped']} fields mapped, {count['defaulted']} by default, "
                    f"{len(version.report.dropped)} dropped, "
                    f"{sum(field.lossy for field in fields)} lossy"
                )
        target = stream.target
        console.print(
            f"to {target.cluster.alias}/{target.topic}, key {', '.join(target.key_fields)}, "
            f"{target.delivery}"
        )
        return stream

    def _dead_letters(self, stream: StreamPlan) -> None:
        from federation.cli.output import table
        from federation.kafka.clients import consumer, reach
        from federation.kafka.offsets import begins, ends
        from federation.kafka.reading import Span, read

        cluster, topic = stream.target.cluster, stream.target.dead_letter
        admin = reach(cluster.alias, cluster.properties).admin
        partitions = [(topic, n) for n in admin.list_topics(topic).topics[topic].partitions]
        first, last = begins(admin, partitions, topic), ends(admin, partitions, topic)
        spans = [Span(*p, first[p], last[p]) for p in partitions]
        rows: dict[str, dict[str, Any]] = {}
        client = consumer(cluster.alias, cluster.properties)
        try:
            for message in read(client, spans, where=topic):
                facts = {
                    name.removeprefix(_DEAD): value.decode()
                    for name, value in message.headers()
                    if name.startswith(_DEAD)
                }
                why = f"{facts['stage']}/{facts['reason']}"
                row = rows.setdefault(
                    why,
                    {
                        "why": why,
                        "records": 0,
                        "for example": "{cluster}/{topic}/{partition}@{offset}".format(**facts),
                        "error": facts["error"],
                    },
                )
                row["records"] += 1
        finally:
            client.close()
        stdout().print(table(sorted(rows.values(), key=lambda row: -row["records"])))

    def _say(self, what: str, command: str) -> None:
        self._step += 1
        console = stdout()
        console.print()
        console.print(f"[bold cyan]{self._step}  {what}[/]")
        console.print(f"   $ federation {command}", style="dim", highlight=False)

    def _run(self, command: click.Command, **options: Any) -> None:
        try:
            self._ctx.invoke(command, **options)
        except click.exceptions.Exit as done:
            if done.exit_code:
                raise


def _examples() -> Path:
    """The example configurations: in an installed package its own, else the checkout's."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "configs"
    return inside if inside.is_dir() else package.parent / "configs"
