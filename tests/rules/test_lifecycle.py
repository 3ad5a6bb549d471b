"""Every row of the lifecycle's table is reached; every other role, status and field is refused."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

import auction_engine.rules
from auction_engine.rules import acts, guards, lifecycle, opening
from auction_engine.rules.commands import Act, CommandRefused, Role
from auction_engine.rules.events import Turn
from auction_engine.rules.lifecycle import BY_ACT, ROWS, Row
from auction_engine.rules.lot import LotState, Status
from auction_engine.rules.machine import decide

from .courses import Course
from .lives import LIVES

# Sealed rounds and the drawing of lots have tests of their own.
SEALED = frozenset(
    "keys.awaited key.received boxes.opened round.failed box.read rebid.opened draw.awaited"
    " entropy.added seed.committed seed.revealed draw.overdue lots.drawn".split()
)


@cache
def lives() -> tuple[Course, ...]:
    return tuple(life() for life in LIVES.values())


@cache
def snapshots() -> dict[Status, tuple[LotState, int]]:
    """Some lot in each status, and the log time at which it was there with nothing due."""
    found: dict[Status, tuple[LotState, int]] = {}
    for life in LIVES:
        for state, at_ms in visited(life):
            found.setdefault(state.status, (state, at_ms))
    return found


@cache
def visited(name: str) -> tuple[tuple[LotState, int], ...]:
    """The lot after each command of a life."""
    seen: list[tuple[LotState, int]] = []
    original = Course.do

    def watched(self: Course, *args: Any, **kwargs: Any) -> Any:
        events = original(self, *args, **kwargs)
        if self.state is not None:
            seen.append((self.state, self.at_ms))
        return events

    Course.do = watched  # type: ignore[method-assign]
    try:
        LIVES[name].__wrapped__()  # type: ignore[attr-defined]
    finally:
        Course.do = original  # type: ignore[method-assign]
    return tuple(seen)


@pytest.mark.parametrize("name", LIVES)
def test_a_life_runs_with_every_step_checked_and_replayed(name: str) -> None:
    assert LIVES[name]().events


def test_every_row_is_reached() -> None:
    turned = {e.kind for lot in lives() for e in lot.events if isinstance(e, Turn)}
    assert {row.event for row in ROWS} - turned == SEALED


def test_every_way_a_row_leads_is_taken() -> None:
    taken = {(e.kind, e.status) for lot in lives() for e in lot.events if isinstance(e, Turn)}
    possible = {(row.event, target) for row in ROWS for target in row.targets}
    assert {way for way in possible - taken if way[0] not in SEALED} == set()


def test_every_status_is_reached() -> None:
    assert set(snapshots()) == set(get_args(Status))


def test_rows_name_statuses_and_roles_that_exist() -> None:
    for row in ROWS:
        assert {*row.sources, *row.targets} <= set(get_args(Status)), row
        assert set(row.roles) <= set(get_args(Role)), row
        assert row.basis, f"{row.event} has no legal basis"
    assert len({row.event for row in ROWS}) == len(ROWS)
    assert len(BY_ACT) == sum(row.act is not None for row in ROWS)


def test_every_guard_exists_and_is_used() -> None:
    named = {name for row in ROWS for name in row.guards}
    assert named == set(guards.GUARDS) | set(opening.GUARDS)
    assert not set(guards.GUARDS) & set(opening.GUARDS)


# --- who else, when else, what else ---------------------------------------------------------------

VALUES: dict[str, Any] = {
    "bidder": 1,
    "auctioneer": 9_003,
    "transfer": 1,
    "excused": True,
    "keys": ["k"],
    **dict.fromkeys(("start_ms", "end_ms", "due_ms"), 1),
    **dict.fromkeys(("reserve_minor", "amount_minor", "starting_price_minor", "top_up_minor"), 1),
}
ACTS = [row for row in ROWS if row.act is not None]


def fields_of(row: Row) -> list[str]:
    return [] if row.act == "announce" else [name.rstrip("?") for name in row.fields]


def sample(row: Row, role: Role | None = None) -> Act:
    """The act with fields of the right kind, by the first role that may do it."""
    assert row.act is not None
    data = {name: VALUES.get(name, "text") for name in fields_of(row)}
    role = role or row.roles[0]
    return Act(row.act, role, 9_003 if role == "AUCTIONEER" else 1, "because", data)


def code_of(state: LotState, command: Act, at_ms: int) -> str | None:
    try:
        decide(state, command, at_ms)
    except CommandRefused as refused:
        return refused.code
    return None


@pytest.mark.parametrize("row", ACTS, ids=lambda row: row.act)
def test_an_act_in_any_other_status_is_refused(row: Row) -> None:
    for status, (state, at_ms) in snapshots().items():
        if status not in row.sources:
            assert code_of(state, sample(row), at_ms) == "WRONG_STATUS", status


@pytest.mark.parametrize("row", ACTS, ids=lambda row: row.act)
def test_an_act_in_its_statuses_is_for_its_guards_to_judge(row: Row) -> None:
    for status in row.sources:
        state, at_ms = snapshots()[status]
        code = code_of(state, sample(row), at_ms)
        assert code not in ("WRONG_STATUS", "NOT_THE_AUCTIONEER", "BAD_FIELDS"), status


@pytest.mark.parametrize("row", ACTS, ids=lambda row: row.act)
def test_an_act_by_any_other_role_is_refused(row: Row) -> None:
    by_clock = row.act in ("report_incident", "hold_deposit", "release_deposit")
    for status in row.sources:
        state, at_ms = snapshots()[status]
        for role in get_args(Role):
            if role not in row.roles or (role == "CLOCK" and not by_clock):
                assert code_of(state, sample(row, role), at_ms) == "NOT_YOURS", role


@pytest.mark.parametrize("row", ACTS, ids=lambda row: row.act)
def test_an_act_with_other_fields_is_refused(row: Row) -> None:
    state, at_ms = snapshots()[row.sources[0]]
    command = sample(row)
    wrong: list[dict[str, Any]] = [{**command.data, "colour": "red"}]
    for name in fields_of(row):
        if f"{name}?" not in row.fields:
            wrong.append({key: value for key, value in command.data.items() if key != name})
        for value in (
            1.5,
            [],
            {},
            "",
            "x" * 2_001,
            "a\x00b",
            "\ud800",
            -1,
            2**63,
            [""],
            ["x"] * 10,
        ):
            if acts._fits(name, value):
                continue
            wrong.append({**command.data, name: value})
    for data in wrong:
        act = Act(command.name, command.role, command.actor, command.reason, data)
        assert code_of(state, act, at_ms) == "BAD_FIELDS", data


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("bidder", 7, True),
        ("bidder", True, False),
        ("bidder", "7", False),
        ("bidder", 2**63 - 1, True),
        ("end_ms", None, True),
        ("start_ms", None, False),
        ("start_ms", 253_402_300_800_000, False),
        ("amount_minor", 2**53 - 1, True),
        ("amount_minor", 2**53, False),
        ("excused", 1, False),
        ("excused", False, True),
        ("keys", ["a", "b"], True),
        ("keys", "ab", False),
        ("keys", [1], False),
        ("ground", "Lý do:\n\tmưa lũ", True),
        ("ground", "a\x7f", False),
        ("ground", "a\x1b[2J", False),
        ("ground", "\udfff", False),
        ("ground", "x" * 2_000, True),
        ("ground", "x" * 2_001, False),
        ("ground", "", False),
        ("ground", None, False),
    ],
)
def test_what_a_field_may_hold(name: str, value: Any, fits: bool) -> None:
    assert acts._fits(name, value) is fits


@pytest.mark.parametrize("reason", ["x" * 2_001, "a\x00b", "\ud800", 7])
def test_a_reason_is_text_that_can_be_kept(reason: Any) -> None:
    state, at_ms = snapshots()["RUNNING"]
    act = Act("stop", "AGENCY", 1, reason, {"ground": "REDEEMED"})
    assert code_of(state, act, at_ms) == "BAD_FIELDS"


def test_an_unknown_act_is_refused() -> None:
    state, at_ms = snapshots()["RUNNING"]
    assert code_of(state, Act("sell_quietly", "AGENCY", 1), at_ms) == "UNKNOWN_ACT"


def test_what_ends_a_lot_s_life_ends_it() -> None:
    """From these nothing leads on: whatever is done next begins with a new lot."""
    leads_on = {source for row in ROWS for source in row.sources if row.targets}
    ends = {
        "WITHDRAWN",
        "PRICE_CUT",
        "TAKEN_BY_CREDITOR",
        "RETURNED_BLOCKED",
        "RESCINDED_BY_BUYER",
        "ANNULLED",
    }
    assert set(get_args(Status)) - leads_on == ends


# --- every refusal --------------------------------------------------------------------------------


def codes_in_source() -> set[str]:
    """Every code that a CommandRefused in the rules' source is raised with."""
    found: set[str] = set()
    folder = Path(auction_engine.rules.__file__).parent
    for path in folder.glob("*.py"):
        if path.name in ("sealed.py", "opening.py", "drawing.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "CommandRefused":
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found.add(first.value)
    return found | {code for _, code, _ in guards.GUARDS.values()}


def test_the_table_is_in_the_order_of_a_life() -> None:
    assert lifecycle.ROWS[0].act == "contract"
    assert {"UNKNOWN_LOT", "NO_TERMS", "HELD"} <= codes_in_source()
