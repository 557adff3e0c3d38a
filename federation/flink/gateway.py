"""The JVM that PyFlink talks to, and in which Flink runs if it has no processes of its own.

PyFlink can start its own, but then nobody reads that process's stderr (a full pipe stops it) and
nobody knows its pid. Here output goes to the log folder and the handle is ours. The JVM exits when
it loses its connection to this process, so it never outlives it, however that dies.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from federation.errors import JobError
from federation.flink.program import Program, how_it_ended, launch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from federation.flink.cluster import Cluster

_MAIN = "org.apache.flink.client.python.PythonGatewayServer"
_START_DEADLINE = 60.0
_STOP_DEADLINE = 20.0  # the first JVM writes its classes down as it ends


class Gateway:
    """One JVM with Flink, the connector and our operators on its class path."""

    def __init__(
        self,
        logs: Path,
        scratch: Path,
        *,
        inherit: Sequence[int] = (),
        cluster: Cluster | None = None,
    ) -> None:
        """Prepare; :meth:`start` does the work.

        Args:
            logs: folder for ``flink.log`` and the JVM's own output.
            scratch: folder for temporary files; emptied first, for a killed JVM leaves its own.
            inherit: file descriptors that stay open as long as the JVM lives.
            cluster: Flink's own processes, where the jobs do not run in this JVM; started and
                ended with it.
        """
        self._logs = logs
        self._scratch = scratch
        self._inherit = tuple(inherit)
        self.cluster = cluster
        self._process: subprocess.Popen[bytes] | None = None
        self._program: Program | None = None

    @property
    def pid(self) -> int | None:
        """The JVM's process id once it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the JVM and make PyFlink use it.

        Raises:
            SetupError: no Java, or jars are missing and cannot be fetched.
            JobError: the JVM ended or did not answer in time; names its log.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        self._program = Program()
        if self.cluster:
            # First: the JVM ends unless PyFlink soon speaks to it.
            self.cluster.start(self._program)
        output = self._logs / "jvm.out"
        with tempfile.TemporaryDirectory() as folder:
            port_file = Path(folder) / "port"
            self._process = launch(
                self._program.command(
                    _MAIN,
                    log=self._logs / "flink.log",
                    scratch=self._scratch,
                    options=self._program.archive.options(write=self.cluster is None),
                ),
                output,
                inherit=self._inherit,
                environment={"_PYFLINK_CONN_INFO_PATH": str(port_file)},
            )
            port = self._wait_for(port_file, output)
        os.environ["PYFLINK_GATEWAY_PORT"] = str(port)
        # The JVM starts Python workers itself: the service by which we would listens on every
        # interface.
        os.environ["_python_worker_execution_mode"] = "process"  # noqa: SIM112 - PyFlink spells it so

    def how_it_ended(self) -> str:
        """The exit code or signal of a JVM that is no longer alive."""
        code = self._process.returncode if self._process else None
        see = f", see {self._logs / 'jvm.out'}" if code is None or code >= 0 else ""
        return f"{how_it_ended(code)}{see}"

    def stop(self) -> None:
        """End the JVM, and the cluster; safe to call twice."""
        if self.cluster:
            self.cluster.stop()
        if self._process is None:
            return
        _hush()
        _disconnect()
        self._process.terminate()
        try:
            self._process.wait(timeout=_STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._program is not None:
            self._program.archive.keep(whole=self._process.returncode != -signal.SIGKILL)

    @property
    def alive(self) -> bool:
        """Whether the JVM runs."""
        return self._process is not None and self._process.poll() is None

    def _wait_for(self, port_file: Path, output: Path) -> int:
        assert self._process is not None
        deadline = time.monotonic() + _START_DEADLINE
        while time.monotonic() < deadline:
            if port_file.exists() and len(content := port_file.read_bytes()) >= 4:
                return int(struct.unpack("!I", content[:4])[0])
            if self._process.poll() is not None:
                tail = output.read_text(errors="replace")[-2000:].strip()
                raise JobError(
                    f"the JVM ended at once with code {self._process.returncode}: {tail}",
                    hint=f"read {output}",
                )
            time.sleep(0.05)
        self.stop()
        raise JobError("the JVM did not answer within a minute", hint=f"read {output}")


def _hush() -> None:
    """No more from py4j, which logs each lost connection at length, and some of it as root."""
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    logging.getLogger().addFilter(lambda one: one.msg != "Exception while sending command.")


def _disconnect() -> None:
    """Let PyFlink forget this JVM: its proxies are then collected in silence."""
    from pyflink import java_gateway  # noqa: PLC0415 - it takes seconds to import

    if java_gateway._gateway is not None:  # noqa: SLF001 - PyFlink has no public way
        java_gateway._gateway.shutdown()  # noqa: SLF001 - as above
        java_gateway._gateway = None  # noqa: SLF001 - as above
    os.environ.pop("PYFLINK_GATEWAY_PORT", None)
