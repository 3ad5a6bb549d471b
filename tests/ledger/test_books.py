"""Posting and reading: once each, all or none, refused with a reason, right at any past moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from auction_engine.ledger import books
from auction_engine.ledger.books_types import Balance, BooksError, Escrow
from auction_engine.rules.postings.entry import (
    Cause,
    Entry,
    EntryError,
    Name,
    credit,
    debit,
    reversal,
)

from .bookkeeping import (
    ACT,
    connections,
    count,
    deposit,
    entry,
    forfeit,
    held_by,
    new_book,
    received,
    refund,
)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with connections(database_url, 1) as made:
        yield made[0]


@pytest.fixture
async def book(connection: asyncpg.Connection) -> int:
    return await new_book(connection)


async def refused(connection: asyncpg.Connection, *entries: Entry) -> BooksError:
    """Why `entries` are refused; nothing of them is there afterwards, in no table."""
    tables = ("transfer", "posting", "money_account", "balance")
    before = [await count(connection, table) for table in tables]
    with pytest.raises(BooksError) as caught:
        await books.post(connection, entries)
    assert [await count(connection, table) for table in tables] == before
    assert caught.value.sentence.endswith(".")
    return caught.value


# --- books --------------------------------------------------------------------------------------


async def test_a_book_is_found_again(connection: asyncpg.Connection, book: int) -> None:
    assert await new_book(connection) == book
    named = {"vi": "Đấu giá Thử", "en": "by another English name"}
    assert await books.open_book(connection, "ORGANISATION", named, "VND", 0) == book
    others = {
        await new_book(connection, kind="AGENCY"),
        await new_book(connection, currency="USD"),
        await new_book(connection, "Đấu giá Khác"),
    }
    assert len(others | {book}) == 4


async def test_a_book_keeps_its_minor_digits(connection: asyncpg.Connection, book: int) -> None:
    with pytest.raises(books.KeyReused, match="minor digits"):
        await books.open_book(connection, "ORGANISATION", {"vi": "Đấu giá Thử"}, "VND", 2)


# --- posting ------------------------------------------------------------------------------------


async def test_a_call_posts_all_in_the_order_asked_for(
    connection: asyncpg.Connection, book: int
) -> None:
    asked = [received(book, line) for line in (9, 3, 12, 1)]
    done = await books.post(connection, asked)
    assert [posted.key for posted in done] == ["line:9", "line:3", "line:12", "line:1"]
    assert [posted.id for posted in done] == sorted(posted.id for posted in done)
    assert not any(posted.repeat for posted in done)
    assert await books.balance(connection, book, Name("BANK.ESCROW")) == 400


async def test_nothing_asked_is_nothing_done(connection: asyncpg.Connection) -> None:
    assert await books.post(connection, []) == []


async def test_a_thousand_entries_are_one_call(connection: asyncpg.Connection, book: int) -> None:
    done = await books.post(connection, [received(book, line, line) for line in range(1, 1001)])
    assert len({posted.id for posted in done}) == 1000
    assert await books.balance(connection, book, Name("BANK.ESCROW")) == 500_500
    assert await books.balance(connection, book, Name("LIAB.SUSPENSE", "line:77")) == 77


async def test_a_repeat_is_the_first_s_transfer(connection: asyncpg.Connection, book: int) -> None:
    (first,) = await books.post(connection, [received(book, 1)], date(2026, 7, 1))
    again = received(book, 1)._replace(note="told otherwise")
    turned = again._replace(legs=again.legs[::-1])
    done = await books.post(connection, [turned, received(book, 2), again], date(2026, 7, 2))
    assert done[0] == done[2] == first._replace(repeat=True)
    assert done[1].repeat is False
    assert await books.balance(connection, book, Name("LIAB.SUSPENSE", "line:1")) == 100
    (movement,) = await books.movements(connection, book, Name("LIAB.SUSPENSE", "line:1"))
    assert (movement.booked_on, movement.note) == (date(2026, 7, 1), None)


async def test_twice_in_one_call_is_once(connection: asyncpg.Connection, book: int) -> None:
    done = await books.post(connection, [received(book, 1), received(book, 1)])
    assert [posted.repeat for posted in done] == [False, True]
    assert done[0].id == done[1].id
    assert await count(connection) == 1


async def test_what_one_entry_ends_may_come_before_it_in_the_call(
    connection: asyncpg.Connection, book: int
) -> None:
    key = "lot:1/bidder:1"
    earnest = entry(
        book,
        "earnest:1",
        debit("LIAB.DEPOSIT", 100, key),
        credit("LIAB.EARNEST", 100, key),
        pending=True,
        resolves="hold:1-1",
    )
    remitted = entry(
        book,
        "remit:1",
        debit("LIAB.EARNEST", 100, key),
        credit("PAYABLE.AGENCY", 100, "lot:1"),
        resolves="earnest:1",
    )
    done = await books.post(connection, [deposit(book, 1), earnest, received(book, 5), remitted])
    assert [posted.id for posted in done] == sorted(posted.id for posted in done)
    assert await books.balance(connection, book, Name("PAYABLE.AGENCY", "lot:1")) == 100
    again = await books.post(connection, [deposit(book, 1), earnest, received(book, 5), remitted])
    assert again == [posted._replace(repeat=True) for posted in done]


async def test_the_day_is_vietnam_s_unless_said(connection: asyncpg.Connection, book: int) -> None:
    await books.post(connection, [received(book, 1)])
    now = datetime.now(UTC)
    (movement,) = await books.movements(connection, book, Name("BANK.ESCROW"))
    days = {(now + timedelta(hours=7, minutes=minutes)).date() for minutes in (-2, 0)}
    assert movement.booked_on in days
    assert abs(movement.at - now) < timedelta(minutes=2)


async def test_a_caller_s_transaction_is_not_left_and_survives_a_refusal(
    connection: asyncpg.Connection, book: int
) -> None:
    given_up = connection.transaction()
    await given_up.start()
    await books.post(connection, [received(book, 1)])
    await given_up.rollback()
    assert await count(connection) == 0
    async with connection.transaction():
        await books.post(connection, [received(book, 1)])
        with pytest.raises(books.Overdrawn):
            await books.post(connection, [received(book, 2), *_spent(book, 1, 101)])
        await books.post(connection, [received(book, 3)])
    keys = [row[0] for row in await connection.fetch("SELECT key FROM transfer ORDER BY id")]
    assert keys == ["line:1", "line:3"]


def _spent(book: int, line: int, amount: int) -> list[Entry]:
    legs = debit("LIAB.SUSPENSE", amount, f"line:{line}"), credit("LIAB.RETURN", amount, "line:1")
    return [entry(book, f"return:{line}", *legs)]


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "legs"),
    [
        ("NO_LEGS", ()),
        ("NO_LEGS", (debit("BANK.ESCROW", 1),)),
        ("UNBALANCED", (debit("BANK.ESCROW", 2), credit("LIAB.SUSPENSE", 1, "line:1"))),
        ("BAD_LEG", (debit("BANK.ESCROW", 0), credit("LIAB.SUSPENSE", 0, "line:1"))),
        ("ACCOUNT_TWICE", (debit("BANK.ESCROW", 1), credit("BANK.ESCROW", 1))),
    ],
)
async def test_what_no_book_could_take(
    connection: asyncpg.Connection, book: int, code: str, legs: tuple
) -> None:
    with pytest.raises(EntryError) as caught:
        await books.post(connection, [received(book, 1), entry(book, "x", *legs)])
    assert caught.value.code == code
    assert await count(connection) == 0


CHANGES = [
    {"kind": "other"},
    {"cause": Cause("LINE", 2)},
    {"cause": Cause("ACT", 1)},
    {"cause": Cause("LINE", 1, 1)},
    {"pending": True},
    {"legs": (debit("BANK.ESCROW", 101), credit("LIAB.SUSPENSE", 101, "line:1"))},
    {"legs": (debit("BANK.ESCROW", 100), credit("LIAB.SUSPENSE", 100, "line:2"))},
    {"legs": (debit("BANK.ESCROW", 100), credit("LIAB.RETURN", 100, "line:1"))},
    {"resolves": "hold:1-1"},
    {"reverses": "hold:1-1"},
]


@pytest.mark.parametrize(
    "change", CHANGES, ids=[f"{name}{n}" for n, c in enumerate(CHANGES) for name in c]
)
async def test_a_key_with_other_content(
    connection: asyncpg.Connection, book: int, change: dict
) -> None:
    await books.post(connection, [deposit(book, 1), received(book, 1)])
    changed = received(book, 1)._replace(**change)
    error = await refused(connection, received(book, 2), changed)
    assert error.code == "KEY_REUSED"
    with pytest.raises(books.KeyReused):
        await books.post(connection, [received(book, 1), changed])


async def test_a_key_is_one_in_all_books(connection: asyncpg.Connection, book: int) -> None:
    other = await new_book(connection, "Đấu giá Khác")
    await books.post(connection, [received(book, 1)])
    assert (await refused(connection, received(other, 1))).code == "KEY_REUSED"


async def test_unknown_books_and_accounts(connection: asyncpg.Connection, book: int) -> None:
    assert (await refused(connection, received(book + 1, 1))).code == "UNKNOWN_BOOK"
    strange = entry(book, "x", debit("BANK.MATTRESS", 1), credit("LIAB.SUSPENSE", 1, "line:1"))
    assert (await refused(connection, strange)).code == "UNKNOWN_ACCOUNT"
    others = entry(book, "x", debit("BANK.AGENCY", 1), credit("LIAB.SUSPENSE", 1, "line:1"))
    error = await refused(connection, received(book, 2), others)
    assert (error.code, "BANK.AGENCY" in error.sentence) == ("UNKNOWN_ACCOUNT", True)
    with pytest.raises(books.UnknownAccount):
        await books.balance(connection, book, Name("BANK.MATTRESS"))
    with pytest.raises(books.UnknownAccount):
        await books.movements(connection, book, Name("BANK.MATTRESS"))
    with pytest.raises(books.UnknownAccount):
        await books.balances(connection, book, codes=["BANK.MATTRESS"])


async def test_nothing_goes_below_zero(connection: asyncpg.Connection, book: int) -> None:
    await books.post(connection, [received(book, 1)])
    error = await refused(connection, *_spent(book, 1, 101))
    assert (error.code, "LIAB.SUSPENSE[line:1]" in error.sentence) == ("OVERDRAWN", True)
    await books.post(connection, _spent(book, 1, 100))
    # The other side may not either: a receivable can be paid, but not more than all of it.
    paid = entry(
        book, "p", debit("BANK.OPERATING", 1), credit("RECEIVABLE.AUCTION_FEE", 1, "lot:1")
    )
    assert (await refused(connection, paid)).code == "OVERDRAWN"


async def test_not_even_between_two_entries_of_a_call(
    connection: asyncpg.Connection, book: int
) -> None:
    late = [*_spent(book, 1, 100), received(book, 1)]
    assert (await refused(connection, *late)).code == "OVERDRAWN"
    assert len(await books.post(connection, late[::-1])) == 2


async def test_what_may_be_overdrawn_is(connection: asyncpg.Connection, book: int) -> None:
    fee = entry(book, "fee", debit("INCOME.DOSSIER_FEE", 7), credit("BANK.OPERATING", 7))
    await books.post(connection, [fee])
    assert await books.balance(connection, book, Name("BANK.OPERATING")) == -7
    assert await books.balance(connection, book, Name("INCOME.DOSSIER_FEE")) == -7


async def test_money_of_others_does_not_mix_with_one_s_own(
    connection: asyncpg.Connection, book: int
) -> None:
    await books.post(connection, [received(book, 1)])
    taken = entry(book, "x", debit("BANK.OPERATING", 1), credit("BANK.ESCROW", 1))
    assert (await refused(connection, taken)).code == "UNBOOKABLE"
    both = entry(
        book,
        "x",
        debit("LIAB.SUSPENSE", 5, "line:1"),
        credit("BANK.ESCROW", 5),
        debit("BANK.OPERATING", 5),
        credit("INCOME.DOSSIER_FEE", 5),
    )
    await books.post(connection, [both])


@pytest.mark.parametrize(
    "legs",
    [
        # Two credits: which is held?
        (debit("BANK.ESCROW", 2), credit("LIAB.REFUND", 1, "lot:1/bidder:1"),
         credit("LIAB.SUSPENSE", 1, "line:1")),
        # A hot account's sum cannot be held, an asset is not owed.
        (debit("LIAB.SUSPENSE", 1, "line:7"), credit("BANK.ESCROW", 1)),
        (debit("BANK.OPERATING", 1), credit("RECEIVABLE.AUCTION_FEE", 1, "lot:1")),
    ],
)  # fmt: skip
async def test_what_cannot_be_held(connection: asyncpg.Connection, book: int, legs: tuple) -> None:
    await books.post(connection, [received(book, 7)])
    error = await refused(connection, entry(book, "x", *legs, pending=True))
    assert error.code == "UNBOOKABLE"


# --- pending and its end ------------------------------------------------------------------------


async def test_a_deposit_has_one_fate(connection: asyncpg.Connection, book: int) -> None:
    await books.post(connection, [deposit(book, 1)])
    found = await books.held(connection, "hold:1-1")
    assert found is not None
    assert (found.account, found.amount_minor, found.ended_by) == (held_by(1), 100, None)
    (lies,) = await books.balances(connection, book, codes=["LIAB.DEPOSIT"])
    assert lies == Balance(held_by(1), 100, 100)
    await books.post(connection, [refund(book, 1)])
    found = await books.held(connection, "hold:1-1")
    assert found is not None
    assert (found.ended_by, found.reversed) == ("refund:1-1", False)
    (lies,) = await books.balances(connection, book, codes=["LIAB.DEPOSIT"])
    assert lies == Balance(held_by(1), 0, 0)
    error = await refused(connection, received(book, 1), forfeit(book, 1))
    assert error.code == "ALREADY_RESOLVED"
    assert "refund:1-1" in error.sentence
    assert (await books.post(connection, [refund(book, 1)]))[0].repeat


async def test_two_fates_in_one_call(connection: asyncpg.Connection, book: int) -> None:
    await books.post(connection, [deposit(book, 1)])
    assert (await refused(connection, refund(book, 1), forfeit(book, 1))).code == "ALREADY_RESOLVED"


async def test_nothing_is_held_that_is_not_pending(
    connection: asyncpg.Connection, book: int
) -> None:
    await books.post(connection, [received(book, 1)])
    assert await books.held(connection, "line:1") is None
    assert await books.held(connection, "nothing") is None


@pytest.mark.parametrize("amount", [99, 101])
async def test_all_of_it_or_nothing(connection: asyncpg.Connection, book: int, amount: int) -> None:
    await books.post(connection, [deposit(book, 1), deposit(book, 1, 100, lot=2)])
    assert (await refused(connection, refund(book, 1, amount))).code == "NOT_PENDING"


async def test_only_what_is_pending_can_be_resolved(
    connection: asyncpg.Connection, book: int
) -> None:
    assert (await refused(connection, refund(book, 1))).code == "NOT_PENDING"
    await books.post(connection, [deposit(book, 1)._replace(pending=False)])
    assert (await refused(connection, refund(book, 1))).code == "NOT_PENDING"


async def test_not_by_another_account_nor_from_another_book(
    connection: asyncpg.Connection, book: int
) -> None:
    other = await new_book(connection, "Đấu giá Khác")
    two = deposit(other, 1)._replace(key="hold:other")
    await books.post(connection, [deposit(book, 1), deposit(book, 2), two])
    wrong = refund(book, 2)._replace(resolves="hold:1-1")
    assert (await refused(connection, wrong)).code == "NOT_PENDING"
    wrong = refund(other, 1)._replace(resolves="hold:1-1")
    assert (await refused(connection, wrong)).code == "NOT_PENDING"


async def test_held_money_leaves_by_its_end_alone(
    connection: asyncpg.Connection, book: int
) -> None:
    await books.post(connection, [deposit(book, 1)])
    plain = refund(book, 1)._replace(resolves=None)
    assert (await refused(connection, plain)).code == "OVERDRAWN"
    # What is there beside it may go.
    more = deposit(book, 1, 30)._replace(key="more", pending=False)
    key = "lot:1/bidder:1"
    legs = debit("LIAB.DEPOSIT", 30, key), credit("LIAB.REFUND", 30, key)
    await books.post(connection, [more, entry(book, "less", *legs)])
    assert (await refused(connection, plain._replace(legs=_one(legs)))).code == "OVERDRAWN"


def _one(legs: tuple) -> tuple:
    return tuple(leg._replace(amount_minor=leg.amount_minor // 30) for leg in legs)


# --- reversals ----------------------------------------------------------------------------------


async def test_a_reversal_undoes_once(connection: asyncpg.Connection, book: int) -> None:
    await books.post(connection, [received(book, 1)])
    undone = reversal(received(book, 1), "undo:1", ACT)
    await books.post(connection, [undone])
    assert await books.balance(connection, book, Name("BANK.ESCROW")) == 0
    assert (await books.post(connection, [undone]))[0].repeat
    assert (await refused(connection, undone._replace(key="undo:2"))).code == "ALREADY_RESOLVED"


async def test_a_reversal_is_exact(connection: asyncpg.Connection, book: int) -> None:
    three = entry(
        book,
        "three",
        debit("BANK.ESCROW", 3),
        credit("LIAB.SUSPENSE", 1, "line:1"),
        credit("LIAB.SUSPENSE", 2, "line:2"),
    )
    await books.post(connection, [three, received(book, 3)])
    right = reversal(three, "undo", ACT)
    swapped = debit("LIAB.SUSPENSE", 2, "line:1"), debit("LIAB.SUSPENSE", 1, "line:2")
    for legs in (
        (debit("LIAB.SUSPENSE", 1, "line:1"), credit("BANK.ESCROW", 1)),
        (credit("BANK.ESCROW", 3), *swapped),
        (credit("BANK.ESCROW", 4), *right.legs[1:], debit("LIAB.SUSPENSE", 1, "line:3")),
        three.legs,
    ):
        assert (await refused(connection, right._replace(legs=legs))).code == "NOT_REVERSIBLE"
    assert (await refused(connection, right._replace(reverses="no"))).code == "NOT_REVERSIBLE"
    other = await new_book(connection, "Đấu giá Khác")
    assert (await refused(connection, right._replace(book=other))).code == "NOT_REVERSIBLE"
    await books.post(connection, [right])


async def test_a_pending_one_ends_by_its_reversal_or_is_resolved_never_both(
    connection: asyncpg.Connection, book: int
) -> None:
    await books.post(connection, [deposit(book, 1), deposit(book, 2)])
    undone = reversal(deposit(book, 1), "undo:1", ACT)
    await books.post(connection, [undone, refund(book, 2)])
    found = await books.held(connection, "hold:1-1")
    assert found is not None
    assert (found.ended_by, found.reversed) == ("undo:1", True)
    assert (await refused(connection, refund(book, 1))).code == "ALREADY_RESOLVED"
    late = reversal(deposit(book, 2), "undo:2", ACT)
    assert (await refused(connection, late)).code == "ALREADY_RESOLVED"


async def test_what_ended_another_is_not_reversed(
    connection: asyncpg.Connection, book: int
) -> None:
    undone = reversal(received(book, 1), "undo", ACT)
    await books.post(connection, [received(book, 1), undone, deposit(book, 1), refund(book, 1)])
    for ending in (undone, refund(book, 1)):
        again = reversal(ending, "again", ACT)
        assert (await refused(connection, again)).code == "NOT_REVERSIBLE"


async def test_a_reversal_is_not_pending_and_resolves_nothing(
    connection: asyncpg.Connection, book: int
) -> None:
    await books.post(connection, [deposit(book, 1)])
    undone = reversal(deposit(book, 1), "undo:1", ACT)
    assert (await refused(connection, undone._replace(pending=True))).code == "UNBOOKABLE"
    both = undone._replace(resolves="hold:1-1")
    assert (await refused(connection, both)).code == "UNBOOKABLE"


# --- reading ------------------------------------------------------------------------------------


async def test_any_past_moment_can_be_read(connection: asyncpg.Connection, book: int) -> None:
    moments = []
    for bidder in range(1, 5):
        (posted,) = await books.post(connection, [deposit(book, bidder, 10 * bidder)])
        moments.append(posted)
    await books.post(connection, [refund(book, 1, 10), forfeit(book, 3, 30)])
    for number, moment in enumerate(moments, 1):
        total = 10 * sum(range(1, number + 1))
        then = await books.balances(connection, book, until=moment.at)
        assert then == await books.balances(connection, book, transfers_until=moment.id)
        assert {line.account: line.amount_minor for line in then} == {
            Name("BANK.ESCROW"): total
        } | {held_by(bidder): 10 * bidder for bidder in range(1, number + 1)}
        assert await books.escrow(connection, book, moment.at) == Escrow(total, total)
        before = await books.escrow(connection, book, moment.at - timedelta(microseconds=1))
        assert before == Escrow(total - 10 * number, total - 10 * number)
    now = await books.balances(connection, book)
    past = await books.balances(connection, book, until=datetime.now(UTC) + timedelta(days=1))
    assert [line._replace(held_minor=None) for line in now] == past


async def test_escrow_by_lots(connection: asyncpg.Connection, book: int) -> None:
    await books.post(
        connection,
        [deposit(book, 1, 5, lot=1), deposit(book, 2, 7, lot=12), received(book, 1, 100)],
    )
    assert await books.escrow(connection, book) == Escrow(112, 112)
    assert await books.escrow(connection, book, lots=[1]) == Escrow(112, 5)
    assert await books.escrow(connection, book, lots=[1, 12]) == Escrow(112, 12)
    assert await books.escrow(connection, book, lots=[]) == Escrow(112, 0)
    assert (await books.escrow(connection, book)).equal
    assert await books.escrow(connection, await new_book(connection, "Khác")) == Escrow(0, 0)


async def test_keys_are_paths(connection: asyncpg.Connection, book: int) -> None:
    await books.post(
        connection,
        [
            deposit(book, 1, 5, lot=1),
            deposit(book, 2, 7, lot=12),
            received(book, 3, 9),
            *[forfeit(book, 1, 5, lot=1)],
        ],
    )

    async def under(prefix: str, **more: list[str]) -> list[str]:
        lines = await books.balances(connection, book, key_prefix=prefix, **more)
        return [str(line.account) for line in lines]

    lot = ["LIAB.DEPOSIT[lot:1/bidder:1]", "PAYABLE.STATE_BUDGET[lot:1]"]
    assert await under("lot:1") == lot
    assert await under("lot:1", codes=["PAYABLE.STATE_BUDGET"]) == lot[1:]
    assert await under("lot:") == ["LIAB.DEPOSIT[lot:1/bidder:1]", "LIAB.DEPOSIT[lot:12/bidder:2]",
                                   "PAYABLE.STATE_BUDGET[lot:1]"]  # fmt: skip
    assert await under("lot:1/") == lot[:1]
    assert await under("line:3") == ["LIAB.SUSPENSE[line:3]"]
    assert await under("line") == []


async def test_movements_say_what_was_there_after_each(
    connection: asyncpg.Connection, book: int
) -> None:
    name = Name("LIAB.SUSPENSE", "line:1")
    await books.post(connection, [received(book, 1)])
    for amount in (10, 20, 30):
        legs = debit("LIAB.SUSPENSE", amount, "line:1"), credit("LIAB.RETURN", amount, "line:1")
        await books.post(connection, [entry(book, f"part:{amount}", *legs, note="a part")])
    moves = await books.movements(connection, book, name)
    assert [(move.amount_minor, move.balance_minor) for move in moves] == [
        (-30, 40), (-20, 70), (-10, 90), (100, 100)
    ]  # fmt: skip
    assert (moves[0].kind, moves[0].cause, moves[0].note) == ("part", ACT, "a part")
    assert moves[3].cause == Cause("LINE", 1)
    first, rest = moves[:1], moves[1:]
    assert await books.movements(connection, book, name, limit=1) == first
    assert await books.movements(connection, book, name, before=first[0].transfer) == rest
    bank = await books.movements(connection, book, Name("BANK.ESCROW"))
    assert [(move.amount_minor, move.balance_minor) for move in bank] == [(100, 100)]
    assert await books.movements(connection, book, Name("LIAB.RETURN", "line:2")) == []


async def test_a_lot_s_journal(connection: asyncpg.Connection, book: int) -> None:
    caused = deposit(book, 3, lot=2)._replace(cause=Cause("JOURNAL", 2, 9))
    other = deposit(book, 4, lot=2)._replace(cause=Cause("JOURNAL", 2, 10), note="why")
    asked = [deposit(book, 1), deposit(book, 2, lot=12), caused, other, refund(book, 1)]
    posted = await books.post(connection, asked)
    lot = await books.transfers_of(connection, book, key_prefix="lot:1")
    assert [one.key for one in lot] == ["hold:1-1", "refund:1-1"]
    assert lot[0].legs == deposit(book, 1).legs
    assert (lot[0].pending, lot[0].ended_by, lot[1].resolves) == (True, "refund:1-1", "hold:1-1")
    assert [one.id for one in lot] == [posted[0].id, posted[4].id]

    async def keys(**which: object) -> list[str]:
        return [one.key for one in await books.transfers_of(connection, book, **which)]  # type: ignore[arg-type]

    assert await keys(cause=Cause("JOURNAL", 2)) == ["hold:2-3", "hold:2-4"]
    assert await keys(cause=Cause("JOURNAL", 2, 10)) == ["hold:2-4"]
    assert await keys(cause=Cause("JOURNAL", 2), key_prefix="lot:1") == []
    assert await keys(limit=2) == ["hold:1-1", "hold:12-2"]
    assert await keys(after=posted[1].id) == ["hold:2-3", "hold:2-4", "refund:1-1"]
