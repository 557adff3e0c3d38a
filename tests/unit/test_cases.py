"""Cases beside a configuration: what they may say, and that they fail where they should."""

from __future__ import annotations

import json
import re
import resource
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from federation.cli.app import cli
from federation.config.cases import load_cases
from federation.config.load import load
from federation.rehearse.engine import through_engine
from federation.rehearse.prepare import prepare
from federation.rehearse.run import rehearse
from federation.rehearse.values import BadValue, datum, differences
from federation.schemas.avro import parse

ROOT = Path(__file__).resolve().parents[2]
HEAD = """\
sources:
  us/order_events:
    schema: schemas/us-order-event.avsc
    key_schema: {type: record, name: Key, fields: [{name: id, type: string}]}
cases:
"""
ORDER = "{id: o-1, client: {name: c, tier: t}, total: 1, cur: US$, ts: 0, lines: []}"
OUT = "{order_id: o-1, customer: c, amount: 1, currency: USD, created_at: 0, items: []}"


@pytest.fixture
def folder(tmp_path):
    """The shipped examples, to be changed."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs", ignore=shutil.ignore_patterns(".*"))
    return tmp_path / "configs"


def run(folder, cases, *options, head=HEAD):
    """``federation test`` with these cases, without any variable: its exit code and its JSON."""
    (folder / "orders.test.yaml").write_text(head + cases)
    arguments = ["test", "-c", str(folder / "orders.yaml"), "-o", "json", *options]
    result = CliRunner().invoke(cli, arguments)
    return result.exit_code, json.loads(result.stdout or "null"), result.stderr


def case(expected, given=ORDER, **more):
    """One case of an American order."""
    extra = "".join(f"    {name}: {value}\n" for name, value in more.items())
    return (
        f"  - name: one\n    source: us/order_events\n{extra}"
        f"    in: {{value: {given}}}\n    {expected}\n"
    )


def found(report, by="reference"):
    """The differences of the only case, as (field, expected, found)."""
    (one,) = report["cases"]
    return [(d["field"], d["expected"], d["found"]) for d in one[by]]


def test_a_case_that_holds_passes(folder):
    """A record that becomes what the case says is exit code 0."""
    code, report, _ = run(folder, case(f"out: {{key: o-1, value: {OUT}}}"))
    assert (code, report["passed"], report["failed"]) == (0, 1, 0)


def test_a_difference_is_shown_by_its_field(folder):
    """Each value that differs has its own line with both values, the case its place, and the code is 3."""
    wrong = OUT.replace("USD", "EUR").replace("created_at: 0", "created_at: 2026-01-01T00:00:00Z")
    code, report, _ = run(folder, case(f"out: {{key: o-2, value: {wrong}}}"))
    assert code == 3
    assert report["cases"][0]["where"].endswith("orders.test.yaml:6:5")
    assert found(report) == [
        ("key", "'o-2'", "'o-1'"),
        ("value.currency", "'EUR'", "'USD'"),
        ("value.created_at", "2026-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
    ]


def test_another_outcome_is_a_difference(folder):
    """A record where a dead letter, a filter or a delete marker was expected is told as what it is."""
    for expected, wanted in (
        ("dead_letter: {reason: symbol}", "a dead letter"),
        ("filtered: true", "filtered"),
        ("out: {value: null}", "a delete marker"),
    ):
        code, report, _ = run(folder, case(expected))
        assert code == 3
        assert found(report) == [("", wanted, "a record")]


def test_stage_reason_and_field_of_a_dead_letter_are_compared(folder):
    """A dead letter passes only with the very stage, reason and field."""
    text = (folder / "orders.yaml").read_text()
    (folder / "orders.yaml").write_text(text.replace("order_id: id\n", "order_id: client.tier\n"))
    config = (folder / "schemas" / "order.avsc").read_text()
    limited = config.replace(
        '{"name": "currency", "type": "string"',
        '{"name": "currency", "type": {"type": "enum", "name": "C", "symbols": ["USD"]}',
    )
    (folder / "schemas" / "order.avsc").write_text(limited)
    given = ORDER.replace("US$", "XYZ")
    right = {"stage": "map", "reason": "symbol", "field": "currency"}
    for change, differs in (
        ({}, []),
        ({"stage": "decode"}, ["stage"]),
        ({"reason": "null"}, ["reason"]),
        ({"field": "amount"}, ["field"]),
    ):
        expected = f"dead_letter: {json.dumps(right | change)}"
        code, report, _ = run(folder, case(expected, given))
        assert [one[0] for one in found(report)] == differs
        assert code == (3 if differs else 0)


def test_filtered_records_are_those_that_where_leaves_out(folder):
    """A record for which the source's filter is false is filtered, in both implementations."""
    text = (folder / "orders.yaml").read_text()
    filtering = text.replace(
        "topics: [order_events]", 'topics: [order_events]\n        where: "total >= 0.0"'
    )
    (folder / "orders.yaml").write_text(filtering)
    cases = case("filtered: true", ORDER.replace("total: 1", "total: -1"))
    code, report, _ = run(folder, cases, "--engine")
    assert code == 0, report


def test_a_sequence_counts_what_is_written(folder):
    """A repeated event gives no record, and one too many in the expectation is a difference."""
    step = f"{{source: us/order_events, in: {{value: {ORDER}}}}}"
    one, two = f"[{{key: o-1, value: {OUT}}}]", f"[{{value: {OUT}}}, {{value: {OUT}}}]"
    sequence = f"  - name: one\n    sequence: [{step}, {step}]\n    out: "
    assert run(folder, sequence + one)[0] == 0
    code, report, _ = run(folder, sequence + two)
    assert code == 3
    assert found(report) == [("", "2 results", "1")]


def test_no_variable_of_a_cluster_is_needed(folder):
    """Addresses, passwords and mounted secrets of clusters may all be missing; those of streams may not."""
    path = folder / "orders.yaml"
    text = path.read_text()
    path.write_text(text.replace('"${EU_REGISTRY}"', '"${file:not/there}"'))
    assert run(folder, case(f"out: {{value: {OUT}}}"))[0] == 0
    path.write_text(text.replace("topic: orders.unified", 'topic: "${NOT_SET}"'))
    code, _, errors = run(folder, case(f"out: {{value: {OUT}}}"))
    assert code == 1
    assert "NOT_SET" in errors


def test_every_mistake_of_a_file_is_reported_at_once(folder):
    """Unknown keys, missing parts and schemas that are not there come together, each with its place."""
    cases = (
        "  - {name: a, source: us/order_events, in: {value: {}}, outt: {}}\n"
        "  - {name: b, in: {value: {}}, filtered: true}\n"
        "  - {name: c, source: us/order_events, schema: no.avsc, in: {raw: 0g}, filtered: true}\n"
    )
    code, _, errors = run(folder, cases)
    assert code == 1
    told = [json.loads(line) for line in errors.splitlines()]
    assert [one["where"].rsplit(":", 2)[1] for one in told] == ["6", "7", "8", "8"]
    assert "did you mean `out`?" in "".join(one["hint"] for one in told)


def test_values_that_do_not_fit_are_reported_at_once(folder):
    """Records that their schema cannot write, and sources that the stream lacks, each have their place."""
    cases = case(
        f"out: {{value: {OUT.replace('amount', 'amout')}}}", ORDER.replace("ts: 0", "ts: x")
    )
    cases += "  - {name: two, source: ap/orders, in: {value: {}}, filtered: true}\n"
    code, _, errors = run(folder, cases)
    assert code == 1
    told = [json.loads(line) for line in errors.splitlines()]
    assert [one["what"] for one in told] == [
        "'x' is not of type long",
        "Order has no field amout; it has order_id, customer, amount, currency, channel, created_at, items, note",
        "stream orders does not read ap/orders",
    ]


def test_without_a_file_of_cases_it_says_so(folder):
    """A configuration without cases is an error, not a run of nothing."""
    result = CliRunner().invoke(cli, ["test", "-c", str(folder / "minimal.yaml")])
    assert result.exit_code == 1
    assert "minimal.test.yaml does not exist" in result.stderr


def test_the_stream_must_be_named_where_there_are_two(folder):
    """With several streams a file of cases names its own."""
    text = (folder / "orders.yaml").read_text()
    body = (
        text[text.index("  orders:\n") :]
        .replace("orders.unified", "copy")
        .replace("orders.dead", "copy.dead")
    )
    (folder / "orders.yaml").write_text(text + body.replace("  orders:\n", "  copy:\n", 1))
    cases = case(f"out: {{value: {OUT}}}")
    code, _, errors = run(folder, cases)
    assert code == 1
    assert "which stream?" in errors
    assert run(folder, cases, head=f"stream: copy\n{HEAD}")[0] == 0


def test_nothing_is_contacted(folder, monkeypatch):
    """The reference opens no connection."""

    def refuse(*_):
        raise AssertionError("a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert run(folder, case(f"out: {{value: {OUT}}}"))[0] == 0


def test_the_examples_take_less_than_two_seconds():
    """`federation test` on the shipped orders takes under 2 s of CPU, starting Python included."""
    arguments = [
        sys.executable,
        "-m",
        "federation",
        "test",
        "-c",
        str(ROOT / "configs/orders.yaml"),
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2


def test_the_example_of_the_guide_passes(folder):
    """The file of cases that the guide shows holds for the shipped orders, in both implementations."""
    guide = (ROOT / "docs" / "guide" / "testing.md").read_text()
    (shown,) = re.findall(r"^```yaml\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    code, report, _ = run(folder, shown, "--engine", head="")
    assert code == 0, report
    assert report["passed"] == 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the file is empty; it has `cases:`, a list"),
        ("- a", "the file is not a mapping; it has `cases:`, a list"),
        ("cases: []", "`cases` needs at least one entry"),
        ("cases: [{name: a, sequence: [], out: []}]", "`sequence` needs at least one entry"),
        ("cases: [{name: a, source: x, in: {}, filtered: true}]", "write cluster/topic"),
        ("stream: no\ncases: [{name: a, source: a/b, in: {}, filtered: true}]", "no stream no"),
    ],
)
def test_a_file_that_is_none_says_what_it_needs(folder, text, told):
    """What is empty, of another form or of another stream is an error that says what to write."""
    (folder / "orders.test.yaml").write_text(text)
    result = CliRunner().invoke(cli, ["test", "-c", str(folder / "orders.yaml")])
    assert result.exit_code == 1
    assert told in result.stderr


@pytest.mark.parametrize("name", ["orders", "payments", "telemetry"])
def test_the_engine_agrees_on_the_examples(name):
    """The Java operators make the same of every shipped case."""
    loaded = load(ROOT / "configs" / f"{name}.yaml", env={}, offline=True)
    rehearsal = prepare(loaded, load_cases(ROOT / "configs" / f"{name}.test.yaml", env={}))
    verdicts = rehearse(rehearsal, through_engine)
    assert [(one.name, one.reference, one.engine) for one in verdicts if not one.ok] == []


def test_an_engine_that_differs_is_told(folder):
    """Where the engine alone is wrong, its difference is named and the reference's is not."""
    (folder / "orders.test.yaml").write_text(HEAD + case(f"out: {{value: {OUT}}}"))
    loaded = load(folder / "orders.yaml", env={}, offline=True)
    rehearsal = prepare(loaded, load_cases(folder / "orders.test.yaml", env={}))

    def broken(what):
        ((one,),) = through_engine(what)
        assert one.body is not None
        return [[type(one)(one.kind, one.key, one.body.replace(b"USD", b"EUR"), one.event)]]

    (verdict,) = rehearse(rehearsal, broken)
    assert not verdict.ok
    assert verdict.reference == ()
    assert [str(one) for one in verdict.engine] == ["value.currency: expected 'USD', found 'EUR'"]


@pytest.mark.parametrize(
    ("schema", "written", "value"),
    [
        ({"type": "long", "logicalType": "timestamp-micros"}, "1970-01-01T00:00:01Z", 1_000_000),
        ({"type": "long", "logicalType": "timestamp-micros"}, 7, 7),
        ({"type": "int", "logicalType": "date"}, "1970-01-11", 10),
        (
            {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
            "1.5",
            b"\x00\x96",
        ),
        (["null", "string"], None, None),
        (["null", "string"], {"string": "a"}, "a"),
        (["null", "int", "long"], {"long": 5}, (2, 5)),
        (["null", "int", "long"], 5, (1, 5)),
        ("bytes", "\u00ff", b"\xff"),
    ],
)
def test_values_are_read_by_their_type(schema, written, value):
    """Avro JSON, bare union values, and text of logical types give the datum that is meant."""
    assert datum(parse(schema).root, written) == value


def test_a_value_of_no_type_names_its_path():
    """The path to the wrong value goes with the refusal."""
    node = parse(
        {
            "type": "record",
            "name": "R",
            "fields": [{"name": "a", "type": {"type": "array", "items": "int"}}],
        }
    )
    with pytest.raises(BadValue) as error:
        datum(node.root, {"a": [1, "x"]})
    assert error.value.path == ("a", 1)


@given(st.lists(st.floats() | st.none()), st.lists(st.floats() | st.none()))
def test_only_what_differs_is_a_difference(left, right):
    """Values differ from themselves nowhere, NaN included, and from others somewhere."""
    node = parse({"type": "array", "items": ["null", "double"]}).root
    assert list(differences(node, left, [*left])) == []
    if repr(left) != repr(right) and left != right:
        assert list(differences(node, left, right)) != []


@pytest.fixture
def framed(folder):
    """The American source, with a schema that JSON and single-object records may have."""
    config = folder / "orders.yaml"
    old = "        topics: [order_events]\n"
    assert old in config.read_text()
    said = "        framing: {type: auto, schema: schemas/us-order-event.avsc}\n"
    config.write_text(config.read_text().replace(old, old + said))
    return folder


FRAMED = ("confluent", "confluent-header", "apicurio-header", "glue", "single-object")


def test_a_case_says_how_its_record_is_framed(framed):
    """Under `auto` each framing gives the same record, in both implementations."""
    cases = "".join(
        f"  - name: {name}\n    source: us/order_events\n"
        f"    in: {{framing: {name}, value: {ORDER}}}\n    out: {{value: {OUT}}}\n"
        for name in (*FRAMED, "json")
    )
    code, report, _ = run(framed, cases, "--engine")
    assert (code, report["passed"]) == (0, len(FRAMED) + 1), report


def test_what_a_framing_refuses_is_a_dead_letter_of_the_case(framed):
    """Broken frames and JSON that the schema does not have, with the field where there is one."""
    cases = ""
    for n, (record, wanted) in enumerate((
        ('raw: "0307"', "stage: frame, reason: short"),
        (f'raw: "{b"{".hex()}"', "stage: decode, reason: json"),
        ("framing: json, value: {id: 7}", "stage: decode, reason: type, field: id"),
        ("framing: apicurio-content, value: " + ORDER, "stage: schema, reason: unknown_id"),
        ("headers: [[__value_schema_id, x]], value: " + ORDER, "stage: frame, reason: header"),
    )):  # fmt: skip
        cases += (
            f"  - name: case {n}\n    source: us/order_events\n"
            f"    in: {{{record}}}\n    dead_letter: {{{wanted}}}\n"
        )
    code, report, _ = run(framed, cases, "--engine")
    assert (code, report["passed"]) == (0, 5), report


def test_a_delete_marker_with_a_plain_key(framed):
    """The key of a delete marker is text where the source says so, and needs no schema."""
    config = framed / "orders.yaml"
    text = config.read_text().replace("key: {order_id: id}", "key: {order_id: .}")
    config.write_text(
        text.replace("        framing: {", "        key_framing: string\n        framing: {")
    )
    cases = (
        "  - name: gone\n    source: us/order_events\n    in: {key: o-1}\n"
        "    out: {key: o-1, value: null}\n"
    )
    code, report, _ = run(framed, cases, "--engine", head="cases:\n")
    assert (code, report["passed"]) == (0, 1), report


def test_a_framing_without_its_schema_is_a_mistake_of_the_case(folder):
    """JSON is by a schema of the source; where it gives none, the case is told so."""
    cases = case("filtered: true").replace("in: {", "in: {framing: json, ")
    code, _, said = run(folder, cases)
    assert code == 1
    assert "the source gives no schema for framing json" in said


CHANGE = """\
def change(record):
    if record["customer"] == "nobody":
        return None
    if record["customer"] == "key":
        record["order_id"] = "other"
    record["note"] = record["items"][0]["sku"]
    return record
"""


@pytest.mark.parametrize("options", [(), ("--engine",)])
def test_a_transform_is_applied(folder, options):
    """Cases go through the stream's Python function: made, left out, refused, and deleted."""
    (folder / "change_orders.py").write_text(CHANGE)
    config = folder / "orders.yaml"
    text = config.read_text()
    at = "    deduplicate:"
    assert text.count(at) == 1
    config.write_text(text.replace(at, f"    transform: {{python: 'change_orders:change'}}\n{at}"))
    order = ORDER.replace("lines: []", "lines: [{sku: s, qty: 1}]")
    made = OUT.replace("items: []", "items: [{sku: s, qty: 1}], note: s")
    cases = (
        case(f"out: {{key: o-1, value: {made}}}", order)
        + case("filtered: true", order.replace("name: c", "name: nobody"))
        + case("dead_letter: {stage: transform, reason: raised}")
        + case(
            "dead_letter: {stage: transform, reason: key, field: order_id}",
            order.replace("name: c", "name: key"),
        )
    )
    for n in range(4):  # each its own name
        cases = cases.replace("name: one", f"name: case {n}", 1)
    code, report, said = run(folder, cases, *options)
    assert code == 0, said
    assert [one for one in report["cases"] if not one["ok"]] == []
