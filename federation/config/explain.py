"""From a document to a validated model, or to findings that a person can act on.

A part that is wrong is reported, then cut out and the rest is looked at again: what remains can
still be checked against itself, so that one run shows every mistake.
"""

from __future__ import annotations

import copy
import difflib
import re
import types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from federation.config import models, values
from federation.config.document import holds_secret
from federation.errors import Finding
from federation.mapping.rules import PATH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from federation.config.document import ConfigPath, Document

Root = TypeVar("Root", bound=BaseModel)

_ROUNDS = 64  # each round cuts at least one part; a file with more broken layers keeps its findings

_A_NAME = "a name has letters, digits, `_`, `-`, first a letter or digit, at most 63"
_PATTERNS = {
    values.NAME: _A_NAME,
    values.STREAM: _A_NAME,
    values.TOPIC: "a topic name has letters, digits, `.`, `_` and `-`, at most 249",
    values.FUNCTION: "a function is named `module:function`, as in `enrich:add_country`",
    values.URL: "an address begins with http:// or https:// and has no blanks",
    values.PLACE: "write cluster/topic, as in eu/orders",
    PATH: "a path is field names joined by dots (`client.name`), or `.` for the whole",
}
_TYPES = {  # pydantic's error type by its first word -> what the value must be
    "string": "must be text",
    "int": "must be a whole number",
    "float": "must be a number",
    "finite": "must be a finite number",
    "bool": "must be true or false",
    "dict": "must be a mapping (key: value)",
    "model": "must be a mapping (key: value)",
    "list": "must be a list",
    "tuple": "must be a list",
    "path": "must be the path of a file",
}
_BOUNDS = {
    "greater_than": ("must be more than", "gt"),
    "greater_than_equal": ("must be at least", "ge"),
    "less_than": ("must be less than", "lt"),
    "less_than_equal": ("must be at most", "le"),
}


# what takes the place of a wrong value at the top, so that the rest can still be checked
_STAND_INS: dict[str, Any] = {"version": 1, "federation": "unnamed", "clusters": {}, "streams": {}}


@dataclass
class Explained(Generic[Root]):
    """What became of a document.

    Attributes:
        config: what is left after all mistakes were cut out; None if nothing useful is.
        findings: one per mistake.
        whole: whether nothing was cut out.
    """

    config: Root | None = None
    findings: list[Finding] = field(default_factory=list)
    whole: bool = True
    _origins: dict[ConfigPath, list[int]] = field(default_factory=dict)

    def in_file(self, path: ConfigPath) -> ConfigPath:
        """The path in the file of a path in :attr:`config`, whose lists may lack some items."""
        there: ConfigPath = ()
        for part in path:
            origins = self._origins.get(there)
            moved = isinstance(part, int) and origins is not None and part < len(origins)
            there = (*there, origins[part] if moved else part)  # type: ignore[index]
        return there

    def cut(self, data: Any, path: ConfigPath) -> None:
        """Remove a value from the data, remembering where the items after it came from."""
        *way, last = path
        there: ConfigPath = ()
        for part in way:
            if isinstance(data, list):
                origins = self._origins.get(there) or list(range(len(data)))
                there = (*there, origins[part] if isinstance(part, int) else part)
            else:
                there = (*there, part)
            try:
                data = data[part]
            except (KeyError, IndexError, TypeError):
                return
        if isinstance(data, dict):
            data.pop(last, None)
        elif isinstance(data, list) and isinstance(last, int) and last < len(data):
            self._origins.setdefault(there, list(range(len(data)))).pop(last)
            data.pop(last)


def explain(document: Document, folder: Path) -> Explained[models.Config]:
    """Validate a configuration; relative paths in it begin at ``folder``."""
    return validate(document, folder, models.Config)


def validate(document: Document, folder: Path, root: type[Root]) -> Explained[Root]:
    """Validate a document by its model; relative paths in it begin at ``folder``."""
    result: Explained[Root] = Explained(whole=not document.broken)
    data = copy.deepcopy(document.data)
    if not isinstance(data, dict):
        return result
    for turn in range(_ROUNDS):
        try:
            result.config = root.model_validate(
                data, context={"folder": folder}, by_alias=True, by_name=False
            )
        except ValidationError as error:
            details = [d for d in error.errors(include_url=False) if not _echo(data, d)]
        else:
            return result
        result.whole = False
        if turn == 0:
            result.findings = _findings(root, document, details)
        places = {_locate(data, detail["loc"]) for detail in details}
        for path in sorted(places, key=_order, reverse=True):  # the last first: indices stay true
            if path:
                result.cut(data, path)
        lacking = {
            str(d["loc"][0]) for d in details if d["type"] == "missing" and len(d["loc"]) == 1
        }
        data |= {name: copy.deepcopy(_STAND_INS[name]) for name in lacking & _STAND_INS.keys()}
    return result


def _echo(data: Any, detail: ErrorDetails) -> bool:
    """Whether a list only counts as short because its items are wrong, which is said already."""
    return detail["type"] == "too_short" and bool(_value(data, _locate(data, detail["loc"])))


def nearest(name: str, allowed: Iterable[str]) -> str:
    """``did you mean `x`? allowed: …``, as much of it as there is to say."""
    names = list(allowed)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    guess = f"did you mean `{near[0]}`? " if near else ""
    return f"{guess}allowed: {', '.join(names)}" if names else "remove it"


def _findings(
    root: type[BaseModel], document: Document, details: list[ErrorDetails]
) -> list[Finding]:
    """One finding per mistake; a second complaint about the same value is left out."""
    found: dict[tuple[Any, ...], Finding] = {}
    for detail in details:
        path = _locate(document.data, detail["loc"])
        if document.is_broken(path):
            continue
        missing = detail["type"] == "missing"
        key = (path, detail["loc"][-1]) if missing else (path,)
        if key not in found:
            found[key] = _finding(root, document, detail, path)
    return list(found.values())


def _finding(
    root: type[BaseModel], document: Document, detail: ErrorDetails, path: ConfigPath
) -> Finding:
    kind, loc, ctx = detail["type"], detail["loc"], detail.get("ctx", {})
    name = _name(path)
    if kind == "missing":
        owner = f"{_name(path)} needs" if path else "the file needs"
        info = next(iter(_fields(root, path, str(loc[-1]))), None)
        hint = (info and info.description) or f"add `{loc[-1]}: …`"
        return Finding(f"{owner} `{loc[-1]}`", document.where(path), hint)
    if kind == "extra_forbidden":
        owners = [model.model_fields for model in _models(root, path[:-1])]
        allowed = [info.alias or key for fields in owners for key, info in fields.items()]
        hint = nearest(str(path[-1]), allowed)
        return Finding(f"unknown key {name}", document.where(path, key=True), hint)
    at_key = loc[-1] == "[key]"
    where = document.where(path, key=at_key)
    found = "" if at_key else _found(document, path)
    hint = "check what the variable holds" if path in document.raw else ""
    if kind == "literal_error":
        words = re.findall(r"'([^']+)'", ctx["expected"]) or [ctx["expected"]]
        value = _value(document.data, path)
        near = difflib.get_close_matches(value, words, n=1) if isinstance(value, str) else []
        hint = f"did you mean `{near[0]}`?" if near and not hint else hint
        one_of = "one of " if len(words) > 1 else ""
        return Finding(f"{name} must be {one_of}{', '.join(words)}{found}", where, hint)
    if kind == "value_error":
        plain = path not in document.at_keys and found  # of a mapping, the message says it all
        return Finding(f"{name}: {ctx['error']}{plain or ''}", where, hint)
    if kind in {"start", "subjects"}:  # written for people, in the models
        return Finding(f"{name} {detail['msg']}{found}", where, hint)
    if kind == "string_pattern_mismatch":
        rule = _PATTERNS.get(ctx["pattern"], "the form is not right")
        return Finding(f"{name} is not valid{found}", where, rule)
    if kind in _BOUNDS:
        words_, bound = _BOUNDS[kind]
        return Finding(f"{name} {words_} {ctx[bound]}{found}", where, hint)
    if kind in {"too_short", "string_too_short"}:
        return Finding(f"{name} needs at least one entry", where, "add one")
    must = _TYPES.get(kind.partition("_")[0], "has a value that is not allowed here")
    return Finding(f"{name} {must}{found}", where, hint or _type_hint(root, kind, document, path))


def _type_hint(root: type[BaseModel], kind: str, document: Document, path: ConfigPath) -> str:
    value = _value(document.data, path)
    if kind == "string_type" and isinstance(value, (bool, int, float)):
        return "put it in quotes"
    if kind in {"list_type", "tuple_type"} and isinstance(value, str) and not holds_secret(path):
        return f"write [{document.raw.get(path, value)}]"
    info = next(iter(_fields(root, path[:-1], str(path[-1]))), None) if path else None
    return (info and info.description) or ""


def _found(document: Document, path: ConfigPath) -> str:
    """``, found …``: what stands in the file, never what a variable or a secret holds."""
    if holds_secret(path):
        return ""
    if path in document.raw:
        return f", found `{document.raw[path]}`"
    value = _value(document.data, path)
    if isinstance(value, dict):
        return ", found a mapping"
    if isinstance(value, list):
        return ", found a list"
    if value is None:
        return ", found nothing"
    if isinstance(value, bool):
        return f", found {str(value).lower()}"
    if isinstance(value, str):
        shown = value if len(value) <= 60 else f"{value[:60]}…"
        return f", found {shown!r}"
    return f", found {getattr(value, 'text', value)}"


def _name(path: ConfigPath) -> str:
    """The last key of a path with the indices after it: ```topics[0]```."""
    text = ""
    for part in reversed(path):
        if isinstance(part, str):
            return f"`{part}{text}`"
        text = f"[{part}]{text}"
    return "the file"


def _locate(data: Any, loc: tuple[str | int, ...]) -> ConfigPath:
    """The part of pydantic's location that is in the file.

    What is not there are names of union members, keys that are missing, and the long form of a
    value that was written in its short form.
    """
    path: ConfigPath = ()
    for part in loc:
        inside = isinstance(data, dict) and isinstance(part, (str, int)) and str(part) in data
        if inside:
            path, data = (*path, str(part)), data[str(part)]
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            path, data = (*path, part), data[part]
    return path


def _value(data: Any, path: ConfigPath) -> Any:
    for part in path:
        data = data[part]
    return data


def _order(path: ConfigPath) -> tuple[tuple[int, str], ...]:
    return tuple((part, "") if isinstance(part, int) else (-1, part) for part in path)


def _models(root: type[BaseModel], path: ConfigPath) -> list[type[BaseModel]]:
    """The models whose keys may stand at a path."""
    found: list[Any] = [root]
    for part in path:
        found = [inner for one in found for inner in _step(one, part)]
    return [one for one in found if isinstance(one, type) and issubclass(one, BaseModel)]


def _fields(root: type[BaseModel], path: ConfigPath, key: str) -> Iterator[FieldInfo]:
    for model in _models(root, path):
        for name, info in model.model_fields.items():
            if (info.alias or name) == key:
                yield info


def _step(owner: Any, part: str | int) -> list[Any]:
    """What may stand under one key or index of a type."""
    if isinstance(owner, type) and issubclass(owner, BaseModel):
        inner = [
            f.annotation for name, f in owner.model_fields.items() if (f.alias or name) == part
        ]
    elif get_origin(owner) is dict:
        inner = [get_args(owner)[1]]
    elif get_origin(owner) in {tuple, list}:
        inner = [get_args(owner)[0]]
    else:
        inner = []
    return [flat for one in inner for flat in _members(one)]


def _members(annotation: Any) -> list[Any]:
    """The members of a union, without annotations."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in {Union, types.UnionType}:
        return [flat for one in get_args(annotation) for flat in _members(one)]
    return [annotation]
