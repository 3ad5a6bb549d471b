"""Who opens sealed bids and who draws lots: the acts, their guards, and what happens by itself.

A sealed round after its end: the keys are awaited; all of them open all boxes in one entry;
equal highest bids are bid again, then drawn; then the result follows as for any lot. Keys that do
not come end the lot openly (`round.failed`): nobody can read a bid then, so no bid can win, none
has been refused or withdrawn, and nobody forfeits. It is a technical fault of the house's side
(Decree 62/2017 Art. 16a(4)), no failure in the sense of Law 01/2016 Art. 52(1), whose closed list
knows no such ground: a failure would open the way to a price cut and to a single bidder.

A draw without any seed is not made up for by another: it stays open (`draw.overdue`) until a
holder reveals, or the incident is reported and the owner annuls. Nothing has been revealed, so
nobody gains by waiting; drawing from new seeds could be repeated until the result pleases.
"""

from auction_engine.rules import closing, drawing, sealed
from auction_engine.rules.acts_plain import Maker, plain
from auction_engine.rules.commands import Act
from auction_engine.rules.draw import DrawError, check_entropy, verify
from auction_engine.rules.events import Event, Turn
from auction_engine.rules.guards import Guard
from auction_engine.rules.lifecycle import Row
from auction_engine.rules.lot import LotState
from auction_engine.rules.sealing_bytes import HEX_256
from auction_engine.rules.turns import apply


def _open_boxes(state: LotState, row: Row, command: Act, at_ms: int) -> list[Event]:
    """All boxes are opened and read; what follows follows at once."""
    turn = plain(state, row, command)
    turn.data["due_ms"] = None
    events: list[Event] = [turn]
    state = apply(state, turn)
    for reading in sealed.readings(state):
        events.append(reading)
        state = apply(state, reading)
    return [*events, *closing.settle(state, at_ms)]


def _reveal_seed(state: LotState, row: Row, command: Act, at_ms: int) -> list[Event]:
    """A seed is recorded; the last of them draws. A late first one gives the others time."""
    turn = plain(state, row, command)
    rules = drawing.rules_of(state)
    assert rules is not None
    if state.life.due_ms is None:
        turn.data["due_ms"] = at_ms + drawing.seeds_ms(rules)
    after = apply(state, turn)
    return [turn, *([] if drawing.left_out(after) else _drawn(after, at_ms))]


MAKERS: dict[str, Maker] = {"open_boxes": _open_boxes, "reveal_seed": _reveal_seed}


def overdue(state: LotState, at_ms: int) -> list[Event]:
    """The time for the keys, or for the seeds, is over."""
    if state.life.awaits == "KEYS":
        box = state.life.sealed
        assert box is not None
        missing = [key for key in sealed.public_keys(state) if key not in box.received]
        data = {"ground": "TECHNICAL_FAULT", "missing": missing}
        return [Turn("round.failed", "STOPPED", data)]
    lots = state.life.lots
    assert lots is not None
    if not lots.seeds:
        holders = drawing.left_out(state)
        return [Turn("draw.overdue", state.status, {"holders": holders, "due_ms": None})]
    return _drawn(state, at_ms)


def _drawn(state: LotState, at_ms: int) -> list[Event]:
    turn = drawing.drawn(state)
    return [turn, *closing.settle(apply(state, turn), at_ms)]


def moot(state: LotState) -> bool:
    """Whether what the lot waits for cannot change anything any more."""
    if state.life.awaits == "KEYS":
        return state.life.sealed is None or not state.life.sealed.closed_boxes
    return state.life.awaits == "DRAW" and not drawing.standing_entrants(state)


def after_void(state: LotState, at_ms: int) -> list[Event]:
    """What follows when bids became void, or a pause ends in which they did."""
    if state.status == "BIDDING_CLOSED" and moot(state):
        return closing.settle(state, at_ms)
    return []


# --- what the acts need -----------------------------------------------------------------------


def _keys_fit(state: LotState, act: Act, _: int) -> bool:
    return sealed.fits(state, list(act.data["keys"]))


def _key_new(state: LotState, act: Act, _: int) -> bool:
    box = state.life.sealed
    return box is not None and act.data["public_key"] not in box.received


def _draw_possible(state: LotState, _: Act, at_ms: int) -> bool:
    """Whether what is added can still count, and no seed can be known to who adds it."""
    if drawing.rules_of(state) is None or drawing.spent(state):
        return False
    if state.status == "RUNNING" or state.life.awaits == "KEYS":
        return True
    return state.life.awaits == "DRAW" and _before_seeds(state, at_ms)


def _before_seeds(state: LotState, at_ms: int) -> bool:
    from_ms, life = drawing.seeds_from_ms(state), state.life
    if life.holds and life.held_ms is not None:
        at_ms = min(at_ms, life.held_ms)  # while a complaint or suit is pending, no time runs
    return from_ms is not None and at_ms < from_ms


def _entropy_fits(_: LotState, act: Act, __: int) -> bool:
    try:
        check_entropy(act.data["entropy"])
    except DrawError:
        return False
    return True


def _entropy_once(state: LotState, act: Act, _: int) -> bool:
    lots = state.life.lots
    return lots is None or all(bidder != act.actor for bidder, _ in lots.entropy)


def _is_entrant(state: LotState, act: Act, _: int) -> bool:
    return act.actor in drawing.standing_entrants(state)


def _commitment_new(state: LotState, act: Act, _: int) -> bool:
    own = state.admitted[act.actor].code
    known = drawing.commitments(state)
    return all(own != who and act.data["commitment"] != said for who, said in known)


def _seeds_due(state: LotState, _: Act, at_ms: int) -> bool:
    return not _before_seeds(state, at_ms)


def _seed_new(state: LotState, act: Act, _: int) -> bool:
    lots = state.life.lots
    return lots is not None and all(holder != act.data["holder"] for holder, _ in lots.seeds)


def _seed_fits(state: LotState, act: Act, _: int) -> bool:
    holder, lot = act.data["holder"], state.params.lot
    said = dict(drawing.commitments(state)).get(holder)
    assert lot is not None
    return said is not None and verify(said, act.data["seed"], lot, drawing.number(state), holder)


# name: (test, refusal code, what to do about it)
GUARDS: dict[str, tuple[Guard, str, str]] = {
    "keys_awaited": (lambda s, a, t: s.life.awaits == "KEYS", "KEYS_NOT_AWAITED",
        "No box of this lot waits to be opened."),
    "keys_fit": (_keys_fit, "KEYS_DO_NOT_FIT",
        "Give the private key of every holder, each once, and no other."),
    "key_of_round": (lambda s, a, t: a.data["public_key"] in sealed.public_keys(s), "KEY_UNKNOWN",
        "This is none of the public keys of this round."),
    "key_new": (_key_new, "KEY_NOTED", "This key's arrival is recorded already."),
    "draw_possible": (_draw_possible, "NO_DRAW_NOW",
        "Nothing can be added: no lots are drawn here, or the time for it is over."),
    "entropy_fits": (_entropy_fits, "BAD_ENTROPY",
        "A contribution is text of 1 to 256 bytes."),
    "entropy_once": (_entropy_once, "ALREADY_CONTRIBUTED", "You have contributed already."),
    "draw_awaited": (lambda s, a, t: s.life.awaits == "DRAW", "DRAW_NOT_AWAITED",
        "No lots are to be drawn now."),
    "is_entrant": (_is_entrant, "NOT_AN_ENTRANT",
        "Only those among whom lots are drawn can commit to a seed now."),
    "before_seeds": (lambda s, a, t: _before_seeds(s, t), "SEEDS_ARE_DUE",
        "Seeds are being revealed: it is too late to commit to one."),
    "commitment_fits": (lambda s, a, t: bool(HEX_256(a.data["commitment"])), "BAD_COMMITMENT",
        "A commitment is 64 hexadecimal digits in lower case."),
    "commitment_new": (_commitment_new, "ALREADY_COMMITTED",
        "You have committed already, or this is the commitment of another."),
    "seeds_due": (_seeds_due, "SEEDS_NOT_DUE",
        "Keep the seed secret: bidders may still contribute."),
    "seed_new": (_seed_new, "ALREADY_REVEALED", "This holder's seed is here already."),
    "seed_fits": (_seed_fits, "WRONG_SEED",
        "The seed does not give the commitment of this holder. Look for the right one."),
}  # fmt: skip
