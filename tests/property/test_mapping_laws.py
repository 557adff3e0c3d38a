"""Laws of codec and mapping over random schemas and data."""

from __future__ import annotations

import io
import math

import fastavro
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from federation.mapping import resolve
from federation.schemas import avro, codec
from federation.schemas.codec import Branch
from federation.schemas.refusal import RecordError
from federation.transform.apply import Transform
from federation.transform.function import Function
from federation.transform.refusal import TransformError

FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PLAIN = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
LOGICAL = (
    {"type": "long", "logicalType": "timestamp-millis"},
    {"type": "int", "logicalType": "date"},
    {"type": "string", "logicalType": "uuid"},
    {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2},
)
REASONS = frozenset(
    ("truncated", "trailing", "varint", "utf8", "index", "length", "boolean", "depth", "items")
)
# Avro's promotions, on which fastavro's own resolution has nothing to decide
PROMOTED = {
    "int": ["int", "long", "double"],
    "long": ["long", "double"],
    "float": ["float", "double"],
    "string": ["string", "bytes"],
    "bytes": ["bytes"],
    "boolean": ["boolean"],
    "null": ["null"],
    "double": ["double"],
}


@st.composite
def types(draw, depth=3, used=None, *, logical=True):
    """A random schema as JSON; names are unique."""
    used = used if used is not None else []
    name = f"N{len(used)}"
    leaf = st.sampled_from((*PLAIN, *LOGICAL) if logical else PLAIN)
    kind = draw(
        st.sampled_from(["leaf", "leaf", "enum", "fixed", "array", "map", "union", "record"])
    )
    if kind == "enum":
        used.append(name)
        return {"type": "enum", "name": name, "symbols": ["A", "B", "C"][: draw(st.integers(1, 3))]}
    if kind == "fixed":
        used.append(name)
        return {"type": "fixed", "name": name, "size": draw(st.integers(0, 5))}
    if kind == "leaf" or not depth:
        return draw(leaf)
    if kind in ("array", "map"):
        inner = draw(types(depth=depth - 1, logical=logical, used=used))
        return {"type": kind, "items" if kind == "array" else "values": inner}
    if kind == "union":
        branches = draw(st.lists(st.sampled_from(PLAIN), min_size=1, max_size=4, unique=True))
        return [*branches, draw(record_types(depth=depth - 1, logical=logical, used=used))]
    return draw(record_types(depth=depth - 1, logical=logical, used=used))


@st.composite
def record_types(draw, depth=3, used=None, *, logical=True):
    used = used if used is not None else []
    used.append("")
    name = f"R{len(used)}"
    fields = [
        {"name": f"f{n}", "type": draw(types(depth=depth, logical=logical, used=used))}
        for n in range(draw(st.integers(0, 4)))
    ]
    return {"type": "record", "name": name, "fields": fields}


def data(node):
    """Random datums of a parsed type, as the codec gives them."""
    simple = {
        "null": st.none(),
        "boolean": st.booleans(),
        "int": st.integers(-(2**31), 2**31 - 1),
        "long": st.integers(-(2**63), 2**63 - 1),
        "float": st.floats(width=32),
        "double": st.floats(),
        "bytes": st.binary(max_size=20),
        "string": st.text(max_size=20),
    }
    if node.kind in simple:
        return simple[node.kind]
    if node.kind == "enum":
        return st.sampled_from(node.symbols)
    if node.kind == "fixed":
        return st.binary(min_size=node.size, max_size=node.size)
    if node.kind == "array":
        return st.lists(data(node.of), max_size=3)
    if node.kind == "map":
        return st.dictionaries(st.text(max_size=5), data(node.of), max_size=3)
    if node.kind == "record":
        return st.fixed_dictionaries({f.name: data(f.type) for f in node.fields})
    tag = node.tagged
    return st.one_of(
        data(b).map(lambda v, n=n: Branch(n, v) if tag else v) if b.kind != "null" else st.none()
        for n, b in enumerate(node.branches)
    )


@st.composite
def schemas_and_data(draw, *, logical=True):
    schema = avro.parse(draw(record_types(logical=logical)))
    return schema, draw(data(schema.root))


@FEW
@given(schemas_and_data())
def test_decoding_undoes_encoding(given):
    """What was encoded is decoded to the same value, which encodes to the same bytes."""
    schema, datum = given
    raw = codec.encode(schema, datum)
    assert codec.encode(schema, codec.decode(schema, raw)) == raw


@FEW
@given(schemas_and_data())
def test_a_schema_maps_to_itself(given):
    """Without rules the mapping from a schema to itself changes no byte."""
    schema, datum = given
    raw = codec.encode(schema, datum)
    mapper = resolve.compile(schema, avro.parse(schema.json))
    assert codec.encode(mapper.contract, mapper.apply(codec.decode(schema, raw))) == raw
    assert mapper.report.dropped == ()


@FEW
@given(schemas_and_data(logical=False))
def test_a_function_that_does_nothing_changes_nothing(given):
    """What a function sees of a record, and returns, becomes the very same bytes again."""
    schema, datum = given
    raw = codec.encode(schema, datum)
    assert _transformed(schema, raw) == raw


@FEW
@given(schemas_and_data())
def test_what_a_function_sees_is_kept(given):
    """With logical types its record looks the same to the next, or holds what Python cannot."""
    schema, datum = given
    once = _transformed(schema, codec.encode(schema, datum))
    if isinstance(once, TransformError):
        assert once.reason in ("range", "type")  # years, and digits beyond a decimal's precision
    else:
        assert _transformed(schema, once) == once


def _transformed(schema, raw):
    return Transform(schema, Function("m:f", lambda given: given, batches=False), ()).one(raw)


@FEW
@given(schemas_and_data(logical=False))
def test_fastavro_reads_what_is_written(given):
    """The bytes are read by fastavro to their end and to the same values, branches unwrapped."""
    schema, datum = given
    stream = io.BytesIO(codec.encode(schema, datum))
    read = fastavro.schemaless_reader(stream, fastavro.parse_schema(schema.json), None)
    assert stream.read() == b""
    assert _plain(read) == _plain(datum)


@FEW
@given(st.data())
def test_promotions_agree_with_fastavro(given):
    """Promotions, fields in another order and missing fields resolve as in fastavro."""
    pairs = st.sampled_from(sorted(PROMOTED)).flatmap(
        lambda w: st.tuples(st.just(w), st.sampled_from(PROMOTED[w]))
    )
    shape = st.sampled_from(
        [
            lambda t: t,
            lambda t: {"type": "array", "items": t},
            lambda t: {"type": "map", "values": t},
        ]
    )
    fields = given.draw(st.lists(st.tuples(pairs, shape), min_size=1, max_size=4))
    writer = [{"name": f"f{n}", "type": wrap(w)} for n, ((w, _), wrap) in enumerate(fields)]
    reader = [{"name": f"f{n}", "type": wrap(c)} for n, ((_, c), wrap) in enumerate(fields)]
    more = {"name": "more", "type": "int", "default": 7}
    chosen = [*given.draw(st.permutations(reader)), more][given.draw(st.integers(0, 1)) :]
    w = avro.parse({"type": "record", "name": "R", "fields": writer})
    c = avro.parse({"type": "record", "name": "R", "fields": chosen})
    datum = given.draw(data(w.root))
    raw = codec.encode(w, datum)
    got = resolve.compile(w, c).apply(codec.decode(w, raw))
    parsed = [fastavro.parse_schema(s.json) for s in (w, c)]
    assert _plain(got) == _plain(fastavro.schemaless_reader(io.BytesIO(raw), *parsed))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(schemas_and_data(), st.data())
def test_damaged_bytes_are_dead_letters(given, more):
    """Damaged bytes decode to a value that encodes again, or to a dead letter, and to nothing else."""
    schema, datum = given
    raw = bytearray(codec.encode(schema, datum))
    for _ in range(more.draw(st.integers(1, 3))):
        at = more.draw(st.integers(0, len(raw)))
        raw[at : at + more.draw(st.integers(0, 2))] = more.draw(st.binary(max_size=3))
    value, error = _decoded(schema, bytes(raw))
    if error is None:
        codec.decode(schema, codec.encode(schema, value))
    else:
        assert error.stage == "decode"
        assert error.reason in REASONS


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_of_a_recursive_schema(raw):
    """Random bytes never exhaust the stack, whatever recursion they claim."""
    schema = avro.parse(
        {
            "type": "record",
            "name": "T",
            "fields": [
                {"name": "kids", "type": {"type": "array", "items": "T"}},
                {"name": "next", "type": ["null", "T", {"type": "map", "values": "T"}]},
            ],
        }
    )
    for payload in (raw, b"\2" * 6000 + raw, b"\0\2" * 6000 + raw):
        _, error = _decoded(schema, payload)
        assert error is None or error.reason in REASONS


def _decoded(schema, raw):
    """The value or the refusal; any other exception is the test's failure."""
    try:
        return codec.decode(schema, raw), None
    except RecordError as error:
        return None, error


def _plain(value):
    """A value without branches, with NaN equal to NaN."""
    if isinstance(value, Branch):
        return _plain(value.value)
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return "NaN" if isinstance(value, float) and math.isnan(value) else value
