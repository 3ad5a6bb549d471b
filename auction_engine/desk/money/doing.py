"""What accountants do to the books by hand: pages and other systems both come through here.

Each act says whether it was new: the very same sent again by the same person is the same act.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import orjson

from auction_engine.bank.accounts import AccountError, account_kind, bank_kind
from auction_engine.desk.money import (
    distributing,
    guarantees,
    holders,
    payouts,
    reading,
    reading_lot,
    reading_payouts,
    record,
    requests,
    sheets,
    taking,
)
from auction_engine.desk.money.payouts import Payee
from auction_engine.desk.money.record import MoneyError, done_before
from auction_engine.desk.reading import Lots
from auction_engine.rules.lot import LotState

_BIN_DIGITS = 6


class Account(NamedTuple):
    """An account at a bank that people pay to. `bin`: the bank's six digits at NAPAS, or None."""

    name: str
    number: str
    bic: str
    bin: str | None


class Guarantee(NamedTuple):
    """A bank's paper in the place of a deposit, good until that day."""

    guarantor: str
    document: str
    valid_until: date


async def name_account(
    connection: Any, book: int, named: Account, account: int, reason: str
) -> bool:
    """Say which account a book stands for. Returns whether that was new.

    Raises MoneyError NO_PAYEE, BAD_ACCOUNT, BAD_BIN, NO_REASON.
    """
    if not (named.name and named.number and named.bic):
        raise MoneyError("NO_PAYEE", "Name, account and bank are all needed.")
    _check_numbers(named.number, named.bic, "bic")
    if named.bin and not (named.bin.isdecimal() and len(named.bin) == _BIN_DIGITS):
        raise MoneyError("BAD_BIN", "A bank's number at NAPAS has six digits.")
    _why(reason)
    async with connection.transaction():
        await record.lock_book(connection, book)
        row = await connection.fetchrow(
            "SELECT name, account, bic, bin FROM bank_account WHERE book_id = $1", book
        )
        if row is not None and tuple(part or "" for part in row) == (*named[:3], named.bin or ""):
            return False
        await holders.name_account(
            connection, book, named.name, named.number, named.bic, named.bin or None, account,
            reason,
        )  # fmt: skip
    return True


async def name_payee(
    connection: Any, book: int, payout: int, payee: Payee, account: int, reason: str
) -> bool:
    """Correct where a payout goes. Returns whether that was new.

    Raises MoneyError UNKNOWN_PAYOUT, BAD_ACCOUNT, NO_PAYEE, NO_REASON, NOT_DUE.
    """
    async with connection.transaction():
        row = await connection.fetchrow(
            "SELECT name, account, bank FROM payout WHERE book_id = $1 AND id = $2 FOR UPDATE",
            book, payout,
        )  # fmt: skip
        if row is None:
            raise MoneyError("UNKNOWN_PAYOUT", f"There is no payment {payout} in this book.")
        if payee == tuple(row):
            return False
        _check_numbers(payee.account, payee.bank, "bank")
        await payouts.name_payee(connection, book, payout, payee, account, reason)
    return True


async def retry(connection: Any, book: int, payout: int, account: int, reason: str) -> bool:
    """A failed payout is due again. Returns whether that was new.

    Raises MoneyError UNKNOWN_PAYOUT, NOT_FAILED, NO_REASON.
    """
    _why(reason)
    try:
        await payouts.retry(connection, book, payout, account, reason)
    except MoneyError as error:
        same = ("retry", {"payout": payout}, reason)
        if error.code != "NOT_FAILED" or not await done_before(connection, book, account, *same):
            raise
        return False
    return True


class Prepared(NamedTuple):
    """A batch or a distribution that waits for somebody else; `new`: made just now."""

    id: int
    new: bool


async def prepare(
    connection: Any, book: int, chosen: Sequence[int], account: int, pay_on: date, today: date
) -> Prepared:
    """Put payouts into a batch that the bank is to pay on a day.

    Raises MoneyError BAD_DAY and as `payouts.prepare`.
    """
    if not today <= pay_on <= date(today.year + 1, 12, 31):
        raise MoneyError("BAD_DAY", "The day is not before today, nor years away.")
    try:
        made = await payouts.prepare(connection, book, chosen, account, pay_on)
    except MoneyError as error:
        if error.code != "NOT_DUE":
            raise
        # Sent twice: the first made this batch.
        before = await reading_payouts.batch_of(connection, book, chosen, account, pay_on)
        if before is None:
            raise
        return Prepared(before, new=False)
    return Prepared(made, new=True)


async def state_costs(
    connection: Any, book: int, lot: int, amount_minor: int, account: int, reason: str
) -> bool:
    """State what a lot's auction has cost. Returns whether that was new.

    Raises MoneyError NO_REASON, BAD_AMOUNT.
    """
    async with connection.transaction():
        await record.lock_lot(connection, lot)
        before = await reading.acts(connection, book, ["costs"], {"lot": lot})
        if before and _stated(before[-1]) == (amount_minor, reason, account):
            return False
        await holders.state_costs(connection, book, lot, amount_minor, account, reason)
    return True


def _stated(act: Any) -> tuple[int, str, int]:
    return orjson.loads(act["body"])["amount_minor"], act["reason"], act["account_id"]


async def accept_guarantee(
    connection: Any,
    lots: Lots,
    book: int,
    lot: int,
    state: LotState,
    request: int,
    given: Guarantee,
    account: int,
    reason: str,
    today: date,
) -> bool:
    """Note a bank's guarantee for a deposit that was asked for. Returns whether that was new.

    Raises MoneyError: NO_GUARANTEES, UNKNOWN_REQUEST, GUARANTEED (by another paper), EXPIRED,
    NOT_EXPECTED, NO_GUARANTOR, NO_REASON, PAID_ALREADY.
    """
    if state.params.terms is None or "GUARANTEE" not in state.params.terms.deposit_means:
        raise MoneyError("NO_GUARANTEES", "The rules of this lot take no guarantee.")
    found = await reading_lot.deposits(connection, book, lot, reading_lot.FOR_EVER)
    if all(one.request != request for one in found):
        raise MoneyError("UNKNOWN_REQUEST", "No such deposit is expected for this lot.")
    async with connection.transaction():
        await record.lock_requests(connection, [request])
        body = {"request": request, "guarantor": given.guarantor, "document": given.document}
        if await connection.fetchval("SELECT act_id FROM guarantee WHERE request_id = $1", request):
            if await done_before(connection, book, account, "guarantee", body, reason):
                return False
            raise MoneyError("GUARANTEED", "A guarantee for this deposit was noted already.")
        if given.valid_until < today:
            raise MoneyError("EXPIRED", "The guarantee must still be good.")
        now = await requests.expected(connection, lots, book, [request])
        if not now[request][1].open:
            raise MoneyError("NOT_EXPECTED", "The sale does not want this deposit any more.")
        if not (given.guarantor and given.document):
            raise MoneyError("NO_GUARANTOR", "Name the bank and its document.")
        await guarantees.accept(connection, book, request, *given, account, reason)
    return True


async def prepare_shares(
    connection: Any, lots: Lots, book: int, lot: int, data: dict[str, Any], account: int
) -> Prepared:
    """Keep a computed distribution, or taking in kind, for somebody else to approve.

    It is a taking where `data` names a taker. Raises MoneyError as `distributing.prepare` and
    `taking.prepare`.
    """
    work: Any = taking if "taker" in data else distributing
    same = (sheets.read_taking if work is taking else sheets.read)(data).model_dump(mode="json")
    async with connection.transaction():
        await record.lock_lot(connection, lot)
        before = await reading_lot.newest_shares(connection, book, lot)
        if before is not None and before.approved_at is None:
            if (before.prepared_by, before.sheet) == (account, same):
                return Prepared(before.id, new=False)
        return Prepared(await work.prepare(connection, lots, lot, data, account), new=True)


def _check_numbers(account: str | None, bank: str | None, bank_field: str) -> None:
    field = "account"
    try:
        if account:
            account_kind(account)
        field = bank_field
        if bank:
            bank_kind(bank)
    except AccountError as error:
        said = str(error)
        raise MoneyError("BAD_ACCOUNT", f"{said[:1].upper()}{said[1:]}.", field) from None


def _why(reason: str) -> None:
    if not reason.strip():
        raise MoneyError("NO_REASON", "Write down why; it goes into the record.")
