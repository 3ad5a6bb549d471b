"""What a turn makes of the lot: `apply` for the events of its life."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from auction_engine.rules import deposits, drawing
from auction_engine.rules import sealed as boxes
from auction_engine.rules.events import Turn
from auction_engine.rules.lot import AWAITS, WAITING, Falling, Life, LotState, Standing, Status

Data = dict[str, Any]
_KEEP_DUE = frozenset({"lot.paused", "incident.reported", "lot.resumed", "incident.decided"})
_DECIDED_ON: tuple[Status, ...] = ("AWAIT_OWNER_CONSENT", "LEADER_DETERMINED")


def apply(state: LotState, turn: Turn) -> LotState:
    """The state after `turn`."""
    life = state.life
    if turn.kind not in _KEEP_DUE and (turn.status != state.status or "due_ms" in turn.data):
        life = life._replace(due_ms=turn.data.get("due_ms"), awaits=AWAITS.get(turn.kind))
    after = state._replace(status=turn.status, life=life)
    more = _MORE.get(turn.kind)
    return after if more is None else more(after, turn.data, state.status)


def void(state: LotState, bidder: int, ground: str) -> LotState:
    """All bids of `bidder` are void: the price goes back to the best of the others (Art. 50(1))."""
    kept = []
    node = state.book
    while node is not None:
        if node.bidder != bidder:
            kept.append(node)
        node = node.below
    book: Standing | None = None
    for node in reversed(kept):
        book = node._replace(below=book)
    life = state.life
    maxima = {other: maximum for other, maximum in life.maxima.items() if other != bidder}
    if life.sealed is not None:
        left = {other: box for other, box in life.sealed.boxes.items() if other != bidder}
        life = life._replace(sealed=life.sealed._replace(boxes=left))
    leader = None if book is None else book.bidder
    if state.status == "PAUSED" and life.resume in _DECIDED_ON and leader != state.leader:
        # What was decided on before the pause is found anew after it.
        life = life._replace(resume="BIDDING_CLOSED", due_ms=None)
    return state._replace(
        book=book,
        price_minor=None if book is None else book.amount_minor,
        leader=leader,
        life=life._replace(out={**life.out, bidder: ground}, maxima=maxima),
    )


def _forfeit(state: LotState, bidder: int, ground: str) -> LotState:
    terms = state.params.terms
    if terms is None or ground not in (*terms.forfeit_grounds, "PAYMENT_DEFAULT"):
        return state
    if terms.beneficiary(ground) == "NOT_FORFEITED" or not deposits.can_be_lost(state, bidder):
        return state
    return _life(state, forfeits={**state.life.forfeits, bidder: ground})


def _life(state: LotState, **changes: Any) -> LotState:
    return state._replace(life=state.life._replace(**changes))


def _rescheduled(state: LotState, data: Data, _: Status) -> LotState:
    params = replace(state.params, start_ms=data["start_ms"], end_ms=data.get("end_ms"))
    after = state._replace(params=params, end_ms=params.end_ms)
    return _life(
        _refund_right(after), ground=None, resume=None, since_ms=None, beneath=None, paused_ms=0
    )


def _refund_right(state: LotState) -> LotState:
    """What was published has changed: who has registered may go (Law 37/2024 Art. 1(24))."""
    life = state.life
    waiting = {bidder for bidder, word in life.registered.items() if word == "REGISTERED"}
    return _life(state, refund_right=life.refund_right | waiting | set(state.admitted))


def _postponed(state: LotState, data: Data, _: Status) -> LotState:
    return _life(_refund_right(state), ground=data["ground"])


def _registration(word: str, field: str) -> Callable[[LotState, Data, Status], LotState]:
    def apply_(state: LotState, data: Data, _: Status) -> LotState:
        bidder = data[field]
        admitted = state.admitted
        if word == "WITHDRAWN" and bidder in admitted:
            admitted = {other: known for other, known in admitted.items() if other != bidder}
        known = {**state.life.registered, bidder: word}
        return _life(state._replace(admitted=admitted), registered=known)

    return apply_


def _paused(state: LotState, data: Data, before: Status) -> LotState:
    ground = data.get("ground", "INCIDENT")
    if before == "PAUSED":
        life = state.life
        beneath = life.beneath if life.ground == "INCIDENT" else life.ground
        return _life(state, ground=ground, beneath=beneath)
    return _life(state, resume=before, since_ms=data["since_ms"], ground=ground)


def _resumed(state: LotState, data: Data, _: Status) -> LotState:
    """The time that stood still is given back."""
    life, by_ms = state.life, data["by_ms"]
    falling = life.falling
    if falling is not None and state.status == "RUNNING":
        falling = falling._replace(from_ms=falling.from_ms + by_ms)
    due_ms = None if life.due_ms is None else life.due_ms + by_ms
    after = _life(
        state,
        resume=None,
        since_ms=None,
        ground=None,
        beneath=None,
        paused_ms=life.paused_ms + (by_ms if state.status == "RUNNING" else 0),
        falling=falling,
        due_ms=due_ms,
    )
    if state.end_ms is not None and state.status == "RUNNING":
        after = after._replace(end_ms=state.end_ms + by_ms)
    return after


def _decided(state: LotState, data: Data, before: Status) -> LotState:
    if state.status == "STOPPED":
        return _life(state, ground="TECHNICAL_FAULT", due_ms=None, awaits=None)
    if state.status == "PAUSED":
        return _life(state, ground=state.life.beneath, beneath=None)
    return _resumed(state, data, before)


def _round_opened(state: LotState, data: Data, _: Status) -> LotState:
    after = state._replace(end_ms=data["end_ms"], extensions=state.extensions + 1)
    return _life(
        after,
        round=data["round"],
        round_called=False,
        round_from=state.accepted,
        in_round=frozenset(data["bidders"]),
        round_leader=state.leader,
    )


def _phase_opened(state: LotState, data: Data, _: Status) -> LotState:
    stage = data["stage"]
    after = state._replace(end_ms=data["end_ms"])
    return _life(
        after,
        stage=stage,
        front=state.life.front if state.life.stage else state.leader,
        sealed=boxes.begun(state, stage),
        lots=None,
        round_called=False,
        in_round=None,
    )


def _withdrawn(state: LotState, data: Data, _: Status) -> LotState:
    return _forfeit(void(state, data["by"], "WITHDREW"), data["by"], "WITHDREW")


def _disqualified(state: LotState, data: Data, _: Status) -> LotState:
    bidder = data["bidder"]
    return _forfeit(void(state, bidder, "DISQUALIFIED"), bidder, "DISQUALIFIED")


def _descent_resumed(state: LotState, data: Data, _: Status) -> LotState:
    after = state._replace(end_ms=data["end_ms"])
    falling = Falling(data["step"], data["from_ms"])
    if state.status == "PAUSED":
        after = _life(after, resume="RUNNING")
    return _life(after, falling=falling, winner=None, award_minor=None, awarded_ms=None, signed=())


def _announced(state: LotState, data: Data, _: Status) -> LotState:
    return _life(
        state,
        winner=state.leader,
        award_minor=state.price_minor,
        awarded_ms=data["announced_ms"],
        late_ms=None,
        lost_ms=0,
        signed=(),
        unsigned=(),
    )


def _absence_decided(state: LotState, data: Data, _: Status) -> LotState:
    if data["excused"]:
        return _life(state, excused=state.life.excused | {data["bidder"]})
    bidder = data["bidder"]
    after = _life(state, out={**state.life.out, bidder: "ABSENT"})
    return _forfeit(after, bidder, "ABSENT")


def _house_ready(life: Life, data: Data) -> Life:
    """The house's delay with the minutes is given back."""
    if "by_ms" not in data:
        return life
    return life._replace(late_ms=None, lost_ms=life.lost_ms + data["by_ms"])


def _signed(state: LotState, data: Data, _: Status) -> LotState:
    life = _house_ready(state.life, data)
    return state._replace(life=life._replace(signed=(*life.signed, data["as"])))


def _signature_refused(state: LotState, data: Data, _: Status) -> LotState:
    life = _house_ready(state.life, data)
    return state._replace(life=life._replace(unsigned=(*life.unsigned, data["who"])))


def _held(state: LotState, data: Data, _: Status) -> LotState:
    life = state.life
    held_ms = data.get("since_ms", life.held_ms)
    return _life(state, holds=(*life.holds, data["ground"]), held_ms=held_ms)


def _released(state: LotState, data: Data, _: Status) -> LotState:
    """With the last hold, the time in which somebody had to do something goes on."""
    life = state.life
    at = life.holds.index(data["ground"])
    life = life._replace(holds=life.holds[:at] + life.holds[at + 1 :])
    by_ms = data.get("by_ms")
    if by_ms is not None:
        waited = life.resume if state.status == "PAUSED" else state.status
        if waited in WAITING and life.due_ms is not None:
            life = life._replace(due_ms=life.due_ms + by_ms, lost_ms=life.lost_ms + by_ms)
        life = life._replace(held_ms=None)
    return state._replace(life=life)


def _winner_forfeits(ground: str) -> Callable[[LotState, Data, Status], LotState]:
    def apply_(state: LotState, _: Data, __: Status) -> LotState:
        winner = state.life.winner
        assert winner is not None
        if ground == "REFUSED_WIN":
            state = void(state, winner, ground)
        return _forfeit(state, winner, ground)

    return apply_


_MORE: dict[str, Callable[[LotState, Data, Status], LotState]] = {
    "lot.rescheduled": _rescheduled,
    "lot.changed": lambda s, d, _: _refund_right(s),
    "lot.postponed": _postponed,
    "lot.stopped": lambda s, d, _: _life(s, ground=d["ground"]),
    "bidder.registered": _registration("REGISTERED", "by"),
    "registration.refused": _registration("REFUSED", "bidder"),
    "registration.withdrawn": _registration("WITHDRAWN", "by"),
    "auctioneer.appointed": lambda s, d, _: _life(s, auctioneer=d["auctioneer"]),
    "lot.paused": _paused,
    "incident.reported": _paused,
    "lot.resumed": _resumed,
    "incident.decided": _decided,
    "round.called": lambda s, d, _: _life(s, round_called=True),
    "round.opened": _round_opened,
    "phase.opened": _phase_opened,
    "acceptance.awaited": lambda s, d, _: s._replace(end_ms=d["end_ms"]),
    "bid.withdrawn": _withdrawn,
    "bidder.disqualified": _disqualified,
    "descent.resumed": _descent_resumed,
    **boxes.TURNS,
    **drawing.TURNS,
    **deposits.TURNS,
    "reserve.revealed": lambda s, d, _: _life(s, reserve_minor=d["reserve_minor"]),
    "reserve.lapsed": lambda s, d, _: _life(s, reserve_minor=0),
    "winner.announced": _announced,
    "offer.accepted": _announced,
    "runner_up.offered": lambda s, d, _: _life(s, offers=s.life.offers + 1, winner=None),
    "lot.failed": lambda s, d, _: _life(s, failure=d["code"], winner=None, award_minor=None),
    "absence.claimed": lambda s, d, _: _life(s, claims=s.life.claims | {d["by"]}),
    "absence.decided": _absence_decided,
    "absence.noted": lambda s, d, _: _life(
        s, absent=frozenset(d["bidders"]), claims_until_ms=d["claims_until_ms"]
    ),
    "minutes.signed": _signed,
    "representative.refused": _signature_refused,
    "minutes.late": lambda s, d, _: _life(s, late_ms=d["late_ms"]),
    "minutes.refused": _winner_forfeits("REFUSED_MINUTES"),
    "win.refused": _winner_forfeits("REFUSED_WIN"),
    "payment.recorded": lambda s, d, _: _life(s, paid_minor=s.life.paid_minor + d["amount_minor"]),
    "payment.defaulted": _winner_forfeits("PAYMENT_DEFAULT"),
    "hold.placed": _held,
    "hold.released": _released,
    "result.annulled": lambda s, d, _: _life(s, ground=d["ground"]),
    "price.cut": lambda s, d, _: _life(s, next_start_minor=d["starting_price_minor"]),
}
