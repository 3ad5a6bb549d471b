"""Commands and batches as bytes in Valkey's streams.

A command is a JSON object with `k` (its kind), `lot` and its own fields; `req` asks for an
answer in the batch that consumed it. A batch is a JSON object

    {"epoch", "no", "consumed", "events": [journal bodies], "answers": [...]}

where `no` counts the batches of an epoch without a gap, `events` are exactly the journal's bytes
and `answers` holds what is not an event: repeated bids and replies to `req`.
"""

import re
from typing import Any

import orjson
import structlog

from auction_engine.rules.commands import Admit, Bid, CloseLot, Command, ListLot, Tick
from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.rules.params import LotParams

COMMAND_FIELD = b"c"
BATCH_FIELD = b"b"

_log = structlog.get_logger(__name__)
_BIGINT = 2**63
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch


def encode_bid(lot: int, bidder: int, bid_id: str, amount_minor: int) -> bytes:
    """A bid as an inbox command."""
    return orjson.dumps(
        {"k": "bid", "lot": lot, "by": bidder, "id": bid_id, "amount": amount_minor}
    )


def encode_list(lot: int, params: LotParams, req: str) -> bytes:
    """Put a lot up."""
    return orjson.dumps({"k": "list", "lot": lot, "params": params.to_json(), "req": req})


def encode_admit(lot: int, bidder: int, code: str, robot: bool, req: str) -> bytes:
    """Admit a bidder under a code."""
    return orjson.dumps(
        {"k": "admit", "lot": lot, "by": bidder, "code": code, "robot": robot, "req": req}
    )


def encode_close(lot: int, req: str) -> bytes:
    """The auctioneer closes the lot."""
    return orjson.dumps({"k": "close", "lot": lot, "req": req})


def encode_tick(lot: int) -> bytes:
    """The clock says that something is due."""
    return orjson.dumps({"k": "tick", "lot": lot})


def encode_probe(req: str) -> bytes:
    """A command without effect that goes the whole way through the log."""
    return orjson.dumps({"k": "probe", "lot": 0, "req": req})


def is_command(raw: Any) -> bool:
    """Whether a decoded inbox entry has the shape of a command.

    One that has not must not reach rules or ledger: its failure would come back with every retry
    and hold up the shard. Raises KeyError or TypeError for some that have not.
    """
    kind, lot = raw["k"], raw["lot"]
    if type(lot) is not int or not 0 <= lot < _BIGINT:
        return False
    if kind == "bid":
        return (
            type(raw["by"]) is int
            and 0 <= raw["by"] < _BIGINT
            and _UUID(raw["id"]) is not None
            and type(raw["amount"]) is int
            and 0 < raw["amount"] <= MAX_AMOUNT_MINOR
        )
    if kind == "admit":
        return (
            type(raw["by"]) is int
            and 0 <= raw["by"] < _BIGINT
            and type(raw["code"]) is str
            and type(raw["robot"]) is bool
        )
    return kind in ("tick", "probe", "list", "close")


def decode_entries(raw: list[tuple[str, bytes]]) -> list[tuple[str, dict[str, Any]]]:
    """Commands of the inbox; what is not one is left out and logged: it can only be foreign."""
    entries: list[tuple[str, dict[str, Any]]] = []
    for log, value in raw:
        try:
            command = orjson.loads(value)
            if is_command(command):
                entries.append((log, command))
                continue
        except (orjson.JSONDecodeError, TypeError, KeyError):
            pass
        _log.error("foreign_inbox_entry", log=log)
    return entries


def rules_command(raw: dict[str, Any]) -> Command:
    """The rules' command in a decoded inbox command.

    Raises KeyError, TypeError or ParamsError for one that no part of this program writes.
    """
    kind = raw["k"]
    if kind == "bid":
        return Bid(raw["by"], raw["id"], raw["amount"])
    if kind == "tick":
        return Tick()
    if kind == "admit":
        return Admit(raw["by"], raw["code"], raw["robot"])
    if kind == "list":
        return ListLot(LotParams.from_json(raw["params"]))
    if kind == "close":
        return CloseLot()
    raise KeyError(kind)


def encode_batch(
    epoch: int, no: int, consumed: str, bodies: list[bytes], answers: list[dict[str, Any]]
) -> bytes:
    """A recorded batch; journal bodies go in as they are on disk."""
    return b'{"epoch":%d,"no":%d,"consumed":"%s","events":[%s],"answers":%s}' % (
        epoch,
        no,
        consumed.encode(),
        b",".join(bodies),
        orjson.dumps(answers),
    )
