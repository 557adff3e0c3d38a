"""What holds for every test."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Let processes that tests start end by Ctrl-C, also where the run itself was begun without it.

    A shell begins what goes on in the background with the signal ignored, and that is inherited.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
