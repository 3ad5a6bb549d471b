"""Payments that are expected: whose, for what, how much, until when, under which reference."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from auction_engine.desk.money import record, references
from auction_engine.desk.money.matching import Expected, Purpose
from auction_engine.desk.reading import Lots
from auction_engine.rules import packs
from auction_engine.rules.fates import deposit_fates
from auction_engine.rules.lot import LotState

# Deposits are wanted until the bidding begins, or ends where the pack takes them so long.
_BEFORE = ("PUBLISHED", "REGISTRATION_OPEN", "REGISTRATION_CLOSED", "READY", "POSTPONED")
_DURING = ("RUNNING", "PAUSED")
COLUMNS = "r.id, r.book_id, r.purpose, r.lot_id, r.payer, r.reference, r.amount_minor, r.due_on"
_ASKED = (
    f"SELECT {COLUMNS} FROM payment_request r"  # noqa: S608 (a constant)
    " WHERE purpose = $1 AND lot_id = $2 AND payer = $3"
)

# What of a line was given away before does not lie here any more: its account tells.
_SHORT = """
    SELECT s.request_id, s.line_id, -b.amount_minor AS left_minor
      FROM suspense s
      JOIN money_account m ON m.book_id = s.book_id AND m.code = 'LIAB.SUSPENSE'
           AND m.key = 'line:' || s.line_id
      JOIN balance b ON b.account_id = m.id
     WHERE s.reason = 'SHORT' AND s.closed_at IS NULL AND s.request_id IS NOT NULL
"""


class Request(NamedTuple):
    """One expected payment. `payer` is the bidder's account, or the party of the case."""

    id: int
    book: int
    purpose: Purpose
    lot: int
    payer: int
    reference: str
    amount_minor: int
    due_on: date | None


async def ask(
    connection: Any,
    book: int,
    purpose: Purpose,
    lot: int,
    payer: int,
    amount_minor: int,
    due_on: date | None,
) -> Request:
    """The request for this payment, made if there is none. In the caller's transaction.

    Raises MoneyError AMOUNT_CHANGED if it was asked for with another amount.
    """
    row = await connection.fetchrow(_ASKED, purpose, lot, payer)
    if row is None:
        # Asked for again and again, but numbered once: there are 2^30 references.
        number = await connection.fetchval(
            "SELECT nextval(pg_get_serial_sequence('payment_request', 'id'))"
        )
        await connection.execute(
            "INSERT INTO payment_request (id, book_id, purpose, lot_id, payer, reference,"
            " amount_minor, due_on) OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
            " ON CONFLICT (purpose, lot_id, payer) DO NOTHING",
            number, book, purpose, lot, payer, references.of(number), amount_minor, due_on,
        )  # fmt: skip
        row = await connection.fetchrow(_ASKED, purpose, lot, payer)
    found = Request(*row)
    if found.amount_minor != amount_minor:
        raise record.MoneyError(
            "AMOUNT_CHANGED", f"{found.reference} was asked for with another amount before."
        )
    return found


async def ask_deposit(connection: Any, lot: int, bidder: int, state: LotState) -> Request | None:
    """The request for a bidder's deposit; None where the lot takes none."""
    terms = state.params.terms
    if terms is None or not terms.deposit_minor:
        return None
    where = await record.books_of(connection, lot, state.params.currency, state.params.minor_digits)
    return await ask(
        connection,
        where.organisation,
        "DEPOSIT",
        lot,
        bidder,
        terms.deposit_minor,
        deposit_due_on(state),
    )


def deposit_due_on(state: LotState) -> date | None:
    """The last local day on which the deposit may arrive; None where it may until the end."""
    params = state.params
    assert params.terms is not None
    if params.terms.registration_close_ms is None:
        return None
    return day_of(state, params.terms.registration_close_ms - 1)


def zone_of(state: LotState) -> ZoneInfo:
    """The zone the lot's days are counted in."""
    pack = state.params.pack
    return ZoneInfo("UTC" if pack is None else packs.load(pack).timezone)


def day_of(state: LotState, at_ms: int) -> date:
    """The local day of a moment."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone_of(state)).date()


async def expected(
    connection: Any, lots: Lots, book: int, numbers: Iterable[int], amounts: Iterable[int] = ()
) -> dict[int, tuple[Request, Expected]]:
    """Requests of `book` by number, and unpaid ones of one of `amounts`, as they stand now."""
    rows = await connection.fetch(
        f"""
        SELECT {COLUMNS}, coalesce(a.name, '') AS name,
               (SELECT coalesce(sum(amount_minor), 0)::bigint FROM allocation
                 WHERE request_id = r.id) AS paid_minor,
               coalesce(short.minor, 0)::bigint AS short_minor,
               EXISTS (SELECT FROM guarantee WHERE request_id = r.id) AS guaranteed
          FROM payment_request r
          LEFT JOIN account a ON a.id = r.payer AND r.purpose <> 'TOP_UP'
          LEFT JOIN (SELECT request_id, sum(left_minor) AS minor FROM ({_SHORT}) AS line
                      GROUP BY request_id) AS short ON short.request_id = r.id
         WHERE r.book_id = $1 AND (r.id = ANY($2::bigint[])
               OR r.amount_minor = ANY($3::bigint[])
                  AND NOT EXISTS (SELECT FROM allocation WHERE request_id = r.id))
         ORDER BY r.id DESC
        """,  # noqa: S608 (a constant)
        book,
        list(numbers),
        list(set(amounts)),
    )
    states = await lots.read(connection, {row["lot_id"] for row in rows})
    found = {}
    for row in rows:
        request = Request(*(row[name] for name in _NAMES))
        now = states.get(request.lot)
        wanted = now is not None and wants(now.state, request)
        called = row["guaranteed"] and now is not None and is_called(now.state, request)
        partly = row["paid_minor"] if request.purpose == "PRICE" else row["short_minor"]
        found[request.id] = (
            request,
            Expected(
                request.id,
                request.purpose,
                request.amount_minor,
                None if called else request.due_on,
                row["name"],
                partly,
                row["paid_minor"] >= request.amount_minor or (row["guaranteed"] and not called),
                wanted or called,
            ),
        )
    return found


async def short_parts(connection: Any, numbers: Iterable[int]) -> dict[int, list[tuple[int, int]]]:
    """Lines that lie short for requests, and what is left of each; the requests are locked."""
    rows = await connection.fetch(
        f"SELECT request_id, line_id, left_minor FROM ({_SHORT}) AS short"  # noqa: S608
        " WHERE request_id = ANY($1::bigint[]) ORDER BY line_id",
        list(numbers),
    )
    found: dict[int, list[tuple[int, int]]] = {}
    for request, line, left in rows:
        found.setdefault(request, []).append((line, left))
    return found


_NAMES = ("id", "book_id", "purpose", "lot_id", "payer", "reference", "amount_minor", "due_on")


def wants(state: LotState, request: Request) -> bool:
    """Whether the sale still wants this payment."""
    if request.purpose == "DEPOSIT":
        if state.life.registered.get(request.payer) in ("REFUSED", "WITHDRAWN"):
            return False
        return state.status in _BEFORE or (request.due_on is None and state.status in _DURING)
    if request.purpose == "PRICE":
        return state.status == "AWAIT_PAYMENT" and state.life.winner == request.payer
    if request.purpose == "TOP_UP":
        return state.status == "IN_KIND_OFFER"
    # It is on its way from the organisation, whatever has become of the sale since.
    return True


def is_called(state: LotState, request: Request) -> bool:
    """Whether a guaranteed deposit is lost: then whoever guaranteed it owes the money."""
    fate = deposit_fates(state).get(request.payer)
    return request.purpose == "DEPOSIT" and fate is not None and fate.kind == "FORFEITED"
