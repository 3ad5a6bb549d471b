"""What the organisation does with dossiers: admit, return, refuse, take a decision back.

A decision is written down at once; the lot's journal follows where it can (`carrying`): an
admission when the deposit is held, a refusal when registration closes. Until then it can be taken
back. Of two clerks who decide at once the first is heard; the other is told what was decided.
"""

from typing import Any

from auction_engine.desk.admission import carrying, declarations, letters, reading
from auction_engine.desk.admission.dossiers import Desk, Place
from auction_engine.desk.admission.reading import Dossier
from auction_engine.desk.admission.states import NEEDS_REASON, AdmissionError, Kind, moved
from auction_engine.desk.house import relations
from auction_engine.desk.reading import Lots
from auction_engine.identity import traces

_OUTCOME = {"ADMIT": "ADMITTED", "RETURN": "RETURNED", "REFUSE": "REFUSED", "UNDO": "SENT"}
_MOST_REASON = 1_000


async def decide(
    desk: Desk,
    lots: Lots,
    place: Place,
    clerk: int,
    kind: Kind,
    version: int,
    ground: str | None = None,
    reason: str = "",
) -> Dossier:
    """Decide about the dossier of `place`; returns it as it then stands. The very same is once.

    `version` is the dossier's that the clerk has seen. Raises AdmissionError REASON_NEEDED,
    UNKNOWN_GROUND, DECIDED (somebody was first), OWN_CONFLICT, BARRED, and as
    `states.moved`; LogUnanswered when the journal will follow later.
    """
    reason = reason.strip()[:_MOST_REASON]
    if kind in NEEDS_REASON and not reason:
        raise AdmissionError("REASON_NEEDED", "Say why; the bidder reads this sentence.")
    if (kind == "REFUSE") != (ground is not None) or (
        ground is not None and ground not in declarations.grounds(place.state.params)
    ):
        raise AdmissionError("UNKNOWN_GROUND", "A dossier is refused on one of the law's grounds.")
    async with desk.at(place.lot, place.account) as connection:
        found = await reading.own(connection, place.lot, place.account)
        if found is None or found.state == "DRAFT":
            raise AdmissionError("NO_DOSSIER", "There is no dossier to decide.")
        if not _is_same(found, kind, clerk, ground, reason, version):
            await _write(connection, found, place, clerk, kind, version, ground, reason)
        decided = await _again(connection, found.id)
        await carrying.carry(desk.log, lots, connection, place.shard, decided)
        return await _again(connection, found.id)


def _is_same(
    found: Dossier, kind: Kind, clerk: int, ground: str | None, reason: str, version: int
) -> bool:
    """Whether this very decision of this very clerk is the last thing that was done."""
    said = (found.state, found.ground, found.reason or "", found.decided_by)
    meant = (_OUTCOME[kind], ground, reason, clerk)
    return said == meant and found.version == version + 1


async def _write(
    connection: Any, found: Dossier, place: Place, clerk: int, kind: Kind, version: int,
    ground: str | None, reason: str,
) -> None:  # fmt: skip
    if found.version != version:
        raise AdmissionError(
            "DECIDED", "Somebody has decided or changed this dossier since; look at it once more."
        )
    target = moved(kind, found.state, found.recorded, place.open)
    await _check_conflicts(connection, found, place, clerk, kind)
    async with connection.transaction():
        await connection.execute(
            "UPDATE dossier SET state = $2, ground = $3, reason = $4, decided_by = $5,"
            " version = version + 1 WHERE id = $1",
            found.id, target, ground, reason or None, clerk,
        )  # fmt: skip
        await reading.note(connection, found.id, clerk, kind, target, {}, ground, reason or None)
        await letters.said(connection, found, kind, ground)


async def _check_conflicts(
    connection: Any, found: Dossier, place: Place, clerk: int, kind: Kind
) -> None:
    """Nobody decides about his own relatives, or admits whom the law bars (Art. 38(4)).

    Raises AdmissionError OWN_CONFLICT, BARRED.
    """
    params, auctioneer = place.state.params, place.state.life.auctioneer
    for one in await relations.conflicts(connection, place.lot, found.marks, auctioneer):
        if one.account == clerk:
            raise AdmissionError(
                "OWN_CONFLICT", "You are related to somebody in this dossier; leave it to another."
            )
        if kind == "ADMIT" and one.ground in declarations.grounds(params):
            raise AdmissionError(
                "BARRED", f"Somebody in this dossier is barred ({one.ground}, Law 01/2016 Art. 38)."
            )


async def _again(connection: Any, dossier: int) -> Dossier:
    found = await reading.by_id(connection, dossier)
    assert found is not None
    return found


async def opened(desk: Desk, dossier: Dossier, clerk: int) -> None:
    """A clerk has read who the dossier is of: an act like others (Law 01/2016 Art. 9(2)d)."""
    async with desk.at(dossier.lot, dossier.account) as connection, connection.transaction():
        await reading.note(connection, dossier.id, clerk, "OPEN", dossier.state, {})
        await traces.reading(connection, clerk, dossier.account, "dossier", "admission")
