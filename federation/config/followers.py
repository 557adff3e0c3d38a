"""Several targets of a stream: the first is its primary, and each other one follows it.

A follower is a stream of its own, ``orders@dr`` of ``orders``: it reads what was committed at the
primary and writes it to its own target, so all of them hold the same records, and a target that is
away holds up nobody else. Here the file's ``targets`` become such streams, before anything looks at
them; every part keeps its place in the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from federation.config.models import TargetKey, target_key
from federation.errors import Finding

if TYPE_CHECKING:
    from federation.config.document import ConfigPath, Document

_SIGN = "@"
# What a follower has from its stream, and its target from the primary.
_STREAM = ("schema", "on_schema_change", "errors")
_TARGET = ("topic", "key", "subjects")


def leader(stream: str) -> str | None:
    """The stream whose primary target a stream follows; None if it follows none."""
    name, sign, _ = stream.partition(_SIGN)
    return name if sign else None


def expand(document: Document) -> None:
    """Give streams with ``targets`` their ``target``, and each further target a stream."""
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("streams"), dict):
        return
    made: dict[str, Any] = {}
    for name, stream in data["streams"].items():
        at: ConfigPath = ("streams", name)
        if _SIGN in name:
            _note(document, at, f"`{name}` is no name for a stream", f"leave out the {_SIGN}")
            continue
        made[name] = stream
        if isinstance(stream, dict) and "targets" in stream:
            made |= _followers(document, name, stream)
    data["streams"] = made


def _followers(document: Document, name: str, stream: dict[str, Any]) -> dict[str, Any]:
    at: ConfigPath = ("streams", name)
    if "target" in stream:
        what = f"stream `{name}` has both `target` and `targets`"
        _note(document, (*at, "targets"), what, "targets: a list, of which the first is the target")
        return {}
    targets = stream["targets"]
    primary = targets[0] if isinstance(targets, list) and targets else None
    stream["target"] = primary
    if not isinstance(primary, dict):  # which is said of `targets`
        document.broken.add((*at, "target"))
        return {}
    document.found_also((*at, "targets", 0), (*at, "target"))
    made: dict[str, Any] = {}
    for n, target in enumerate(targets[1:], 1):
        place = (*at, "targets", n)
        if not isinstance(target, dict) or not isinstance(cluster := target.get("cluster"), str):
            continue  # likewise
        follower = f"{name}{_SIGN}{cluster}"
        if follower in made or cluster == primary.get("cluster"):
            what = f"stream `{name}` has two targets on cluster `{cluster}`"
            _note(document, (*place, "cluster"), what, "a follower is for another cluster")
        elif "key" in target:
            what = "a follower has the key of the first target"
            _note(document, (*place, "key"), what, "leave it out")
        elif (source := _source(primary)) is not None:
            inherited = {one: primary[one] for one in _TARGET if one in primary}
            made[follower] = {one: stream[one] for one in _STREAM if one in stream}
            made[follower] |= {"sources": [source], "target": inherited | target}
            document.found_also(at, ("streams", follower))
            document.found_also((*at, "targets", 0), ("streams", follower, "sources", 0))
            for one in inherited.keys() - target.keys():
                document.found_also((*at, "targets", 0, one), ("streams", follower, "target", one))
            document.found_also(place, ("streams", follower, "target"))
    return made


def _source(primary: dict[str, Any]) -> dict[str, Any] | None:
    """The primary target as it is read; None if it is wrong, which is said of itself."""
    try:
        key = TargetKey.model_validate(target_key(primary["key"]))
        source = {"cluster": primary["cluster"], "topics": [primary["topic"]]}
    except (KeyError, ValidationError):
        return None
    source |= {"framing": "confluent", "subjects": primary.get("subjects", "topic")}
    if key.form == "avro":
        return source | {"key_framing": "confluent"}
    return source | {"key_framing": "string", "key": {key.fields[0]: "."}}


def _note(document: Document, path: ConfigPath, what: str, hint: str) -> None:
    document.broken.add(path)
    document.findings.append(Finding(what, document.where(path, key=True), hint))
