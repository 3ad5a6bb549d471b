"""A court and a portal that send to a running program, and the officers who answer them."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
from house import House, running_house, text

from auction_engine.clients.court import Court
from auction_engine.desk.intake import receiptkey, receiving, trust
from auction_engine.identity import jose
from auction_engine.identity.vault import Vault
from auction_engine.settings import Settings

# Fictional, like everybody in tests.
COURT = "Tòa án nhân dân khu vực 7 (hư cấu)"
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


@dataclass
class Courtroom:
    """`court` may send judgments, signed with Ed25519; `portal` requests, signed with P-256."""

    house: House
    agency: int
    other_agency: int
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    _n: int = 0

    @contextlib.asynccontextmanager
    async def sender(self, code: str, **options: Any) -> AsyncIterator[Court]:
        """The reference client of this sender."""
        async with self.house.browser() as client:
            yield Court(client, code, self.keys[code], **options)

    @contextlib.asynccontextmanager
    async def owner(self) -> AsyncIterator[Any]:
        """A connection of whoever runs the installation."""
        connection = await asyncpg.connect(self.house.settings.database_url)
        try:
            yield connection
        finally:
            await connection.close()

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        async with self.owner() as connection:
            found: list[Any] = await connection.fetch(query, *arguments)
            return found

    def judgment(self, **changes: Any) -> dict[str, Any]:
        """A judgment with a number of its own."""
        self._n += 1
        return {
            "agency": self.agency,
            "court": COURT,
            "number": f"{self._n}/2026/DS-ST",
            "issued_on": "2026-06-11",
            "effective_on": "2026-07-12",
            "kind": "CIVIL",
            "summary": "Ông Phạm Văn Giả phải trả bà Lê Thị Hư Cấu.",
            "parties": [
                {"kind": "PERSON", "role": "CREDITOR", "name": "Lê Thị Hư Cấu",
                 "identity": "079 200 012 345", "address": "12 phố Tưởng Tượng"},
                {"kind": "PERSON", "role": "DEBTOR", "name": "Phạm Văn Giả"},
            ],
            "claims": [
                {"text": "Nợ gốc", "amount_minor": 1_200_000_000, "currency": "VND"},
                {"text": "Nợ lãi", "amount_minor": 34_567_000, "currency": "VND"},
                {"text": "Án phí", "amount_minor": 49_000_000, "currency": "VND",
                 "rank": "COURT_FEE"},
            ],
        } | changes  # fmt: skip

    def request(self, of: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """The creditor's request to enforce the judgment `of`."""
        self._n += 1
        cited = {name: of[name] for name in ("court", "number", "issued_on")}
        return {
            "agency": self.agency,
            "number": f"YC-{self._n}",
            "made_on": "2026-08-03",
            "judgment": cited,
            "requester": {"kind": "PERSON", "name": "Lê Thị Hư Cấu", "identity": "079200012345"},
            "debtors": [{"kind": "PERSON", "name": "Phạm Văn Giả"}],
            "claims": [{"text": "Nợ gốc", "amount_minor": 1_200_000_000, "currency": "VND"}],
        } | changes


def paper(body: bytes = PDF, **changes: Any) -> dict[str, Any]:
    """A file as a message carries it."""
    return {
        "name": "Bản án.pdf",
        "media_type": "application/pdf",
        "sha256": hashlib.sha256(body).hexdigest(),
        "data": base64.b64encode(body).decode(),
    } | changes


@contextlib.asynccontextmanager
async def courtroom(settings: Settings) -> AsyncIterator[Courtroom]:
    """A running program that trusts a court and a portal, with officers of two agencies."""
    async with running_house(settings, lots=0) as house:
        officer = await house.account("officer", "officer")
        await house.account("colleague", "officer")
        stranger = await house.account("stranger", "officer", of=text("Strangers"))
        assert officer.body is not None
        assert stranger.body is not None
        made = Courtroom(house, officer.body, stranger.body)
        async with made.owner() as connection:
            for code, alg, may in (
                ("court", jose.EDDSA, ["JUDGMENT"]), ("portal", jose.ES256, ["REQUEST"]),
                ("other-court", jose.EDDSA, ["JUDGMENT", "REQUEST"]),
            ):  # fmt: skip
                made.keys[code] = jose.new_private(alg)
                key = jose.public(made.keys[code])
                await trust.add(connection, code, f"Sender {code}", may, key)
        yield made


async def sent(connection: Any, vault: Vault, agency: int, secret: str) -> int:
    """A judgment with `secret` in it in the agency's register, without a program running.

    Returns its id there.
    """
    n = await connection.fetchval("SELECT count(*) FROM intake_item")
    key, code, number = jose.new_private(), f"court.{n}", f"{n}/2026/DS-ST"
    await trust.add(connection, code, secret, ["JUDGMENT"], jose.public(key))
    signer = await receiptkey.obtain(connection, vault, "http://here")
    person = {"kind": "PERSON", "role": "DEBTOR", "name": secret}
    said = {
        "agency": agency, "court": COURT, "number": number, "issued_on": "2026-06-11",
        "effective_on": "2026-07-12", "kind": "CIVIL", "summary": secret, "parties": [person],
        "claims": [{"text": secret}], "papers": [paper()],
    }  # fmt: skip
    now = datetime.now(UTC)
    claims = {"iss": code, "aud": "http://here", "iat": int(now.timestamp()), "jti": f"message-{n}"}
    payload = json.dumps(claims | {"judgment": said}).encode()
    token = jose.signed(payload, key, jose.public(key).kid, "intake+jws").encode()
    await receiving.receive(connection, vault, signer, "JUDGMENT", token, now)
    return int(
        await connection.fetchval("SELECT id FROM intake_item WHERE jti = $1", f"message-{n}")
    )
