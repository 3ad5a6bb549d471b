"""What must hold of sealed rounds and draws; checked beside `invariants`.

Nobody knows an amount before all keys are there, every box says what is recorded of it, equals
are bid again and drawn before anybody leads, and a draw is what anyone recomputes.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from auction_engine.rules.draw import Contribution, Reveal, draw, verify
from auction_engine.rules.events import BidSealed, Event, LotClosed, Turn
from auction_engine.rules.increments import on_step, step_minor
from auction_engine.rules.invariants_life import must
from auction_engine.rules.lot import Lots, LotState, Sealed, standings
from auction_engine.rules.parts import Draws, Sealing
from auction_engine.rules.sealing import Context, Unreadable, open_box
from auction_engine.rules.sealing_keys import OpeningKeys, matches, opening_keys


def check_round(before: LotState, event: Event, after: LotState, at_ms: int) -> None:
    """Check one step at log time `at_ms`. Raises InvariantBroken with the sentence broken."""
    check = _CHECKS.get(event.kind)
    if check is not None:
        check(before, event, after, at_ms)


def _sealing(state: LotState) -> Sealing | None:
    stage = state.life.stage
    return state.params.phases[stage - 1].sealed if stage else state.params.sealed


def _round(state: LotState) -> tuple[Sealing, Sealed]:
    sealing, sealed = _sealing(state), state.life.sealed
    must(sealing is not None and sealed is not None, "there is no sealed round")
    assert sealing is not None
    assert sealed is not None
    return sealing, sealed


def _public_keys(state: LotState) -> tuple[str, ...]:
    sealing, sealed = _round(state)
    return sealing.public_keys if sealed.tied is None else sealing.rebid_public_keys


def _highest(state: LotState) -> set[int]:
    """Who made the highest valid bid, written from the law, not from the order of the book."""
    best: dict[int, int] = {}
    for standing in standings(state):
        best[standing.bidder] = max(best.get(standing.bidder, 0), standing.amount_minor)
    return {bidder for bidder, amount in best.items() if amount == max(best.values())}


def _box_kept(before: LotState, event: BidSealed, after: LotState, at_ms: int) -> None:
    _, sealed = _round(before)
    _, now = _round(after)
    must(not sealed.keys, "a box came after the opening of its round")
    must(sealed.tied is None or event.bidder in sealed.tied, "a box came from one not tied")
    others = [pair for pair in sealed.boxes.items() if pair[0] != event.bidder]
    own = (event.bidder, (event.bid_id, event.box))
    must(list(now.boxes.items()) == [*others, own], "the boxes are not in the order recorded")
    must(after.price_minor == before.price_minor, "a box told its amount")


def _round_over(before: LotState, event: LotClosed, after: LotState, at_ms: int) -> None:
    if before.method == "SEALED":
        over = before.end_ms is not None and at_ms >= before.end_ms
        must(over, "a sealed round was closed before its end")


def _keys_awaited(before: LotState, event: Turn, after: LotState, at_ms: int) -> None:
    _, sealed = _round(before)
    must(sealed.closed_boxes, "keys are awaited though no box is closed")


def _opened(before: LotState, event: Turn, after: LotState, at_ms: int) -> None:
    keys = event.data["keys"]
    must(before.life.awaits == "KEYS", "boxes were opened out of turn")
    for public in _public_keys(before):
        must(sum(matches(key, public) for key in keys) == 1, "a key holder's key is missing")
    must(len(keys) == len(_public_keys(before)), "a key of nobody was used")
    must((after.price_minor, after.book) == (before.price_minor, before.book), "opening said more")


def _read(before: LotState, event: Turn, after: LotState, at_ms: int) -> None:
    _, sealed = _round(before)
    data, lot = event.data, before.params.lot
    bid_id, box = sealed.boxes.get(data["bidder"], ("", ""))
    must(bid_id == data["bid_id"], "a box was read that was not handed in, or is replaced")
    assert lot is not None
    keys = _opening_keys(_public_keys(before), sealed.keys)
    context = Context(lot, sealed.round, before.admitted[data["bidder"]].code, bid_id)
    found = open_box(box, keys, context)
    if isinstance(found, Unreadable):
        must(data.get("fault") == found.reason and "amount_minor" not in data, "a box was misread")
        must(after == before, "an unreadable box changed something")
        return
    must(data.get("amount_minor") == found, "a box was misread")
    valid = _is_valid(before, sealed, found)
    must(("n" in data) == valid and ("fault" in data) != valid, "a bid was judged wrongly")
    if not valid:
        must(after == before, "an invalid bid changed something")
        return
    must(data["n"] == after.accepted == before.accepted + 1, "valid bids are not numbered in order")
    best = max(standings(after), key=lambda bid: (bid.amount_minor, -bid.n))
    must((after.leader, after.price_minor) == best[:2], "the highest bid does not lead")


@lru_cache(maxsize=8)
def _opening_keys(public: tuple[str, ...], private: tuple[str, ...]) -> OpeningKeys:
    return opening_keys(public, private)


def _is_valid(state: LotState, sealed: Sealed, amount: int) -> bool:
    base, params = sealed.base_minor, state.params
    if base is None:
        enough = amount >= params.starting_price_minor
    elif sealed.tied is not None:
        enough = amount > base
    else:
        enough = amount >= base + step_minor(params, base)
    return enough and on_step(params, base, amount)


def _round_failed(before: LotState, event: Turn, after: LotState, at_ms: int) -> None:
    _, sealed = _round(before)
    must(sealed.closed_boxes and not sealed.keys, "a round failed whose boxes are open")
    must(before.life.due_ms is not None and at_ms >= before.life.due_ms, "it failed too early")
    must(after.life.forfeits == before.life.forfeits, "somebody forfeited for a lost key")


def _rebid(before: LotState, event: Turn, after: LotState, at_ms: int) -> None:
    _, sealed = _round(before)
    tied = event.data["bidders"]
    must(len(tied) > 1 and set(tied) == _highest(before), "others than the tied bid again")
    must(sealed.tied is None, "the tied bid again a second time")
    must(not sealed.closed_boxes, "there was a re-bid before the boxes were open")
    must(after.end_ms is not None and after.end_ms > at_ms, "a re-bid without time")


# --- draws ------------------------------------------------------------------------------------


def _lots(state: LotState) -> Lots:
    return state.life.lots or Lots()


def _no_seed(before: LotState, event: Turn, after: LotState, at_ms: int) -> None:
    lots = _lots(before)
    must(not lots.seeds and not lots.done, f"{event.kind} came when a seed was known")


def _awaited(before: LotState, event: Turn, after: LotState, at_ms: int) -> None:
    _no_seed(before, event, after, at_ms)
    tied = event.data["bidders"]
    must(len(tied) > 1 and set(tied) == _highest(before), "lots are to be drawn among others")


def _committed(before: LotState, event: Turn, after: LotState, at_ms: int) -> None:
    _no_seed(before, event, after, at_ms)
    must(event.data["by"] in (_lots(before).entrants or ()), "one committed who is not drawn")


def _added(before: LotState, event: Turn, after: LotState, at_ms: int) -> None:
    _no_seed(before, event, after, at_ms)
    added = [bidder for bidder, _ in _lots(after).entropy]
    must(len(set(added)) == len(added), "one contributed twice")


def _commitments(state: LotState) -> dict[str, str]:
    rules: Sealing | Draws | None = _sealing(state)
    if state.method == "DESCENDING":
        rules = state.params.draws
    must(rules is not None, "there are no rules for a draw")
    assert rules is not None
    return dict((*rules.commitments, *_lots(state).commitments))


def _revealed(before: LotState, event: Turn, after: LotState, at_ms: int) -> None:
    holder, seed, lot = event.data["holder"], event.data["seed"], before.params.lot
    said = _commitments(before).get(holder, "")
    assert lot is not None
    must(verify(said, seed, lot, before.life.stage + 1, holder), "a seed nobody committed to")
    must(holder not in dict(_lots(before).seeds), "a seed was revealed twice")


def _overdue(before: LotState, event: Turn, after: LotState, at_ms: int) -> None:
    must(not _lots(before).seeds, "a draw was put off though there is a seed")
    must(before.life.due_ms is not None and at_ms >= before.life.due_ms, "it was put off too early")


def _drawn(before: LotState, event: Turn, after: LotState, at_ms: int) -> None:
    lots, lot, codes = _lots(before), before.params.lot, before.admitted
    assert lot is not None
    seeds, holders = dict(lots.seeds), _commitments(before)
    missing = [holder for holder in holders if holder not in seeds]
    must(event.data["left_out"] == missing, "who withheld a seed is not named")
    due_ms = before.life.due_ms
    must(not missing or (due_ms is not None and at_ms >= due_ms), "lots were drawn too early")
    reveals = [Reveal(holder, seeds[holder]) for holder in holders if holder in seeds]
    added = [Contribution(codes[bidder].code, text) for bidder, text in lots.entropy]
    names = {codes[bidder].code: bidder for bidder in lots.entrants or ()}
    order = [names[name] for name in draw(lot, before.life.stage + 1, reveals, added, names)]
    must(event.data["order"] == order, "the draw gives another order")
    left = [bidder for bidder in order if bidder in _highest(before)]
    must(len(left) > 1 and event.data["bidder"] == left[0] == after.leader, "another was drawn")
    must(after.price_minor == before.price_minor, "a draw changed the price")


# --- what follows -----------------------------------------------------------------------------


def _all_read(before: LotState, event: Turn, after: LotState, at_ms: int) -> None:
    sealed = before.life.sealed
    must(sealed is None or not sealed.closed_boxes, f"{event.kind} came while boxes were closed")


def _settled(before: LotState, event: Turn, after: LotState, at_ms: int) -> None:
    _all_read(before, event, after, at_ms)
    sealing, lots = _sealing(before), _lots(before)
    if sealing is not None and "FIRST_RECORDED" not in sealing.tie and len(_highest(before)) > 1:
        must(lots.done or bool(lots.seeds), "one of several equal bids leads without a draw")


_CHECKS: dict[str, Callable[[LotState, Any, LotState, int], None]] = {
    "bid.sealed": _box_kept,
    "lot.closed": _round_over,
    "keys.awaited": _keys_awaited,
    "boxes.opened": _opened,
    "box.read": _read,
    "round.failed": _round_failed,
    "rebid.opened": _rebid,
    "draw.awaited": _awaited,
    "seed.committed": _committed,
    "entropy.added": _added,
    "seed.revealed": _revealed,
    "draw.overdue": _overdue,
    "lots.drawn": _drawn,
    "phase.opened": _settled,
    "reserve.awaited": _settled,
    "leader.determined": _settled,
    "consent.awaited": _settled,
    "lot.failed": _all_read,
}
