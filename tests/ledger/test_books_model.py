"""The books against a small model in memory: the same answers, refusals, balances and past."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auction_engine.ledger import books, store
from auction_engine.ledger.books_types import BooksError
from auction_engine.ledger.verify import verify
from auction_engine.rules.postings.chart import CHART
from auction_engine.rules.postings.entry import Cause, Entry, Leg, Name

from .bookkeeping import new_book

NAMES = [
    Name("BANK.ESCROW"),
    Name("BANK.OPERATING"),
    Name("INCOME.DOSSIER_FEE"),
    Name("RECEIVABLE.AUCTION_FEE", "lot:1"),
    Name("LIAB.SUSPENSE", "line:1"),
    Name("LIAB.DEPOSIT", "lot:1/bidder:1"),
    Name("LIAB.REFUND", "lot:1/bidder:1"),
    Name("MEMO.GUARANTEE", "lot:1/bidder:1"),
    Name("MEMO.GUARANTOR", "lot:1/bidder:1"),
]
KEYS = [f"k{n}" for n in range(24)]


class Model:
    """What the books should be. `refuse` is the code, or None if the entry is taken."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.ended: dict[str, str] = {}
        self.sums: dict[Name, int] = {}
        self.holds: dict[Name, int] = {}

    def copy(self) -> Model:
        other = Model()
        for name in ("entries", "ended", "sums", "holds"):
            setattr(other, name, dict(getattr(self, name)))
        return other

    def take(self, entry: Entry) -> str:
        """POSTED, REPEAT, or the code of the refusal."""
        if entry.key in self.entries:
            same = self.entries[entry.key]
            equal = same._replace(legs=()) == entry._replace(legs=())
            return "REPEAT" if equal and set(same.legs) == set(entry.legs) else "KEY_REUSED"
        code = self._refusal(entry)
        if code is None:
            self._apply(entry)
        return code or "POSTED"

    def _refusal(self, entry: Entry) -> str | None:
        return self._wrong_end(entry) or self._wrong_legs(entry) or self._overdrawn(entry)

    def _wrong_end(self, entry: Entry) -> str | None:
        end = entry.resolves or entry.reverses
        if end and end not in self.entries:
            return "NOT_PENDING" if entry.resolves else "NOT_REVERSIBLE"
        if entry.reverses and entry.pending:
            return "UNBOOKABLE"
        return "ALREADY_RESOLVED" if end in self.ended else None

    def _wrong_legs(self, entry: Entry) -> str | None:
        target = self.entries.get(entry.resolves or entry.reverses or "")
        credits = [leg for leg in entry.legs if leg.amount_minor < 0]
        if sum(leg.amount_minor for leg in entry.legs if CHART[leg.account.code].escrow) or (
            entry.pending and (len(credits) != 1 or not _can_be_held(credits[0].account))
        ):
            return "UNBOOKABLE"
        if entry.resolves and target:
            taken = target.pending and _turned(_held(target)) in entry.legs
            return None if taken else "NOT_PENDING"
        if entry.reverses and target:
            turned = {_turned(leg) for leg in target.legs}
            if target.resolves or target.reverses or turned != set(entry.legs):
                return "NOT_REVERSIBLE"
        return None

    def _overdrawn(self, entry: Entry) -> str | None:
        after = self.copy()
        after._apply(entry)
        for leg in entry.legs:
            of = CHART[leg.account.code]
            if not of.hot and not of.overdrawn and after.free(leg.account) < 0:
                return "OVERDRAWN"
        return None

    def _apply(self, entry: Entry) -> None:
        self.entries[entry.key] = entry
        for leg in entry.legs:
            self.sums[leg.account] = self.sums.get(leg.account, 0) + leg.amount_minor
        if entry.pending:
            self._hold(_held(entry), 1)
        end = entry.resolves or entry.reverses
        if end:
            self.ended[end] = entry.key
            if self.entries[end].pending:
                self._hold(_held(self.entries[end]), -1)

    def _hold(self, leg: Leg, sign: int) -> None:
        self.holds[leg.account] = self.holds.get(leg.account, 0) - sign * leg.amount_minor

    def balance(self, name: Name) -> int:
        debit_side = CHART[name.code].nature in ("ASSET", "EXPENSE", "MEMO")
        return self.sums.get(name, 0) * (1 if debit_side else -1)

    def free(self, name: Name) -> int:
        return self.balance(name) - self.holds.get(name, 0)


def _held(entry: Entry) -> Leg:
    return next(leg for leg in entry.legs if leg.amount_minor < 0)


def _turned(leg: Leg) -> Leg:
    return leg._replace(amount_minor=-leg.amount_minor)


def _can_be_held(name: Name) -> bool:
    of = CHART[name.code]
    return not of.hot and (of.overdrawn or of.nature in ("LIABILITY", "INCOME"))


@st.composite
def plain_legs(draw: st.DrawFn) -> tuple[Leg, ...]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=3, unique=True))
    amounts = [draw(st.integers(-3, 3).filter(bool)) for _ in names[1:]]
    if sum(amounts) == 0:
        amounts[0] *= 2
    return tuple(map(Leg, names, (-sum(amounts), *amounts)))


# What goes in and round as money of others does, so that much is posted and something is held.
USUAL = [
    (NAMES[0], NAMES[4]), (NAMES[0], NAMES[5]), (NAMES[4], NAMES[5]), (NAMES[5], NAMES[6]),
    (NAMES[6], NAMES[0]), (NAMES[7], NAMES[8]), (NAMES[8], NAMES[7]), (NAMES[1], NAMES[2]),
]  # fmt: skip
usual_legs = st.builds(
    lambda pair, amount: (Leg(pair[0], amount), Leg(pair[1], -amount)),
    st.sampled_from(USUAL),
    st.integers(1, 3),
)
asked = st.tuples(
    st.sampled_from(KEYS),
    usual_legs | plain_legs(),
    st.booleans(),
    st.sampled_from(["", "", "resolves", "reverses"]),
    st.sampled_from(KEYS),
    st.booleans(),
)
calls = st.lists(
    st.lists(asked, min_size=1, max_size=1) | st.lists(asked, min_size=1, max_size=3),
    min_size=8,
    max_size=20,
)


def build(model: Model, book: int, prefix: str, what: Any) -> Entry:
    """The entry asked for; mostly with the legs that fit what it ends."""
    key, legs, pending, how, end, fitting = what
    target = model.entries.get(prefix + end)
    if how and fitting and target is not None:
        if how == "reverses":
            legs, pending = tuple(_turned(leg) for leg in target.legs), False
        elif target.pending:
            taken = _turned(_held(target))
            others = [name for name in (NAMES[6], NAMES[4]) if name != taken.account]
            legs = (taken, Leg(others[0], -taken.amount_minor))
    entry = Entry(book, "t", prefix + key, Cause("ACT", 1), legs, pending)
    if not how or (fitting and target is None):
        return entry
    return entry._replace(**{how: prefix + end})


async def play(connection: asyncpg.Connection, number: int, course: Any) -> None:
    book = await new_book(connection, f"Đấu giá {number}")
    prefix, model, past = f"{number}:", Model(), {}
    for call in course:
        entries = [build(model, book, prefix, what) for what in call]
        after = model.copy()
        expected = [after.take(entry) for entry in entries]
        codes = set(expected) - {"POSTED", "REPEAT"}
        if codes:
            with pytest.raises(BooksError) as caught:
                await books.post(connection, entries)
            # Which of several is told first is not promised.
            assert len(entries) > 1 or {caught.value.code} == codes, f"{caught.value}: {entries}"
        else:
            done = await books.post(connection, entries)
            told = ["REPEAT" if posted.repeat else "POSTED" for posted in done]
            assert told == expected, entries
            model = after
            if "POSTED" in told:
                past[max(posted.id for posted in done)] = model
    await compare(connection, book, model)
    for transfer, then in past.items():
        lines = await books.balances(connection, book, transfers_until=transfer)
        assert {line.account: line.amount_minor for line in lines} == {
            name: then.balance(name) for name in then.sums
        }
    for key in model.entries:
        found = await books.held(connection, key)
        assert (found is not None) == model.entries[key].pending
        assert found is None or found.ended_by == model.ended.get(key)


async def compare(connection: asyncpg.Connection, book: int, model: Model) -> None:
    lines = {line.account: line for line in await books.balances(connection, book)}
    assert set(lines) == set(model.sums)
    for name, line in lines.items():
        assert line.amount_minor == model.balance(name)
        assert line.held_minor == model.holds.get(name, 0)
        moves = await books.movements(connection, book, name, limit=1)
        assert moves[0].balance_minor == line.amount_minor
    assert (await books.escrow(connection, book)).equal


def test_the_books_do_what_the_model_does(database_url: str) -> None:
    with asyncio.Runner() as runner:
        connection = runner.run(store.connect(database_url))
        runner.run(connection.execute("SET synchronous_commit = off"))  # nothing dies here
        numbers = itertools.count(1)

        @settings(
            max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow],
            derandomize=True,
        )  # fmt: skip
        @given(calls)
        def check(course: Any) -> None:
            runner.run(play(connection, next(numbers), course))

        check()
        posted = runner.run(connection.fetchval("SELECT count(*) FROM transfer"))
        ended = runner.run(
            connection.fetchval("SELECT count(resolves) * count(reverses) > 0 FROM transfer")
        )
        runner.run(connection.close())
        assert posted > 100, "the courses must not be refusals alone"
        assert ended, "something must be resolved and something reversed"
        report = runner.run(verify(database_url))
        assert report.problem is None, report.problem.sentence
