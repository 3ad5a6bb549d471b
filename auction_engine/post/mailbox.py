"""The demonstration's mailbox: letters that would have been sent, to one address.

Only where the demonstration runs without a mail server; whoever knows an address sees its letters,
which is why the page says that nothing there is for real.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from auction_engine.post.message import Written
from auction_engine.post.sender import Opener, Pen, read

MOST = 20
_RECENT = 400
_ROWS = text("""
    SELECT l.id, l.account_id, l.address, l.kind, l.lang, l."values"::text AS "values", l.secrets,
           l.created_at, p.email, p.data, p.lang AS person_lang
      FROM letter l LEFT JOIN person p ON p.account_id = l.account_id
     WHERE l.state IN ('KEPT', 'QUEUED') ORDER BY l.created_at DESC LIMIT :most
""")


class Item(NamedTuple):
    """One letter in the mailbox."""

    at: datetime
    letter: Written


async def of_address(
    connection: AsyncConnection, opener: Opener, pen: Pen, address: str
) -> list[Item]:
    """The newest letters to `address` (in its one spelling), newest first."""
    wanted = address.casefold()
    found: list[Item] = []
    rows = await connection.execute(_ROWS, {"most": _RECENT})
    for row in rows.mappings():
        if len(found) == MOST:
            break
        if _address(opener, row) != wanted:
            continue
        opened = read(opener, pen, row)
        if opened is not None:
            found.append(Item(row["created_at"], opened[1]))
    return found


def _address(opener: Opener, row: Any) -> str | None:
    """Whom a letter is for, without putting it into words."""
    if row["address"] is not None:
        opened = opener.open(row["address"], f"letter.address:{row['id']}")
    elif row["email"] is not None:
        opened = opener.open(row["email"], f"person.email:{row['account_id']}")
    else:
        return None
    return opened.decode().casefold()
