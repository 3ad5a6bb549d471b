"""What one person computes and another approves: how the proceeds of a lot are shared out.

Kept with its sheet and its result, so that whoever approves sees what was computed, and nothing is
approved that would come to something else by now.
"""

from typing import Any, NamedTuple

import orjson

from auction_engine.desk.money import record
from auction_engine.desk.money.record import MoneyError
from auction_engine.desk.money.sheets import Sheet


class Proposal(NamedTuple):
    """One that may be approved. `sheet` is plain data, `result` what it came to."""

    lot: int
    book: int
    sheet: Any
    result: Any


async def put_down(
    connection: Any,
    book: int,
    lot: int,
    sheet: Sheet,
    result: dict[str, Any],
    account: int,
    act: str,
) -> int:
    """Keep what `account` has prepared, under the act of this name. Returns its number."""
    number = await connection.fetchval(
        "INSERT INTO distribution (book_id, lot_id, sheet, result, prepared_by)"
        " VALUES ($1, $2, $3, $4, $5) RETURNING id",
        book,
        lot,
        sheet.model_dump_json(),
        orjson.dumps(result).decode(),
        account,
    )
    await record.act(connection, book, account, act, {"lot": lot, "distribution": number})
    return int(number)


async def take_up(connection: Any, number: int, account: int) -> Proposal | None:
    """The proposal, with its lot locked, for `account` to approve; None if it is approved already.

    Raises MoneyError: UNKNOWN_DISTRIBUTION, SAME_PERSON, DISTRIBUTED.
    """
    row = await connection.fetchrow(
        "SELECT lot_id, book_id, sheet, result, prepared_by, approved_at FROM distribution"
        " WHERE id = $1 FOR UPDATE",
        number,
    )
    if row is None:
        raise MoneyError("UNKNOWN_DISTRIBUTION", "There is no such distribution.")
    if row["approved_at"] is not None:
        return None
    if row["prepared_by"] == account:
        raise MoneyError("SAME_PERSON", "You prepared it: somebody else must approve it.")
    await record.lock_lot(connection, row["lot_id"])
    if await connection.fetchval(
        "SELECT EXISTS (SELECT FROM distribution WHERE lot_id = $1 AND approved_at IS NOT NULL)",
        row["lot_id"],
    ):
        raise MoneyError("DISTRIBUTED", "What this lot brought is shared out already.")
    return Proposal(
        row["lot_id"], row["book_id"], orjson.loads(row["sheet"]), orjson.loads(row["result"])
    )


async def approve(
    connection: Any, number: int, proposal: Proposal, now: dict[str, Any], account: int, act: str
) -> int:
    """Approve it if it still comes to what was prepared. Returns the act's number.

    Raises MoneyError CHANGED.
    """
    if orjson.loads(orjson.dumps(now)) != proposal.result:
        raise MoneyError(
            "CHANGED", "It does not come to the same as when it was computed; prepare it anew."
        )
    await connection.execute(
        "UPDATE distribution SET approved_by = $2, approved_at = now() WHERE id = $1",
        number,
        account,
    )
    body = {"lot": proposal.lot, "distribution": number}
    return await record.act(connection, proposal.book, account, act, body)
