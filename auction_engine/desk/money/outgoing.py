"""What a statement says of money that left, or came back: our payouts are booked, or owed again.

Whatever the bank took without our order is shown as owed by whoever keeps the account, until
somebody explains it.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from auction_engine.desk.money.allocating import Incoming, Taking
from auction_engine.ledger import books
from auction_engine.rules.postings import deposits, payouts
from auction_engine.rules.postings.entry import Entry, Name

_COLUMNS = "p.id, p.attempt, p.code, p.account_key, p.amount_minor, p.state"
_Row = dict[str, Any]
_Known = tuple[int, int]  # a payout and its attempt


async def book_debits(connection: Any, taking: Taking, debits: Sequence[Incoming]) -> None:
    """Book each debit: a payout, a whole batch, or something nobody ordered."""
    known = {one.id: _named(one) for one in debits}
    rows = await _payouts(connection, taking.book, filter(None, known.values()))
    batches = await _batches(connection, taking.book, debits, rows)
    by_day: dict[date, list[Entry]] = {}
    booked: list[_Row] = []
    unexplained: list[Incoming] = []
    for one in debits:
        amount = -one.line.amount_minor
        found = _the_payout(rows, known[one.id], amount) or _the_batch(batches, one, amount)
        entries = by_day.setdefault(one.line.booked_on, [])
        for row in found:
            row["state"] = "BOOKED"
            entries.append(
                payouts.booked(
                    taking.book, taking.bank, one.id, row["id"], row["attempt"], row["amount_minor"]
                )
            )
        booked += found
        if not found:
            entries.append(deposits.taken(taking.book, taking.bank, one.id, amount))
            unexplained.append(one)
    for day, entries in by_day.items():
        await books.post(connection, entries, day)
    if booked:
        await _are_booked(connection, taking, booked)
    if unexplained:
        await taking.wait([(one.id, "UNEXPLAINED", None) for one in unexplained])
        taking.suspense["UNEXPLAINED"] += len(unexplained)


async def come_back(connection: Any, taking: Taking, credits: Sequence[Incoming]) -> set[int]:
    """Book those of `credits` that are payments of ours coming back; returns their lines.

    One that comes back before its debit is told of stays in suspense until then.
    """
    known = {one.id: _named(one) for one in credits}
    rows = await _payouts(connection, taking.book, filter(None, known.values()))
    by_day: dict[date, list[Entry]] = {}
    failed: dict[int, str] = {}
    back = set()
    for one in credits:
        row = _if_it_fits(rows, known[one.id], one.line.amount_minor, "BOOKED")
        if row is None:
            continue
        row["state"] = "FAILED"
        owed = Name(row["code"], row["account_key"])
        by_day.setdefault(one.line.booked_on, []).append(
            payouts.came_back(
                taking.book, taking.bank, one.id, row["id"], owed, row["amount_minor"]
            )
        )
        failed[row["id"]] = one.line.returned or one.line.text
        back.add(one.id)
    for day, entries in by_day.items():
        await books.post(connection, entries, day)
    await _have_failed(connection, failed)
    taking.booked += len(back)
    return back


async def _are_booked(connection: Any, taking: Taking, rows: list[_Row]) -> None:
    """They have left; but some may have been back before, and wait in suspense."""
    await connection.execute(
        "UPDATE payout SET state = 'BOOKED', reason = NULL WHERE id = ANY($1::bigint[])",
        [row["id"] for row in rows],
    )
    taking.booked += len(rows)
    ours = {payouts.end_to_end(row["id"], row["attempt"]): row for row in rows}
    early = await connection.fetch(
        "SELECT s.line_id, l.end_to_end, l.amount_minor, l.returned, l.text"
        " FROM suspense s JOIN bank_line l ON l.id = s.line_id"
        " WHERE s.book_id = $1 AND s.closed_at IS NULL AND s.reason = 'UNKNOWN'"
        " AND l.end_to_end = ANY($2::text[]) ORDER BY s.line_id FOR UPDATE OF s",
        taking.book,
        list(ours),
    )
    entries: list[Entry] = []
    failed: dict[int, str] = {}
    lines = []
    for line, end_to_end, amount, returned, text in early:
        row = ours[end_to_end]
        if row["state"] == "BOOKED" and row["amount_minor"] == amount:
            row["state"] = "FAILED"
            owed = Name(row["code"], row["account_key"])
            entries.append(payouts.came_back_before(taking.book, line, row["id"], owed, amount))
            failed[row["id"]] = returned or text
            lines.append(line)
    if entries:
        await books.post(connection, entries)
        await connection.execute(
            "UPDATE suspense SET closed_at = now(), outcome = 'CAME_BACK'"
            " WHERE line_id = ANY($1::bigint[])",
            lines,
        )
        await _have_failed(connection, failed)


async def _have_failed(connection: Any, failed: dict[int, str]) -> None:
    if failed:
        await connection.execute(
            "UPDATE payout SET state = 'FAILED', reason = said.reason"
            " FROM unnest($1::bigint[], $2::text[]) AS said (id, reason) WHERE payout.id = said.id",
            list(failed),
            list(failed.values()),
        )


def _named(one: Incoming) -> _Known | None:
    """The payout of ours a line names: in the reference, or as a word of its text."""
    known = payouts.payout_of(one.line.end_to_end or "")
    return known or next(filter(None, map(payouts.payout_of, one.line.text.split())), None)


async def _payouts(connection: Any, book: int, known: Iterable[_Known]) -> dict[int, _Row]:
    numbers = sorted({number for number, _ in known})
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM payout p"  # noqa: S608 (a constant)
        " WHERE p.book_id = $1 AND p.id = ANY($2::bigint[]) ORDER BY p.id FOR UPDATE",
        book,
        numbers,
    )
    return {row["id"]: dict(row) for row in rows}


def _if_it_fits(
    rows: dict[int, _Row], known: _Known | None, amount_minor: int, state: str
) -> _Row | None:
    row = None if known is None else rows.get(known[0])
    if row is None or known is None:
        return None
    fits = (row["attempt"], row["amount_minor"], row["state"]) == (known[1], amount_minor, state)
    return row if fits else None


def _the_payout(rows: dict[int, _Row], known: _Known | None, amount_minor: int) -> list[_Row]:
    row = _if_it_fits(rows, known, amount_minor, "ORDERED")
    return [] if row is None else [row]


def _words(one: Incoming) -> list[str]:
    return [*one.line.text.split(), one.line.end_to_end or "", one.line.bank_ref or ""]


async def _batches(
    connection: Any, book: int, debits: Sequence[Incoming], known: dict[int, _Row]
) -> dict[str, list[_Row]]:
    """The ordered payouts of each batch that a debit names; those known are the same rows."""
    words = {word for one in debits for word in _words(one)}
    if not words:
        return {}
    rows = await connection.fetch(
        f"SELECT {_COLUMNS}, b.message_id FROM payout p"  # noqa: S608 (a constant)
        " JOIN payout_batch b ON b.id = p.batch_id"
        " WHERE b.book_id = $1 AND b.message_id = ANY($2::text[]) AND p.state = 'ORDERED'"
        " ORDER BY p.id FOR UPDATE OF p",
        book,
        list(words),
    )
    found: dict[str, list[_Row]] = {}
    for row in rows:
        one = known.setdefault(row["id"], dict(row))
        found.setdefault(row["message_id"], []).append(one)
    return found


def _the_batch(batches: dict[str, list[_Row]], one: Incoming, amount_minor: int) -> list[_Row]:
    """The payouts of a batch the bank booked in one sum, if it names the batch."""
    for word in _words(one):
        rows = [row for row in batches.get(word, ()) if row["state"] == "ORDERED"]
        if rows and sum(row["amount_minor"] for row in rows) == amount_minor:
            return rows
    return []
