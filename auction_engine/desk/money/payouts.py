"""Money that is to leave: what is due, put into a batch by one person, let go by another.

A payout pays one liability of a book. The order is a pain.001 file; it has left when the bank books
it. What the bank refuses, or what comes back, is owed as before and put before a person.
"""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from auction_engine.bank import pain001, pain002
from auction_engine.desk.money import orders
from auction_engine.desk.money.record import MoneyError, act, lock_book
from auction_engine.ledger import books
from auction_engine.rules.postings import payouts as postings
from auction_engine.rules.postings.entry import Name

Kind = Literal["REFUND", "RETURN", "REMITTANCE", "BUDGET", "COSTS", "CREDITOR", "SURPLUS", "OTHER"]
State = Literal["DUE", "PREPARED", "ORDERED", "BOOKED", "FAILED", "CANCELLED"]
_MOST = 5_000
_HEARD = (
    "SELECT EXISTS (SELECT FROM money_act WHERE book_id = $1 AND kind = 'answer'"
    " AND body ->> 'batch' = $2::bigint::text AND body ->> 'sha256' = $3)"
)
_LOCKED = (
    "SELECT id, state, name, account, bank FROM payout"
    " WHERE book_id = $1 AND id = ANY($2::bigint[])"
)


class Payee(NamedTuple):
    """Where money goes: name, account number or IBAN, and the bank's BIC or code."""

    name: str | None
    account: str | None
    bank: str | None


class Payout(NamedTuple):
    """What is to be paid. `key` is what it is about, once; `owed` the liability it settles."""

    key: str
    kind: Kind
    lot: int | None
    payee_id: int
    owed: Name
    amount_minor: int
    payee: Payee
    text: str
    due_on: date | None


async def plan(connection: Any, book: int, payouts: Sequence[Payout]) -> list[int]:
    """Put down what is to be paid; the same key twice is once. In the caller's transaction."""
    made = []
    for one in payouts:
        found = await connection.fetchval(
            "INSERT INTO payout (book_id, key, kind, lot_id, payee, code, account_key,"
            " amount_minor, name, account, bank, text, due_on, state)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'DUE')"
            " ON CONFLICT (key) DO NOTHING RETURNING id",
            book, one.key, one.kind, one.lot, one.payee_id, one.owed.code, one.owed.key,
            one.amount_minor, *one.payee, one.text, one.due_on,
        )  # fmt: skip
        if found is not None:
            made.append(int(found))
    return made


async def name_payee(
    connection: Any, book: int, payout: int, payee: Payee, account: int, reason: str
) -> None:
    """A person says where a payout goes. Raises MoneyError UNKNOWN_PAYOUT, NOT_DUE, NO_REASON."""
    if not reason.strip():
        raise MoneyError("NO_REASON", "Say where these bank details come from.")
    if not (payee.name and payee.account and payee.bank):
        raise MoneyError("NO_PAYEE", "Name, account and bank are all needed.")
    async with connection.transaction():
        row = await _locked(connection, book, payout)
        if row["state"] not in ("DUE", "FAILED"):
            raise MoneyError("NOT_DUE", "This payment is on its way; its payee stays as it is.")
        body = {"payout": payout, "name": payee.name, "account": payee.account, "bank": payee.bank}
        await act(connection, book, account, "payee", body, reason)
        await connection.execute(
            "UPDATE payout SET name = $2, account = $3, bank = $4 WHERE id = $1", payout, *payee
        )


async def retry(connection: Any, book: int, payout: int, account: int, reason: str) -> None:
    """Try a failed payout again. Raises MoneyError UNKNOWN_PAYOUT, NOT_FAILED, NO_REASON."""
    _why(reason)
    async with connection.transaction():
        row = await _locked(connection, book, payout)
        if row["state"] != "FAILED":
            raise MoneyError("NOT_FAILED", "Only a payment that failed is tried again.")
        await act(connection, book, account, "retry", {"payout": payout}, reason)
        await connection.execute(
            "UPDATE payout SET state = 'DUE', attempt = attempt + 1, batch_id = NULL WHERE id = $1",
            payout,
        )


async def prepare(
    connection: Any, book: int, payouts: Sequence[int], account: int, requested_on: date
) -> int:
    """Put due payouts into a batch. Returns the batch; another person must release it.

    Raises MoneyError: NO_PAYOUTS, UNKNOWN_PAYOUT, NOT_DUE, NO_PAYEE, TOO_MANY, COMPLAINT_OPEN.
    """
    wanted = sorted(set(payouts))
    if not wanted:
        raise MoneyError("NO_PAYOUTS", "Choose at least one payment.")
    if len(wanted) > _MOST:
        raise MoneyError("TOO_MANY", f"A batch takes at most {_MOST:,} payments.")
    async with connection.transaction():
        rows = await connection.fetch(f"{_LOCKED} ORDER BY id FOR UPDATE", book, wanted)
        if missing := set(wanted) - {row["id"] for row in rows}:
            raise _unknown(min(missing))
        for row in rows:
            if row["state"] != "DUE":
                raise MoneyError(
                    "NOT_DUE", f"Payment {row['id']} is not due any more; look at the list again."
                )
            if not (row["name"] and row["account"] and row["bank"]):
                raise MoneyError(
                    "NO_PAYEE", f"Payment {row['id']} has no complete bank details; enter them."
                )
        await orders.check_held(connection, wanted)
        batch = await connection.fetchval(
            "SELECT nextval(pg_get_serial_sequence('payout_batch', 'id'))"
        )
        await connection.execute(
            "INSERT INTO payout_batch (id, book_id, message_id, prepared_by, requested_on)"
            " OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5)",
            batch,
            book,
            f"AE-B{batch}",
            account,
            requested_on,
        )
        await act(connection, book, account, "prepare", {"batch": batch, "payouts": wanted})
        await connection.execute(
            "UPDATE payout SET state = 'PREPARED', batch_id = $2 WHERE id = ANY($1::bigint[])",
            wanted,
            batch,
        )
    return int(batch)


async def release(connection: Any, book: int, batch: int, account: int, now: datetime) -> bytes:
    """Let a batch go: post the orders and return the pain.001 file, also a second time.

    Raises MoneyError: UNKNOWN_BATCH, SAME_PERSON, CANCELLED, NO_BANK_ACCOUNT; pain001.BatchError
    when the bank could not take it, with nothing done.
    """
    async with connection.transaction():
        row = await _batch(connection, book, batch)
        if row["body"] is not None:
            return bytes(row["body"])
        if row["cancelled_at"] is not None:
            raise MoneyError("CANCELLED", "This batch was cancelled.")
        if row["prepared_by"] == account:
            raise MoneyError(
                "SAME_PERSON", "You prepared this batch: somebody else must release it."
            )
        paid = await connection.fetch(
            "SELECT id, attempt, code, account_key, amount_minor, name, account, bank, text"
            " FROM payout WHERE batch_id = $1 AND state = 'PREPARED' ORDER BY id FOR UPDATE",
            batch,
        )
        await orders.check_held(connection, [one["id"] for one in paid])
        body = pain001.write(await orders.file_of(connection, book, row, paid, now))
        await books.post(connection, [orders.entry_of(book, one) for one in paid])
        await act(connection, book, account, "release", {"batch": batch})
        await connection.execute(
            "UPDATE payout_batch SET released_by = $2, released_at = $3, body = $4 WHERE id = $1",
            batch,
            account,
            now,
            body,
        )
        await connection.execute(
            "UPDATE payout SET state = 'ORDERED' WHERE batch_id = $1 AND state = 'PREPARED'", batch
        )
    return body


async def cancel(connection: Any, book: int, batch: int, account: int, reason: str) -> None:
    """Take a batch apart before it is released.

    Raises MoneyError UNKNOWN_BATCH, RELEASED, NO_REASON.
    """
    _why(reason)
    async with connection.transaction():
        row = await _batch(connection, book, batch)
        if row["body"] is not None:
            raise MoneyError("RELEASED", "The order has been given; only the bank can stop it.")
        if row["cancelled_at"] is None:
            await act(connection, book, account, "cancel", {"batch": batch}, reason)
            await connection.execute(
                "UPDATE payout_batch SET cancelled_at = now() WHERE id = $1", batch
            )
            await connection.execute(
                "UPDATE payout SET state = 'DUE', batch_id = NULL"
                " WHERE batch_id = $1 AND state = 'PREPARED'",
                batch,
            )


async def hear(connection: Any, book: int, data: bytes, account: int | None) -> dict[str, int]:
    """Take a bank's answer (pain.002): refused payments are owed again and shown as failed.

    Returns how many it refused and accepted (not booked yet); the same answer again is recorded
    once. Raises BankFileError, MoneyError UNKNOWN_BATCH.
    """
    report = pain002.read(data)
    counts = {"rejected": 0, "accepted": 0, "known": 0}
    async with connection.transaction():
        await lock_book(connection, book)  # a statement may tell of the same payments just now
        batch = await connection.fetchrow(
            "SELECT id FROM payout_batch WHERE book_id = $1 AND message_id = $2 FOR UPDATE",
            book,
            report.original_id,
        )
        if batch is None:
            raise MoneyError(
                "UNKNOWN_BATCH",
                f"The answer is about {report.original_id}, which is no batch of ours.",
            )
        digest = hashlib.sha256(data).hexdigest()
        if not await connection.fetchval(_HEARD, book, batch["id"], digest):
            body = {"batch": batch["id"], "sha256": digest}
            await act(connection, book, account, "answer", body)
        refused: list[tuple[Any, str]] = []
        for row in await connection.fetch(
            "SELECT id, attempt, code, account_key, amount_minor, state FROM payout"
            " WHERE batch_id = $1 ORDER BY id FOR UPDATE",
            batch["id"],
        ):
            said = report.of(postings.end_to_end(row["id"], row["attempt"]))
            if said is None:
                continue
            if said.status != "REJECTED":
                counts["accepted"] += 1
            elif row["state"] == "ORDERED":
                refused.append((row, f"{said.reason} {said.text}".strip()))
                counts["rejected"] += 1
            else:
                counts["known"] += 1
        await _refused(connection, book, refused)
    return counts


async def _refused(connection: Any, book: int, refused: list[tuple[Any, str]]) -> None:
    entries = [
        postings.refused(
            book,
            row["id"],
            row["attempt"],
            Name(row["code"], row["account_key"]),
            row["amount_minor"],
        )
        for row, _ in refused
    ]
    await books.post(connection, entries)
    await connection.execute(
        "UPDATE payout SET state = 'FAILED', reason = said.reason"
        " FROM unnest($1::bigint[], $2::text[]) AS said (id, reason) WHERE payout.id = said.id",
        [row["id"] for row, _ in refused],
        [reason for _, reason in refused],
    )


async def _locked(connection: Any, book: int, payout: int) -> Any:
    row = await connection.fetchrow(f"{_LOCKED} FOR UPDATE", book, [payout])
    if row is None:
        raise _unknown(payout)
    return row


def _unknown(payout: int) -> MoneyError:
    return MoneyError("UNKNOWN_PAYOUT", f"There is no payment {payout} in this book.")


def _why(reason: str) -> None:
    if not reason.strip():
        raise MoneyError("NO_REASON", "Write down why; it goes into the record.")


async def _batch(connection: Any, book: int, batch: int) -> Any:
    row = await connection.fetchrow(
        "SELECT id, message_id, prepared_by, requested_on, body, cancelled_at FROM payout_batch"
        " WHERE id = $1 AND book_id = $2 FOR UPDATE",
        batch,
        book,
    )
    if row is None:
        raise MoneyError("UNKNOWN_BATCH", "There is no such batch in this book.")
    return row
