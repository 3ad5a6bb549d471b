"""Notices to the parties: from which day they are valid, by channel, and what proves it.

Digital: the day the application reports "sent" (Decree 152/2026 Art. 15). Posting: the day it was
posted, for seven days (Art. 17). Media: the day of the second of two (Art. 18). By hand, by post
and abroad: the day of the receipt, which comes later, as a proof (Arts. 19, 20).
"""

from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from auction_engine.desk.cases import parties, record, rights
from auction_engine.desk.cases.checks import Reader
from auction_engine.desk.cases.record import Sealer, refused

KINDS = (
    "DECISION", "SEIZURE", "VALUATION", "PRIORITY", "AUCTION", "FAILURE", "IN_KIND", "DELIVERY",
    "OTHER",
)  # fmt: skip
# Of these the asset must be named: what follows from them is the asset's.
OF_ASSET = frozenset(
    {"SEIZURE", "VALUATION", "PRIORITY", "AUCTION", "FAILURE", "IN_KIND", "DELIVERY"}
)
PROOFS = ("RECEIPT", "MINUTES", "POSTED", "SCREEN", "PAGE")
_POSTED_FOR = timedelta(days=7)
_RECEIVED = ("BY_HAND", "BY_POST", "ABROAD")


class Channel(NamedTuple):
    """A channel, and where the day it makes a notice valid stands."""

    code: str
    article: str


CHANNELS = {
    one.code: one
    for one in (
        Channel("DIGITAL", "Decree 152/2026/ND-CP Art. 15"),
        Channel("BY_HAND", "Decree 152/2026/ND-CP Art. 20"),
        Channel("BY_POST", "Decree 152/2026/ND-CP Art. 20"),
        Channel("POSTING", "Decree 152/2026/ND-CP Art. 17"),
        Channel("MEDIA", "Decree 152/2026/ND-CP Art. 18"),
        Channel("ABROAD", "Decree 152/2026/ND-CP Art. 19"),
    )
}


class Validity(NamedTuple):
    """From when a notice is valid (None: not known yet), until when it is posted, the article."""

    valid_on: date | None
    until_on: date | None
    article: str


def validity(channel: str, given_on: date, second_on: date | None = None) -> Validity:
    """What a channel makes of a notice given on a day.

    `given_on`: the day it was reported sent, was posted, or was sent off; `second_on`: of the
    second issue or broadcast. ValueError for a channel that is none.
    """
    found = CHANNELS.get(channel)
    if found is None:
        raise ValueError(f"{channel} is no channel")
    if channel == "DIGITAL":
        return Validity(given_on, None, found.article)
    if channel == "POSTING":
        return Validity(given_on, given_on + _POSTED_FOR, found.article)
    if channel == "MEDIA":
        return Validity(second_on, None, found.article)
    return Validity(None, None, found.article)


class Notice(NamedTuple):
    """A notice. `valid_on` None: sent, not received yet. `proofs`: number, kind, day, sha256."""

    id: int
    asset_id: int | None
    party_id: int
    kind: str
    channel: str
    given_on: date
    valid_on: date | None
    until_on: date | None
    article: str
    subject: str
    proofs: tuple[tuple[int, str, date, str], ...]


async def give(
    connection: Any, case: int, account: int, key: UUID, data: Any, today: date | None = None
) -> int:
    """Enter a notice that was given; the same form again is the same notice. Raises CaseError.

    `data`: party_id, asset_id, kind, channel, given_on, second_on (media), received_on (by hand, by
    post, abroad; may follow as a proof), subject.
    """
    await parties.open_case(connection, case)
    known = await connection.fetchval("SELECT id FROM case_notice WHERE key = $1", key)
    if known is not None:
        return int(known)
    reader, day = Reader(data), today or record.today(datetime.now(UTC))
    kind = reader.one_of("kind", KINDS)
    channel = reader.one_of("channel", tuple(CHANNELS))
    given = reader.past_day("given_on", day)
    second = reader.past_day("second_on", day, needed=channel == "MEDIA")
    received = reader.past_day("received_on", day, needed=False)
    party = reader.amount("party_id")
    asset = reader.amount("asset_id", needed=kind in OF_ASSET)
    subject = reader.line("subject")
    for name, later in (("second_on", second), ("received_on", received)):
        if given is not None and later is not None and later < given:
            reader.fault(name, "BEFORE_GIVEN", "This day cannot be before the notice was given.")
    reader.done()
    assert given is not None
    await _belongs(connection, case, party, asset)
    valid = validity(channel, given, second)
    valid_on = received if channel in _RECEIVED else valid.valid_on
    made = int(
        await connection.fetchval(
            "INSERT INTO case_notice (key, case_id, asset_id, party_id, kind, channel, sent_at,"
            " valid_on, until_on, article, subject)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
            key, case, asset, party, kind, channel,
            datetime.combine(given, time(12), record.ZONE), valid_on, valid.until_on,
            valid.article, subject,
        )
    )  # fmt: skip
    body = {"notice": made, "kind": kind, "channel": channel, "party": party, "asset": asset}
    await record.noted_of_case(connection, case, account, "notice", body)
    if valid_on is not None:
        await _follows(connection, made, account)
    return made


async def _belongs(connection: Any, case: int, party: int | None, asset: int | None) -> None:
    if not await connection.fetchval(
        "SELECT 1 FROM case_party WHERE id = $1 AND case_id = $2 AND left_at IS NULL", party, case
    ):
        raise refused("UNKNOWN_PARTY", "The case has no such party.", "party_id")
    if asset is not None and not await connection.fetchval(
        "SELECT 1 FROM asset WHERE id = $1 AND case_id = $2", asset, case
    ):
        raise refused("UNKNOWN_ASSET", "The case has no such asset.", "asset_id")


async def prove(
    connection: Any, vault: Sealer, notice: int, account: int, kind: str, shown_on: date,
    media_type: str, body: bytes,
) -> int:  # fmt: skip
    """Add what proves a notice: a receipt, a photograph of the posting. The same file is kept once.

    The first receipt of a notice that was waiting for one makes it valid from `shown_on`. Raises
    CaseError.
    """
    if kind not in PROOFS:
        raise refused("UNKNOWN_CHOICE", "Choose what it shows.", "kind")
    if shown_on > record.today(datetime.now(UTC)):
        raise refused("IN_FUTURE", "This day has not come yet.", "shown_on")
    row = await connection.fetchrow(
        "SELECT case_id, sent_at FROM case_notice WHERE id = $1", notice
    )
    if row is None:
        raise refused("UNKNOWN_NOTICE", "There is no such notice.")
    if shown_on < record.today(row["sent_at"]):
        raise refused("BEFORE_GIVEN", "The proof cannot be older than the notice.", "shown_on")
    await parties.open_case(connection, row["case_id"])
    digest = sha256(body).digest()
    known = await connection.fetchval(
        "SELECT id FROM notice_proof WHERE notice_id = $1 AND sha256 = $2", notice, digest
    )
    if known is not None:
        return int(known)
    before = await valid_on(connection, notice)
    made = int(
        await connection.fetchval(
            "INSERT INTO notice_proof (notice_id, kind, shown_on, media_type, sha256, size_bytes,"
            " sealed) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            notice, kind, shown_on, media_type, digest, len(body),
            vault.seal(body, record.of_proof(notice)),
        )
    )  # fmt: skip
    told = {"notice": notice, "proof": made, "kind": kind, "sha256": digest.hex()}
    await record.noted_of_case(connection, row["case_id"], account, "proof", told)
    if before is None and await valid_on(connection, notice) is not None:
        await _follows(connection, notice, account)
    return made


async def valid_on(connection: Any, notice: int) -> date | None:
    """From which day a notice is valid; None while that is not known."""
    found: date | None = await connection.fetchval(
        f"SELECT {record.VALID_ON} FROM case_notice n WHERE n.id = $1",  # noqa: S608
        notice,
    )
    return found


async def _follows(connection: Any, notice: int, account: int) -> None:
    """What begins with a valid notice: the time to buy first."""
    row = await connection.fetchrow(
        "SELECT asset_id, party_id, kind FROM case_notice WHERE id = $1", notice
    )
    if row["kind"] == "PRIORITY":
        since = await valid_on(connection, notice)
        assert since is not None
        await rights.open_priority(
            connection, row["asset_id"], row["party_id"], notice, since, account
        )


async def of_case(connection: Any, case: int, asset: int | None = None) -> list[Notice]:
    """The notices of a case, or of one asset of it, the newest first."""
    rows = await connection.fetch(
        f"SELECT n.*, {record.VALID_ON} AS valid,"  # noqa: S608
        " coalesce((SELECT jsonb_agg(jsonb_build_array(f.id, f.kind, f.shown_on,"
        " encode(f.sha256, 'hex')) ORDER BY f.id) FROM notice_proof f WHERE f.notice_id = n.id),"
        " '[]') AS proofs FROM case_notice n"
        " WHERE n.case_id = $1 AND ($2::bigint IS NULL OR n.asset_id = $2) ORDER BY n.id DESC",
        case,
        asset,
    )
    return [
        Notice(
            row["id"], row["asset_id"], row["party_id"], row["kind"], row["channel"],
            record.today(row["sent_at"]), row["valid"], row["until_on"], row["article"],
            row["subject"],
            tuple(
                (proof[0], proof[1], date.fromisoformat(proof[2]), proof[3])
                for proof in record.loaded(row["proofs"])
            ),
        )
        for row in rows
    ]  # fmt: skip
