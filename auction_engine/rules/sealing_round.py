"""A whole sealed round after its opening: every box opened, and the published record checked.

The record is JSON, made of what the journal holds once the private keys are in it:

    {"format": "auction-engine/sealed-round/v1", "lot": 7, "round": 1,
     "public_keys": ["v1.pub.…"], "private_keys": ["v1.key.…"],
     "bids": [{"seq": 12, "bidder_code": "B-001", "bid_id": "…", "box": "v1.box.…",
               "amount_minor": 1000}, {…, "amount_minor": null, "reason": "BOX_FOREIGN"}]}
"""

from typing import Any

from auction_engine.rules.sealing import Context, Unreadable, open_box
from auction_engine.rules.sealing_bytes import Fault, SealError, is_whole
from auction_engine.rules.sealing_keys import OpeningKeys, check_public_keys, opening_keys

FORMAT = "auction-engine/sealed-round/v1"


def check_round(record: object) -> Fault | None:
    """The first thing wrong in a published sealed round, or None; never raises for JSON values.

    BAD_RECORD (shape, numbers, contexts), KEY_* and BAD_KEY_* (see `sealing_keys`), BID_TWICE
    (one bidder's bid listed twice), WRONG_ORDER (not in the journal's order), WRONG_AMOUNT and
    WRONG_REASON (the box says otherwise).
    """
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        return Fault("BAD_RECORD", "format", f"This is not a record of the form {FORMAT}.")
    for name in ("public_keys", "private_keys", "bids"):
        if not isinstance(record.get(name), list):
            return Fault("BAD_RECORD", name, "There must be a list here.")
    try:
        check_public_keys(record["public_keys"])
    except SealError as error:
        return Fault(error.code, "public_keys", str(error))
    try:
        keys = opening_keys(record["public_keys"], record["private_keys"])
    except SealError as error:
        return Fault(error.code, "private_keys", str(error))
    return _check_bids(record, keys)


def _check_bids(record: dict[str, Any], keys: OpeningKeys) -> Fault | None:
    seen: set[tuple[str, str]] = set()
    last = 0
    for number, bid in enumerate(record["bids"]):
        where = f"bids[{number}]"
        if not isinstance(bid, dict) or not is_whole(bid.get("seq"), 1):
            return Fault("BAD_RECORD", where, "There must be a bid with its journal number here.")
        try:
            context = Context(
                record.get("lot"),  # type: ignore[arg-type]  # Context checks what it is given
                record.get("round"),  # type: ignore[arg-type]
                bid.get("bidder_code"),  # type: ignore[arg-type]
                bid.get("bid_id"),  # type: ignore[arg-type]
            )
        except SealError as error:
            return Fault("BAD_RECORD", where, str(error))
        if bid["seq"] <= last:
            return Fault("WRONG_ORDER", where, "The bids are not in the journal's order.")
        last = bid["seq"]
        if (context.bidder_code, context.bid_id) in seen:
            return Fault("BID_TWICE", where, "This bid is listed twice.")
        seen.add((context.bidder_code, context.bid_id))
        fault = _check_opened(bid, open_box(bid.get("box"), keys, context), where)
        if fault is not None:
            return fault
    return None


def _check_opened(bid: dict[str, Any], found: int | Unreadable, where: str) -> Fault | None:
    amount, reason = (None, found.reason) if isinstance(found, Unreadable) else (found, None)
    given = bid.get("amount_minor")
    if type(given) is not type(amount) or given != amount:
        return Fault("WRONG_AMOUNT", where, f"The box holds {amount or 'no amount'}.")
    if bid.get("reason") != reason:
        return Fault("WRONG_REASON", where, f"The box is found {reason or 'valid'}.")
    return None
