"""Receiving a signed message: checked to the end, then recorded once with its number and time.

The time of receipt is the server's, taken when everything has been found whole and valid: what is
refused before has not been received. The same message sent again gets the receipt it got first.
"""

import asyncio
import hashlib
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import asyncpg
import orjson

from auction_engine.desk.intake import documents, record, trust
from auction_engine.desk.intake.documents import Document, Judgment
from auction_engine.desk.intake.receiptkey import Signer
from auction_engine.desk.intake.record import IntakeError, Kind, Sealer
from auction_engine.desk.intake.trust import Trusted
from auction_engine.identity import jose

# Clocks of others: how far ahead theirs may be, and how long a message may have been on its way.
AHEAD, OLDEST = timedelta(minutes=2), timedelta(hours=1)
MOST_JTI = 100
_NUMBERS = 28_284_662  # the register of an agency is written by one at a time
_SENDERS = 28_284_663
_CLAIMS = {"iss", "aud", "iat", "jti"}
RECEIPT = "intake-receipt+jws"


class Said(NamedTuple):
    """A message that a trusted key has signed, for us: who, which, when, and about what."""

    trusted: Trusted
    jti: str
    iat: int
    about: Any
    sha256: bytes


class Received(NamedTuple):
    """The receipt. `repeat`: it had been given before."""

    receipt: str
    number: str
    received_at: datetime
    repeat: bool


async def understood(connection: Any, token: bytes, audience: str, under: str) -> Said:
    """Who says what: signed by a trusted key, addressed to us, with `under` in it.

    Raises JwsError, IntakeError.
    """
    kid = jose.kid_of(token)
    trusted = await trust.find(connection, kid)
    if trusted is None:
        raise IntakeError("UNKNOWN_KEY", "Nobody's key of this name is trusted here.")
    if trusted.retired_at is not None:
        raise IntakeError("RETIRED_KEY", "This key is no longer taken; sign with the newer one.")
    # Up to some megabytes: not in the loop that carries bids.
    payload = await asyncio.to_thread(jose.verified, token, trusted.key)
    try:
        claims = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise IntakeError("NOT_JSON", "What is signed is not JSON.") from None
    if not isinstance(claims, dict) or set(claims) != _CLAIMS | {under}:
        raise IntakeError(
            "BAD_CLAIMS", f"What is signed is an object with iss, aud, iat, jti and {under}."
        )
    if claims["iss"] != trusted.sender.code:
        raise IntakeError("WRONG_ISSUER", "`iss` is not the sender whose key has signed.")
    if claims["aud"] != audience:
        raise IntakeError("WRONG_AUDIENCE", f"`aud` is not {audience}: it is for somebody else.")
    return Said(trusted, _jti(claims["jti"]), _iat(claims["iat"]), claims[under], _sha256(token))


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _jti(value: Any) -> str:
    if not isinstance(value, str) or not 8 <= len(value) <= MOST_JTI or not value.isprintable():
        raise IntakeError("BAD_JTI", f"`jti` is a text of 8 to {MOST_JTI} letters, never reused.")
    return value


def _iat(value: Any) -> int:
    if type(value) is not int or not 0 < value < 2**40:
        raise IntakeError("BAD_IAT", "`iat` is when it was signed, in whole seconds since 1970.")
    return value


def in_time(said: Said, now: datetime) -> None:
    """Return if it was signed a short while ago. Raises IntakeError."""
    signed_s, now_s = said.iat, now.timestamp()
    if signed_s > now_s + AHEAD.total_seconds():
        raise IntakeError("FROM_THE_FUTURE", "`iat` is ahead of our clock; set yours.")
    if signed_s < now_s - OLDEST.total_seconds():
        raise IntakeError("TOO_OLD", "It was signed more than an hour ago; sign it again.")


async def receive(
    connection: Any, vault: Sealer, signer: Signer, kind: Kind, token: bytes, now: datetime
) -> Received:
    """Receive a judgment or a request. Raises JwsError, IntakeError."""
    said = await understood(connection, token, signer.issuer, kind.lower())
    if kind not in said.trusted.sender.may:
        raise IntakeError("NOT_ALLOWED", "This sender may not send such messages.")
    content = _sha256(orjson.dumps([kind, said.about], option=orjson.OPT_SORT_KEYS))
    known = await _known(connection, said, content)
    if known is not None:
        return known
    in_time(said, now)
    document = await asyncio.to_thread(documents.read, kind, orjson.dumps(said.about))
    name = await connection.fetchrow(
        "SELECT name FROM body WHERE id = $1 AND kind = 'AGENCY'", document.agency
    )
    if name is None:
        fault = record.Fault(f"{kind.lower()}.agency", "UNKNOWN", "There is no such agency.")
        raise IntakeError("INVALID", "Something in the message is not as it must be.", [fault])
    try:
        async with connection.transaction():
            return await _register(connection, vault, signer, said, document, content, token)
    except asyncpg.UniqueViolationError:
        # Another agency's register was written under the same jti meanwhile.
        known = await _known(connection, said, content)
        if known is None:
            raise
        return known


async def _known(connection: Any, said: Said, content: bytes) -> Received | None:
    """What was received under this jti before. Raises IntakeError where it was another message."""
    row = await connection.fetchrow(
        "SELECT said_sha256, year, n, received_at, receipt FROM intake_item"
        " WHERE sender_id = $1 AND jti = $2",
        said.trusted.sender.id,
        said.jti,
    )
    if row is None:
        return None
    if bytes(row["said_sha256"]) != content:
        raise IntakeError("JTI_REUSED", "This `jti` is another message's, received before.")
    return _again(row)


def _again(row: Any) -> Received:
    number = record.order_number(row["year"], row["n"])
    return Received(row["receipt"], number, row["received_at"], True)


class _Key(NamedTuple):
    """By what a document is found: in the register, as the same, as about the same judgment."""

    kind: Kind
    issuer: str
    number: str
    issued_on: Any
    same: str
    about: str


def _key(said: Said, document: Document) -> _Key:
    if isinstance(document, Judgment):
        same = record.one_spelling(document.court, document.number)
        return _Key("JUDGMENT", document.court, document.number, document.issued_on, same, same)
    cited = document.judgment
    return _Key(
        "REQUEST",
        said.trusted.sender.name,
        document.number,
        document.made_on,
        record.one_spelling(said.trusted.sender.code, document.number),
        record.one_spelling(cited.court, cited.number),
    )


async def _register(
    connection: Any,
    vault: Sealer,
    signer: Signer,
    said: Said,
    document: Document,
    content: bytes,
    token: bytes,
) -> Received:
    """A line of the agency's register, written by one at a time."""
    agency, key = document.agency, _key(said, document)
    for space, of in ((_SENDERS, said.trusted.sender.id), (_NUMBERS, agency)):
        await connection.execute("SELECT pg_advisory_xact_lock($1, $2)", space, of % 2**31)
    known = await _known(connection, said, content)
    if known is None:
        known = await _duplicate(connection, said, agency, key, content)
    if known is not None:
        return known
    # By the ledger's clock, under the lock: who has the earlier number came earlier.
    at = await connection.fetchval("SELECT date_trunc('milliseconds', clock_timestamp())")
    year = at.astimezone(record.ZONE).year
    n = 1 + await connection.fetchval(
        "SELECT coalesce(max(n), 0) FROM intake_item WHERE agency_id = $1 AND year = $2",
        agency,
        year,
    )
    answer_by = record.answer_by(at)
    number = record.order_number(year, n)
    receipt = signer.sign(
        {
            "aud": said.trusted.sender.code,
            "jti": said.jti,
            "kind": key.kind,
            "agency": agency,
            "order_number": number,
            "number": key.number,
            "received_at": at.isoformat(timespec="milliseconds"),
            "received_ms": round(at.timestamp() * 1000),
            "sha256": said.sha256.hex(),
            "answer_by": None if answer_by is None else answer_by.isoformat(),
        },
        RECEIPT,
    )
    await _write(
        connection, vault, (agency, year, n), said, document, key, content, token,
        (at, answer_by, receipt),
    )  # fmt: skip
    return Received(receipt, number, at, False)


async def _duplicate(
    connection: Any, said: Said, agency: int, key: _Key, content: bytes
) -> Received | None:
    """The receipt of the very same document, sent anew by the same sender.

    Raises IntakeError DUPLICATE where it says something else, or somebody else had sent it. What
    was refused may be sent again.
    """
    row = await connection.fetchrow(
        "SELECT i.said_sha256, i.sender_id, i.year, i.n, i.received_at, i.receipt"
        " FROM intake_item i LEFT JOIN intake_decision d ON d.item_id = i.id"
        " WHERE i.agency_id = $1 AND i.kind = $2 AND i.same = $3"
        " AND d.kind IS DISTINCT FROM 'REFUSED' ORDER BY i.id LIMIT 1",
        agency,
        key.kind,
        key.same,
    )
    if row is None:
        return None
    if bytes(row["said_sha256"]) == content and row["sender_id"] == said.trusted.sender.id:
        return _again(row)
    number = record.order_number(row["year"], row["n"])
    at = row["received_at"].isoformat(timespec="milliseconds")
    raise IntakeError(
        "DUPLICATE",
        f"Its number was received before, in the register as {number} at {at}, with other content"
        " or from another sender. It can be sent again once that has been refused.",
    )


async def _write(
    connection: Any,
    vault: Sealer,
    place: tuple[int, int, int],
    said: Said,
    document: Document,
    key: _Key,
    content: bytes,
    token: bytes,
    given: tuple[Any, Any, str],
) -> None:
    made = int(await connection.fetchval("SELECT nextval('intake_item_id_seq')"))
    kept = orjson.dumps(documents.without_papers(document))
    await connection.execute(
        "INSERT INTO intake_item (id, agency_id, year, n, kind, sender_id, key_id, jti,"
        " said_sha256, sha256, issuer, number, issued_on, same, about, received_at, answer_by,"
        " receipt, sealed) OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,"
        " $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        made, *place, key.kind, said.trusted.sender.id, said.trusted.id, said.jti, content,
        said.sha256, key.issuer, key.number, key.issued_on, key.same, key.about, *given,
        vault.seal(kept, record.context_of_item(made)),
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO intake_envelope (item_id, sealed) VALUES ($1, $2)",
        made,
        vault.seal(token, record.context_of_envelope(made)),
    )
