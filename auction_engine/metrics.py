"""Every Prometheus metric of the program, and the page that shows them.

The supervisor gives its children a common directory (`PROMETHEUS_MULTIPROC_DIR`, read by
prometheus_client when it is first imported), so that `/metrics` of any gateway shows all processes
of the machine. Without that directory a process shows itself alone.

Labels never carry a bidder, a lot or an address: their number must stay small and nobody's
behaviour is to be read from a graph.
"""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client import multiprocess as _multiprocess

DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_LATENCY_BUCKETS_S = (
    0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.04, 0.075, 0.15, 0.5, 1, 5,
)  # fmt: skip

# outcome: "accepted", a reason code of a refusal ("BELOW_MIN_INCREMENT"), "busy" or "error".
# The recorder counts what it recorded; a gateway counts "busy" and "error".
BIDS = Counter("auction_bids", "Bids by outcome.", ["outcome"])

COMMIT_SECONDS = Histogram(
    "auction_commit_seconds",
    "Duration of one ledger transaction.",
    ["shard"],
    buckets=_LATENCY_BUCKETS_S,
)
BATCH_SIZE = Histogram(
    "auction_batch_commands",
    "Commands recorded by one ledger transaction.",
    ["shard"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000),
)
ANSWER_SECONDS = Histogram(
    "auction_answer_seconds",
    "Time from a bid's arrival at the gateway to its answer.",
    buckets=_LATENCY_BUCKETS_S,
)
INBOX_LENGTH = Gauge(
    "auction_inbox_commands",
    "Commands ordered but not yet recorded.",
    ["shard"],
    multiprocess_mode="livemostrecent",
)
LOG_MINUS_WALL_MS = Gauge(
    "auction_log_minus_wall_ms",
    "Log time minus this machine's time, in milliseconds.",
    ["shard"],
    multiprocess_mode="livemostrecent",
)
EPOCH = Gauge(
    "auction_shard_epoch",
    "Epoch under which the shard is owned.",
    ["shard"],
    multiprocess_mode="max",
)
INFLIGHT = Gauge(
    "auction_gateway_inflight",
    "Bids sent to the log and not answered yet.",
    multiprocess_mode="livesum",
)
CONNECTIONS = Gauge("auction_connections", "Open live connections.", multiprocess_mode="livesum")
VIEWERS = Gauge(
    "auction_viewers", "Lots followed, over all connections.", multiprocess_mode="livesum"
)
# reason: the close code's name ("slow", "ping", "full", "flood", "bad", "hello", "ticket").
EVICTIONS = Counter("auction_evictions", "Connections ended by the server.", ["reason"])
UPDATES = Counter("auction_updates_sent", "Update frames written to viewers.")
UPDATE_BYTES = Counter("auction_update_bytes", "Bytes of update frames written to viewers.")
INCIDENTS = Counter("auction_incidents", "Incidents recorded in the ledger.", ["kind"])
# outcome: "sent", "kept" (the demonstration), "later", "dead", "away" (the mail server).
LETTERS = Counter("auction_letters", "Letters by what became of them.", ["outcome"])
LETTERS_WAITING = Gauge(
    "auction_letters_waiting", "Letters to be sent.", multiprocess_mode="mostrecent"
)
LETTERS_DEAD = Gauge(
    "auction_letters_dead", "Letters refused for good.", multiprocess_mode="mostrecent"
)
# outcome: "sent", "gone", "refused", "later" (the push service); "over", "stale", "full" (unsent).
ALERTS = Counter("auction_alerts", "Push notifications by what became of them.", ["outcome"])
# outcome: "sent", "later" (to be tried again), "dead" (the webhook was switched off).
WEBHOOKS = Counter("auction_webhooks", "Events sent to webhooks by what became of it.", ["outcome"])
DUES = Counter("auction_dues", "What was due, as it was said for the first time.", ["level"])


def render() -> tuple[bytes, str]:
    """The metrics page of this machine and its content type."""
    if DIRECTORY_VARIABLE not in os.environ:
        return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
    registry = CollectorRegistry()
    _multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST


def prepare_directory(directory: Path) -> None:
    """Empty `directory` for a new run; the supervisor calls this before any child starts."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for leftover in directory.glob("*.db"):
        leftover.unlink()


def forget_process(pid: int) -> None:
    """Drop the gauges of a process that has ended."""
    if DIRECTORY_VARIABLE in os.environ:
        _multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
