"""A case put right, closed and opened again.

Closed is a case in which nothing is open: every asset is sold to the end, given back or taken in
kind; no complaint and no finding about its lots waits; the agency owes nobody anything of them.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from auction_engine.desk.cases import assets, parties, reading, record
from auction_engine.desk.cases.checks import Reader
from auction_engine.desk.cases.record import CaseError, Fault, refused
from auction_engine.desk.oversight.findings_reading import WAITING
from auction_engine.rules.complaints import OPEN


class OpenThing(NamedTuple):
    """What still keeps a case open: `code` says what, `number` of which asset, lot and so on."""

    code: str
    number: int

    @property
    def fault(self) -> Fault:
        return Fault(f"{self.code.lower()}.{self.number}", self.code, _CURES[self.code])


RELEASED_FROM = ("PREPARING", "READY", "WITHDRAWN", "FAILED")
_CURES = {
    "OPEN_ASSET": "The asset is on its way: sell it, give it back or release it.",
    "OPEN_SALE": "The sale of the lot is not wound up: distribute, then close its file.",
    "OPEN_COMPLAINT": "A complaint about a lot of the case is open.",
    "OPEN_FINDING": "A finding about a lot of the case waits for an answer.",
    "OPEN_PAYOUT": "A payment of the sale is not booked yet.",
}
_OPEN = """
    WITH own AS (SELECT id, state, lot_id FROM asset WHERE case_id = $1)
    SELECT 'OPEN_ASSET' AS code, id AS number FROM own
     WHERE state NOT IN ('SOLD', 'RETURNED', 'IN_KIND')
    UNION ALL SELECT 'OPEN_SALE', h.lot_id FROM own JOIN lot_head h ON h.lot_id = own.lot_id
     WHERE own.state = 'SOLD' AND h.status <> 'CLOSED'
    UNION ALL SELECT 'OPEN_COMPLAINT', c.id FROM complaint c JOIN own ON own.lot_id = c.lot_id
      JOIN LATERAL (SELECT kind FROM complaint_act a WHERE a.complaint_id = c.id
                     ORDER BY n DESC LIMIT 1) a ON true WHERE a.kind = ANY($2::text[])
    UNION ALL SELECT 'OPEN_FINDING', f.id FROM finding f JOIN own ON own.lot_id = f.lot_id
      JOIN LATERAL (SELECT kind FROM finding_act a WHERE a.finding_id = f.id
                     ORDER BY n DESC LIMIT 1) a ON true WHERE a.kind = ANY($3::text[])
    UNION ALL SELECT 'OPEN_PAYOUT', p.id FROM payout p JOIN own ON own.lot_id = p.lot_id
      JOIN book b ON b.id = p.book_id AND b.kind = 'AGENCY'
     WHERE p.state NOT IN ('BOOKED', 'CANCELLED')
    ORDER BY 1, 2
"""


async def open_things(connection: Any, case: int) -> list[OpenThing]:
    """What keeps the case open now."""
    rows = await connection.fetch(_OPEN, case, list(OPEN), list(WAITING))
    return [OpenThing(row["code"], row["number"]) for row in rows]


async def version(connection: Any, case: int) -> int:
    """How often the case itself was written: 1, and one more with each change."""
    return 1 + int(
        await connection.fetchval(
            "SELECT count(*) FROM case_entry WHERE case_id = $1 AND kind = 'changed'", case
        )
    )


async def change(connection: Any, case: int, account: int, seen: int, data: Any) -> None:
    """Put title, judgment or decision right; what is not in `data` stays. The number stays.

    `seen`: the version that was read. The very same again is once. Raises CaseError.
    """
    await parties.open_case(connection, case)
    now = await reading.case(connection, case)
    assert now is not None
    reader = Reader(data)
    given = {
        name: reader.raw(name) if reader.has(name) else getattr(now, name)
        for name in ("title", "judgment", "decision")
    }
    whole = Reader({"number": now.number, "opened_on": now.opened_on, **given})
    found = assets.read_case(whole, record.today(datetime.now(UTC)))
    whole.done()
    after = {"title": found.title, "judgment": found.judgment, "decision": found.decision}
    before = {name: getattr(now, name) for name in after}
    if after == before:
        return
    if seen != await version(connection, case):
        raise refused("CHANGED", "Somebody has changed the case meanwhile; look again.", "version")
    await connection.execute(
        "UPDATE enforcement_case SET title = $2::jsonb, judgment = $3::jsonb, decision = $4::jsonb"
        " WHERE id = $1",
        case, *(record.dumped(part) for part in after.values()),
    )  # fmt: skip
    changed = {name: part for name, part in before.items() if part != after[name]}
    await record.noted_of_case(connection, case, account, "changed", {"before": changed})


async def close(connection: Any, case: int, account: int, reason: str) -> None:
    """Close the case, nothing being open. Twice is once. Raises CaseError with all that is open."""
    if not await _turned(connection, case, "OPEN", reason):
        return
    if things := await open_things(connection, case):
        raise CaseError([one.fault for one in things])
    await _write(connection, case, account, "CLOSED", reason)


async def reopen(connection: Any, case: int, account: int, reason: str) -> None:
    """Open a closed case again: a sale was undone, a party came. Twice is once."""
    if await _turned(connection, case, "CLOSED", reason):
        await _write(connection, case, account, "OPEN", reason)


async def _turned(connection: Any, case: int, wanted: str, reason: str) -> bool:
    """Whether the case, held from now on, is in the state to be left. Raises CaseError."""
    state = await connection.fetchval(
        "SELECT state FROM enforcement_case WHERE id = $1 FOR NO KEY UPDATE", case
    )
    if state is None:
        raise refused("UNKNOWN_CASE", "There is no such case.")
    if state == wanted and not reason.strip():
        raise refused("REASON_NEEDED", "Give the reason.", "reason")
    return bool(state == wanted)


async def _write(connection: Any, case: int, account: int, state: str, reason: str) -> None:
    await connection.execute("UPDATE enforcement_case SET state = $2 WHERE id = $1", case, state)
    kind = "closed" if state == "CLOSED" else "reopened"
    said = reason.strip()[: record.PARAGRAPH]
    await record.noted_of_case(connection, case, account, kind, {}, said)


async def release(connection: Any, asset: int, account: int, reason: str) -> None:
    """The seizure is lifted on a ground that is no payment: set aside, somebody else's property.

    The asset's way ends. What is offered, under contract or listed is taken out of that first.
    Twice is once. Raises CaseError.
    """
    if not reason.strip():
        raise refused("REASON_NEEDED", "Name the decision and its ground.", "reason")
    found = await record.locked(connection, asset)
    if found.state == "RETURNED":
        return
    if found.state not in RELEASED_FROM:
        raise refused("TAKE_OUT_FIRST", "Take it out of its offer, contract or session first.")
    await record.changed(connection, found, state="RETURNED")
    await record.noted(connection, asset, account, "released", {"from": found.state}, reason)
