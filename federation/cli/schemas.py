"""``federation schemas``: what sources write against the contract, and a draft of one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from federation.cli.output import config_option, emit, output_option, print_findings, stderr
from federation.errors import EXIT_DIFFERENCES, EXIT_ERROR, ConfigError, FederationError, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from federation.config.load import Loaded
    from federation.config.models import Stream
    from federation.config.sources import Source
    from federation.plan.versions import Compared, SourceVersions

_DIFF = """\b
Examples:
  federation schemas diff -c orders.yaml
  federation schemas diff -c orders.yaml -o json | jq '.[].versions[] | select(.refused != [])'
"""
_SUGGEST = """\b
Examples:
  federation schemas suggest -c clusters.yaml --from eu/orders --from us/order_events
  federation schemas suggest -c orders.yaml --stream orders --write draft
"""


@click.group()
def schemas() -> None:
    """Compare the sources' schemas with the contract, or draft one from them."""


@schemas.command(epilog=_DIFF)
@config_option
@output_option
@click.option("--stream", metavar="NAME", help="One stream; default: all.")
@click.pass_context
def diff(ctx: click.Context, config: Path, output: str, stream: str | None) -> None:
    """Show every registered version against the contract and against the one before it.

    Per source and version: what is mapped, defaulted, dropped or lossy, or all the reasons why it
    cannot meet the contract. Exit code 3 if any version cannot.
    """
    from federation.config.load import load

    loaded = load(config)
    names = [stream] if stream else list(loaded.config.streams)
    result: list[dict[str, Any]] = []
    errors: list[Finding] = []
    for name in names:
        declared = _stream(loaded, name)
        for found in _read(loaded, declared.sources):
            errors += [*found.refused, *([found.error] if found.error else [])]
            result.append(_compared(loaded, name, declared, found))
    emit(result, output, _render)
    print_findings(errors)
    if errors:
        ctx.exit(EXIT_ERROR)
    if any(version["refused"] for source in result for version in source["versions"]):
        ctx.exit(EXIT_DIFFERENCES)


@schemas.command(epilog=_SUGGEST)
@config_option
@click.option("--stream", metavar="NAME", help="Draft anew from the sources of this stream.")
@click.option(
    "--from",
    "origins",
    metavar="CLUSTER/TOPIC",
    multiple=True,
    help="A source, without a stream yet; may be repeated. Names come from the first.",
)
@click.option("--name", metavar="NAME", help="The stream's name with --from; default: a topic's.")
@click.option(
    "--write",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write the files there; nothing that exists is overwritten.",
)
def suggest(
    config: Path,
    stream: str | None,
    origins: tuple[str, ...],
    name: str | None,
    folder: Path | None,
) -> None:
    """Draft a contract and the rules of each source from their registered schemas.

    With --from the configuration needs only its clusters. Guesses are marked; read them, then see
    what `lint` and `plan` say.
    """
    from federation.config.values import NAME
    from federation.plan.drafting import draft

    if bool(stream) == bool(origins):
        raise click.UsageError("Give --stream NAME, or --from CLUSTER/TOPIC once or more.")
    if name is not None and not re.fullmatch(NAME, name):
        raise click.UsageError("--name has letters, digits, _ and -, at most 63.")
    loaded, sources, declared = _sources(config, stream, origins)
    found = _read(loaded, sources)
    failed = [f for one in found for f in (*one.refused, *([one.error] if one.error else []))]
    if failed:
        raise FederationError.of(failed)
    used = {source.cluster for source in sources}
    hub = next((alias for alias in loaded.config.clusters if alias not in used), min(used))
    called = stream or name or re.sub(r"[^A-Za-z0-9]+", "_", sources[0].topics[0]).strip("_")
    made = draft(called[:63] or "stream", found, hub, declared.target if declared else None)
    if folder is None:
        click.echo(f"{made.yaml}\n# schemas/{made.name}.avsc\n{made.avsc}", nl=False)
        return
    _write(
        {
            folder / f"{made.name}.yaml": (_head(config) if origins else "") + made.yaml,
            folder / "schemas" / f"{made.name}.avsc": made.avsc,
        }
    )


def _head(config: Path) -> str:
    """The configuration before its first stream; nothing if it has streams already."""
    text = config.read_text("utf-8-sig").rstrip("\n")
    return "" if re.search(r"^[\"']?streams\b", text, re.MULTILINE) else f"{text}\n\n"


def _sources(
    config: Path, stream: str | None, origins: tuple[str, ...]
) -> tuple[Loaded, tuple[Source, ...], Stream | None]:
    from federation.config.clusters import load_clusters
    from federation.config.load import load
    from federation.config.sources import Source

    if stream is not None:
        loaded = load(config)
        declared = _stream(loaded, stream)
        return loaded, declared.sources, declared
    loaded = load_clusters(config)
    made = []
    for origin in origins:
        cluster, _, topic = origin.partition("/")
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", topic):
            raise click.UsageError(f"--from {origin} is not CLUSTER/TOPIC.")
        if cluster not in loaded.config.clusters:
            known = ", ".join(loaded.config.clusters)
            raise ConfigError(
                f"no cluster {cluster}", where=str(config), hint=f"there are: {known}"
            )
        made.append(Source(cluster=cluster, topics=(topic,)))
    return loaded, tuple(made), None


def _stream(loaded: Loaded, name: str) -> Stream:
    found = loaded.config.streams.get(name)
    if found is None:
        known = ", ".join(loaded.config.streams)
        raise ConfigError(f"no stream {name}", where=str(loaded.path), hint=f"there are: {known}")
    return found


def _read(loaded: Loaded, sources: tuple[Source, ...]) -> list[SourceVersions]:
    from federation.plan.versions import read_versions

    aliases = ", ".join(sorted({source.cluster for source in sources}))
    with stderr().status(f"asking the registries of {aliases}"):
        return read_versions(loaded, sources)


def _compared(loaded: Loaded, name: str, declared: Stream, found: SourceVersions) -> dict[str, Any]:
    """One source of the result, in its JSON form."""
    from federation.plan.versions import compare

    keys = declared.target.key.fields if declared.tombstones == "forward" else None
    versions = compare(found, loaded.contracts[name], keys)
    return {
        "stream": name,
        "source": found.name,
        "error": found.error,
        "versions": [_version(one) for one in versions],
    }


def _version(one: Compared) -> dict[str, Any]:
    fields = one.report.fields if one.report else ()
    return {
        "subject": one.subject,
        "version": one.version,
        "id": one.id,
        "part": one.part,
        "meets": one.report is not None,
        "fields": [
            {
                "field": f.target,
                "kind": f.kind,
                "from": f.source,
                "conversion": f.conversion,
                "lossy": f.lossy,
            }
            for f in fields
        ],
        "dropped": list(one.report.dropped) if one.report else [],
        "refused": [{"field": f.where, "what": f.what, "hint": f.hint} for f in one.refused],
        "changes": [
            {"field": c.path, "kind": c.kind, "before": c.before, "after": c.after, "text": str(c)}
            for c in one.changed
        ],
    }


def _render(result: list[dict[str, Any]]) -> Iterator[RenderableType]:
    from rich.text import Text

    for source in result:
        title = Text.assemble((source["source"], "bold"), f"  stream {source['stream']}")
        yield title
        if not source["versions"] and source["error"] is None:
            yield Text("  no schema is registered; schemas are taken by id while running")
        for version in source["versions"]:
            fine = version["meets"]
            verdict = ("meets the contract", "green") if fine else ("cannot meet it", "bold red")
            numbers = f" version {version['version']} (id {version['id']})"
            head = f"  {version['subject']}{numbers if version['version'] else ''}: "
            yield Text.assemble((head, "cyan"), verdict)
            for word, said in _said(version):
                yield Text.assemble((f"    {word:<10}", "dim"), said)


def _said(version: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A version's lines: a word, and what it is about."""
    for change in version["changes"]:
        yield "changed", change["text"]
    for one in version["refused"]:
        what = f"{one['field']}: {one['what']}" if one["field"] else one["what"]
        yield "refused", f"{what}; {one['hint']}" if one["hint"] else what
    for one in version["fields"]:
        kind = "lossy" if one["lossy"] else one["kind"]
        if one["kind"] != "mapped":
            yield kind, f"{one['field']}: {one['from']}"
        else:
            origin = f" <- {one['from']}" if one["from"] != one["field"] else ""
            how = f" ({one['conversion']})" if one["conversion"] else ""
            yield kind, f"{one['field']}{origin}{how}"
    if version["dropped"]:
        yield "dropped", ", ".join(version["dropped"])


def _write(files: dict[Path, str]) -> None:
    there = [Finding("exists and is not overwritten", str(p)) for p in files if p.exists()]
    if there:
        raise ConfigError.of(there)
    for path, content in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(content)
        except OSError as error:
            what = f"cannot be written: {error.strerror}"
            raise ConfigError(what, where=str(path), hint="check the folder") from error
        click.echo(f"wrote {path}")
