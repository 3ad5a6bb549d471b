"""A session of many lots as it runs: what is due next, from nothing but where its lots stand.

Every function gives acts to issue, (lot, act). They follow from the lots' states alone, so giving
them twice, or again after a crash half-way, gives only what is still missing.

Published times stay honest. A lot is listed with its opening long before, because posting and
registration run from then on: listing each lot when the one before is over would sell it
unpublished. It never opens earlier than published: who comes at the time published would be absent.
When its turn has not come it is postponed before that time, publicly, and rescheduled to a time
made known beforehand once it has; `session_windows.plan` leaves room for every extension, so this
happens only after a pause, an incident or a late announcement. A lot that has begun is never
touched, except to be stopped. The gap is for planning: a published opening that can still be kept
is not moved for it, because every move lets bidders withdraw (Law 37/2024 Art. 1(24)).
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from auction_engine.rules.commands import Act
from auction_engine.rules.lifecycle import BY_ACT
from auction_engine.rules.lot import BEFORE_OPENING, LotState, Status
from auction_engine.rules.session_plan import IN_TURN, Case, Place, Session, ranked
from auction_engine.rules.session_windows import slot_ms

# Grounds of a postponement that the session itself gives and takes away.
TURN = "TURN"
SESSION_PAUSED = "SESSION_PAUSED"
_PAUSE = "AUCTIONEER"
# Reasons are published; how much somebody owes is not.
_ENOUGH = "Law 106/2025 Art. 84(2)đ; Decree 62/2015 Art. 27(3)"
# A winner is announced and has not failed since: what counts towards claim and costs.
_EARNING = (
    "ANNOUNCED",
    "AWAIT_PAYMENT",
    "PAID",
    "DELIVERED",
    "TITLE_FILED",
    "PROCEEDS_DISTRIBUTED",
    "CLOSED",
)
# Over for those who wait in the room, but the proceeds are still open.
_PENDING = ("AWAIT_OWNER_CONSENT", "RUNNER_UP_OFFERED")
_RUNNING = ("RUNNING", "LEADER_DETERMINED")

Acts = list[tuple[int, Act]]


class LotNow(NamedTuple):
    """A lot as the ledger has it. `since_ms`: since when (log time) its `place_in` is the same."""

    state: LotState
    since_ms: int


Lots = Mapping[int, LotNow]


def stage(state: LotState) -> str:
    """Where a lot is in its session: FILED, WAITING, POSTPONED, BEGUN or OVER.

    Over with the announcement or the failure (Law 01/2016 Art. 44(1)); an owner's consent is waited
    for outside of the session. A pause leaves it where it was.
    """
    status = _status(state)
    if status in ("DRAFT", "CONTRACTED"):
        return "FILED"
    if status == "POSTPONED":
        return status
    if status in BEFORE_OPENING:
        return "WAITING"
    if status in _RUNNING or (status == "BIDDING_CLOSED" and state.params.terms is not None):
        return "BEGUN"
    return "OVER"


def _status(state: LotState) -> Status:
    """The status, and of a paused lot the one it goes back to."""
    return state.life.resume or "RUNNING" if state.status == "PAUSED" else state.status


def place_in(state: LotState) -> tuple[str, str | None]:
    """The stage, and of a postponed lot the ground: a postponement on another one is a new one."""
    at = stage(state)
    return at, state.life.ground if at == "POSTPONED" else None


def proceeds_minor(session: Session, lots: Lots, case: Case) -> int:
    """What the lots of the case have brought so far: the prices announced and not refused since."""
    total = 0
    for place in session.places:
        now = lots.get(place.lot)
        if now is not None and place.case == case.name and now.state.status in _EARNING:
            total += now.state.life.award_minor or 0
    return total


def next_acts(session: Session, lots: Lots, now_ms: int, actor: int, paused: bool = False) -> Acts:
    """What is due at log time `now_ms`, in the name of `actor`: stops, postponements, new times.

    Lots of a case whose proceeds cover claim and costs are stopped (Law 106/2025 Art. 84(2)đ).
    `paused`: the session stands still, nothing gets a new time.
    """
    acts = _stops(session, lots, actor)
    if session.order in IN_TURN and not paused:
        stopped = {lot for lot, _ in acts}
        left = {lot: now for lot, now in lots.items() if lot not in stopped}
        acts += _turns(session, left, now_ms, actor)
    return acts


def pause_acts(session: Session, lots: Lots, actor: int, reason: str | None = None) -> Acts:
    """The whole session stands still: what runs is paused, what has not begun loses its time.

    Nobody knows how long a pause lasts, so no opening announced is certain any more.
    """
    acts: Acts = []
    for lot, now in _in_order(session, lots):
        state, at = now.state, stage(now.state)
        if state.status == "RUNNING":
            acts.append((lot, Act("pause", "AUCTIONEER", actor, reason, {"ground": _PAUSE})))
        elif at == "WAITING" or (at == "POSTPONED" and state.life.ground == TURN):
            acts.append((lot, _postpone(SESSION_PAUSED, actor, reason)))
    return acts


def resume_acts(
    session: Session,
    lots: Lots,
    paused: frozenset[int],
    now_ms: int,
    actor: int,
    reason: str | None = None,
) -> Acts:
    """The session goes on: each lot gets back the time it lost.

    `paused` are the lots that `pause_acts` paused; others that stand still do so for reasons of
    their own. Lots not begun open as much later as the pause was long; one that had waited for its
    turn when the session was paused waits for it again.
    """
    acts: Acts = []
    held = {lot: now for lot, now in _in_order(session, lots) if _held_by_session(now.state)}
    by_ms = now_ms - min((now.since_ms for now in held.values()), default=now_ms)
    for lot, now in _in_order(session, lots):
        state = now.state
        if lot in held:
            if session.order in IN_TURN and state.params.start_ms <= now.since_ms:
                acts.append((lot, _postpone(TURN, actor, reason)))
                continue
            start_ms = max(
                state.params.start_ms + _rounded(session, by_ms),
                _rounded(session, now_ms + session.notice_ms),
            )
            acts.append((lot, _reschedule(state, start_ms, actor, reason)))
        elif lot in paused and state.status == "PAUSED" and state.life.ground == _PAUSE:
            acts.append((lot, Act("resume", "AUCTIONEER", actor, reason)))
    return acts


def hand_over_acts(
    session: Session, lots: Lots, auctioneer: int, actor: int, reason: str | None = None
) -> Acts:
    """Another auctioneer conducts every lot that is not over (Decree 62/2017 Art. 10).

    One that waits for its owner's consent is his as well: he will announce its winner.
    """
    data = {"auctioneer": auctioneer}
    return [
        (lot, Act("appoint", "ORGANISATION", actor, reason, data))
        for lot, now in _in_order(session, lots)
        if (stage(now.state) != "OVER" or _status(now.state) == "AWAIT_OWNER_CONSENT")
        and now.state.life.auctioneer != auctioneer
    ]


# --- whose turn it is -----------------------------------------------------------------------


def _turns(session: Session, lots: Lots, now_ms: int, actor: int) -> Acts:
    """Postpone what would open out of its turn; give the next one a time once it may open."""
    waiting = [(place, lots[place.lot]) for place in ranked(session) if place.lot in lots]
    begun = [place.lot for place, now in waiting if stage(now.state) == "BEGUN"]
    earliest_ms = _rounded(session, _earliest(session, lots, now_ms))
    first = begun[0] if begun else _first(session, waiting, earliest_ms)
    acts: Acts = []
    for place, now in waiting:
        state, at = now.state, stage(now.state)
        opens_ms = state.params.start_ms
        if at == "WAITING" and place.lot != first and opens_ms - session.lead_ms <= now_ms:
            if opens_ms > now_ms:  # else the clock has opened it already
                acts.append((place.lot, _postpone(TURN, actor, _waits_for(first))))
        elif place.lot == first and at == "POSTPONED":
            # Never before the time it was published with.
            acts.append((place.lot, _reschedule(state, max(opens_ms, earliest_ms), actor, None)))
    return acts


def _first(session: Session, waiting: list[tuple[Place, LotNow]], earliest_ms: int) -> int | None:
    """Of the lots not begun the one whose turn it is, by rank.

    A lot further down goes before only if it is surely over before the other opens: that one has
    been put off to a later time. Within a case nothing goes before the more valuable.
    """
    first: int | None = None
    first_ms = 0
    closed: set[str] = set()
    for place, now in waiting:
        state, at = now.state, stage(now.state)
        if (at == "WAITING" or _in_turn(state)) and place.case not in closed:
            opens_ms = state.params.start_ms
            if at == "POSTPONED":
                opens_ms = max(opens_ms, earliest_ms)
            slot = slot_ms(place, state.params)
            if first is None or (slot is not None and opens_ms + slot + session.gap_ms <= first_ms):
                first, first_ms = place.lot, opens_ms
        if place.case is not None and _undecided(state):
            closed.add(place.case)
    return first


def _in_turn(state: LotState) -> bool:
    """Whether a postponed lot waits for nothing but its turn."""
    life = state.life
    return state.status == "POSTPONED" and life.ground == TURN and not life.holds


def _undecided(state: LotState) -> bool:
    return stage(state) not in ("OVER", "FILED") or _status(state) in _PENDING


def _earliest(session: Session, lots: Lots, now_ms: int) -> int:
    """When a lot could open next: a gap after the last one, and not before people know."""
    over = [now.since_ms for now in lots.values() if stage(now.state) == "OVER"]
    return max([now_ms + session.notice_ms, *(at_ms + session.gap_ms for at_ms in over)])


def _waits_for(lot: int | None) -> str | None:
    return None if lot is None else f"→ {lot}"


# --- acts -----------------------------------------------------------------------------------


def _stops(session: Session, lots: Lots, actor: int) -> Acts:
    acts: Acts = []
    for case in session.cases:
        if proceeds_minor(session, lots, case) < case.claim_minor + case.costs_minor:
            continue
        for lot, now in _in_order(session, lots):
            if session.case_of(lot) == case.name and now.state.status in BY_ACT["stop"].sources:
                data = {"ground": "ENOUGH_PROCEEDS"}
                acts.append((lot, Act("stop", "ORGANISATION", actor, _ENOUGH, data)))
    return acts


def _in_order(session: Session, lots: Lots) -> Iterator[tuple[int, LotNow]]:
    """All lots: in the order of their turns, then those that have no place in the plan."""
    planned = [place.lot for place in ranked(session)]
    for lot in (*planned, *sorted(lots.keys() - set(planned))):
        if lot in lots:
            yield lot, lots[lot]


def _held_by_session(state: LotState) -> bool:
    return state.status == "POSTPONED" and state.life.ground == SESSION_PAUSED


def _postpone(ground: str, actor: int, reason: str | None) -> Act:
    return Act("postpone", "ORGANISATION", actor, reason, {"ground": ground})


def _reschedule(state: LotState, start_ms: int, actor: int, reason: str | None) -> Act:
    params = state.params
    data: dict[str, int] = {"start_ms": start_ms}
    if params.end_ms is not None:
        data["end_ms"] = start_ms + params.end_ms - params.start_ms
    return Act("reschedule", "ORGANISATION", actor, reason, data)


def _rounded(session: Session, at_ms: int) -> int:
    """Up to the next full minute or whatever people are told times in."""
    return -(-at_ms // session.round_ms) * session.round_ms
