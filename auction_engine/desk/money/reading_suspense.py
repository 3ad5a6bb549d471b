"""What a line in suspense may be for: requests that are like it, and what is owed to the book."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from auction_engine.desk.money import references
from auction_engine.desk.money.matching import plain


async def likely(
    connection: Any, book: int, row: Any, search: str = "", most: int = 8
) -> list[int]:
    """Requests a person should look at for a line in suspense, the likeliest first.

    Those the line names, then same amount and similar name, then one of both. `search` finds by
    reference, by a word of the payer's name, or by lot number.
    """
    named = {number for number in map(references.number_of, _named(row)) if number is not None}
    if row["request_id"] is not None:
        named.add(row["request_id"])
    wanted = "".join(search.split()).upper()
    number = references.number_of(wanted) if wanted.startswith("DG") else None
    rows = await connection.fetch(
        "SELECT r.id, r.reference, r.amount_minor, r.lot_id, coalesce(a.name, '') AS name"
        " FROM payment_request r"
        " LEFT JOIN account a ON a.id = r.payer AND r.purpose <> 'TOP_UP' WHERE r.book_id = $1"
        " AND (r.id = ANY($2::bigint[]) OR r.amount_minor = ANY($3::bigint[]) OR r.id IN"
        " (SELECT id FROM payment_request WHERE book_id = $1 ORDER BY id DESC LIMIT 2000))",
        book,
        [*named, *([number] if number is not None else [])],
        [row["amount_minor"], row["left_minor"]],
    )
    sender, words = set(plain(row["name"]).split()), set(plain(search).split())
    scored = []
    for one in rows:
        name = set(plain(one["name"]).split())
        if search:
            hit = (
                one["id"] == number or one["lot_id"] == _number(search) or (words and words <= name)
            )
            score = 10 if hit else 0
        else:
            score = 20 * (one["id"] in named)
            score += 4 * (one["amount_minor"] in (row["amount_minor"], row["left_minor"]))
            score += 6 * (bool(name) and name == sender) or 2 * (len(name & sender) >= 2)
        if score:
            scored.append((-score, -one["id"], one["id"]))
    return [found for *_, found in sorted(scored)[:most]]


def _named(row: Any) -> Iterable[str]:
    return references.find(row["text"], row["end_to_end"])


def _number(text: str) -> int | None:
    digits = text.strip().lstrip("#")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 16 else None


class Owed(NamedTuple):
    """What somebody owes the book: an account of the chart, its key, and how much."""

    code: str
    key: str
    amount_minor: int


async def owed_to_us(connection: Any, book: int, codes: Sequence[str]) -> list[Owed]:
    """What is still owed to the book on these accounts, the largest first."""
    rows = await connection.fetch(
        "SELECT a.code, a.key, sum(b.amount_minor)::bigint FROM money_account a"
        " JOIN balance b ON b.account_id = a.id WHERE a.book_id = $1 AND a.code = ANY($2::text[])"
        " GROUP BY a.id HAVING sum(b.amount_minor) > 0 ORDER BY 3 DESC, a.id LIMIT 50",
        book,
        list(codes),
    )
    return [Owed(*row) for row in rows]


class OfLot(NamedTuple):
    """Money of a lot: in its term deposit `term`, or, with 0, waiting for the delivery."""

    lot: int
    term: int
    amount_minor: int


_OF_LOT = (
    "SELECT a.key, sum(b.amount_minor)::bigint FROM money_account a"
    " JOIN balance b ON b.account_id = a.id WHERE a.book_id = $1 AND a.code = $2"
    " GROUP BY a.id HAVING sum(b.amount_minor) <> 0 ORDER BY a.id DESC LIMIT 200"
)


async def terms(connection: Any, book: int) -> list[OfLot]:
    """The term deposits that have not come back, the newest first."""
    return [_of_lot(*row) for row in await connection.fetch(_OF_LOT, book, "BANK.TERM")]


async def waiting(connection: Any, book: int) -> list[OfLot]:
    """The lots whose price waits here for the delivery, the newest first."""
    return [_of_lot(*row) for row in await connection.fetch(_OF_LOT, book, "LIAB.PURCHASE_PRICE")]


def _of_lot(key: str, amount_minor: int) -> OfLot:
    lot, _, term = key.partition("/")
    return OfLot(
        int(lot.removeprefix("lot:")), int(term.removeprefix("term:") or 0), abs(amount_minor)
    )
