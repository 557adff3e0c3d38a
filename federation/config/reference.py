"""What may stand in a configuration, for editors (JSON Schema) and for people (Markdown).

Both are made from the models and the rules themselves, so neither can fall behind them.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from federation.config import connections, models, sources, values
from federation.config.cases import Cases
from federation.config.lint import RULES
from federation.config.refusals import REFUSALS
from federation.mapping.rules import PATH, Case, Choice, Rule, Split

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

_MODELS: tuple[type[BaseModel], ...] = (
    models.Config,
    connections.Cluster,
    connections.Registry,
    connections.OAuth,
    models.Stream,
    models.Contract,
    sources.Source,
    sources.Framing,
    sources.KeyFraming,
    sources.StartTimestamp,
    sources.StartOffsets,
    Rule,
    Choice,
    Case,
    Split,
    models.Deduplicate,
    models.Transform,
    models.Target,
    models.TargetKey,
    models.Errors,
    models.Limit,
    models.Run,
)
_ALIASES = {values.Duration: "duration", values.Instant: "instant", values.LocalPath: "path"}
_VARIABLE = {"$ref": "#/$defs/Variable"}


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a configuration file, as editors use it.

    It allows what the loader allows: short forms, and a variable wherever a value may stand.
    """
    schema = models.Config.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    for model in _MODELS[1:]:
        definitions[model.__name__]["description"] = _summary(model)
    for rule in (Rule, Case):
        definitions[rule.__name__] = {
            "description": _summary(rule),
            "anyOf": [{"type": "string", "pattern": PATH}, definitions[rule.__name__]],
        }
    definitions["Source"]["oneOf"] = [{"required": ["topics"]}, {"required": ["pattern"]}]
    fields = definitions["TargetKey"]["properties"]["fields"]
    long_key = {"$ref": "#/$defs/TargetKey"}
    for target in ("Target", "AnyTarget"):
        key = definitions[target]["properties"]["key"]
        key.pop("$ref", None)
        key["anyOf"] = [{"type": "string"}, fields, long_key]
    definitions["Stream"]["required"].remove("target")
    definitions["Stream"]["oneOf"] = [{"required": ["target"]}, {"required": ["targets"]}]
    contract = definitions["Stream"]["properties"]["schema"]
    contract["anyOf"] = [{"type": "string"}, {"$ref": contract.pop("$ref")}]
    for name, long in (("framing", "Framing"), ("key_framing", "KeyFraming")):
        side = definitions["Source"]["properties"][name]
        words = definitions[long]["properties"]["type"]["enum"]
        side["anyOf"] = [{"enum": words}, {"$ref": side.pop("$ref")}]
        side["default"] = "auto"
    for model in _MODELS:
        for name, info in model.model_fields.items():
            if isinstance(info.default, timedelta):  # pydantic would write P1D
                definitions[model.__name__]["properties"][name]["default"] = _default(info.default)
    schema["properties"]["run"].pop("default", None)
    return _for_editors(schema, "federation configuration")


def cases_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a file of cases, which ``federation test`` runs."""
    return _for_editors(Cases.model_json_schema(by_alias=True), "federation cases")


def _for_editors(schema: dict[str, Any], title: str) -> dict[str, Any]:
    with_variables: dict[str, Any] = _allow_variables(schema)
    with_variables["$defs"]["Variable"] = {
        "description": "${NAME}, ${NAME:default} or ${file:path}.",
        "type": "string",
        "pattern": r"\$\{[^{}]+\}",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **with_variables,
        "title": title,
    }


def reference_markdown() -> str:
    """The reference page: every key, every check, every refused client property."""
    lines = [_INTRODUCTION]
    for model in _MODELS:
        lines += [f"## {_heading(model)}", "", _summary(model), ""]
        lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
        known = {
            name for base in _MODELS if base in model.__mro__[1:] for name in base.model_fields
        }
        fields = model.model_fields.items()
        lines += [_row(name, info) for name, info in fields if name not in known]
        lines.append("")
    lines += ["## What `lint` checks besides", ""]
    lines += [f"- {rule.__doc__}" for rule in RULES]
    lines += ["- A contract that does not exist, is not Avro, or is not a record.", ""]
    lines += ["## Client properties that are refused", "", "| property | why |", "|---|---|"]
    lines += [f"| {names} | {why} |" for names, _, _, why in REFUSALS]
    return "\n".join(lines) + "\n"


_INTRODUCTION = """# Configuration

One YAML file describes one federation. This page is made from the code
(`federation config-schema --markdown`); a JSON Schema for editors lies beside the examples in
`configs/` and is named by the first line of each. `federation lint --config FILE` reports every
mistake at once as `file:line:column: what; allowed or nearest, and what to do`, and exits with 1.

## Values

- **Variables.** `${NAME}` and `${NAME:default}` stand anywhere in a value, not in keys. A variable
  that is not set and has no default is a mistake. `${file:path}` is the content of a file, without
  blanks around it; a relative path begins at the configuration's folder. Only braces make a
  reference, so `$ConnectionString` passes as it is; `${{NAME}}` is the text `${NAME}`. Inside `{ }`
  and `[ ]` of YAML put quotes around a reference. What a reference gives is text: it is read as a
  number or as true/false where one is wanted.
- **Secrets** never print: values of properties that are secret by name (passwords, tokens, JAAS
  entries), everything from `${file:…}`, and user and password in an address are shown as `***` in
  messages, logs and results. A secret of fewer than four characters cannot be told from other text.
- **Durations** are a whole number with a unit: `500ms`, `5s`, `10m`, `24h`, `7d`.
- **Instants** are ISO 8601 with an offset: `2026-01-31T08:00:00Z`.
- **Paths** are relative to the configuration's folder.
- **YAML.** One document of at most 1 MiB and 32 levels, by YAML 1.2's core schema (`yes` is text).
  Repeated keys, anchors, aliases and tags are mistakes.
"""


def _summary(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").split("\n\n", maxsplit=1)[0].replace("\n", " ").strip()


def _heading(model: type[BaseModel]) -> str:
    return "The file" if model is models.Config else model.__name__


def _row(name: str, info: FieldInfo) -> str:
    annotation: Any = info.annotation
    for alias, text in _ALIASES.items():  # pydantic keeps what annotates a field apart
        plain, *notes = get_args(alias)
        if plain is annotation and any(note in info.metadata for note in notes):
            annotation = text
    value = annotation if isinstance(annotation, str) else _type(annotation)
    default = (
        "required" if info.is_required() else _default(info.get_default(call_default_factory=True))
    )
    shown = default if default in {"required", ""} else f"`{default}`"
    return f"| `{info.alias or name}` | {value} | {shown} | {info.description or ''} |"


def _type(annotation: Any) -> str:
    """A type in words, with links to the models."""
    if annotation in _ALIASES:
        return _ALIASES[annotation]
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(args[0])
    if origin in {Union, UnionType}:
        return " or ".join(dict.fromkeys(_type(one) for one in args if one is not NoneType))
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in args)
    if origin is dict:
        return f"mapping to {_type(args[1])}"
    if origin is tuple:
        return f"list of {_type(args[0])}"
    if annotation is models.AnyTarget:
        return _type(models.Target)  # which it becomes
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{_heading(annotation)}](#{annotation.__name__.lower()})"
    words = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    return {**words, SecretStr: "secret text", Any: "any value"}.get(annotation, "path")


def _default(value: Any) -> str:
    """A default as it would be written in the file; empty for what is simply absent."""
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        unit, size = next(
            (u, n)
            for u, n in (("h", 3600), ("m", 60), ("s", 1))
            if seconds >= n and not seconds % n
        )
        return f"{seconds // size}{unit}"
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or isinstance(value, BaseModel) or value in ((), {}):
        return ""
    return str(value.value) if isinstance(value, Enum) else str(value)


def _allow_variables(schema: Any) -> Any:
    """The same schema, where numbers, words and patterns may also be given by a variable."""
    if isinstance(schema, list):
        return [_allow_variables(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kind = schema.get("type", "string")
    narrow = {"enum", "const", "pattern"} & schema.keys() or kind in (
        "integer",
        "number",
        "boolean",
    )
    if narrow and isinstance(kind, str):
        about = {
            k: v for k, v in schema.items() if k in {"title", "description", "default", "examples"}
        }
        rest = {k: v for k, v in schema.items() if k not in about}
        return {**about, "anyOf": [rest, _VARIABLE]}
    inner = {
        key: {name: _allow_variables(one) for name, one in value.items()}
        if key in {"properties", "patternProperties", "$defs"}
        else value
        if key in {"default", "examples", "required"}
        else _allow_variables(value)
        for key, value in schema.items()
    }
    if "patternProperties" in inner:
        inner["additionalProperties"] = False
    return inner
