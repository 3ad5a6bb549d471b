"""What a person can do with a lot just now, and what each act asks for: enough to build a desk."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from auction_engine.rules import opening
from auction_engine.rules.commands import Act, CommandRefused, Role
from auction_engine.rules.grounds import (
    ANNULMENTS,
    CHANGES,
    DISQUALIFICATIONS,
    HOLDS,
    PAUSE_GROUNDS,
    POSTPONEMENTS,
    RELEASES,
    STOP_GROUNDS,
)
from auction_engine.rules.guards import GUARDS, Guard
from auction_engine.rules.lifecycle import BY_ACT, Row
from auction_engine.rules.lot import LotState
from auction_engine.rules.session import SESSION_PAUSED, TURN
from auction_engine.rules.terms import DEPOSIT_MEANS, SIGNATORIES

_OF_SESSIONS = (TURN, SESSION_PAUSED)
# The closed lists of what an act can say, by (act, field).
CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    ("annul", "ground"): ANNULMENTS,
    ("change", "what"): CHANGES,
    ("decide_incident", "choice"): ("CONTINUE", "ANNUL"),
    ("disqualify", "ground"): DISQUALIFICATIONS,
    ("hold", "ground"): HOLDS,
    ("note_refused_signature", "who"): ("OWNER", "REPRESENTATIVE"),
    ("pause", "ground"): PAUSE_GROUNDS,
    ("postpone", "ground"): tuple(g for g in POSTPONEMENTS if g not in _OF_SESSIONS),
    ("release", "ground"): HOLDS,
    ("hold_deposit", "means"): DEPOSIT_MEANS,
    ("release_deposit", "ground"): tuple(RELEASES),
    ("sign_minutes", "as"): SIGNATORIES,
    ("stop", "ground"): STOP_GROUNDS,
}
# Where an act names its bidder, these ask about that one and not about who acts.
_OF_THE_NAMED = frozenset(
    "registered not_admitted admitted not_out bidder_absent undecided claim_heard".split()
)


class Field(NamedTuple):
    """Something an act says. `choices` are None where the list is not closed."""

    name: str
    kind: str
    needed: bool
    choices: tuple[str, ...] | None


class Possible(NamedTuple):
    """An act that a person can do now, and as what."""

    act: str
    role: Role
    fields: tuple[Field, ...]


def guard(name: str) -> tuple[Guard, str, str] | None:
    """A guard by its name: its test, the code it refuses with, and what to do about it."""
    return GUARDS.get(name) or opening.GUARDS.get(name)


def fields_of(row: Row, choices: Sequence[str] | None = None) -> tuple[Field, ...]:
    """What the act of `row` says; `choices` narrow its closed list."""
    if row.act is None or row.act == "announce":  # what it says follows from the lot
        return ()
    found = []
    for field in row.fields:
        name = field.rstrip("?")
        closed = CHOICES.get((row.act, name))
        if closed is not None and choices is not None:
            closed = tuple(choices)
        found.append(Field(name, _kind(name), not field.endswith("?"), closed))
    return tuple(found)


def _kind(name: str) -> str:
    if name.endswith("_ms"):
        return "moment"
    if name.endswith("_minor"):
        return "amount"
    named = {"bidder": "bidder", "auctioneer": "account", "excused": "yes_no", "keys": "texts"}
    named["transfer"] = "number"
    return named.get(name, "text")


def possible(state: LotState, account: int, roles: Sequence[Role], at_ms: int) -> list[Possible]:
    """What `account` can do with the lot at log time `at_ms` in one of `roles`.

    An act is left out when the rules would refuse it whatever it says; one that is here may still
    be refused for what it says.
    """
    found = []
    for name, row in BY_ACT.items():
        for role in roles:
            if role in row.roles and state.status in row.sources:
                auctioneer = state.life.auctioneer
                if role == "AUCTIONEER" and auctioneer not in (None, account):
                    continue
                choices = _open_choices(state, row, Act(name, role, account, "…"), at_ms)
                if choices is None or choices:
                    found.append(Possible(name, role, fields_of(row, choices)))
    return found


def _open_choices(state: LotState, row: Row, act: Act, at_ms: int) -> list[str] | None:
    """What the act's closed list still offers; empty if it is impossible, None without a list."""
    field = next((f for f in row.fields if (act.name, f) in CHOICES), None)
    if field is None:
        return None if _may(state, row, act, at_ms) else []
    return [
        choice
        for choice in CHOICES[act.name, field]
        if _may(state, row, Act(act.name, act.role, act.actor, act.reason, {field: choice}), at_ms)
    ]


def _may(state: LotState, row: Row, act: Act, at_ms: int) -> bool:
    """Whether no guard refuses the act; those pass that ask for what is not said yet."""
    for name in row.guards:
        found = guard(name)
        if found is None or ("bidder" in row.fields and name in _OF_THE_NAMED):
            continue
        try:
            if not found[0](state, act, at_ms):
                return False
        except CommandRefused:
            return False
        except KeyError:
            continue
    return True


def said_of(row: Row) -> list[dict[str, Any]]:
    """What an act needs beyond status and role: each guard's name, code and sentence."""
    told = []
    for name in row.guards:
        found = guard(name)
        if found is not None:
            told.append({"name": name, "code": found[1], "text": found[2]})
    return told
