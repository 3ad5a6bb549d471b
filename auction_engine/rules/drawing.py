"""Lots drawn among equals (bốc thăm, Law 01/2016 Arts. 41(3)c, 42(2)d, 42(3)d, 43(4)).

How the order follows from seeds is in `draw`; who acts when, in `opening`. Here is among whom a
lot must be drawn, what comes first (keys, a re-bid), and what the draw's turns make of it.

Each phase has one draw at most, numbered from 1 like the phases: the seeds' commitments are bound
to that number. Whoever is tied later, when those drawn first are all gone, follows in the order
of recording (Decree 62/2017 Art. 10(4)): known seeds would let the result be chosen.
"""

from collections.abc import Callable
from typing import Any

from auction_engine.rules import sealed as boxes
from auction_engine.rules.draw import Contribution, Reveal, draw
from auction_engine.rules.events import Event, Turn
from auction_engine.rules.lot import Lots, LotState, Standing, Status, standings
from auction_engine.rules.parts import Draws, Sealing, Tie


def rules_of(state: LotState) -> Draws | Sealing | None:
    """The parameters by which lots are drawn in the present phase, None where none are."""
    if state.method == "DESCENDING":
        descent = state.params.descent
        return state.params.draws if descent is not None and descent.draw_same_step else None
    sealing = boxes.sealing_of(state)
    return sealing if sealing is not None and "DRAW_LOTS" in sealing.tie else None


def entrants(state: LotState) -> tuple[int, ...]:
    """Who shares the highest bid where equals are not settled by who was first; () for nobody."""
    if state.params.terms is None or state.leader is None:
        return ()
    if state.method != "SEALED" and rules_of(state) is None:
        return ()
    best = [s.bidder for s in standings(state) if s.amount_minor == state.price_minor]
    return tuple(best) if len(best) > 1 else ()


def standing_entrants(state: LotState) -> tuple[int, ...]:
    """Those of the draw awaited whose bids still stand; () when one alone is left."""
    lots = state.life.lots
    if lots is None or lots.entrants is None:
        return ()
    return tuple(bidder for bidder in lots.entrants if bidder in set(entrants(state)))


def awaited(state: LotState, at_ms: int) -> list[Event]:
    """What must happen before the highest bid is known: the keys, a re-bid, or a draw."""
    sealed, sealing = state.life.sealed, boxes.sealing_of(state)
    if sealed is not None and sealing is not None and sealed.closed_boxes:
        data: dict[str, Any] = {"round": sealed.round, "due_ms": at_ms + sealing.open_ms}
        return [Turn("keys.awaited", "BIDDING_CLOSED", data)]
    tied = entrants(state)
    if not tied:
        return []
    tie: tuple[Tie, ...] = ("DRAW_LOTS",) if sealing is None else sealing.tie
    if sealing is not None and sealed is not None and sealed.tied is None and "RE_BID_TIED" in tie:
        data = {
            "round": sealed.round + 1,
            "bidders": list(tied),
            "end_ms": at_ms + sealing.rebid_ms,
        }
        return [Turn("rebid.opened", "RUNNING", data)]
    rules = rules_of(state)
    if rules is None or spent(state):
        return []
    data = {"round": number(state), "bidders": list(tied), "due_ms": at_ms + rules.draw_ms}
    return [Turn("draw.awaited", "BIDDING_CLOSED", data)]


def number(state: LotState) -> int:
    """The number of the present phase's draw."""
    return state.life.stage + 1


def spent(state: LotState) -> bool:
    """Whether a seed of this phase's draw is known already: another draw would prove nothing."""
    lots = state.life.lots
    return lots is not None and (lots.done or bool(lots.seeds))


def commitments(state: LotState) -> tuple[tuple[str, str], ...]:
    """(holder, commitment) of everybody who committed: by the parameters, then the entrants."""
    rules, lots = rules_of(state), state.life.lots
    assert rules is not None
    return (*rules.commitments, *(() if lots is None else lots.commitments))


def left_out(state: LotState) -> list[str]:
    """The holders who committed to a seed and have not revealed it."""
    revealed = dict(() if state.life.lots is None else state.life.lots.seeds)
    return [holder for holder, _ in commitments(state) if holder not in revealed]


def seeds_from_ms(state: LotState) -> int | None:
    """From when seeds are taken and nothing is added any more: the second half of the time.

    None when the time is over and nobody has revealed: seeds are taken at any moment.
    """
    rules, due_ms = rules_of(state), state.life.due_ms
    assert rules is not None
    return None if due_ms is None else due_ms - seeds_ms(rules)


def seeds_ms(rules: Draws | Sealing) -> int:
    """How long the seeds may take."""
    return rules.draw_ms - rules.draw_ms // 2


def drawn(state: LotState) -> Turn:
    """The draw: the first in the order whose bid still stands leads.

    `state` has a seed at least. Those who withdrew since the entrants were fixed are in the order
    too, so that leaving changes nothing for the others.
    """
    lots = state.life.lots
    assert lots is not None
    order = order_of(state)
    standing = set(standing_entrants(state))
    data = {
        "bidder": next(bidder for bidder in order if bidder in standing),
        "order": order,
        "left_out": left_out(state),
        "due_ms": None,
    }
    return Turn("lots.drawn", "BIDDING_CLOSED", data)


def order_of(state: LotState) -> list[int]:
    """The entrants in drawn order."""
    lots, lot = state.life.lots, state.params.lot
    assert lots is not None
    assert lots.entrants is not None
    assert lot is not None
    by_code = {state.admitted[bidder].code: bidder for bidder in lots.entrants}
    seeds = dict(lots.seeds)
    reveals = [Reveal(who, seeds[who]) for who, _ in commitments(state) if who in seeds]
    added = [Contribution(state.admitted[who].code, text) for who, text in lots.entropy]
    return [by_code[code] for code in draw(lot, number(state), reveals, added, by_code)]


# --- what the turns make of the lot -----------------------------------------------------------

Data = dict[str, Any]


def _draw_awaited(state: LotState, data: Data, _: Status) -> LotState:
    """The entrants are fixed; those of an earlier tie, and their seeds, have no part any more."""
    return _with(state, _lots(state)._replace(entrants=tuple(data["bidders"]), commitments=()))


def _seed_committed(state: LotState, data: Data, _: Status) -> LotState:
    lots = _lots(state)
    pair = (state.admitted[data["by"]].code, data["commitment"])
    return _with(state, lots._replace(commitments=(*lots.commitments, pair)))


def _entropy_added(state: LotState, data: Data, _: Status) -> LotState:
    lots = _lots(state)
    return _with(state, lots._replace(entropy=(*lots.entropy, (data["by"], data["entropy"]))))


def _seed_revealed(state: LotState, data: Data, _: Status) -> LotState:
    lots = _lots(state)
    return _with(state, lots._replace(seeds=(*lots.seeds, (data["holder"], data["seed"]))))


def _lots_drawn(state: LotState, data: Data, _: Status) -> LotState:
    """The equals stand in the order drawn: who is next, too, if the first falls away."""
    after = _with(state, _lots(state)._replace(done=True))
    place = {bidder: n for n, bidder in enumerate(data["order"])}
    equals: list[Standing] = []
    book = state.book
    while book is not None and book.amount_minor == state.price_minor:
        equals.append(book)
        book = book.below
    for node in sorted(equals, key=lambda node: place[node.bidder], reverse=True):
        book = node._replace(below=book)
    return after._replace(book=book, leader=data["bidder"])


def _lots(state: LotState) -> Lots:
    return state.life.lots or Lots()


def _with(state: LotState, lots: Lots) -> LotState:
    return state._replace(life=state.life._replace(lots=lots))


TURNS: dict[str, Callable[[LotState, Data, Status], LotState]] = {
    "draw.awaited": _draw_awaited,
    "seed.committed": _seed_committed,
    "entropy.added": _entropy_added,
    "seed.revealed": _seed_revealed,
    "lots.drawn": _lots_drawn,
}
