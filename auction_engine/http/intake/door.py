"""The door for senders: signed messages in, signed receipts and answers out.

Nobody signs in here: the signature says who it is. A body that is no `application/jose` is not
looked at, so no page of another site can send one.
"""

from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from auction_engine.addresses import address_group
from auction_engine.desk.intake import answering, receiving
from auction_engine.desk.intake.receiving import Received
from auction_engine.desk.intake.record import IntakeError, Kind
from auction_engine.http import bodies
from auction_engine.http.guard import Handler
from auction_engine.http.intake.parts import parts_of, refusal
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.identity import jose
from auction_engine.identity.jose import JwsError

TYPE = "application/jose"


async def _token(web: Web, ask: Ask) -> bytes:
    """The signed message of a request. Raises Problem 400, 408, 413, 415, 429, 503."""
    parts = parts_of(web)
    if not parts.rates.allow(address_group(ask.address)):
        raise Problem(429, "RATE_LIMITED", retry_s=1)
    if bodies.media_type(ask.request) != TYPE:
        raise Problem(415, "UNSUPPORTED_TYPE", f"Send a compact JWS as {TYPE}.")
    if parts.bodies.locked():
        raise Problem(503, "UNAVAILABLE", retry_s=2)
    async with parts.bodies:
        return (await bodies.read(ask.request, jose.MOST_BYTES)).strip()


def receive_of(kind: Kind, name: str) -> Handler:
    """The handler that receives judgments, or requests."""

    async def answer(web: Web, ask: Ask) -> Response:
        token, parts = await _token(web, ask), parts_of(web)

        async def work(connection: Any) -> Received:
            signer = await parts.signer(connection)
            now = datetime.now(UTC)
            return await receiving.receive(connection, web.vault, signer, kind, token, now)

        try:
            done = await parts.run(work)
        except (IntakeError, JwsError) as refused:
            return refusal(refused)
        told = {
            "receipt": done.receipt,
            "order_number": done.number,
            "received_ms": round(done.received_at.timestamp() * 1000),
            "repeat": done.repeat,
        }
        return json_answer(told, 200 if done.repeat else 201)

    answer.__name__ = name
    answer.__doc__ = f"POST /api/intake/{kind.lower()}s."
    return answer


async def intake_answer(web: Web, ask: Ask) -> Response:
    """POST /api/intake/answers: what became of one's own message."""
    token, parts = await _token(web, ask), parts_of(web)

    async def work(connection: Any) -> str:
        signer = await parts.signer(connection)
        now = datetime.now(UTC)
        return await answering.answer(connection, web.vault, signer, token, now)

    try:
        return json_answer({"answer": await parts.run(work)})
    except (IntakeError, JwsError) as refused:
        return refusal(refused)


async def intake_keys(web: Web, ask: Ask) -> Response:
    """GET /api/intake/keys: the public keys of receipts and answers."""
    parts = parts_of(web)
    return json_answer((await parts.run(parts.signer)).key_set)


async def intake_door(web: Web, ask: Ask) -> Response:
    """GET /api/intake: what a sender needs to know."""
    parts = parts_of(web)

    async def work(connection: Any) -> tuple[Any, Any]:
        query = "SELECT id, name->>'vi' AS vi, name->>'en' AS en FROM body WHERE kind = 'AGENCY'"
        return await parts.signer(connection), await connection.fetch(query + " ORDER BY id")

    signer, agencies = await parts.run(work)
    return json_answer(
        {
            "audience": signer.issuer,
            "algorithms": [jose.EDDSA, jose.ES256],
            "most_bytes": jose.MOST_BYTES,
            "keys": signer.key_set["keys"],
            "agencies": [
                {"id": one["id"], "name": {"vi": one["vi"], "en": one["en"]}} for one in agencies
            ],
        }
    )
