"""Sealed rounds of a lot (bỏ phiếu gián tiếp, Law 01/2016 Art. 43): boxes taken in, kept, read.

What a box is and why nobody can read it before all keys are there is in `sealing`; who asks for
the keys and what follows the opening is in `opening`. Here is what one round makes of its boxes.

Rounds are numbered for the whole lot, since boxes are bound to lot and round: the phase with
index p (0 is the lot's own method) has round 2p + 1, and round 2p + 2 for those who bid again.
"""

from collections.abc import Callable, Iterator
from typing import Any

from auction_engine.rules.admission import barred
from auction_engine.rules.commands import CommandRefused, Seal
from auction_engine.rules.events import BidRefused, BidSealed, Event, Reason, Turn
from auction_engine.rules.increments import on_step
from auction_engine.rules.lot import LotState, Sealed, Standing, Status, least_minor
from auction_engine.rules.params import LotParams
from auction_engine.rules.parts import Sealing
from auction_engine.rules.sealing import Context, Unreadable, check_box, open_box
from auction_engine.rules.sealing_bytes import NAME, SealError
from auction_engine.rules.sealing_keys import OpeningKeys, opening_keys


def check_listing(params: LotParams) -> None:
    """What a lot with sealed rounds or draws needs when it is listed. Raises CommandRefused.

    Boxes and seeds are bound to the lot's own number; keys, seeds and the result are the business
    of its terms. A lot of which only the bidding is conducted here may leave the draw to others.
    """
    sealed = any(_sealings(params))
    descent, conducted = params.descent, params.terms is not None
    drawn = descent is not None and descent.draw_same_step and conducted
    if drawn and params.draws is None:
        raise CommandRefused("NO_COMMITMENTS", "Lots cannot be drawn without commitments.")
    if sealed and not conducted:
        raise CommandRefused("NO_TERMS", "A sealed round needs the terms of the lot.")
    if (sealed or drawn) and params.lot is None:
        raise CommandRefused("NO_LOT_NUMBER", "Boxes and seeds are bound to the lot's number.")


def check_code(params: LotParams, code: str) -> None:
    """Boxes and draws name bidders by their codes: the code must be one. Raises CommandRefused."""
    named = params.draws is not None or any(_sealings(params))
    if named and not NAME(code):
        raise CommandRefused("BAD_CODE", "A code is 1 to 64 ASCII letters, digits or . _ : -")


def _sealings(params: LotParams) -> Iterator[Sealing]:
    for sealing in (params.sealed, *(phase.sealed for phase in params.phases)):
        if sealing is not None:
            yield sealing


def sealing_of(state: LotState) -> Sealing | None:
    """The parameters of the sealed phase the lot is in, None in another phase."""
    stage = state.life.stage
    return state.params.phases[stage - 1].sealed if stage else state.params.sealed


def round_of(stage: int) -> int:
    """The number of the first sealed round of a phase; the next is its re-bid's."""
    return 2 * stage + 1


def public_keys(state: LotState) -> tuple[str, ...]:
    """The keys that boxes of the present round are sealed for."""
    sealing, sealed = sealing_of(state), state.life.sealed
    assert sealing is not None
    assert sealed is not None
    return sealing.public_keys if sealed.tied is None else sealing.rebid_public_keys


# --- while the round runs ---------------------------------------------------------------------


def seal(state: LotState, offer: Seal, events: list[Event]) -> None:
    """Append what a sealed bid comes to: one BidSealed or one BidRefused without an amount."""
    reason = _reason_against(state, offer)
    if reason is None:
        events.append(BidSealed(offer.bidder, offer.bid_id, offer.box))
    else:
        events.append(BidRefused(offer.bidder, offer.bid_id, None, reason, None))


def _reason_against(state: LotState, offer: Seal) -> Reason | None:
    if not any(_sealings(state.params)):
        return "WRONG_METHOD"
    if state.status != "RUNNING":
        return {"scheduled": "NOT_OPEN_YET", "paused": "PAUSED"}.get(  # type: ignore[return-value]
            state.phase, "CLOSED"
        )
    if state.method != "SEALED":
        return "WRONG_METHOD"
    if offer.bidder not in state.admitted:
        return "NOT_ADMITTED"
    if (reason := barred(state, offer.bidder)) is not None:
        return reason
    sealed = state.life.sealed
    if sealed is not None and sealed.tied is not None and offer.bidder not in sealed.tied:
        return "NOT_IN_ROUND"
    try:
        check_box(offer.box)
    except SealError:
        return "UNREADABLE"
    return None


def kept(state: LotState, event: BidSealed) -> LotState:
    """The lot with one more box; it replaces the bidder's earlier one and comes after all others.

    Whoever bids is there, in the sense of absence (Law 01/2016 Art. 39(6)a).
    """
    sealed = state.life.sealed or Sealed()
    boxes = {bidder: box for bidder, box in sealed.boxes.items() if bidder != event.bidder}
    boxes[event.bidder] = (event.bid_id, event.box)
    life = state.life._replace(
        sealed=sealed._replace(boxes=boxes), present=state.life.present | {event.bidder}
    )
    return state._replace(life=life)


# --- the opening ------------------------------------------------------------------------------


def fits(state: LotState, keys: list[str]) -> bool:
    """Whether these are exactly the private keys of the round, in any order."""
    public = public_keys(state)
    try:
        opening_keys(public, keys)
    except SealError:
        return False
    return len(keys) == len(public)


def readings(state: LotState) -> Iterator[Turn]:
    """What each box of a round holds whose keys are there, in the order the boxes were recorded.

    `state` is the lot after `boxes.opened`.
    """
    sealed = state.life.sealed
    assert sealed is not None
    keys = opening_keys(public_keys(state), sealed.keys)
    number = state.accepted
    for bidder, (bid_id, _) in sealed.boxes.items():
        data: dict[str, Any] = {"bidder": bidder, "bid_id": bid_id}
        found = content(state, keys, bidder)
        fault = found.reason if isinstance(found, Unreadable) else fault_of(state, found)
        if not isinstance(found, Unreadable):
            data["amount_minor"] = found
        if fault is None:
            number += 1
            data["n"] = number
        else:
            data["fault"] = fault
        yield Turn("box.read", state.status, data)


def content(state: LotState, keys: OpeningKeys, bidder: int) -> int | Unreadable:
    """What the bidder's box in the present round holds."""
    sealed = state.life.sealed
    assert sealed is not None
    assert state.params.lot is not None
    bid_id, box = sealed.boxes[bidder]
    try:
        context = Context(state.params.lot, sealed.round, state.admitted[bidder].code, bid_id)
    except SealError:  # no box can be sealed for a bid with such an id
        return Unreadable("BOX_FOREIGN")
    return open_box(box, keys, context)


def fault_of(state: LotState, amount_minor: int) -> str | None:
    """Why a readable amount is no valid bid in this round, None for a valid one.

    All are measured against the price when the round began, not against each other.
    """
    sealed, least = state.life.sealed, least_minor(state)
    assert sealed is not None
    if least is None or amount_minor < least:
        if sealed.tied is not None:
            return "NOT_ABOVE_TIE"
        return "BELOW_START" if sealed.base_minor is None else "BELOW_MIN_INCREMENT"
    if not on_step(state.params, sealed.base_minor, amount_minor):
        return "NOT_ON_STEP"
    return None


# --- what the turns make of the lot -----------------------------------------------------------

Data = dict[str, Any]


def begun(state: LotState, stage: int) -> Sealed | None:
    """The first sealed round of the phase that begins now; None if its method is another."""
    if state.params.phases[stage - 1].method != "SEALED":
        return None
    return Sealed(round_of(stage), state.price_minor)


def _key_received(state: LotState, data: Data, _: Status) -> LotState:
    sealed = state.life.sealed
    assert sealed is not None
    return _with(state, sealed._replace(received=(*sealed.received, data["public_key"])))


def _boxes_opened(state: LotState, data: Data, _: Status) -> LotState:
    sealed = state.life.sealed
    assert sealed is not None
    return _with(state, sealed._replace(keys=tuple(data["keys"])))


def _box_read(state: LotState, data: Data, _: Status) -> LotState:
    """A valid bid takes its place in the book, behind higher ones and equal ones before it."""
    if "n" not in data:
        return state
    amount: int = data["amount_minor"]
    above: list[Standing] = []
    book = state.book
    while book is not None and book.amount_minor >= amount:
        above.append(book)
        book = book.below
    book = Standing(data["bidder"], amount, data["n"], book)
    for node in reversed(above):
        book = node._replace(below=book)
    return state._replace(
        book=book, price_minor=book.amount_minor, leader=book.bidder, accepted=data["n"]
    )


def _rebid_opened(state: LotState, data: Data, _: Status) -> LotState:
    """A new round for the tied: their bids stand, and only a higher one counts."""
    sealed = Sealed(data["round"], state.price_minor, tied=tuple(data["bidders"]))
    return _with(state._replace(end_ms=data["end_ms"]), sealed)


def _round_failed(state: LotState, data: Data, _: Status) -> LotState:
    return state._replace(life=state.life._replace(ground=data["ground"]))


def _with(state: LotState, sealed: Sealed) -> LotState:
    return state._replace(life=state.life._replace(sealed=sealed))


TURNS: dict[str, Callable[[LotState, Data, Status], LotState]] = {
    "key.received": _key_received,
    "boxes.opened": _boxes_opened,
    "box.read": _box_read,
    "round.failed": _round_failed,
    "rebid.opened": _rebid_opened,
}
