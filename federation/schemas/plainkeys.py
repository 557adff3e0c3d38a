"""Keys as Kafka's own serializers write them: text, or a number of fixed width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from federation.schemas import codec
from federation.schemas.avro import parse
from federation.schemas.refusal import FrameError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Form:
    """One serializer: between its bytes and the Avro bytes of ``schema`` (a primitive's name).

    ``to_avro`` raises FrameError (reason ``size``) for bytes of another width.
    """

    schema: str
    to_avro: Callable[[bytes], bytes]
    from_avro: Callable[[bytes], bytes]


def _text(data: bytes) -> bytes:
    # not decoded: whether it is UTF-8 is judged where all Avro text is
    return codec.encode(_BYTES, data)


def _number(name: str, width: int) -> Form:
    schema = parse(name)

    def to_avro(data: bytes) -> bytes:
        if len(data) != width:
            raise FrameError("size", f"{len(data)} bytes instead of the {width} of {name}")
        return codec.encode(schema, int.from_bytes(data, "big", signed=True))

    def from_avro(body: bytes) -> bytes:
        return int(codec.decode(schema, body)).to_bytes(width, "big", signed=True)

    return Form(name, to_avro, from_avro)


_BYTES = parse("bytes")
STRING = Form("string", _text, lambda body: bytes(codec.decode(_BYTES, body)))
INT = _number("int", 4)
LONG = _number("long", 8)
FORMS: Mapping[str, Form] = {"string": STRING, "int": INT, "long": LONG}
"""By the name of the framing, which is that of the schema."""
