"""Commands and batches as bytes in Valkey's streams.

A command is a JSON object with `k` (its kind), `lot` and its own fields; `req` asks for an
answer in the batch that consumed it. A batch is a JSON object

    {"epoch", "no", "consumed", "events": [journal bodies], "answers": [...]}

where `no` counts the batches of an epoch without a gap, `events` are exactly the journal's bytes
and `answers` holds what is not an event: repeated bids and replies to `req`.
"""

import re
from collections.abc import Callable
from typing import Any

import orjson
import structlog

from auction_engine.rules.commands import (
    Act,
    Admit,
    Bid,
    CloseLot,
    Command,
    DraftLot,
    Enter,
    ListLot,
    Seal,
    Tick,
)
from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.rules.params import LotParams

COMMAND_FIELD = b"c"
BATCH_FIELD = b"b"

_log = structlog.get_logger(__name__)
_BIGINT = 2**63
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch


# Commands whose outcome is recorded under (bidder, bid id), once.
OFFERS = ("bid", "seal")
_LONGEST_BOX = 4_096


def encode_bid(
    lot: int, bidder: int, bid_id: str, amount_minor: int, how: dict[str, Any] | None = None
) -> bytes:
    """A bid as an inbox command; `how` is what it says beside the amount (`events.How`)."""
    command = {"k": "bid", "lot": lot, "by": bidder, "id": bid_id, "amount": amount_minor}
    if how:
        command["how"] = how
    return orjson.dumps(command)


def encode_seal(lot: int, bidder: int, bid_id: str, box: str) -> bytes:
    """A sealed bid as an inbox command."""
    return orjson.dumps({"k": "seal", "lot": lot, "by": bidder, "id": bid_id, "box": box})


def encode_list(lot: int, params: LotParams, req: str, draft: bool = False) -> bytes:
    """Put a lot up, or begin its file."""
    kind = "draft" if draft else "list"
    return orjson.dumps({"k": kind, "lot": lot, "params": params.to_json(), "req": req})


def encode_enter(lot: int, bidder: int) -> bytes:
    """An admitted bidder is in the room."""
    return orjson.dumps({"k": "enter", "lot": lot, "by": bidder})


def encode_act(lot: int, act: Act, req: str) -> bytes:
    """A person's act in the life of the lot."""
    return orjson.dumps(
        {
            "k": "act",
            "lot": lot,
            "act": act.name,
            "role": act.role,
            "by": act.actor,
            "reason": act.reason,
            "data": act.data,
            "req": req,
        }
    )


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
    if kind in ("tick", "probe", "list", "draft", "close"):
        return True
    if type(raw["by"]) is not int or not 0 <= raw["by"] < _BIGINT:
        return False
    if kind == "bid":
        return (
            _UUID(raw["id"]) is not None
            and type(raw["amount"]) is int
            and 0 < raw["amount"] <= MAX_AMOUNT_MINOR
            and ("how" not in raw or is_how(raw["how"]))
        )
    if kind == "seal":
        box = raw["box"]
        return _UUID(raw["id"]) is not None and type(box) is str and len(box) <= _LONGEST_BOX
    if kind == "admit":
        return type(raw["code"]) is str and type(raw["robot"]) is bool
    if kind == "act":
        return (
            all(type(raw[name]) is str for name in ("act", "role"))
            and type(raw["reason"]) in (str, type(None))
            and type(raw["data"]) is dict
        )
    return bool(kind == "enter")


def is_how(how: Any) -> bool:
    """Whether this is what a bid may say beside its amount."""
    return (
        type(how) is dict
        and bool(how)
        and how.keys() <= {"step", "automatic", "confirmed"}
        and how.get("automatic", True) is True
        and how.get("confirmed", True) is True
        and type(how.get("step", 0)) is int
        and 0 <= how.get("step", 0) < _BIGINT
    )


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
    if raw["k"] == "bid":
        how = raw.get("how")
        if how is None:
            return Bid(raw["by"], raw["id"], raw["amount"])
        return Bid(raw["by"], raw["id"], raw["amount"], **how)
    return _COMMANDS[raw["k"]](raw)


_COMMANDS: dict[str, Callable[[dict[str, Any]], Command]] = {
    "seal": lambda raw: Seal(raw["by"], raw["id"], raw["box"]),
    "tick": lambda raw: Tick(),
    "enter": lambda raw: Enter(raw["by"]),
    "admit": lambda raw: Admit(raw["by"], raw["code"], raw["robot"]),
    "act": lambda raw: Act(raw["act"], raw["role"], raw["by"], raw["reason"], raw["data"]),
    "list": lambda raw: ListLot(LotParams.from_json(raw["params"])),
    "draft": lambda raw: DraftLot(LotParams.from_json(raw["params"])),
    "close": lambda raw: CloseLot(),
}


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
