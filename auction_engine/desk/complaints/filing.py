"""Filing a complaint: checked, received with its number and time, its days computed by the pack.

A complaint that comes late is received all the same: whether lateness is excused is for the body
it is addressed to, not for a form. It says so on the receipt.
"""

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from auction_engine.desk.complaints import record
from auction_engine.desk.complaints.record import About, ComplaintError, Document, Sealer
from auction_engine.post import outbox, values
from auction_engine.rules import complaints, packs
from auction_engine.rules.calendar import CalendarError
from auction_engine.rules.pack import Pack
from auction_engine.rules.pack_complaints import Addressee

_OPEN_AT_ONCE = 5  # of one person about one lot, so that nobody buries a desk
_ABOUT_ENTRY = ("BID", "ACT")
_BIDS = ("bid.accepted", "bid.automatic", "bid.refused", "bid.sealed")
_OPEN = (
    "SELECT count(*) FROM complaint c WHERE c.filed_by = $1 AND c.lot_id = $2 AND NOT EXISTS ("
    " SELECT FROM complaint_act a WHERE a.complaint_id = c.id"
    " AND a.kind NOT IN ('FILED', 'ACCEPTED'))"
)


class Given(NamedTuple):
    """A complaint as its form sends it. `key` is the form's own, new for each complaint."""

    key: UUID
    lot: int
    account: int
    addressee: Addressee
    about: About
    about_seq: int | None
    known_on: date
    grounds: str
    remedy: str
    documents: Sequence[Document] = ()


class Filed(NamedTuple):
    """The receipt. `repeat`: the same form had been received before."""

    id: int
    number: str
    at: datetime
    repeat: bool


def pack_of(pack_id: str | None) -> Pack | None:
    """The rule pack of a lot; None where the lot names none that is known."""
    if pack_id is None:
        return None
    try:
        return packs.load(pack_id)
    except KeyError:
        return None


async def file(
    connection: Any, vault: Sealer, given: Given, pack_id: str | None, now: datetime
) -> Filed:
    """Receive the complaint, in a transaction of its own. Raises ComplaintError."""
    _check(given, now)
    async with connection.transaction():
        # One at a time of one person: a form sent twice at once is one complaint.
        await connection.execute("SELECT pg_advisory_xact_lock(5301, $1)", given.account % 2**31)
        known = await connection.fetchrow(
            "SELECT id, at FROM complaint WHERE filed_by = $1 AND key = $2", *given[2:3], given.key
        )
        if known is not None:
            return Filed(known["id"], record.number(*known), known["at"], True)
        await _check_subject(connection, given)
        if await connection.fetchval(_OPEN, given.account, given.lot) >= _OPEN_AT_ONCE:
            raise ComplaintError("TOO_MANY", "Wait for an answer to what you have filed.")
        return await _write(connection, vault, given, pack_of(pack_id), now)


async def _write(
    connection: Any, vault: Sealer, given: Given, pack: Pack | None, now: datetime
) -> Filed:
    today = now.astimezone(record.ZONE).date()
    file_by = day_of(pack, given.addressee, "FILE", given.known_on)
    made = int(await connection.fetchval("SELECT nextval('complaint_id_seq')"))
    told = {"grounds": given.grounds, "remedy": given.remedy}
    at = await connection.fetchval(
        "INSERT INTO complaint (id, key, lot_id, filed_by, addressee, about, about_seq, known_on,"
        " file_by, late, accept_by, sealed, holds) OVERRIDING SYSTEM VALUE"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING at",
        made,
        given.key,
        given.lot,
        given.account,
        given.addressee,
        given.about,
        given.about_seq,
        given.known_on,
        file_by,
        file_by is not None and today > file_by,
        day_of(pack, given.addressee, "ACCEPT", today),
        record.seal_json(vault, told, record.context_of_complaint(made)),
        orjson.dumps(complaints.holds(pack, given.addressee)).decode(),
    )
    await connection.execute(
        "INSERT INTO complaint_act (complaint_id, n, account_id, kind) VALUES ($1, 1, $2, 'FILED')",
        made,
        given.account,
    )
    for n, one in enumerate(given.documents, 1):
        await _keep(connection, vault, (made, n), one)
    await outbox.put(
        connection,
        to=given.account,
        kind="complaint.received",
        values={
            "number": record.number(made, at),
            "at": values.moment(int(at.timestamp() * 1000)),
            "link": values.link(f"/mine/complaints/{made}"),
        },
        key=f"complaint.received/{made}",
    )
    return Filed(made, record.number(made, at), at, False)


async def _keep(connection: Any, vault: Sealer, place: tuple[int, int], one: Document) -> None:
    """A document, read only now: they are in memory one after the other."""
    body = one.read()
    await connection.execute(
        "INSERT INTO complaint_document (complaint_id, n, name, media_type, sha256, size,"
        " sealed) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        *place,
        vault.seal(one.filename.encode(), record.context_of_name(*place)),
        one.media_type,
        sha256(body).digest(),
        len(body),
        vault.seal(body, record.context_of_document(*place)),
    )


def day_of(
    pack: Pack | None, addressee: Addressee, step: complaints.Step, since: date
) -> date | None:
    """The last day of a step; None where the pack sets none or its calendar ends before."""
    try:
        found = complaints.limit(pack, addressee, step, since)
    except CalendarError:
        return None  # a day nobody has a calendar for yet
    return None if found is None else found.day


def _check(given: Given, now: datetime) -> None:
    if not given.grounds.strip():
        raise ComplaintError("NO_GROUNDS", "Say why you complain.")
    if not given.remedy.strip():
        raise ComplaintError("NO_REMEDY", "Say what you ask for.")
    if len(given.grounds) > record.MOST_GROUNDS or len(given.remedy) > record.MOST_REMEDY:
        raise ComplaintError("TOO_LONG", "Shorten the text, or hand in a document.")
    if given.known_on > now.astimezone(record.ZONE).date() or given.known_on.year < 2000:
        raise ComplaintError("BAD_DAY", "The day on which you learned of it has been already.")
    if (given.about in _ABOUT_ENTRY) != (given.about_seq is not None):
        raise ComplaintError("BAD_ENTRY", "Name the entry of the record you complain about.")


async def _check_subject(connection: Any, given: Given) -> None:
    """The entry exists, is of this kind, and is one the complainant may know of."""
    if given.about_seq is None:
        return
    row = await connection.fetchrow(
        "SELECT kind, bidder, body FROM journal WHERE lot_id = $1 AND seq = $2",
        given.lot,
        given.about_seq,
    )
    if row is None or (row["kind"] in _BIDS) != (given.about == "BID"):
        raise ComplaintError("BAD_ENTRY", "There is no such entry in this lot's record.")
    if row["kind"] in record.OWN:
        body = orjson.loads(row["body"])
        whose = row["bidder"] or body.get("data", {}).get("bidder")
        if whose != given.account:
            raise ComplaintError("BAD_ENTRY", "There is no such entry in this lot's record.")
