"""Logging: structlog to stderr, for people on a terminal and as JSON lines elsewhere.

Every line has ``time`` (ISO 8601, UTC), ``level``, ``event`` and ``logger``; other keys belong to
the event. Lines of libraries that use :mod:`logging` take the same way, and no line leaves without
passing the redactor.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import structlog

from federation.observe.secrets import REDACTOR

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from structlog.typing import Processor

LEVELS = ("debug", "info", "warning", "error")


def configure(level: str = "info", json: bool | None = None) -> None:  # noqa: FBT001 - a format, not a switch
    """Set up logging for this process; calling it again replaces the set-up.

    Args:
        level: one of :data:`LEVELS`. Libraries log from ``warning`` on, unless it is ``debug``.
        json: JSON lines, or the console form; None decides by whether stderr is a terminal.
    """
    as_json = not sys.stderr.isatty() if json is None else json
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if as_json:
        last += [
            structlog.processors.format_exc_info,
            _redact,
            structlog.processors.JSONRenderer(default=str, ensure_ascii=False),
        ]
    else:
        console = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            timestamp_key="time",
            exception_formatter=structlog.dev.plain_traceback,
        )
        last += [_redact, console]
    handler = _Handler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last)
    )
    root = logging.getLogger()
    # ours replaces itself and any plain one; what a test or an application added stays
    root.handlers[:] = [
        h for h in root.handlers if type(h) not in (_Handler, logging.StreamHandler)
    ]
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
    logging.getLogger("federation").setLevel(level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module: ``get_logger(__name__)``."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


class _Handler(logging.Handler):
    """Writes to whatever stderr is at that moment, and scrubs the finished line once more."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(REDACTOR.scrub(self.format(record)) + "\n")
            sys.stderr.flush()
        except BrokenPipeError:
            return  # nobody reads any more: the work goes on without a log
        except Exception:  # noqa: BLE001 - logging must never take the program down
            self.handleError(record)


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask values by name and by content before they are rendered."""
    exc_info = event.pop("exc_info", None)
    clean: MutableMapping[str, Any] = REDACTOR.scrub_value(dict(event))
    if exc_info is not None:
        clean["exc_info"] = exc_info
    return clean
