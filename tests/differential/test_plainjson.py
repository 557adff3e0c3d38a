"""Plain JSON in Java and in the reference, text by random text."""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode has no packages
sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))

import compare
from evaluator import evaluator

from federation.errors import FederationError
from federation.mapping import plainjson
from federation.schemas import avro, codec
from federation.schemas.refusal import RecordError

SCHEMAS = 500
TEXTS = 20  # of one schema
MET = {
    *("fits", "decode/type", "decode/missing", "decode/overflow", "decode/parse", "decode/json"),
    *("decode/symbol", "decode/lossy", "decode/utf8", "decode/duplicate", "decode/length"),
}
NUMBERS = (
    "0", "-0", "1", "-1", "127", "2147483647", "-2147483648", "2147483648", "9223372036854775807",
    "9223372036854775808", "1.0", "1.50", "-2.25", "0.1", "1e3", "1E-3", "3.5e38", "1e400", "1e-400",
    "12345678901234567890123.4", "16777217", "0.30000001192092896",
)  # fmt: skip
WORDS = (
    "", "a", "ü☃😀", "NaN", "INF", "-Infinity", "AAAA", "AA==", "AB==", "AAAAAAAAAAAAAAAAAAAAAA==",
    "2026-01-31T08:00:00Z", "2026-01-31T08:00:00.123456+01:00", "2026-01-31T08:00", "2026-01-31",
    "08:00:00.5", "08:00", "89791762-2336-4186-9674-299B90A802E2", "1.25", "-7", "true", "\ud83d",
)  # fmt: skip
NOISE = '{}[]",:\\ntrue0.-eE \t\x00\x1fü'


def value(draw: random.Random, node: avro.Type, depth: int = 0) -> str:
    """JSON text for a type, mostly of it."""
    if draw.random() < 0.04 or depth > 12:
        return draw.choice((*NUMBERS, "null", "true", "[]", "{}", json.dumps(draw.choice(WORDS))))
    if node.kind == "union":
        return value(draw, draw.choice(node.branches), depth + 1)
    if node.kind == "record":
        return _object(draw, [(_name(draw, f), f.type) for f in node.fields], depth)
    if node.kind == "map":
        return _object(
            draw, [(draw.choice(WORDS), node.of) for _ in range(draw.randrange(3))], depth
        )
    if node.kind == "array":
        return f"[{','.join(value(draw, node.of, depth + 1) for _ in range(draw.randrange(3)))}]"
    if node.kind == "enum":
        return json.dumps(draw.choice((*node.symbols, "OTHER")))
    if node.kind in ("null", "boolean"):
        return "null" if node.kind == "null" else draw.choice(("true", "false"))
    if node.kind in ("string", "bytes", "fixed") or (node.logical and draw.random() < 0.5):
        numbers = NUMBERS if node.logical == "decimal" else ()
        return draw.choice((*(json.dumps(one) for one in WORDS), *numbers))
    return draw.choice(NUMBERS)


def _name(draw: random.Random, one: avro.Field) -> str:
    return draw.choice((one.name, one.name, one.name, *one.aliases))


def _object(draw: random.Random, fields: list[tuple[str, avro.Type]], depth: int) -> str:
    pairs = [
        f"{json.dumps(name)}:{value(draw, node, depth + 1)}"
        for name, node in fields
        if draw.random() > 0.03
    ]
    pairs += [f'"more":{draw.choice(NUMBERS)}'] * draw.choice((0, 0, 0, 0, 0, 0, 1, 1, 2))
    draw.shuffle(pairs)
    return f"{{{','.join(pairs)}}}"


def text(draw: random.Random, node: avro.Type) -> bytes:
    """A JSON text for a type, now and then with an accident."""
    made = value(draw, node)
    if draw.random() < 0.15:
        at = draw.randrange(len(made) + 1)
        made = made[:at] + draw.choice(("", draw.choice(NOISE))) + made[at + draw.randrange(2) :]
    data = made.encode("utf-8", "surrogatepass")
    if draw.random() < 0.02:
        at = draw.randrange(len(data) + 1)
        data = data[:at] + bytes([draw.randrange(256)]) + data[at:]
    return data


def reference(schema: avro.Schema, texts: list[bytes]) -> dict[str, object]:
    """The reference's answer, in the form of Java's."""
    try:
        read = plainjson.reader(schema)
    except FederationError:
        return {"refused": ""}

    def one(data: bytes) -> str:
        try:
            return codec.encode(schema, read(data)).hex()
        except RecordError as error:
            return f"{error.stage}/{error.reason}/{error.path}"

    return {"out": [one(data) for data in texts]}


@pytest.mark.parametrize("seed", [20_261_125])
def test_java_reads_json_as_the_reference(seed):
    """Under random schemas both read a text as one datum, or refuse it for one reason at one field."""
    counts: Counter[str] = Counter()
    with evaluator() as java:
        for n in range(seed, seed + SCHEMAS):
            draw = random.Random(n)
            given = compare.case(n, 1)["writer"]
            try:
                schema = avro.parse(given)
            except FederationError:  # whether both refuse a schema is compared elsewhere
                continue
            texts = [text(draw, schema.root) for _ in range(TEXTS)]
            (answer,) = java.ask([{"json": given, "in": [one.hex() for one in texts]}])()
            wanted = reference(schema, texts)
            if "refused" in wanted:
                counts["refused"] += 1
                assert "refused" in answer, (n, given)
                continue
            for data, theirs, ours in zip(texts, answer["out"], wanted["out"], strict=True):
                assert theirs == ours, (n, data, given)
                counts[ours.rpartition("/")[0] or "fits"] += 1
    assert set(counts) >= MET
    assert counts["fits"] > SCHEMAS * TEXTS / 10
