"""Commands and batches as bytes in Valkey's streams.

A command is a JSON object with `k` (its kind), `lot` and its own fields; `req` asks for an
answer in the batch that consumed it. A batch is a JSON object

    {"epoch", "no", "consumed", "events": [journal bodies], "answers": [...]}

where `no` counts the batches of an epoch without a gap, `events` are exactly the journal's bytes
and `answers` holds what is not an event: repeated bids and replies to `req`.
"""

from typing import Any

import orjson

from auction_engine.rules.commands import Admit, Bid, CloseLot, Command, ListLot, Tick
from auction_engine.rules.params import LotParams

COMMAND_FIELD = b"c"
BATCH_FIELD = b"b"


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
