"""What a client may say, checked to the letter, and frames to be sent, as bytes."""

import re
from typing import Any

import orjson

from auction_engine.bidding.wire import is_how
from auction_engine.rules import sealing
from auction_engine.rules.money import AmountError, check_amount_minor
from auction_engine.rules.sealing_bytes import SealError

BID_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch
_MAX_SAFE = 2**53
_HOW = ("step", "automatic", "confirmed")
_PLAIN_BID = 4

# Fields each message may have: (needed, optional).
_SHAPES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "hello": (frozenset({"t"}), frozenset({"ticket"})),
    "watch": (frozenset({"t", "lot"}), frozenset({"epoch", "seq"})),
    "unwatch": (frozenset({"t", "lot"}), frozenset()),
    "bid": (
        frozenset({"t", "lot", "bid_id", "amount_minor"}),
        frozenset({"step", "automatic", "confirmed"}),
    ),
    "seal": (frozenset({"t", "lot", "bid_id", "box"}), frozenset()),
    "time": (frozenset({"t", "at"}), frozenset()),
}


class MessageError(ValueError):
    """A message that is not of the protocol. `code` is the protocol's error code."""

    def __init__(self, code: str, text: str, bid_id: str | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.bid_id = bid_id


def parse(data: bytes | bytearray | memoryview) -> dict[str, Any]:
    """The message in a text frame.

    Raises MessageError: BAD_MESSAGE, BAD_BID_ID, BAD_AMOUNT_*.
    """
    try:
        message = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise MessageError("BAD_MESSAGE", "The message is not valid JSON.") from None
    if type(message) is not dict:
        raise MessageError("BAD_MESSAGE", "The message is not a JSON object.")
    kind = message.get("t")
    shape = _SHAPES.get(kind) if type(kind) is str else None
    if shape is None:
        raise MessageError("BAD_MESSAGE", "The field `t` names no message of the protocol.")
    _check_fields(message, *shape)
    if kind == "bid":
        _check_bid(message)
    elif kind == "seal":
        check_bid_id(message["bid_id"])
        check_box(message["box"], message["bid_id"])
    return message


def _check_fields(
    message: dict[str, Any], needed: frozenset[str], optional: frozenset[str]
) -> None:
    names = message.keys()
    if names != needed:
        if missing := needed - names:
            raise MessageError("BAD_MESSAGE", f"The field `{min(missing)}` is missing.")
        if extra := names - needed - optional:
            raise MessageError("BAD_MESSAGE", f"The field `{min(extra)[:40]}` is not known.")
    for name in ("lot", "epoch", "seq"):
        value = message.get(name, 0)
        if type(value) is not int or not 0 <= value < _MAX_SAFE:
            raise MessageError("BAD_MESSAGE", f"The field `{name}` must be a whole number.")
    if "at" in message and type(message["at"]) not in (int, float):
        raise MessageError("BAD_MESSAGE", "The field `at` must be a number.")
    if "ticket" in message and type(message["ticket"]) is not str:
        raise MessageError("BAD_MESSAGE", "The field `ticket` must be a text.")


def _check_bid(message: dict[str, Any]) -> None:
    bid_id = message["bid_id"]
    check_bid_id(bid_id)
    try:
        check_amount_minor(message["amount_minor"])
    except AmountError as error:
        raise MessageError(error.code, str(error), bid_id) from None
    if len(message) > _PLAIN_BID:
        how_of(message)


def how_of(message: dict[str, Any]) -> dict[str, Any] | None:
    """What a bid says beside its amount, None for a plain one. Raises MessageError BAD_MESSAGE."""
    # By identity: step 0, the starting price, equals False.
    said = {name: message.get(name) for name in _HOW}
    how = {name: value for name, value in said.items() if value is not None and value is not False}
    if not how:
        return None
    if not is_how(how):
        raise MessageError(
            "BAD_MESSAGE",
            "`step` must be a whole number, `automatic` and `confirmed` true or false.",
            message.get("bid_id"),
        )
    return how


def check_box(box: object, bid_id: str | None = None) -> str:
    """`box` if it has the shape of a sealed bid. Raises MessageError BAD_BOX_FORM or _POINT."""
    if type(box) is not str:
        raise MessageError("BAD_BOX_FORM", "The field `box` must be a text.", bid_id)
    try:
        sealing.check_box(box)
    except SealError as error:
        raise MessageError(error.code, str(error), bid_id) from None
    return box


def check_bid_id(bid_id: object) -> str:
    """`bid_id` if it is a UUID in its usual lower-case form. Raises MessageError BAD_BID_ID."""
    if type(bid_id) is not str or BID_ID(bid_id) is None:
        raise MessageError(
            "BAD_BID_ID", "The field `bid_id` must be a UUID in lower case with hyphens."
        )
    return bid_id


def bid_id_in(data: bytes | bytearray | memoryview) -> str | None:
    """The bid id in a frame that is not looked at any further, so that its page can be told."""
    try:
        return check_bid_id(orjson.loads(data)["bid_id"])
    except (orjson.JSONDecodeError, MessageError, KeyError, TypeError):
        return None


def outcome(entry: dict[str, Any], repeat: bool) -> dict[str, Any]:
    """`recorded` or `refused` for a bid's journal entry."""
    kind = entry["kind"]
    if kind == "maximum.set" or kind == "bid.sealed":
        return _kept_secret(entry, repeat)
    if kind == "bid.accepted":
        return {
            "t": "recorded",
            "lot": entry["lot"],
            "bid_id": entry["bid_id"],
            "n": entry["n"],
            "seq": entry["seq"],
            "at_ms": entry["at_ms"],
            "amount_minor": entry["amount_minor"],
            "repeat": repeat,
        }
    return {
        "t": "refused",
        "lot": entry["lot"],
        "bid_id": entry["bid_id"],
        "reason": entry["reason"],
        "minimum_minor": entry["minimum_minor"],
        "seq": entry["seq"],
        "at_ms": entry["at_ms"],
        "amount_minor": entry["amount_minor"],
        "repeat": repeat,
    }


def _kept_secret(entry: dict[str, Any], repeat: bool) -> dict[str, Any]:
    """`recorded` for a maximum or a sealed bid: on disk, without a number among the others."""
    told = {
        "t": "recorded",
        "lot": entry["lot"],
        "bid_id": entry["bid_id"],
        "n": None,
        "seq": entry["seq"],
        "at_ms": entry["at_ms"],
        "amount_minor": entry.get("amount_minor"),
        "repeat": repeat,
    }
    if entry["kind"] == "bid.sealed":
        told["receipt"] = sealing.receipt(entry["box"])
    else:
        told["automatic"] = True
    return told


BUSY_RETRY_MS = 500
_ERROR_TEXTS = {
    "BID_ID_REUSED": "This bid_id was already used for another bid; make a new one.",
    "UNKNOWN_LOT": "There is no such lot.",
    "NOT_A_BIDDER": "This connection only watches; sign in as a bidder to bid.",
    "RATE_LIMITED": "Too many messages; wait a moment.",
    "TOO_MANY_LOTS": "Too many lots are followed on one connection.",
}


def not_recorded(lot: int, bid_id: str, code: str) -> dict[str, Any]:
    """`busy` or `error` for a bid of which nothing was recorded."""
    if code == "BUSY":
        return {"t": "busy", "lot": lot, "bid_id": bid_id, "retry_ms": BUSY_RETRY_MS}
    return error(code, _ERROR_TEXTS[code], bid_id)


def error(code: str, text: str | None = None, bid_id: str | None = None) -> dict[str, Any]:
    """An `error` message."""
    message: dict[str, Any] = {"t": "error", "code": code, "text": text or _ERROR_TEXTS[code]}
    if bid_id is not None:
        message["bid_id"] = bid_id
    return message


def frame(message: dict[str, Any]) -> bytes:
    """The message as one unmasked text frame (RFC 6455 §5.2), ready for any transport."""
    return frame_of(orjson.dumps(message))


def frame_of(payload: bytes) -> bytes:
    """`payload`, UTF-8 JSON, as one unmasked text frame."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
