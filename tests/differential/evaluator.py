"""The Java transcoder as one long-lived process that answers cases."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from federation.flink import javatest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Evaluator:
    """Java's answers, in the order of the questions."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._feeder = ThreadPoolExecutor(1)  # so that neither pipe can fill while both sides write

    def ask(self, questions: Iterable[dict[str, Any]]) -> Callable[[], Iterator[dict[str, Any]]]:
        """Ask, and be told later: call what is returned for one answer per question."""
        lines = [json.dumps(one) + "\n" for one in questions]
        fed = self._feeder.submit(self._feed, lines)

        def answers() -> Iterator[dict[str, Any]]:
            for _ in lines:
                yield self._answer()
            fed.result()

        return answers

    def _feed(self, lines: list[str]) -> None:
        self._process.stdin.writelines(lines)
        self._process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the JVM ended with {self._process.wait()}")
        return json.loads(line)


@contextmanager
def evaluator() -> Iterator[Evaluator]:
    """One JVM for the block; 512 MB must do for anything it is asked."""
    with (
        javatest.program("federation.map.Evaluate", memory="512m") as command,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        ) as process,
    ):
        try:
            yield Evaluator(process)
        finally:
            process.stdin.close()
