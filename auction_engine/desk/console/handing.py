"""Handing a session over: offered to a colleague, taken or declined; until then nothing changes.

Who conducts is in the lots' journals (`appoint`); what was offered, to whom and why, is in the
record of the session. Decree 62/2017 Art. 10.
"""

from datetime import datetime
from typing import Any, NamedTuple

import orjson

from auction_engine.desk import conducting, exclusive, session_record
from auction_engine.desk.conducting import Desk, Result
from auction_engine.errors import AuctionError
from auction_engine.identity import accounts

_WAIT_S = 5.0
_LAST = """
    SELECT e.n, e.kind, e.account_id, e.at, e.reason, e.body, a.name FROM session_entry e
      JOIN account a ON a.id = e.account_id
     WHERE e.session_id = $1 AND e.kind IN ('hand_over_offered', 'hand_over_declined', 'hand_over')
     ORDER BY e.n DESC LIMIT 1
"""


class HandOverError(AuctionError):
    """An offer that cannot be made or taken. `code` names the sentence to show."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Offer(NamedTuple):
    """A session offered to a colleague and not answered yet: entry `n` of its record."""

    n: int
    by: int
    by_name: str
    to: int
    at: datetime
    reason: str | None


async def pending(connection: Any, session: int) -> Offer | None:
    """The offer that waits for an answer; None where there is none."""
    row = await connection.fetchrow(_LAST, session)
    if row is None or row["kind"] != "hand_over_offered":
        return None
    to = orjson.loads(row["body"])["auctioneer"]
    return Offer(row["n"], row["account_id"], row["name"], to, row["at"], row["reason"])


async def offer(desk: Desk, session: int, to: int, account: int, reason: str | None) -> None:
    """Offer the session to `to`, who must answer. A later offer takes the place of an earlier one.

    Raises HandOverError, SessionError where the colleague may not conduct it, UnknownSession, Busy.
    """
    house = await session_record.organisation(desk.engine, session)
    found = await accounts.find(desk.engine, to)
    if found is None or found.role != "organisation" or found.body != house or to == account:
        raise HandOverError("NO_COLLEAGUE", "Choose a colleague of this organisation.")
    await conducting.check_fit(desk, session, house, to)
    async with exclusive.connected(desk.database_url) as connection:
        async with exclusive.alone(connection, exclusive.of_session(session), _WAIT_S):
            known = await pending(connection, session)
            if known is not None and (known.to, known.by) == (to, account):
                return
            body = {"auctioneer": to}
            await session_record.write(
                desk.engine, session, "hand_over_offered", account, reason, body
            )


async def decline(desk: Desk, session: int, account: int, reason: str | None) -> None:
    """Decline the offer, or take back the own. Raises HandOverError, Busy."""
    async with exclusive.connected(desk.database_url) as connection:
        async with exclusive.alone(connection, exclusive.of_session(session), _WAIT_S):
            known = await pending(connection, session)
            if known is None or account not in (known.to, known.by):
                raise HandOverError("NO_OFFER", "Nothing is offered to you any more.")
            await session_record.write(
                desk.engine, session, "hand_over_declined", account, reason, {"of": known.n}
            )


async def take(desk: Desk, session: int, account: int, reason: str | None) -> list[Result]:
    """Take the session over: from now on `account` conducts all lots that are not over.

    Raises HandOverError, UnknownSession, SessionError, Busy, LogUnanswered.
    """
    async with exclusive.connected(desk.database_url) as connection:
        known = await pending(connection, session)
        if known is None:
            row = await connection.fetchrow(_LAST, session)
            done = row is not None and row["kind"] == "hand_over"
            if not done or orjson.loads(row["body"])["auctioneer"] != account:
                raise HandOverError("NO_OFFER", "Nothing is offered to you any more.")
        elif known.to != account:
            raise HandOverError("NO_OFFER", "Nothing is offered to you any more.")
    # Taken twice at once it is one entry: a lot that has its auctioneer is not given to him again.
    return await conducting.hand_over(desk, session, account, account, reason)
