"""What Flink is asked for about a job, and what is made of its answers."""

from __future__ import annotations

import httpx
import pytest

from federation.flink.endpoint import Endpoint
from federation.run import checkpoints
from federation.run.rest import FlinkRest


def rest(answers: dict[str, object]) -> tuple[FlinkRest, list[httpx.URL]]:
    """A Flink that answers by path; and what it was asked."""
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        path = request.url.path.removeprefix("/jobs/j")
        if path not in answers:
            return httpx.Response(404, json={"errors": ["not found"]})
        found = answers[path]
        return httpx.Response(200, json=found(request) if callable(found) else found)

    flink = FlinkRest(Endpoint(1, {}), "j")
    flink._http = httpx.Client(
        base_url="http://flink/jobs/j", transport=httpx.MockTransport(answer)
    )
    return flink, asked


class TestRest:
    def test_only_our_counters_are_asked_for_and_by_their_own_names(self):
        """Whatever operator names Flink puts before them; others' look-alikes are left alone."""
        listed = [
            {"id": "Source__source_eu/orders_(a.b).recordsRead"},
            {"id": "normalize.deadLetters"},
            {"id": "deduplicate.duplicates_0"},
            {"id": "deduplicate.duplicates_12"},
            {"id": "deduplicate.transportDuplicates_0"},
            {"id": "deduplicate.duplicates_x"},
            {"id": "x.numRecordsRead"},
            {"id": "x.recordsReadPerSecond"},
            {"id": "recordsRead"},
        ]

        def answer(request: httpx.Request) -> list[dict[str, object]]:
            names = request.url.params.get("get")
            return [{"id": n, "sum": 7.0} for n in names.split(",")] if names else listed

        flink, asked = rest({"/vertices/v/subtasks/metrics": answer})
        assert flink.counters("v") == {
            "recordsRead": 7,
            "deadLetters": 7,
            "duplicates_0": 7,
            "duplicates_12": 7,
            "transportDuplicates_0": 7,
        }
        flink.counters("v")
        assert len(asked) == 3  # the names are remembered
        assert asked[-1].params["agg"] == "sum"

    def test_counters_that_are_not_there_yet_are_asked_for_again(self):
        """Before its tasks run a vertex has no counters; that is not remembered."""
        listed: list[dict[str, object]] = []
        flink, asked = rest({"/vertices/v/subtasks/metrics": lambda _: listed})
        assert flink.counters("v") == {}
        listed.append({"id": "s.recordsRead", "sum": 3.0})
        assert flink.counters("v") == {"recordsRead": 3}
        assert len(asked) == 3

    @pytest.mark.parametrize("tasks", [1, 20, 128])
    def test_many_tasks_are_asked_in_parts(self, tasks):
        """However many there are, no request line is longer than Flink reads, and each is told once."""
        names = [
            f"{n}.Source__source_eu/public.shop.orders.federation.troubles" for n in range(tasks)
        ]

        def answer(request: httpx.Request) -> list[dict[str, object]]:
            assert len(request.url.raw_path) < 4_000
            asked = request.url.params.get("get")
            return [{"id": n, "value": f'["{n}"]'} for n in (asked.split(",") if asked else names)]

        flink, _ = rest({"/vertices/v/metrics": answer})
        assert flink.told("v") == {"troubles": names}

    @pytest.mark.parametrize(
        ("trace", "cause"),
        [
            ("java.lang.X: a\n\tat f.g(H.java:1)\nCaused by: b.Y: why\n\t... 3 more\n", "b.Y: why"),
            ("java.lang.X: alone\n\tat f.g(H.java:1)\n", "java.lang.X: alone"),
            ("", ""),
        ],
    )
    def test_a_root_cause_is_the_innermost_without_frames(self, trace, cause):
        """Of a Java stack trace a person gets the last sentence."""
        flink, _ = rest({"/exceptions": {"exceptionHistory": {"entries": [{"stacktrace": trace}]}}})
        assert flink.root_cause() == cause
        assert rest({"/exceptions": {}})[0].root_cause() == ""

    def test_an_answer_that_is_none_is_an_http_error(self):
        """A job that Flink does not know raises what poll catches."""
        with pytest.raises(httpx.HTTPError):
            rest({})[0].job()

    def test_failing_checkpoints_are_those_since_the_last_good_one(self):
        """Old failures are history; each of those after the last completed one counts."""
        history = [
            {"id": 9, "status": "FAILED"},
            {"id": 8, "status": "FAILED"},
            {"id": 7, "status": "COMPLETED"},
            {"id": 6, "status": "FAILED"},
        ]
        assert checkpoints.failing({"latest": {"completed": {"id": 7}}, "history": history}) == 2
        assert checkpoints.failing({"latest": {"completed": None}, "history": history}) == 3
        assert checkpoints.failing({}) == 0
