"""Acts around the bidding: pauses and incidents, a new date, bids that become void, holds."""

from auction_engine.rules import closing, descending, opening
from auction_engine.rules.acts_plain import Maker, plain
from auction_engine.rules.commands import Act, CommandRefused
from auction_engine.rules.events import Event, Turn
from auction_engine.rules.lifecycle import Row
from auction_engine.rules.lot import Falling, LotState, Status
from auction_engine.rules.turns import apply

# --- pauses ---------------------------------------------------------------------------------


def _pause(state: LotState, row: Row, command: Act, at_ms: int) -> list[Event]:
    turn = plain(state, row, command)
    if state.status != "PAUSED":
        turn.data["since_ms"] = at_ms
    return [turn]


def _resume(state: LotState, row: Row, command: Act, at_ms: int) -> list[Event]:
    assert state.life.resume is not None
    turn = plain(state, row, command, state.life.resume)
    return _go_on(state, turn, at_ms)


def _decide_incident(state: LotState, row: Row, command: Act, at_ms: int) -> list[Event]:
    """Annulled; or going on, unless the lot was paused for another ground when it happened."""
    life = state.life
    assert life.resume is not None
    if command.data["choice"] == "ANNUL":
        return [plain(state, row, command, "STOPPED")]
    if life.beneath is not None:
        return [plain(state, row, command, "PAUSED")]
    return _go_on(state, plain(state, row, command, life.resume), at_ms)


def _go_on(state: LotState, turn: Turn, at_ms: int) -> list[Event]:
    assert state.life.since_ms is not None
    turn.data["by_ms"] = at_ms - state.life.since_ms
    after = apply(state, turn)
    if after.status == "BIDDING_CLOSED" and after.life.awaits is None:
        # Bids became void during the pause: the result must be found anew.
        return [turn, *closing.after_close(after, at_ms)]
    return [turn, *opening.after_void(after, at_ms)]


def _reschedule(state: LotState, row: Row, command: Act, at_ms: int) -> list[Event]:
    start_ms, end_ms = command.data["start_ms"], command.data.get("end_ms")
    if start_ms <= at_ms:
        raise CommandRefused("BAD_DATES", "The new opening must lie in the future.")
    terms = state.params.terms
    if terms is not None and (terms.registration_close_ms or 0) > start_ms:
        raise CommandRefused("BAD_DATES", "The new opening must not come before registration ends.")
    if (end_ms is None) != (state.params.end_ms is None) or (
        end_ms is not None and end_ms <= start_ms
    ):
        raise CommandRefused("BAD_DATES", "The new end must lie after the new opening.")
    return [plain(state, row, command)]


# --- bids that become void ------------------------------------------------------------------


def _void(state: LotState, row: Row, command: Act, at_ms: int) -> list[Event]:
    """A withdrawal or disqualification, and what it makes of the lot."""
    turn = plain(state, row, command)
    bidder = command.data.get("bidder", command.actor)
    led = state.leader == bidder
    after = apply(state, turn)
    return [turn, *(follow_up(state, after, at_ms) if led else opening.after_void(after, at_ms))]


def follow_up(before: LotState, after: LotState, at_ms: int) -> list[Event]:
    """What follows when the leader of `before` is out: the clock goes on, or another leads."""
    stopped = before.life.resume if before.status == "PAUSED" else before.status
    if before.method == "DESCENDING" and (after.leader is None or stopped != "RUNNING"):
        return [descent_resumed(before, after, at_ms)]
    if after.status in ("AWAIT_OWNER_CONSENT", "LEADER_DETERMINED"):
        return closing.settle(after, at_ms)
    return opening.after_void(after, at_ms)


def descent_resumed(before: LotState, after: LotState, at_ms: int) -> Turn:
    """The falling price goes on from the one accepted, which gets its full time again.

    Law 01/2016 Arts. 50(3), 51(2). `before` is the lot with the acceptance, `after` the lot
    without. Where others accepted the same price, theirs stand, and the price falls no further.
    In a pause the clock stands still where the pause began.
    """
    descent = before.params.descent
    assert descent is not None
    status: Status = "RUNNING"
    if before.status == "PAUSED":
        assert before.life.since_ms is not None
        status, at_ms = "PAUSED", before.life.since_ms
    step = descending.ladder(before.params).index(before.price_minor or 0)
    end_ms = descending.end_of(before.params, Falling(step, at_ms))
    if after.leader is not None:
        end_ms = at_ms + descent.interval_ms
    return Turn("descent.resumed", status, {"step": step, "from_ms": at_ms, "end_ms": end_ms})


# --- complaints and suits -------------------------------------------------------------------


def _hold(state: LotState, row: Row, command: Act, at_ms: int) -> list[Event]:
    turn = plain(state, row, command)
    if not state.life.holds:
        turn.data["since_ms"] = at_ms
    return [turn]


def _release(state: LotState, row: Row, command: Act, at_ms: int) -> list[Event]:
    """The last hold's end gives back the time that stood still (see `turns`)."""
    turn = plain(state, row, command)
    life = state.life
    if len(life.holds) > 1:
        return [turn]
    assert life.held_ms is not None
    until_ms = at_ms if life.since_ms is None or state.status != "PAUSED" else life.since_ms
    turn.data["by_ms"] = max(0, until_ms - life.held_ms)
    return [turn, *closing.announced_at_once(apply(state, turn), at_ms)]


MAKERS: dict[str, Maker] = {
    "pause": _pause,
    "report_incident": _pause,
    "resume": _resume,
    "decide_incident": _decide_incident,
    "reschedule": _reschedule,
    "withdraw_bid": _void,
    "disqualify": _void,
    "hold": _hold,
    "release": _release,
}
