"""The command that a journal's entry tells of, built again from the entry."""

from typing import Any
from uuid import UUID

from auction_engine.rules.commands import (
    Act,
    Admit,
    Bid,
    Command,
    DraftLot,
    Enter,
    ListLot,
    Seal,
)
from auction_engine.rules.lifecycle import TURNS
from auction_engine.rules.money import check_amount_minor
from auction_engine.rules.params import LotParams


def told_by(entry: dict[str, Any]) -> Command | None:
    """The command that led to `entry`; None if it followed from time or from another entry.

    Raises KeyError, TypeError or ValueError for an entry no part of this program writes.
    """
    kind = entry["kind"]
    if kind == "lot.listed":
        return ListLot(LotParams.from_json(entry["params"]))
    if kind == "lot.drafted":
        return DraftLot(LotParams.from_json(entry["params"]))
    if kind in TURNS:
        return _act(kind, entry["data"])
    if "bid_id" in entry:
        return _offer(kind, entry)
    if kind == "bidder.admitted":
        if type(entry["code"]) is not str or type(entry["robot"]) is not bool:
            raise TypeError("the code is not text or robot is not true or false")
        return Admit(_whole(entry["bidder"]), entry["code"], entry["robot"])
    if kind == "bidder.entered":
        return Enter(_whole(entry["bidder"]))
    return None


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError("the bidder is not a whole number")
    return value


def _act(kind: str, data: dict[str, Any]) -> Act | None:
    row = TURNS[kind]
    if data.get("by") is None or row.act is None:
        return None
    # What else is in the entry follows from the lot, not from the person.
    said = {name.rstrip("?") for name in row.fields}
    fields = {name: value for name, value in data.items() if name in said}
    if kind == "winner.announced":
        fields = {}
    return Act(row.act, data["role"], data["by"], data.get("reason"), fields)


def _offer(kind: str, entry: dict[str, Any]) -> Command:
    bidder, bid_id = _whole(entry["bidder"]), _bid_id(entry["bid_id"])
    if kind == "bid.sealed":
        return Seal(bidder, bid_id, entry["box"])
    if entry["amount_minor"] is None:
        return Seal(bidder, bid_id, "")
    how = entry.get("how")
    return Bid(bidder, bid_id, check_amount_minor(entry["amount_minor"]), **(how or {}))


def _bid_id(value: Any) -> str:
    if type(value) is not str or str(UUID(value)) != value:
        raise ValueError("the bid id is not a UUID in its usual spelling")
    return value
