"""What a bidder must do now and until when, and the days that follow a sale. Pure.

What a lot waits for is in its state, to the millisecond; the days of the law and their articles
come from the rule pack (`rules.deadlines`).
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, NamedTuple

from auction_engine.desk.money.requests import day_of
from auction_engine.rules import packs
from auction_engine.rules.calendar import CalendarError
from auction_engine.rules.deadlines import Facts, deadlines
from auction_engine.rules.deposits import credited_minor
from auction_engine.rules.lot import LotState
from auction_engine.rules.pack import Pack, is_unverified, reference, value_at

What = Literal["SIGN", "PAY", "ANSWER_OFFER", "CLAIM_ABSENCE", "DEPOSIT", "DECIDE_CHANGE"]
# The parameter of the pack a duty rests on.
_PATHS: dict[What, str] = {
    "SIGN": "minutes.sign_within",
    "PAY": "payment.due",
    "ANSWER_OFFER": "runner_up.answer_within",
    "CLAIM_ABSENCE": "forfeit.claim_within",
    "DEPOSIT": "deposit.window",
    "DECIDE_CHANGE": "refund_right_on_change",
}
_WINNERS = ("minutes", "payment", "payment_extended", "delivery", "title_papers")
_LOSERS = ("refund",)
_ABSENT = ("force_majeure_claim", "refund")


class Duty(NamedTuple):
    """One thing to do. `due_ms` None: no moment is set. `rule`: its article, "" without a pack."""

    lot: int
    what: What
    due_ms: int | None
    amount_minor: int | None
    rule: str
    verified: bool


class Day(NamedTuple):
    """A day the law sets for what follows: by whom it is kept is in its sentence."""

    key: str
    day: date
    due_ms: int
    text: dict[str, str]
    rule: str
    verified: bool
    assumed: bool


def pack_of(state: LotState) -> Pack | None:
    """The lot's rule pack; None where it names none."""
    return None if state.params.pack is None else packs.load(state.params.pack)


def duties(lot: int, state: LotState, bidder: int, deposit_where: str | None) -> list[Duty]:
    """What this bidder must do or decide now. `deposit_where`: where the own deposit is."""
    life, pack = state.life, pack_of(state)
    found: list[tuple[What, int | None, int | None]] = []
    if state.status == "ANNOUNCED" and life.winner == bidder and "WINNER" not in life.signed:
        found.append(("SIGN", life.due_ms, life.award_minor))
    if state.status == "AWAIT_PAYMENT" and life.winner == bidder:
        found.append(("PAY", life.due_ms, owed_minor(state)))
    if state.status == "RUNNER_UP_OFFERED" and state.leader == bidder:
        found.append(("ANSWER_OFFER", life.due_ms, state.price_minor))
    if bidder in life.absent and bidder not in life.claims | life.excused | set(life.out):
        found.append(("CLAIM_ABSENCE", life.claims_until_ms, None))
    if deposit_where in ("WAITING", "SHORT") and state.phase == "scheduled":
        terms = state.params.terms
        assert terms is not None
        found.append(("DEPOSIT", terms.registration_close_ms, terms.deposit_minor))
    if bidder in life.refund_right and state.phase == "scheduled":
        found.append(("DECIDE_CHANGE", state.params.start_ms, None))
    return [
        Duty(lot, what, due, amount, *_article(pack, _PATHS[what])) for what, due, amount in found
    ]


def owed_minor(state: LotState) -> int:
    """What a winner still has to pay: the price without deposit and payments made."""
    life = state.life
    return max(0, (life.award_minor or 0) - credited_minor(state) - life.paid_minor)


def _article(pack: Pack | None, path: str) -> tuple[str, bool]:
    if pack is None:
        return "", False
    try:
        value: Any = value_at(pack, path)
    except KeyError:
        value = None
    section = path if value is not None else path.partition(".")[0]
    return reference(pack, section), not is_unverified(pack, section)


def days_of(
    state: LotState, bidder: int, at: Mapping[str, int], *, movable: bool = False
) -> list[Day]:
    """The days that concern this bidder after the bidding, from those that have come.

    `at`: log times of turns by kind (`lot.closed`, `payment.recorded`, `lot.delivered` ...).
    Nothing before the lot has closed, nothing without a rule pack.
    """
    pack, terms = pack_of(state), state.params.terms
    if pack is None or terms is None or "lot.closed" not in at:
        return []
    mine = state.life.winner == bidder or (state.life.winner is None and state.leader == bidder)
    wanted = _WINNERS if mine else _ABSENT if bidder in state.life.absent else _LOSERS

    def on(*kinds: str) -> date | None:
        times = [at[kind] for kind in kinds if kind in at]
        return day_of(state, max(times)) if times else None

    facts = Facts(
        opening=day_of(state, state.params.start_ms),
        kind="movable" if movable else "immovable",
        round=terms.failures + 1,
        ended=on("lot.closed"),
        paid=on("payment.recorded", "payment.covered"),
        delivered=on("lot.delivered"),
    )
    try:
        found = deadlines(pack, facts)
    except CalendarError:
        return []
    return [
        Day(
            one.key, one.day, one.due_ms, {"vi": one.text.vi, "en": one.text.en},
            one.rule, one.verified, one.assumed,
        )
        for one in found
        if one.key in wanted
    ]  # fmt: skip
