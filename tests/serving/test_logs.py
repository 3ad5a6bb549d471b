"""Logs: no secret leaves, repeated warnings are counted instead of written."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from auction_engine import logs

SECRET = "hunter2hunter2"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


def lines(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize(
    "fields",
    [
        {"password": SECRET},
        {"db_passwd": SECRET},
        {"ticket": SECRET},
        {"Cookie": f"session={SECRET}"},
        {"headers": {"Authorization": f"Bearer {SECRET}"}},
        {"headers": [{"Set-Cookie": SECRET}]},
        {"csrf_token": SECRET},
        {"url": f"postgresql://user:{SECRET}@host/db"},
        {"url": f"unix:///x.sock?db=1&password={SECRET}"},
        {"path": f"/live?ticket={SECRET}&a=1"},
        {"body": f'{{"password": "{SECRET}"}}'},
        {"header": f"cookie: session={SECRET}; b=2"},
        {"bytes": f"ticket={SECRET}".encode()},
    ],
)
def test_secrets_are_redacted(capsys, fields):
    logs.configure(as_json=True, process="test")
    structlog.get_logger("x").info("seen", **fields)
    logging.getLogger("library").warning("seen %s", fields)
    out = capsys.readouterr().err
    assert out.count("seen") == 2
    assert SECRET not in out


def test_secrets_in_tracebacks(capsys):
    logs.configure(as_json=True)
    try:
        raise ValueError(f"cannot reach redis://:{SECRET}@host")
    except ValueError:
        structlog.get_logger("x").exception("failed")
    (line,) = lines(capsys)
    assert "ValueError" in line["exception"]
    assert SECRET not in json.dumps(line)


def test_console_is_redacted_as_well(capsys):
    logs.configure(as_json=False)
    structlog.get_logger("x").info("seen", token=SECRET)
    out = capsys.readouterr().err
    assert "seen" in out
    assert SECRET not in out


def test_lines_carry_process_time_and_level(capsys):
    logs.configure(as_json=True, process="recorder-0")
    structlog.get_logger("x").info("shard taken", shard=0)
    (line,) = lines(capsys)
    assert line["process"] == "recorder-0"
    assert line["level"] == "info"
    assert line["shard"] == 0
    assert line["at"].endswith("Z")


def record(message: str, level: int = logging.WARNING) -> logging.LogRecord:
    return logging.LogRecord("websockets.server", level, "f", 1, message, (1,), None)


def test_repeated_warnings_are_counted():
    now = [0.0]
    limit = logs.RepeatLimit(burst=2, window_s=10, clock=lambda: now[0])
    assert [limit.filter(record("bad %s")) for _ in range(5)] == [True, True, False, False, False]
    assert limit.filter(record("other %s"))
    assert limit.filter(record("bad %s", logging.INFO))
    now[0] = 11
    again = record("bad %s")
    assert limit.filter(again)
    assert again.suppressed == 3


def test_memory_of_warnings_is_bounded():
    limit = logs.RepeatLimit(kinds_max=10)
    for number in range(1000):
        limit.filter(record(f"kind {number}"))
    assert len(limit._seen) <= 10
