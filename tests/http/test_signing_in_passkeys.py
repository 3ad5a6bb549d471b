"""Passkeys over the API without an authenticator: what is no answer of one, and where none can be.

With one: tests/browser/test_sign_in_ways.py.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from house import CSRF, House, running_house

from auction_engine.settings import Settings

OPTIONS, USE = "/api/login/passkey/options", "/api/login/passkey"


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    public = settings.model_copy(update={"public_url": "https://auction.example"})
    async with running_house(public, lots=0) as house:
        await house.account("an", "bidder")
        yield house


def said(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def credential(challenge: str, origin: str = "https://auction.example") -> dict[str, Any]:
    data = {"type": "webauthn.get", "challenge": challenge, "origin": origin}
    answer = {"clientDataJSON": said(json.dumps(data)), "authenticatorData": "", "signature": ""}
    return {"id": said("key"), "rawId": said("key"), "type": "public-key", "response": answer}


async def test_what_no_authenticator_made_signs_nobody_in(house: House) -> None:
    async with house.browser() as client:
        found = CSRF.search((await client.get("/login")).text)
        assert found is not None
        answer = await client.post(OPTIONS, json={"purpose": "sign_in"})
        assert answer.json()["code"] == "BAD_CSRF"
        client.headers["X-CSRF-Token"] = found[1]
        options = (await client.post(OPTIONS, json={"purpose": "sign_in"})).json()["options"]
        assert options["rpId"] == "auction.example"
        assert options["userVerification"] == "required"
        assert options.get("allowCredentials", []) == []  # tells nothing of anybody
        for wrong in (
            None, 7, [], {}, "x", {"response": 1}, {"response": {"clientDataJSON": "é"}},
            {"response": {"clientDataJSON": said("[" * 6_000)}},
            {"response": {"clientDataJSON": said("{}")}},
            credential("AAAA"), credential(options["challenge"]), credential(options["challenge"]),
        ):  # fmt: skip
            answer = await client.post(USE, json={"purpose": "sign_in", "credential": wrong})
            assert (answer.status_code, answer.json()["code"]) == (401, "WRONG_PASSKEY"), wrong
        for purpose, status in (("second", 401), ("again", 401), ("make", 400), ([], 400)):
            answer = await client.post(OPTIONS, json={"purpose": purpose})
            assert answer.status_code == status, purpose
        assert "session" not in client.cookies


async def test_an_address_without_a_domain_has_no_passkeys(settings: Settings) -> None:
    async with running_house(settings, lots=0) as house:
        await house.account("an", "bidder")
        async with house.signed_in("an") as client:
            for path, body in (
                (OPTIONS, {"purpose": "sign_in"}),
                ("/api/account/passkeys/options", {}),
            ):
                answer = await client.post(path, json=body)
                assert (answer.status_code, answer.json()["code"]) == (409, "NO_PASSKEYS_HERE")
            assert "ở địa chỉ này chưa dùng được" in (await client.get("/account/security")).text
