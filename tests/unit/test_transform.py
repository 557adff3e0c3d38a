"""Python functions on records: the form they see, what they may return, and how they are found."""

from __future__ import annotations

import struct
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pyarrow as pa
import pytest

from federation.errors import ConfigError
from federation.schemas import avro, codec
from federation.schemas.codec import Branch
from federation.transform.apply import Transform
from federation.transform.chunks import answer
from federation.transform.cost import measure
from federation.transform.function import Function, load
from federation.transform.refusal import TransformError
from federation.transform.samples import samples


def logical(kind, name, **more):
    return {"type": kind, "logicalType": name, **more}


CARD = {
    "type": "record",
    "name": "Card",
    "namespace": "pay",
    "fields": [{"name": "n", "type": "int"}],
}
CASH = {
    "type": "record",
    "name": "Cash",
    "namespace": "pay",
    "fields": [{"name": "n", "type": "int"}],
}
# by type: a value as the codec has it, and as a function sees it
VALUES = {
    "string": ("string", "é", "é"),
    "double": ("double", 0.5, 0.5),
    "enum": ({"type": "enum", "name": "E", "symbols": ["A", "B"]}, "B", "B"),
    "fixed": ({"type": "fixed", "name": "F", "size": 2}, b"ab", b"ab"),
    "millis": (
        logical("long", "timestamp-millis"),
        1_001,
        datetime(1970, 1, 1, 0, 0, 1, 1000, tzinfo=UTC),
    ),
    "micros": (
        logical("long", "timestamp-micros"),
        -1,
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ),
    "nanos": (logical("long", "timestamp-nanos"), 7, 7),
    "local": (
        logical("long", "local-timestamp-millis"),
        1_001,
        datetime(1970, 1, 1, 0, 0, 1, 1000),  # noqa: DTZ001 - local
    ),
    "date": (logical("int", "date"), -1, date(1969, 12, 31)),
    "time": (logical("int", "time-millis"), 3_600_000, time(1)),
    "time-micros": (logical("long", "time-micros"), 1, time(0, 0, 0, 1)),
    "decimal": (logical("bytes", "decimal", precision=40, scale=2), b"\x04\xd2", Decimal("12.34")),
    "fixed decimal": (
        {**logical("fixed", "decimal", precision=4, scale=0), "name": "D", "size": 4},
        b"\xff\xff\xff\xfe",
        Decimal(-2),
    ),
    "uuid": (logical("string", "uuid"), "AB", "AB"),
    "fixed uuid": ({**logical("fixed", "uuid"), "name": "U", "size": 16}, bytes(16), bytes(16)),
    "optional": (["null", logical("int", "date")], 0, date(1970, 1, 1)),
    "null": (["null", "int"], None, None),
    "told apart": (
        ["null", "int", "string", logical("long", "timestamp-millis")],
        Branch(3, 0),
        datetime(1970, 1, 1, tzinfo=UTC),
    ),
    "alike": ([CARD, CASH], Branch(1, {"n": 1}), ("pay.Cash", {"n": 1})),
    "alike numbers": (["int", "long"], Branch(1, 5), ("long", 5)),
    "array": ({"type": "array", "items": logical("int", "date")}, [0], [date(1970, 1, 1)]),
    "map": ({"type": "map", "values": logical("int", "date")}, {"a": 0}, {"a": date(1970, 1, 1)}),
}


def contract(kind):
    fields = [{"name": "id", "type": "string"}, {"name": "f", "type": kind}]
    return avro.parse({"type": "record", "name": "R", "fields": fields})


def applied(schema, function, value, *, keys=("id",), batches=False):
    """The verdict on a record whose ``f`` has this value; a datum where it goes on."""
    transform = Transform(schema, Function("m:f", function, batches), keys)
    verdict = transform.one(codec.encode(schema, {"id": "1", "f": value}))
    return codec.decode(schema, verdict)["f"] if isinstance(verdict, bytes) else verdict


def refusal(schema, value, change):
    """Why a record is refused whose ``f`` the function changes so."""
    verdict = applied(schema, lambda record: {**record, "f": change(record["f"])}, value)
    assert isinstance(verdict, TransformError), verdict
    return verdict


@pytest.mark.parametrize("name", VALUES)
def test_a_function_sees_what_python_has_for_a_type(name):
    """Each type has its form, and what is returned as it was seen is the value that it was."""
    kind, physical, seen = VALUES[name]
    given = []

    def look(record):
        given.append(record["f"])
        return record

    assert repr(applied(contract(kind), look, physical)) == repr(physical)
    assert repr(given) == repr([seen])


def test_a_branch_may_be_named_or_found_by_its_value():
    """A union's value is of the branch that is named, else of that which it fits."""
    schema = contract(["null", "double", "long", "string", CARD])
    for given, wanted in (
        (5, Branch(2, 5)),
        (5.0, Branch(1, 5.0)),
        (("double", 5), Branch(1, 5.0)),
        ("5", Branch(3, "5")),
        ({"n": 5}, Branch(4, {"n": 5})),
        (None, None),
    ):
        assert applied(schema, lambda r, g=given: {**r, "f": g}, None) == wanted


def test_what_is_cut_and_what_is_converted():
    """Instants are cut to the field's unit and may be of any zone; whole numbers may be decimals."""
    zone = timezone(timedelta(hours=2))
    millis = contract(VALUES["millis"][0])
    later = datetime(1970, 1, 1, 2, 0, 0, 1_999, tzinfo=zone)
    assert applied(millis, lambda r: {**r, "f": later}, 0) == 1
    assert applied(contract(VALUES["decimal"][0]), lambda r: {**r, "f": 3}, b"\0") == b"\x01\x2c"
    assert applied(contract("double"), lambda r: {**r, "f": 3}, 0.0) == 3.0


@pytest.mark.parametrize(
    ("kind", "value", "wrong"),
    [
        ("int", 1, 2**31),
        ("int", 1, True),
        ("int", 1, 1.0),
        ("long", 1, None),
        ("boolean", True, 1),
        ("float", 1.0, 1e39),
        ("string", "a", b"a"),
        ("string", "a", "\ud800"),
        ("bytes", b"a", "a"),
        (VALUES["enum"][0], "A", "C"),
        (VALUES["fixed"][0], b"ab", b"abc"),
        (VALUES["millis"][0], 0, datetime(2026, 1, 1)),  # noqa: DTZ001 - what is wrong
        (VALUES["local"][0], 0, datetime(2026, 1, 1, tzinfo=UTC)),
        (VALUES["date"][0], 0, datetime(2026, 1, 1, tzinfo=UTC)),
        (VALUES["decimal"][0], b"\0", Decimal("1.005")),
        (VALUES["decimal"][0], b"\0", Decimal("NaN")),
        (VALUES["decimal"][0], b"\0", Decimal(10) ** 38),
        (VALUES["alike"][0], Branch(0, {"n": 1}), 7),
        ({"type": "array", "items": "int"}, [], {"a": 1}),
        ({"type": "map", "values": "int"}, {}, {1: 1}),
    ],
)
def test_what_is_no_value_of_the_contract_is_refused(kind, value, wrong):
    """It becomes a dead letter that names the field, and never a record of the target."""
    found = refusal(contract(kind), value, lambda _: wrong)
    assert (found.stage, found.reason, found.path.split(".")[0]) == ("transform", "type", "f")


def test_a_refusal_names_the_field_within():
    """A value in an array of records is named by its place."""
    inner = {"type": "record", "name": "I", "fields": [{"name": "q", "type": "int"}]}
    found = refusal(
        contract({"type": "array", "items": inner}),
        [{"q": 1}, {"q": 2}],
        lambda v: [v[0], {"q": "x"}],
    )
    assert found.path == "f.1.q"
    assert "'x' (str) is no int" in found.message


@pytest.mark.parametrize(
    ("returned", "path", "what"),
    [
        ({"id": "1"}, "f", "is missing"),
        ({"id": "1", "f": "a", "more": 1}, "more", "no such field"),
        ("text", "", "is no record R"),
        (7, "", "is no record R"),
    ],
)
def test_a_record_comes_back_whole(returned, path, what):
    """Fields may be neither missing nor more, and what is no record is none."""
    found = applied(contract("string"), lambda _: returned, "a")
    assert (found.reason, found.path) == ("type", path)
    assert what in found.message


def test_none_leaves_a_record_out():
    """A function that returns None has no record to go on."""
    assert applied(contract("string"), lambda _: None, "a") is None


def test_whatever_a_function_raises_is_a_refusal():
    """Also what would end the worker, and with the exception's own words in one line."""

    def leave(_):
        sys.exit("good\nbye")

    found = applied(contract("string"), leave, "a")
    assert (found.reason, found.message) == ("raised", "SystemExit: good bye")


@pytest.mark.parametrize("change", [lambda r: {**r, "id": "2"}, lambda r: r.update(id="2") or r])
def test_a_key_may_not_be_changed(change):
    """The target key and what deduplication compares are the mapping's, even if changed in place."""
    found = applied(contract("string"), change, "a")
    assert (found.reason, found.path) == ("key", "id")


def test_a_record_as_a_key_may_not_be_changed_within():
    """A nested value of a key is kept aside as well."""

    def change(record):
        record["f"]["n"] = 2
        return record

    found = applied(contract(CARD), change, {"n": 1}, keys=("f",))
    assert (found.reason, found.path) == ("key", "f")


def test_what_python_cannot_hold_is_refused():
    """An instant beyond Python's years is a dead letter, not the end of the stream."""
    found = applied(contract(VALUES["millis"][0]), lambda r: r, 2**62)
    assert (found.reason, found.path) == ("range", "f")


def test_a_type_that_contains_itself():
    """Nested records of one type are opened and closed at each level."""
    tree = {
        "type": "record",
        "name": "T",
        "fields": [
            {"name": "d", "type": logical("int", "date")},
            {"name": "next", "type": ["null", "T"]},
        ],
    }
    seen = []
    value = {"d": 0, "next": {"d": 1, "next": None}}
    found = applied(contract(tree), lambda r: seen.append(r["f"]["next"]["d"]) or r, value)
    assert found == value
    assert seen == [date(1970, 1, 2)]


def raised_amounts(batch):
    if any(one.as_py() == "bad" for one in batch["id"]):
        raise ValueError("bad")
    amounts = pa.array([one.as_py() + 1 for one in batch["f"]], batch.schema.field("f").type)
    return batch.set_column(1, batch.schema.field("f"), amounts)


def test_batches_give_the_same_verdicts_as_their_rows():
    """A batch goes through at once; where it fails, only the rows to blame are refused."""
    schema = contract("long")
    transform = Transform(schema, Function("m:f", raised_amounts, batches=True), ("id",))
    bodies = [
        codec.encode(schema, {"id": name, "f": n}) for n, name in enumerate(("a", "bad", "c"))
    ]
    assert transform([]) == []
    first, bad, last = transform(bodies)
    assert [codec.decode(schema, one)["f"] for one in (first, last)] == [1, 3]
    assert (bad.reason, bad.message) == ("raised", "ValueError: bad")
    assert transform.one(bodies[0]) == first


@pytest.mark.parametrize("name", [n for n in VALUES if not n.startswith(("told", "alike"))])
def test_each_type_survives_arrow(name):
    """What a batch holds of a value is the value, whole."""
    kind, physical, _ = VALUES[name]
    assert repr(applied(contract(kind), lambda batch: batch, physical, batches=True)) == repr(
        physical
    )


@pytest.mark.parametrize(
    ("returned", "what"),
    [
        (lambda b: b.slice(1), "0 rows for 1"),
        (lambda b: b.to_pylist(), "a list"),
        (lambda _: None, "NoneType"),
    ],
)
def test_a_batch_keeps_its_rows(returned, what):
    """A batch that lost rows, or is none, is refused row by row."""
    found = applied(contract("string"), returned, "a", batches=True)
    assert found.reason == "type"
    assert what in found.message


@pytest.mark.parametrize("name", ["told apart", "alike"])
def test_a_contract_without_arrow_types_is_refused(name):
    """A union of several types has no column: that is told before anything runs."""
    with pytest.raises(ConfigError, match=r"field f: .* has no Arrow type"):
        Transform(contract(VALUES[name][0]), Function("m:f", len, batches=True), ())


def test_an_answer_has_a_verdict_for_each_and_the_rest_untouched():
    """Chunks keep order; what was not of the function's is handed back as it came."""
    given = [b"one", b"", b"two"]
    verdicts = [b"new", None, TransformError("raised", "é", path="f")]
    chunk = struct.pack(">i", 3) + b"".join(struct.pack(">i", len(v)) + v for v in given) + b"rest"
    found = answer(lambda bodies: verdicts if list(bodies) == given else [], chunk)
    said = "field f: é".encode()
    wanted = (
        b"\0" + struct.pack(">i", 3) + b"new" + b"\1"
        + b"\2" + struct.pack(">i", 6) + b"raised" + struct.pack(">i", len(said)) + said
    )  # fmt: skip
    assert found == struct.pack(">i", len(wanted)) + wanted + b"rest"


@pytest.fixture
def module(tmp_path, unique_name):
    """Write a module beside a configuration; its functions by name."""

    def write(text, name=unique_name):
        (tmp_path / f"{name}.py").write_text(text)
        return lambda function: load(f"{name}:{function}", tmp_path)

    return write


@pytest.fixture
def unique_name(request):
    return f"transform_{abs(hash(request.node.nodeid))}"


def test_a_module_beside_the_configuration(module, tmp_path, unique_name):
    """It is found in the configuration's folder, with what it imports there, and found anew elsewhere."""
    (tmp_path / f"{unique_name}_more.py").write_text("WORD = 'first'\n")
    find = module(f"from {unique_name}_more import WORD\ndef f(record): return WORD\n")
    assert find("f").call({}) == "first"
    other = tmp_path / "other"
    other.mkdir()
    (other / f"{unique_name}.py").write_text("def f(record): return 'second'\n")
    assert load(f"{unique_name}:f", other).call({}) == "second"
    assert load("json:loads", tmp_path).call("1") == 1


def test_the_annotation_says_what_a_function_takes(module):
    """A parameter annotated as a record batch gets batches, as text or not; any other gets records."""
    find = module(
        "from __future__ import annotations\nimport pyarrow as pa\n"
        "def batch(b: pa.RecordBatch) -> pa.RecordBatch: return b\n"
        "def record(r: dict) -> dict: return r\n"
        "def plain(r, more=1): return r\n"
        "def table(t: pa.Table): return t\n"
    )
    assert [find(n).batches for n in ("batch", "record", "plain")] == [True, False, False]
    with pytest.raises(ConfigError, match=r"takes a pyarrow\.Table"):
        find("table")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("def g(r): return r", "has no function `f`; it has: g"),
        ("f = 7", "is no function"),
        ("class f: pass", "is no function"),
        ("def f(): return 1", "cannot be called with one argument"),
        ("def f(a, b): return 1", "cannot be called with one argument"),
        ("async def f(r): return r", "coroutine or generator"),
        ("def f(r): yield r", "coroutine or generator"),
        ("def f(r) return r", "cannot be imported: SyntaxError"),
        ("1 / 0", "cannot be imported: ZeroDivisionError: division by zero; raised at .*py:1"),
        ("import not_there_at_all", "it needs `not_there_at_all`, which is not there"),
    ],
)
def test_what_is_wrong_with_a_function_is_said(module, text, what):
    """Each mistake has its own sentence, with what to do."""
    with pytest.raises(ConfigError, match=what):
        module(text)("f")


def test_a_module_that_is_not_there(tmp_path):
    """The message says where it was sought."""
    with pytest.raises(
        ConfigError, match=r"there is no module `not_there`; it is sought beside .*installed"
    ):
        load("not_there:f", tmp_path)


def test_a_module_does_not_hide_pythons_own(module):
    """A file named as a module of Python's is refused, not imported in its place."""
    with pytest.raises(ConfigError, match="would hide Python's own"):
        module("def f(r): return r", "decimal")("f")


def test_the_cost_tells_what_a_function_did():
    """Left-out, refused and unsteady records of the measurement are counted."""
    schema = contract({"type": "enum", "name": "E", "symbols": ["A", "B"]})
    calls = []

    def function(record):
        calls.append(1)
        if record["f"] == "A":
            return
        raise ValueError(len(calls))

    cost = measure(schema, Function("m:f", function, batches=False), ())
    assert cost.dropped + cost.refused == cost.records > 0
    assert cost.refusal.startswith("transform/raised: ValueError")
    assert cost.steady
    assert 0 < cost.form_microseconds <= cost.microseconds
    unsteady = measure(
        schema,
        Function("m:f", lambda r: {**r, "id": str(len(calls.append(1) or calls))}, batches=False),
        (),
    )
    assert not unsteady.steady


def test_made_up_records_are_of_any_contract():
    """Every type of value can be made up, also of a type that contains itself."""
    tree = {
        "type": "record",
        "name": "T",
        "fields": [{"name": "next", "type": {"type": "array", "items": "T"}}],
    }
    kinds = [kind for kind, _, _ in VALUES.values() if kind is not VALUES["alike"][0]]
    for kind in [*kinds, tree, {**logical("fixed", "duration"), "name": "L", "size": 12}]:
        schema = contract(kind)
        transform = Transform(schema, Function("m:f", lambda r: r, batches=False), ("id",))
        assert all(isinstance(one, bytes) for one in transform(samples(schema, 50)))
