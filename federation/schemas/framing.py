"""The bytes and headers around a payload that say which schema wrote it.

A framing is an entry of ``FRAMINGS``: how to take a value or key apart and how to put one together.
``java/…/federation/framing`` does the same for the engine; ``tests/vectors/framing.json`` holds
both to it.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple
from uuid import UUID

from federation.schemas import plainkeys
from federation.schemas.ids import SchemaId
from federation.schemas.refusal import FrameError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from federation.schemas.ids import Kind

Side = Literal["value", "key"]
Header = tuple[str, bytes | None]

GIVEN = SchemaId("given", 0)
"""The schema of framings that carry no name of one: the first that the configuration gives."""
INFLATED = 64 << 20
"""Bytes that a compressed payload may grow to; and beyond the first MiB a hundredfold at most."""

_MIB = 1 << 20
_RATIO = 100
_CONFLUENT, _GLUE, _SINGLE = 0, 3, b"\xc3\x01"
_STORED, _ZLIB = 0, 5


class Frame(NamedTuple):
    """A value or key taken apart.

    Attributes:
        schema: the name of the schema that wrote it.
        body: its bytes, uncompressed.
        json: whether they are JSON text rather than Avro.
    """

    schema: SchemaId
    body: bytes
    json: bool = False


class Raw(NamedTuple):
    """What a framing looks at: one side of a record, and the record's headers.

    Attributes:
        given: whether the configuration gives a schema for it.
    """

    data: bytes
    headers: Sequence[Header] = ()
    side: Side = "value"
    given: bool = False

    def header(self, name: str) -> bytes | None:
        """The last header of that name; None also where its value is null."""
        return next((value for one, value in reversed(self.headers) if one == name), None)


@dataclass(frozen=True, slots=True)
class Framing:
    """How a side is framed.

    Attributes:
        split: takes it apart; raises FrameError.
        join: the inverse: bytes, and the header that goes with them if there is one.
        kind: of the schema names that it writes.
        given: how many schemas the configuration gives: none, one, or any number.
    """

    split: Callable[[Raw], Frame]
    join: Callable[[SchemaId, bytes, Side], tuple[bytes, Header | None]]
    kind: Kind
    given: Literal["none", "one", "any"] = "none"

    @property
    def registry(self) -> bool:
        """Whether it takes a registry to know the schema."""
        return self.kind not in ("fingerprint", "given")


def split(
    data: bytes, framing: str = "confluent", headers: Sequence[Header] = (), side: Side = "value",
    *, given: bool = False,
) -> Frame:  # fmt: skip
    """Take a value or key apart.

    Raises:
        FrameError: it is not framed so.
    """
    return FRAMINGS[framing].split(Raw(data, headers, side, given))


def join(
    schema: SchemaId, body: bytes, framing: str = "confluent", side: Side = "value"
) -> tuple[bytes, Header | None]:
    """Put a value or key together; where the framing is a header, that too."""
    return FRAMINGS[framing].join(schema, body, side)


def names_schema(header: str) -> bool:
    """Whether a header names a schema in the source's registry, which means nothing elsewhere."""
    return header.startswith(("apicurio.value.", "apicurio.key.")) or header in (
        "__value_schema_id", "__key_schema_id",
    )  # fmt: skip


# ids before the payload


def _begins(data: bytes, first: int, size: int, what: str) -> None:
    if not data:
        raise FrameError("empty", "0 bytes are neither a record nor a delete marker")
    if data[0] != first:
        raise FrameError("magic", f"first byte {data[0]:#04x} instead of {first:#04x}")
    if len(data) < size:
        raise FrameError("short", f"{len(data)} bytes cannot hold {what}")


def _confluent(raw: Raw) -> Frame:
    _begins(raw.data, _CONFLUENT, 5, "a schema id")
    return Frame(SchemaId("id", int.from_bytes(raw.data[1:5], "big")), raw.data[5:])


def _confluent_join(schema: SchemaId, body: bytes, _: Side) -> tuple[bytes, None]:
    return b"\0" + int(schema.value).to_bytes(4, "big") + body, None


def _apicurio(kind: Literal["global", "content"]) -> Framing:
    """An id of 8 bytes, or of 4 as Confluent's: no id is 0, so the first 4 bytes tell which."""

    def take(raw: Raw) -> Frame:
        _begins(raw.data, _CONFLUENT, 5, "an id")
        end = 5 if any(raw.data[1:5]) else 9
        _begins(raw.data, _CONFLUENT, end, "an id of 8 bytes")
        return Frame(SchemaId(kind, int.from_bytes(raw.data[1:end], "big")), raw.data[end:])

    def put(schema: SchemaId, body: bytes, _: Side) -> tuple[bytes, None]:
        return b"\0" + int(schema.value).to_bytes(8, "big") + body, None

    return Framing(take, put, kind)


def _glue(raw: Raw) -> Frame:
    data = raw.data
    _begins(data, _GLUE, 18, "compression and schema version")
    body = data[18:]
    if data[1] == _ZLIB:
        body = _inflate(body)
    elif data[1] != _STORED:
        raise FrameError("compression", f"compression byte {data[1]} is neither 0 nor 5 (zlib)")
    return Frame(SchemaId("glue", UUID(bytes=data[2:18])), body)


def _glue_join(schema: SchemaId, body: bytes, _: Side) -> tuple[bytes, None]:
    return bytes((_GLUE, _STORED)) + _bytes(schema) + body, None


def _inflate(data: bytes) -> bytes:
    limit = min(INFLATED, max(_MIB, _RATIO * len(data)))
    stream = zlib.decompressobj()
    try:
        out = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise FrameError("compression", f"the payload cannot be inflated: {error}") from None
    if len(out) > limit:
        raise FrameError("inflated", f"{len(data)} bytes inflate to more than {limit}")
    if not stream.eof or stream.unused_data:
        raise FrameError("compression", "the payload ends within its compressed data, or after it")
    return out


def _single(raw: Raw) -> Frame:
    _begins(raw.data, _SINGLE[0], 1, "")
    if raw.data[1:2] not in (b"", _SINGLE[1:]):
        raise FrameError("magic", f"second byte {raw.data[1]:#04x} instead of 0x01")
    _begins(raw.data, _SINGLE[0], 10, "a fingerprint")
    number = int.from_bytes(raw.data[2:10], "little")
    return Frame(SchemaId("fingerprint", number), raw.data[10:])


def _single_join(schema: SchemaId, body: bytes, _: Side) -> tuple[bytes, None]:
    return _SINGLE + int(schema.value).to_bytes(8, "little") + body, None


# names in headers


def _confluent_header(raw: Raw) -> Frame:
    name = f"__{raw.side}_schema_id"
    said = raw.header(name)
    _payload(raw)
    if said is not None and len(said) == 17 and said[0] == 1:
        return Frame(SchemaId("guid", UUID(bytes=said[1:])), raw.data)
    if said is not None and len(said) == 5 and said[0] == 0:
        return Frame(SchemaId("id", int.from_bytes(said[1:], "big")), raw.data)
    raise _no_name(name, "1 and a GUID, or 0 and an id", said)


def _confluent_header_join(schema: SchemaId, body: bytes, side: Side) -> tuple[bytes, Header]:
    said = (
        b"\1" + _bytes(schema) if schema.kind == "guid" else _confluent_join(schema, b"", side)[0]
    )
    return body, (f"__{side}_schema_id", said)


def _apicurio_header(raw: Raw) -> Frame:
    _payload(raw)
    kind: Literal["global", "content"] = "global"
    name = f"apicurio.{raw.side}.globalId"
    said = raw.header(name)
    if said is None:
        kind, name = "content", f"apicurio.{raw.side}.contentId"
        said = raw.header(name)
    if said is None or len(said) != 8:
        raise _no_name(name, "8 bytes", said)
    encoding = raw.header(f"apicurio.{raw.side}.encoding")
    if encoding is not None and encoding.upper() != b"BINARY":
        raise FrameError("encoding", f"Avro's binary encoding is read, not {encoding[:20]!r}")
    return Frame(SchemaId(kind, int.from_bytes(said, "big")), raw.data)


def _apicurio_header_join(schema: SchemaId, body: bytes, side: Side) -> tuple[bytes, Header]:
    return body, (f"apicurio.{side}.{schema.kind}Id", int(schema.value).to_bytes(8, "big"))


def _payload(raw: Raw) -> None:
    if not raw.data:
        raise FrameError("empty", "0 bytes are neither a record nor a delete marker")


def _no_name(name: str, wanted: str, said: bytes | None) -> FrameError:
    found = "is missing" if said is None else f"has {len(said)} bytes that are not {wanted}"
    return FrameError("header", f"header {name} {found}")


# no name at all


def _bare(raw: Raw) -> Frame:
    _payload(raw)
    return Frame(GIVEN, raw.data)


def _json(raw: Raw) -> Frame:
    return _bare(raw)._replace(json=True)


def _bare_join(_: SchemaId, body: bytes, _side: Side) -> tuple[bytes, None]:
    return body, None


def _key(form: plainkeys.Form) -> Framing:
    def take(raw: Raw) -> Frame:
        return Frame(GIVEN, form.to_avro(raw.data))

    def put(_: SchemaId, body: bytes, _side: Side) -> tuple[bytes, None]:
        return form.from_avro(body), None

    return Framing(take, put, "given")


def _auto(raw: Raw) -> Frame:
    """Headers first, then the first byte. Bare Avro begins with anything, so it is not sought."""
    if raw.header(f"__{raw.side}_schema_id") is not None:
        return _confluent_header(raw)
    if any(
        raw.header(f"apicurio.{raw.side}.{kind}Id") is not None for kind in ("global", "content")
    ):
        return _apicurio_header(raw)
    _payload(raw)
    first = raw.data[0]
    if first in _BY_FIRST:
        return _BY_FIRST[first](raw)
    if raw.given and raw.data.lstrip(b" \t\r\n").startswith(b"{"):
        return _json(raw)
    raise FrameError("magic", f"no framing begins with {first:#04x}")


_BY_FIRST: Mapping[int, Callable[[Raw], Frame]] = {
    _CONFLUENT: _confluent, _GLUE: _glue, _SINGLE[0]: _single,
}  # fmt: skip

FRAMINGS: Mapping[str, Framing] = {
    "auto": Framing(_auto, _confluent_join, "id", given="any"),
    "confluent": Framing(_confluent, _confluent_join, "id"),
    "confluent-header": Framing(_confluent_header, _confluent_header_join, "guid"),
    "apicurio-global": _apicurio("global"),
    "apicurio-content": _apicurio("content"),
    "apicurio-header": Framing(_apicurio_header, _apicurio_header_join, "content"),
    "glue": Framing(_glue, _glue_join, "glue"),
    "single-object": Framing(_single, _single_join, "fingerprint", given="any"),
    "avro": Framing(_bare, _bare_join, "given", given="one"),
    "json": Framing(_json, _bare_join, "given", given="one"),
    **{name: _key(form) for name, form in plainkeys.FORMS.items()},
}


def _bytes(schema: SchemaId) -> bytes:
    assert isinstance(schema.value, UUID), "a GUID and a version of Glue's are UUIDs"
    return schema.value.bytes
