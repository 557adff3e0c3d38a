"""A YAML file as plain values, with the place of each and every mistake of its form.

The subset is small on purpose: one document of mappings, lists and scalars by YAML 1.2's core
schema; no tags, anchors, aliases or repeated keys. Keys are always text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StreamMark, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from federation.config.variables import resolve
from federation.errors import Finding
from federation.observe.secrets import MASK, REDACTOR, is_secret, register_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ConfigPath: TypeAlias = tuple[str | int, ...]

LARGEST = 1024 * 1024  # bytes
DEEPEST = 32  # levels of nesting

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]{1,400}|0o[0-7]{1,400}|0x[0-9a-fA-F]{1,400}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class SourceInt(int):
    """A whole number that remembers how it was written: ``007`` as a password is not 7."""

    text: str


class SourceFloat(float):
    """A number that remembers how it was written: ``1.10`` as a property is not 1.1."""

    text: str


@dataclass
class Document:
    """What the file says, where it says it, and what is wrong with its form.

    Attributes:
        name: the file as the user named it.
        data: the values; None if the file could not be read to its end.
        marks: place (line, column; from 1) of each value.
        key_marks: place of each key; items of lists have none.
        raw: scalars that were written with variables, as they stand in the file.
        broken: paths that already have a finding, and whose value means nothing.
        findings: mistakes of form, in the order of the file.
        at_keys: mappings, lists and empty values, which are found at their keys.
    """

    name: str
    data: Any = None
    marks: dict[ConfigPath, tuple[int, int]] = field(default_factory=dict)
    key_marks: dict[ConfigPath, tuple[int, int]] = field(default_factory=dict)
    raw: dict[ConfigPath, str] = field(default_factory=dict)
    broken: set[ConfigPath] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    at_keys: set[ConfigPath] = field(default_factory=set)

    def position(self, path: ConfigPath, *, key: bool = False) -> tuple[int, int]:
        """Line and column of a value, or of its key; of the nearest parent if it is not there.

        A mapping or list is found where its key stands, a scalar where its text begins.
        """
        while path:
            if (key or path in self.at_keys) and path in self.key_marks:
                return self.key_marks[path]
            if path in self.marks:
                return self.marks[path]
            path = path[:-1]
            key = False
        return (1, 1)

    def where(self, path: ConfigPath, *, key: bool = False) -> str:
        """``file:line:column`` of :meth:`position`."""
        line, column = self.position(path, key=key)
        return f"{self.name}:{line}:{column}"

    def found_also(self, path: ConfigPath, other: ConfigPath) -> None:
        """What stands at a path is found by another one, too."""

        def moved(one: ConfigPath) -> ConfigPath | None:
            return (*other, *one[len(path) :]) if one[: len(path)] == path else None

        places: list[dict[ConfigPath, Any]] = [self.marks, self.key_marks, self.raw]
        for table in places:
            table |= {to: v for one, v in table.items() if (to := moved(one)) is not None}
        for found in (self.broken, self.at_keys):
            found |= {to for one in found if (to := moved(one)) is not None}

    def is_broken(self, path: ConfigPath) -> bool:
        """Whether this value, or what it lies in, already has a finding."""
        return any(path[:n] in self.broken for n in range(len(path) + 1))


def read(path: Path, env: Mapping[str, str], *, hint: str = "") -> Document:
    """Read a file; secrets that it holds are registered with the redactor.

    Args:
        path: the file.
        env: the variables.
        hint: what to say of a file that is empty or no mapping, if it is no configuration.
    """
    document = Document(str(path))
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        _note(document, f"cannot be read: {error.strerror}", "check the path", None)
        return document
    if len(content) > LARGEST:
        _note(document, f"the file is larger than {LARGEST // 1024} KiB", "split it", None)
        return document
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace").rsplit("\n", 1)[-1]
        mark = (content.count(b"\n", 0, error.start) + 1, len(before) + 1)
        _note(document, "the file is not UTF-8 text", "save it as UTF-8", mark)
        return document
    try:
        _Reader(document, _events(text), env, path.parent).document(hint)
    except YAMLError as error:
        document.data = None
        document.findings.append(_syntax(document, text, error))
    return document


class _Reader:
    """Builds the values from the parser's events, one call per node; events are hardly typed."""

    def __init__(
        self, document: Document, events: Iterator[Event], env: Mapping[str, str], folder: Path
    ) -> None:
        self.out = document
        self.events = events
        self.env = env
        self.folder = folder

    def document(self, hint: str) -> None:
        """Read the only document of the file; ``hint`` as in :func:`read`."""
        starts = 0
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                starts += 1
                if starts > 1:
                    self.mistake((), event, "a second YAML document", "one file, one federation")
                    return
            elif isinstance(event, NodeEvent):
                self.out.data = self.node((), event)
        if starts == 0 or (self.out.data is None and () not in self.out.broken):
            first = hint or "write one with `federation init`"
            _note(self.out, "the file is empty", first, None)
            self.out.broken.add(())
        elif not isinstance(self.out.data, dict) and () not in self.out.broken:
            what = "the file is not a mapping"
            form = hint or "it begins with `version: 1` and goes on with key: value"
            _note(self.out, what, form, None)
            self.out.broken.add(())

    def node(self, path: ConfigPath, event: Any) -> Any:
        self.out.marks[path] = _place(event)
        if len(path) > DEEPEST:
            self.mistake(path, event, f"nested deeper than {DEEPEST} levels", "flatten it")
            raise _TooDeepError
        if event.anchor:  # an alias has one too: its name
            sign = "*" if isinstance(event, AliasEvent) else "&"
            what = f"`{sign}{event.anchor}`: anchors and aliases are not allowed"
            self.mistake(path, event, what, "write the value out")
        if isinstance(event, AliasEvent):
            return None
        if getattr(event, "tag", None) not in {None, "!"}:
            self.mistake(path, event, f"`{event.tag}`: tags are not allowed", "leave it out")
        if isinstance(event, MappingStartEvent):
            self.out.at_keys.add(path)
            return self.mapping(path)
        if isinstance(event, SequenceStartEvent):
            self.out.at_keys.add(path)
            return self.sequence(path)
        return self.scalar(path, event)

    def mapping(self, path: ConfigPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                self.mistake(
                    path, event, "a key must be plain text", "no lists or mappings as keys"
                )
                self.node((*path, "?"), event)
                self.node((*path, "?"), next(self.events))
                continue
            key = self.key(path, event)
            here = (*path, key)
            if key in values:
                first = self.out.where(here, key=True)
                what = f"duplicate key `{key}`, first at {first}"
                _note(self.out, what, "keep one of them", _place(event))
                saved = _Reader(Document(self.out.name), self.events, self.env, self.folder)
                saved.node(here, next(self.events))  # read past it; its own mistakes do not count
                continue
            self.out.key_marks[here] = _place(event)
            values[key] = self.node(here, next(self.events))
        return values

    def sequence(self, path: ConfigPath) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            values.append(self.node((*path, len(values)), event))
        return values

    def key(self, path: ConfigPath, event: ScalarEvent) -> str:
        if event.anchor:
            self.mistake(path, event, f"`&{event.anchor}`: anchors are not allowed", "leave it out")
        found = resolve(event.value, {}, self.folder)
        if found.references:
            what = f"key `{event.value}`: variables stand in values, not in keys"
            self.mistake((*path, event.value), event, what, "write the key out")
            return str(event.value)
        return found.text

    def scalar(self, path: ConfigPath, event: ScalarEvent) -> Any:
        found = resolve(event.value, self.env, self.folder)
        for what, hint in found.problems:
            self.mistake(path, event, what, hint)
        if found.references:
            self.out.raw[path] = event.value
        for secret in found.secrets:
            REDACTOR.register(secret)
        if not found.problems:
            if holds_secret(path):
                REDACTOR.register(found.text)
            if "://" in found.text:
                register_url(found.text)
        if not event.value and event.implicit[0]:
            self.out.at_keys.add(path)
        plain = event.implicit[0] and not found.references and "${" not in event.value
        return _core(found.text) if plain else found.text

    def mistake(self, path: ConfigPath, event: Event, what: str, hint: str) -> None:
        self.out.broken.add(path)
        _note(self.out, what, hint, _place(event))


class _TooDeepError(YAMLError):
    """Ends the reading; its finding is already noted."""


def holds_secret(path: ConfigPath) -> bool:
    """Whether the value at a path is secret by its name; in streams and cases names are fields."""
    names = [part for part in path if isinstance(part, str)]
    return bool(names) and names[0] not in {"streams", "cases"} and is_secret(names[-1])


def _events(text: str) -> Iterator[Event]:
    events: Iterator[Event] = YAML(typ="safe", pure=True).parse(text)
    return iter(events)


def _place(event: Event) -> tuple[int, int]:
    mark: StreamMark = event.start_mark
    return (mark.line + 1, mark.column + 1)


def _note(document: Document, what: str, hint: str, mark: tuple[int, int] | None) -> None:
    where = f"{document.name}:{mark[0]}:{mark[1]}" if mark else document.name
    document.findings.append(Finding(what, where, hint))


def _core(text: str) -> Any:
    """A plain scalar by YAML 1.2's core schema."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    number: SourceInt | SourceFloat
    if _INT.fullmatch(text):
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        number = SourceInt(int(text[2:] if base != 10 else text, base))
    elif _FLOAT.fullmatch(text):
        number = SourceFloat(text)
    elif _SPECIAL.fullmatch(text):
        number = SourceFloat(text.replace(".", ""))
    else:
        return text
    number.text = text
    return number


def _syntax(document: Document, text: str, error: YAMLError) -> Finding:
    """Why the file is no YAML, with the line itself unless it may hold a secret."""
    if isinstance(error, _TooDeepError):
        return document.findings.pop()
    if isinstance(error, ReaderError):
        before = text[: error.position]
        where = f"{document.name}:{before.count(chr(10)) + 1}:{len(before.rsplit(chr(10))[-1]) + 1}"
        code = error.character if isinstance(error.character, int) else ord(error.character)
        return Finding(f"character U+{code:04X} is not allowed in YAML", where, "remove it")
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return Finding("the file is not YAML", document.name, "check its form")
    mark = error.problem_mark
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    where = f"{document.name}:{mark.line + 1}:{mark.column + 1}"
    shown = _shown(lines, mark.line)
    return Finding(f"not YAML: {_problem(error)}", where, f"{_advice(line)} in: {shown}")


def _problem(error: MarkedYAMLError) -> str:
    context = f"{error.context}: " if error.context else ""
    return re.sub(r"\s+", " ", f"{context}{error.problem}").strip()


def _advice(line: str) -> str:
    if "\t" in line[: len(line) - len(line.lstrip())] or line.strip().startswith("\t"):
        return "indent with spaces, not tabs,"
    if re.search(r"[{\[,][^\"']*\$\{", line):
        return 'put quotes around "${…}" inside { } or [ ]'
    return "look for a missing colon, quote or bracket"


def _shown(lines: list[str], number: int) -> str:
    """The text of a line, cut where a secret may begin."""
    if number >= len(lines):
        return "(end of file)"
    line = lines[number]
    indent = len(line) - len(line.lstrip())
    owner = next(
        (
            up
            for up in reversed(lines[:number])
            if up.strip() and len(up) - len(up.lstrip()) < indent
        ),
        "",
    )
    if is_secret(owner.strip().partition(":")[0]):
        return MASK
    words = re.split(r"([\s:={,\"']+)", line)
    for index, word in enumerate(words):
        if is_secret(word):
            return "".join(words[: index + 1]).strip() + f": {MASK}"
    return REDACTOR.scrub(line.strip())
