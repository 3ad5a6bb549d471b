"""Acts of people in the life of a lot with terms, as a seed chooses them."""

import random
from collections.abc import Callable
from typing import Any

from auction_engine.rules import deposits
from auction_engine.rules.commands import Act, Role
from auction_engine.rules.grounds import (
    ANNULMENTS,
    CHANGES,
    DISQUALIFICATIONS,
    HOLD_ROLES,
    HOLDS,
    PAUSE_GROUNDS,
    POSTPONEMENTS,
    RELEASES,
    STOP_GROUNDS,
)
from auction_engine.rules.lifecycle import BY_ACT, Row
from auction_engine.rules.lot import LotState

_AUCTIONEER = 9_003
_STAFF: dict[Role, int] = {
    "AGENCY": 9_001,
    "ORGANISATION": 9_002,
    "AUCTIONEER": _AUCTIONEER,
    "RECORDER": 9_004,
    "PROCURATOR": 9_005,
    "COURT": 9_006,
}
# How often an act is tried where its status allows it: what leads on, often; what harms, rarely.
_ONWARD: dict[str, int] = dict.fromkeys(
    (
        "announce consent sign_minutes record_payment deliver file_title distribute close_file"
        " accept_offer resume decide_incident release reschedule"
    ).split(),
    10,
)
_ASIDE: dict[str, int] = {
    "appoint": 2,
    "pause": 2,
    "report_incident": 1,
    "hold": 1,
    "change": 1,
    "postpone": 1,
    "withdraw_bid": 1,
    "disqualify": 1,
    "stop": 1,
    "withdraw_registration": 1,
    "claim_force_majeure": 2,
    "decide_absence": 2,
    "note_refused_signature": 1,
    "refuse_minutes": 1,
    "refuse_win": 1,
    "decline_offer": 2,
    "refuse_consent": 1,
    "extend_payment": 2,
    "rescind": 2,
    "buyer_rescinds": 1,
    "annul": 1,
    "cut_price": 2,
    "offer_in_kind": 1,
    "take_in_kind": 1,
    "return_to_debtor": 1,
    "hold_deposit": 3,
    "release_deposit": 2,
}

_Value = Callable[[LotState, int, random.Random], Any]


def some_act(
    state: LotState, now_ms: int, reason: str, onward: bool, chance: random.Random
) -> Act | None:
    """An act that the lot's status allows, None if there is none; only onward ones if so wished.

    `reason` marks it: what comes of it is found in the journal by this text.
    """
    weights = _ONWARD if onward else _ONWARD | _ASIDE
    rows = [
        BY_ACT[name]
        for name in weights
        if state.status in BY_ACT[name].sources and _sensible(name, state, chance)
    ]
    if not rows:
        return None
    row = chance.choices(rows, [weights[row.act or ""] for row in rows])[0]
    data = {
        name.rstrip("?"): _VALUES[name.rstrip("?")](state, now_ms, chance)
        for name in row.fields
        if row.act != "announce"
    }
    if row.act in _GROUNDS:
        data["ground"] = chance.choice(_GROUNDS[row.act])
    if row.act == "release" and state.life.holds:
        data["ground"] = chance.choice(state.life.holds)
    if row.act in ("hold_deposit", "release_deposit"):
        data |= _deposit(state, row.act, chance)
    role = _role(row, data, chance)
    return Act(row.act or "", role, _actor(state, role, chance), reason, data)


def _sensible(name: str, state: LotState, chance: random.Random) -> bool:
    """Whether the act would do something; now and then people try all the same."""
    life = state.life
    if chance.random() < 0.05:
        return True
    if name == "release":
        return bool(life.holds)
    if name == "decide_incident":
        return life.ground == "INCIDENT"
    if name == "resume":
        return life.ground != "INCIDENT" and not life.holds
    if name in ("hold_deposit", "release_deposit"):
        lacking = deposits.without(state)
        return bool(lacking) if name == "hold_deposit" else bool(life.deposits)
    return name != "reschedule" or not life.holds


def _role(row: Row, data: dict[str, Any], chance: random.Random) -> Role:
    if "as" in data:
        role: Role = _SIGNS_AS.get(data["as"], data["as"])
        return role
    if row.act in ("hold", "release"):
        return chance.choice(HOLD_ROLES[data["ground"]])
    if row.act == "resume":
        return "AGENCY"
    return chance.choice([role for role in row.roles if role != "CLOCK"])


def deposit_by(means: str, bidder: int, amount_minor: int, transfer: int) -> dict[str, Any]:
    """What `hold_deposit` says of a deposit made in this way."""
    money = means in deposits.MONEY
    return {
        "bidder": bidder,
        "means": means,
        "amount_minor": 0 if means == "EXEMPT" else amount_minor,
        "transfer": transfer if money else 0,
    }


def _deposit(state: LotState, act: str, chance: random.Random) -> dict[str, Any]:
    """A deposit for one who has none, or the end of one on a ground that mostly fits."""
    held, terms = state.life.deposits, state.params.terms
    if act == "hold_deposit":
        bidder = chance.choice(sorted(deposits.without(state)) or [0])
        means = chance.choice(terms.deposit_means if terms else ("TRANSFER",))
        amount = terms.deposit_minor if terms else 0
        return deposit_by(means, bidder, amount, chance.randrange(1_000, 10**9))
    bidder = chance.choice(sorted(held) or [0])
    fitting = [g for g, means in RELEASES.items() if bidder in held and held[bidder].means in means]
    return {"bidder": bidder, "ground": chance.choice(fitting or list(RELEASES))}


_SIGNS_AS: dict[str, Role] = {"WINNER": "BIDDER", "REPRESENTATIVE": "BIDDER", "OWNER": "AGENCY"}


def _actor(state: LotState, role: Role, chance: random.Random) -> int:
    if role == "AUCTIONEER":
        return state.life.auctioneer or _AUCTIONEER
    if role != "BIDDER":
        return _STAFF[role]
    people = [p for p in (state.life.winner, state.leader) if p is not None]
    return chance.choice(people or list(state.admitted) or [0])


def _somebody(state: LotState, now_ms: int, chance: random.Random) -> int:
    return chance.choice(list(state.admitted) or [0])


def _unsigned(state: LotState, now_ms: int, chance: random.Random) -> str:
    terms, life = state.params.terms, state.life
    missing = [s for s in (terms.signatories if terms else ()) if s not in life.signed]
    return str((missing or ["AUCTIONEER"])[0])


def _left_to_pay(state: LotState, now_ms: int, chance: random.Random) -> int:
    life = state.life
    left = (life.award_minor or 0) - deposits.credited_minor(state) - life.paid_minor
    return max(1, left if chance.random() < 0.6 else left // 2)


_GROUNDS: dict[str, tuple[str, ...]] = {
    "pause": PAUSE_GROUNDS,
    "postpone": POSTPONEMENTS,
    "stop": STOP_GROUNDS,
    "disqualify": DISQUALIFICATIONS,
    "hold": HOLDS,
    "release": HOLDS,
    "annul": ANNULMENTS,
    "release_deposit": tuple(RELEASES),
}
_VALUES: dict[str, _Value] = {
    "ground": lambda state, now_ms, chance: None,  # see _GROUNDS
    "what": lambda state, now_ms, chance: chance.choice(CHANGES),
    "choice": lambda state, now_ms, chance: chance.choice(("CONTINUE", "CONTINUE", "ANNUL")),
    "bidder": _somebody,
    "auctioneer": lambda state, now_ms, chance: _AUCTIONEER,
    "start_ms": lambda state, now_ms, chance: now_ms + 1_500,
    "end_ms": lambda state, now_ms, chance: None if state.params.end_ms is None else now_ms + 4_000,
    "as": _unsigned,
    "who": lambda state, now_ms, chance: chance.choice(("OWNER", "REPRESENTATIVE")),
    "amount_minor": _left_to_pay,
    "reference": lambda state, now_ms, chance: f"transfer {chance.randrange(10**6)}",
    "due_ms": lambda state, now_ms, chance: now_ms + 3_000,
    "agreement": lambda state, now_ms, chance: "as agreed",
    "excused": lambda state, now_ms, chance: chance.random() < 0.5,
    "starting_price_minor": lambda state, now_ms, chance: max(
        1, state.params.starting_price_minor * 95 // 100
    ),
    "creditor": lambda state, now_ms, chance: "the creditor",
    **dict.fromkeys(("means", "transfer"), lambda state, now_ms, chance: None),  # see _deposit
    "top_up_minor": lambda state, now_ms, chance: chance.randrange(1_000),
}
