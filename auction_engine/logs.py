"""Structured logs: one line per event, JSON for machines or columns for a person, no secrets.

`configure` is called once, first thing in every process. Code then uses
`structlog.get_logger(__name__).info("shard taken", shard=0, epoch=3)`; records of libraries that
use `logging` (uvicorn, websockets, asyncio) pass through the same processors.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED = "[redacted]"

# A key that contains one of these names a secret, whatever stands around it ("csrf_token").
_SECRET_KEYS = re.compile(
    r"passw|ticket|cookie|authorization|csrf|token|secret|session_id|api_?key", re.IGNORECASE
)
# Secrets inside free text: in URLs ("//user:pw@host"), as parameters or headers ("ticket=…").
_SECRET_TEXT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(://[^\s/@:]*:)[^\s@/]+(@)"), rf"\1{REDACTED}\2"),
    (
        re.compile(
            r"(?i)([\"']?\b[\w-]*(?:passw(?:or)?d|ticket|csrf|token|secret)[\"']?\s*[=:]\s*)"
            r"(\"[^\"]*\"|'[^']*'|[^\s&,;}\"']+)"
        ),
        rf"\1{REDACTED}",
    ),
    (
        re.compile(
            r"(?i)\b((?:set-)?cookie|authorization)([\"']?\s*[=:]\s*)"
            r"(\"[^\"]*\"|'[^']*'|[^\r\n]+)"
        ),
        rf"\1\2{REDACTED}",
    ),
)
_DEPTH_MAX = 6


def clean_text(text: str) -> str:
    """`text` without the secrets that show by their form (URL passwords, `ticket=…`, cookies)."""
    for pattern, replacement in _SECRET_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _clean(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, bytes):
        return clean_text(value.decode("utf-8", "replace"))
    if depth >= _DEPTH_MAX:
        return "…"
    if isinstance(value, dict):
        return {
            key: REDACTED
            if isinstance(key, str) and _SECRET_KEYS.search(key)
            else _clean(item, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean(item, depth + 1) for item in value]
    if value is None or isinstance(value, (int, float)):
        return value
    return clean_text(repr(value))


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace the values of secret keys, at any depth, and secrets inside texts."""
    for key in list(event):
        if key == "exc_info" or key.startswith("_"):
            continue
        event[key] = REDACTED if _SECRET_KEYS.search(key) else _clean(event[key])
    return event


class RepeatLimit(logging.Filter):
    """Lets `burst` equal warnings through per `window_s`, then counts the rest.

    A client that sends bad UTF-8 makes libraries log a traceback per frame; without this the disk
    fills. The first record of the next window carries `suppressed`, the number left out.
    """

    def __init__(
        self,
        *,
        burst: int = 5,
        window_s: float = 60.0,
        kinds_max: int = 500,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._burst, self._window_s, self._kinds_max = burst, window_s, kinds_max
        self._clock = clock
        # kind -> [start of window, seen in it]; bounded, the longest silent one goes first.
        self._seen: OrderedDict[tuple[Any, ...], list[float]] = OrderedDict()

    @staticmethod
    def _kind(record: logging.LogRecord) -> tuple[Any, ...]:
        # The template, not the text: "connection %s failed" is one kind for all connections.
        message = record.msg.get("event") if isinstance(record.msg, dict) else record.msg
        error = record.exc_info[0] if record.exc_info else None
        return (record.name, record.levelno, str(message)[:200], error)

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        kind, now = self._kind(record), self._clock()
        window = self._seen.get(kind)
        if window is None or now - window[0] >= self._window_s:
            suppressed = 0 if window is None else int(window[1]) - self._burst
            self._seen[kind] = [now, 1]
            self._seen.move_to_end(kind)
            if len(self._seen) > self._kinds_max:
                self._seen.popitem(last=False)
            if suppressed > 0:
                record.suppressed = suppressed
                if isinstance(record.msg, dict):
                    record.msg = {**record.msg, "suppressed": suppressed}
            return True
        window[1] += 1
        return window[1] <= self._burst


def _add_suppressed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    record = event.get("_record")
    if record is not None and hasattr(record, "suppressed"):
        event["suppressed"] = record.suppressed
    return event


def _processors(process: str) -> list[Processor]:
    def add_process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("process", process)
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        add_process,
    ]


def _clean_traceback(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # After the traceback became text: an error's message may quote a URL with its password.
    if isinstance(event.get("exception"), str):
        event["exception"] = clean_text(event["exception"])
    return event


def configure(
    *, level: str = "info", as_json: bool | None = None, process: str = "auction-engine"
) -> None:
    """Send everything logged in this process to standard error.

    `as_json` None means JSON unless standard error is a terminal. `process` names this process in
    every line ("gateway", "recorder-0"). May be called again; the last call counts.
    """
    if as_json is None:
        as_json = not sys.stderr.isatty()
    shared = _processors(process)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(RepeatLimit())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_add_suppressed, *shared],
            processors=_final(as_json),
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "websockets", "alembic"):
        library = logging.getLogger(name)
        library.handlers[:] = []
        library.propagate = True
        # Connection chatter is below what an operator reads, and its debug lines show headers.
        library.setLevel(max(root.level, logging.WARNING))
    logging.captureWarnings(True)


def _final(as_json: bool) -> list[Processor]:
    render: list[Processor]
    if as_json:
        render = [
            structlog.processors.format_exc_info,
            _clean_traceback,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    else:
        render = [
            structlog.processors.format_exc_info,
            _clean_traceback,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ]
    return [redact, structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render]
