"""What people do in the life of a lot: an act is checked against its row, then comes to events."""

from typing import Any

from auction_engine.rules import acts_award, acts_bidding, opening
from auction_engine.rules.acts_plain import Maker, plain
from auction_engine.rules.commands import Act, CommandRefused
from auction_engine.rules.events import Event
from auction_engine.rules.guards import GUARDS
from auction_engine.rules.lifecycle import BY_ACT, Row
from auction_engine.rules.lot import LotState
from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.rules.parts import MAX_MS

_MOMENTS = frozenset("start_ms end_ms due_ms".split())
_AMOUNTS = frozenset("reserve_minor amount_minor starting_price_minor top_up_minor".split())
_NUMBERS = frozenset("bidder auctioneer transfer".split())
_MOST_NUMBER = 2**63 - 1
# What the clock does follows from the log's time; by acts the program only tells what went wrong
# and what the books say.
_TOLD_BY_PROGRAM = frozenset("report_incident hold_deposit release_deposit".split())
_LONGEST_TEXT = 2_000
_MOST_KEYS = 9


def act(state: LotState, command: Act, at_ms: int) -> list[Event]:
    """The events of an act at log time `at_ms`. Raises CommandRefused."""
    row = check(state, command)
    for name in row.guards:
        test, code, text = GUARDS.get(name) or opening.GUARDS[name]
        if not test(state, command, at_ms):
            raise CommandRefused(code, text)
    maker = _MAKERS.get(command.name)
    return [plain(state, row, command)] if maker is None else maker(state, row, command, at_ms)


def check(state: LotState, command: Act) -> Row:
    """The act's row, if status, role and fields fit it. Raises CommandRefused."""
    row = BY_ACT.get(command.name)
    if row is None:
        raise CommandRefused("UNKNOWN_ACT", f"There is no act {command.name[:40]}.")
    by_clock = command.role == "CLOCK" and command.name not in _TOLD_BY_PROGRAM
    if command.role not in row.roles or by_clock:
        raise CommandRefused("NOT_YOURS", f"{command.name} is for {', '.join(row.roles)}.")
    if state.status not in row.sources:
        raise CommandRefused(
            "WRONG_STATUS", f"{command.name} is not possible while the lot is {state.status}."
        )
    auctioneer = state.life.auctioneer
    if command.role == "AUCTIONEER" and auctioneer not in (None, command.actor):
        raise CommandRefused("NOT_THE_AUCTIONEER", "Another auctioneer conducts this lot.")
    _check_fields(row, command)
    return row


def _check_fields(row: Row, command: Act) -> None:
    if row.event == "winner.announced":
        allowed: set[str] = set()  # what it says follows from the lot
        needed: set[str] = set()
    else:
        allowed = {name.rstrip("?") for name in row.fields}
        needed = {name for name in row.fields if not name.endswith("?")}
    names = set(command.data)
    if missing := needed - names:
        raise CommandRefused("BAD_FIELDS", f"{command.name} needs `{min(missing)}`.")
    if extra := names - allowed:
        raise CommandRefused("BAD_FIELDS", f"{command.name} has no field `{min(extra)[:40]}`.")
    for name, value in command.data.items():
        if not _fits(name, value):
            raise CommandRefused("BAD_FIELDS", f"{command.name}: `{name}` has no such value.")
    if command.reason is not None and command.reason != "" and not _is_text(command.reason):
        raise CommandRefused(
            "BAD_FIELDS", f"The reason must be text of at most {_LONGEST_TEXT} characters."
        )


def _fits(name: str, value: Any) -> bool:
    if name in _MOMENTS:
        return (name == "end_ms" and value is None) or _is_whole(value, MAX_MS)
    if name in _AMOUNTS:
        return _is_whole(value, MAX_AMOUNT_MINOR)
    if name in _NUMBERS:
        return _is_whole(value, _MOST_NUMBER)
    if name == "excused":
        return type(value) is bool
    if name == "keys":
        return (
            isinstance(value, list | tuple)
            and 0 < len(value) <= _MOST_KEYS
            and all(_is_text(key) for key in value)
        )
    return _is_text(value)


def _is_whole(value: Any, most: int) -> bool:
    return type(value) is int and 0 <= value <= most


def _is_text(value: Any) -> bool:
    """Text that a ledger can hold and a person can read: no control characters, no half ones."""
    return (
        type(value) is str
        and 0 < len(value) <= _LONGEST_TEXT
        and all(letter in "\n\t" or " " <= letter != "\x7f" for letter in value)
        and not any("\ud800" <= letter <= "\udfff" for letter in value)
    )


_MAKERS: dict[str, Maker] = {
    **acts_bidding.MAKERS,
    **acts_award.MAKERS,
    **opening.MAKERS,
}
