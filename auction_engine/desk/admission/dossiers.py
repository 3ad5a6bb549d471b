"""What a bidder does with the own dossier: fill it in, add papers, send it, take it back.

Everything with one dossier happens one at a time, under its bidder's lock. Sending is first written
down and then told to the lot's log, whose time decides whether it came in time (`carrying`); taking
back is first told to the log. Whatever dies half-way is finished by the next look.
"""

import hashlib
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import orjson

from auction_engine.bidding.client import LogClient
from auction_engine.desk import exclusive
from auction_engine.desk.admission import carrying, declarations, reading
from auction_engine.desk.admission.checking import MAX_DOCUMENTS, MAX_DOSSIER_BYTES, Checked
from auction_engine.desk.admission.completeness import lacking
from auction_engine.desk.admission.reading import Dossier, Person
from auction_engine.desk.admission.states import LIVE, AdmissionError, Kind, moved
from auction_engine.desk.reading import Lots
from auction_engine.identity.vault import Vault
from auction_engine.rules.lot import LotState

KINDS = ("IDENTITY", "AUTHORITY", "CAPACITY", "OTHER")
_WAIT_S = 5.0
# Dossier numbers are drawn, not counted: they say nothing of who came first, or how many came.
_NUMBERS = 900_000
_GROUP_LOCK = 28_284_661
_LOTS = 2**31


class Desk:
    """What acts on dossiers has at hand. One per process; safe to share."""

    def __init__(self, database_url: str, log: LogClient, vault: Vault) -> None:
        self.url = database_url
        self.log = log
        self.vault = vault

    @asynccontextmanager
    async def at(self, lot: int, account: int) -> AsyncIterator[Any]:
        """A connection, and this bidder's dossier to oneself. Raises exclusive.Busy."""
        async with (
            exclusive.connected(self.url) as connection,
            exclusive.alone(connection, exclusive.of_bidder(lot, account), _WAIT_S),
        ):
            yield connection


class Place:
    """Where a dossier belongs: its lot, its bidder, and the rules of the day.

    `open`: registration is open by the log's clock. `now_ms` is that clock's.
    """

    def __init__(self, shard: int, lot: int, account: int, state: LotState, now_ms: int) -> None:
        self.shard = shard
        self.lot = lot
        self.account = account
        self.state = state
        self.now_ms = now_ms

    @property
    def open(self) -> bool:
        terms = self.state.params.terms
        if terms is None or terms.registration_open_ms is None:
            return False
        assert terms.registration_close_ms is not None
        in_time = terms.registration_open_ms <= self.now_ms < terms.registration_close_ms
        return in_time and self.state.status in ("PUBLISHED", "REGISTRATION_OPEN")


async def save(
    desk: Desk, place: Place, version: int, codes: Iterable[str], person: Person, lang: str
) -> Dossier:
    """Keep what was filled in; a dossier is begun by its first saving (`version` 0).

    Raises AdmissionError CHANGED when somebody, such as the same person in another window, has
    saved since `version`; otherwise as `states.moved`.
    """
    async with desk.at(place.lot, place.account) as connection, connection.transaction():
        found = await reading.own(connection, place.lot, place.account)
        if found is None:
            found = await _begin(connection, place)
        elif found.version != version:
            raise AdmissionError(
                "CHANGED", "This dossier was changed in another window; look at it once more."
            )
        moved("SAVE", found.state, found.recorded, place.open)
        known = {one.code for one in declarations.asked(place.state.params, person.for_another)}
        said = declarations.ticked(
            found.declared, [code for code in codes if code in known], lang, place.now_ms
        )
        await connection.execute(
            "UPDATE dossier SET declared = $2, for_another = $3, person = $4, marks = $5,"
            " version = version + 1 WHERE id = $1",
            found.id,
            orjson.dumps(said).decode(),
            person.for_another,
            desk.vault.seal(orjson.dumps(person._asdict()), reading.person_context(found.id)),
            [desk.vault.mark(number, "dossier") for number in person.numbers],
        )
        # Declarations are acts, each with its words; how often a name was corrected is not.
        if set(said) != set(found.declared):
            body = {"declared": said}
            await reading.note(connection, found.id, place.account, "SAVE", found.state, body)
        return await _again(connection, place)


async def _begin(connection: Any, place: Place) -> Dossier:
    moved("SAVE", "DRAFT", None, place.open)
    made = None
    while made is None:
        made = await connection.fetchval(
            "INSERT INTO dossier (lot_id, account_id, number, state, version, declared,"
            " for_another, marks) VALUES ($1, $2, $3, 'DRAFT', 0, '{}', false, '{}')"
            " ON CONFLICT (lot_id, number) DO NOTHING RETURNING id",
            place.lot, place.account, f"HS-{100_000 + secrets.randbelow(_NUMBERS)}",
        )  # fmt: skip
    await reading.note(connection, made, place.account, "BEGIN", "DRAFT", {})
    return await _again(connection, place)


async def _again(connection: Any, place: Place) -> Dossier:
    found = await reading.own(connection, place.lot, place.account)
    assert found is not None
    return found


async def _mine(connection: Any, place: Place, kind: Kind) -> Dossier:
    """The own dossier, if `kind` may be done with it. Raises AdmissionError."""
    found = await reading.own(connection, place.lot, place.account)
    if found is None:
        raise AdmissionError("NO_DOSSIER", "Begin the dossier first.")
    moved(kind, found.state, found.recorded, place.open)
    return found


async def add(desk: Desk, place: Place, kind: str, name: str, file: Checked) -> int:
    """Keep a file, checked before; the same contents of the same kind are kept once.

    Returns its number. Raises AdmissionError TOO_MANY_FILES, TOO_MUCH, UNKNOWN_KIND.
    """
    if kind not in KINDS:
        raise AdmissionError("UNKNOWN_KIND", "Say what kind of paper it is.")
    async with desk.at(place.lot, place.account) as connection, connection.transaction():
        found = await reading.own(connection, place.lot, place.account)
        if found is None:
            found = await _begin(connection, place)
        moved("ADD", found.state, found.recorded, place.open)
        papers = await reading.documents(connection, found.id)
        for paper in papers:
            if (paper.kind, paper.sha256) == (kind, file.sha256):
                return paper.id
        if len(papers) >= MAX_DOCUMENTS:
            raise AdmissionError("TOO_MANY_FILES", f"A dossier has {MAX_DOCUMENTS} files at most.")
        if sum(paper.size for paper in papers) + len(file.body) > MAX_DOSSIER_BYTES:
            raise AdmissionError("TOO_MUCH", "The files of a dossier have 50 MB together at most.")
        context = reading.document_context(found.id)
        made = await connection.fetchval(
            "INSERT INTO dossier_document"
            " (dossier_id, kind, media_type, size, sha256, name, sealed)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            found.id, kind, file.media_type, len(file.body), file.sha256,
            desk.vault.seal(name.encode(), context), desk.vault.seal(file.body, context),
        )  # fmt: skip
        body = {"document": made, "kind": kind, "sha256": file.sha256.hex()}
        await reading.note(connection, found.id, place.account, "ADD", found.state, body)
        return int(made)


async def remove(desk: Desk, place: Place, document: int) -> None:
    """Take a file away again: its contents are gone, its checksum stays. Twice is once."""
    async with desk.at(place.lot, place.account) as connection, connection.transaction():
        found = await _mine(connection, place, "REMOVE")
        gone = await connection.fetchval(
            "UPDATE dossier_document SET sealed = NULL, name = NULL, removed_at = now()"
            " WHERE id = $1 AND dossier_id = $2 AND removed_at IS NULL RETURNING id",
            document,
            found.id,
        )
        if gone is not None:
            body = {"document": document}
            await reading.note(connection, found.id, place.account, "REMOVE", found.state, body)


async def send(desk: Desk, lots: Lots, place: Place) -> Dossier:
    """Hand the dossier in; returns it as the log has made it. Twice is once.

    Raises AdmissionError INCOMPLETE, SAME_GROUP, REGISTRATION_CLOSED (with `arrived_ms` and
    `closed_ms`, by the log's clock), LogUnanswered when it may or may not be recorded yet: the next
    look finishes it.
    """
    async with desk.at(place.lot, place.account) as connection:
        sent = await _write_sent(desk, connection, place)
        await carrying.carry(desk.log, lots, connection, place.shard, sent)
        found = await _again(connection, place)
        if found.state == "DRAFT":
            raise await _was_late(connection, found, place)
        return found


async def _write_sent(desk: Desk, connection: Any, place: Place) -> Dossier:
    async with connection.transaction():
        found = await reading.own(connection, place.lot, place.account)
        if found is not None and found.state == "SENT":
            return found
        if found is not None and found.state in ("DRAFT", "RETURNED") and not place.open:
            raise late(place)
        found = await _mine(connection, place, "SEND")
        papers = await reading.documents(connection, found.id)
        person = reading.person_of(desk.vault, found)
        if lacks := lacking(found, person, papers, place.state):
            raise AdmissionError("INCOMPLETE", "The dossier lacks " + ", ".join(lacks) + ".")
        await _alone_in_group(connection, found)
        await connection.execute(
            "UPDATE dossier SET state = 'SENT', sent_ms = $2, ground = NULL, reason = NULL,"
            " version = version + 1 WHERE id = $1",
            found.id,
            place.now_ms,
        )
        body = {
            "declared": found.declared,
            "documents": [paper.sha256.hex() for paper in papers],
            "person": hashlib.sha256(found.person or b"").hexdigest(),
        }
        await reading.note(connection, found.id, place.account, "SEND", "SENT", body)
        return await _again(connection, place)


async def _alone_in_group(connection: Any, dossier: Dossier) -> None:
    """Nobody is in a lot twice, by himself or through others (Law 37/2024: one proxy a lot).

    Two that are sent at the same moment wait for each other.
    """
    await connection.execute(
        "SELECT pg_advisory_xact_lock($1::int, $2::int)", _GROUP_LOCK, dossier.lot % _LOTS
    )
    other = await connection.fetchval(
        "SELECT 1 FROM dossier WHERE lot_id = $1 AND id <> $2 AND state = ANY($3::text[])"
        " AND marks && $4::bytea[] LIMIT 1",
        dossier.lot,
        dossier.id,
        list(LIVE),
        list(dossier.marks),
    )
    if other is not None:
        raise AdmissionError(
            "SAME_GROUP",
            "Somebody named in this dossier takes part in this lot already, alone or by another.",
        )


def late(place: Place) -> AdmissionError:
    """The refusal of a dossier that comes after the closing, with both times."""
    terms = place.state.params.terms
    closed = 0 if terms is None else terms.registration_close_ms or 0
    return _late(place.now_ms, closed)


def _late(arrived_ms: int, closed_ms: int) -> AdmissionError:
    return AdmissionError(
        "REGISTRATION_CLOSED",
        f"Registration closed at {closed_ms}; this arrived at {arrived_ms} (UTC ms by the server).",
        arrived_ms=arrived_ms,
        closed_ms=closed_ms,
    )


async def _was_late(connection: Any, dossier: Dossier, place: Place) -> AdmissionError:
    body = await connection.fetchval(
        "SELECT body FROM dossier_act WHERE dossier_id = $1 AND kind = 'LATE'"
        " ORDER BY id DESC LIMIT 1",
        dossier.id,
    )
    told = {} if body is None else orjson.loads(body)
    terms = place.state.params.terms
    closed = 0 if terms is None else terms.registration_close_ms or 0
    return _late(told.get("arrived_ms", place.now_ms), closed)


async def withdraw(desk: Desk, lots: Lots, place: Place) -> Dossier:
    """Take the dossier back; a deposit follows by the lot's rules. Twice is once.

    Raises AdmissionError, CommandRefused with the rules' code, LogUnanswered.
    """
    async with desk.at(place.lot, place.account) as connection:
        found = await reading.own(connection, place.lot, place.account)
        if found is not None and found.state == "WITHDRAWN":
            return found
        found = await _mine(connection, place, "WITHDRAW")
        if found.recorded == "REFUSED":
            raise AdmissionError("RECORDED", "The refusal is in the lot's record already.")
        await carrying.take_back(desk.log, lots, connection, place.shard, found)
        return await _again(connection, place)
