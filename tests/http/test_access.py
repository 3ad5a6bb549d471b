"""Every route for every role: the table in `identity.access` is what really happens."""

from __future__ import annotations

import contextlib
import re

import httpx
import pytest
from house import CSRF, House, new_id

from auction_engine.http import money_forms, routes
from auction_engine.http.guard import Spec
from auction_engine.identity.access import ALLOWED, Act, Forbidden, SignInNeeded, check
from auction_engine.identity.accounts import ROLES

LOGINS = {"bidder": "an", "organisation": "auctioneer", "officer": "officer"}
REFUSED = {401, 403}

SIGNED_IN = "bidder organisation officer"
# Written out a second time on purpose: a slip in the table must not also be the test's.
RESTRICTED = {
    ("POST", "/lots/{lot:int}/bids"): "bidder",
    ("POST", "/api/lots/{lot:int}/bids"): "bidder",
    ("POST", "/api/live-tickets"): "bidder",
    ("GET", "/desk"): "organisation",
    ("GET", "/agency"): "officer",
    ("GET", "/api/lots/{lot:int}/acts"): SIGNED_IN,
    ("POST", "/api/lots/{lot:int}/acts"): SIGNED_IN,
    ("POST", "/api/sessions/{session:int}/acts"): "organisation",
    ("GET", "/lots/{lot:int}/deposit"): "bidder",
    ("GET", "/api/lots/{lot:int}/deposit"): "bidder",
}
# Each side's books are its own accountants', whatever is asked.
_MONEY = {"/desk/money": "organisation", "/agency/money": "officer"}
RESTRICTED |= {
    (spec.method, spec.path): role
    for base, role in _MONEY.items()
    for spec in routes.ALL
    if spec.path == base or spec.path.startswith(f"{base}/")
}


def test_the_table_names_every_act_and_denies_by_default() -> None:
    assert set(ALLOWED) == set(Act)
    for act, allowed in ALLOWED.items():
        for role in (None, *ROLES):
            if role in allowed:
                check(act, role)
            else:
                with pytest.raises(SignInNeeded if role is None else Forbidden):
                    check(act, role)
        with pytest.raises(Forbidden):
            check(act, "administrator")  # type: ignore[arg-type]


async def request(house: House, client: httpx.AsyncClient, spec: Spec) -> httpx.Response:
    path = spec.path.replace("{lot:int}", str(house.lots[0])).replace("{name:path}", "x.css")
    path = re.sub(r"\{(?:session|line|payout|batch|act|shares|party):int\}", "1", path)
    if spec.method == "GET":
        return await client.get(path)
    if spec.kind == "page":
        drawn = CSRF.search((await client.get("/login")).text)
        fields = {"amount": "1", "bid_id": new_id(), "login": "x", "password": "x"}
        token = {"csrf": drawn[1] if drawn else ""}
        if spec.form is money_forms.upload:
            return await client.post(path, data=token, files={"file": ("x.csv", b"x")})
        return await client.post(path, data=fields | token)
    bodies = {"bid_id": new_id(), "amount_minor": 1, "login": "x", "password": "x"}
    return await client.post(path, json={name: bodies[name] for name in spec.fields or ()})


@pytest.mark.parametrize("role", [None, *ROLES])
async def test_every_route_for(house: House, role: str | None) -> None:
    for spec in routes.ALL:
        async with contextlib.AsyncExitStack() as stack:
            client = await stack.enter_async_context(
                house.browser() if role is None else house.signed_in(LOGINS[role])
            )
            answer = await request(house, client, spec)
            told = f"{role} {spec.method} {spec.path}: {answer.status_code}"
            needed = RESTRICTED.get((spec.method, spec.path))
            if needed is None or role in needed.split():
                # A login that does not exist is turned away for that, not for the role.
                assert answer.status_code not in REFUSED or "/login" in spec.path, told
            else:
                assert answer.status_code == (401 if role is None else 403), told


@pytest.mark.parametrize("session", ["", "x", "x" * 43, "A" * 10_000, "é" * 43])
async def test_a_made_up_session_is_nobody(house: House, session: str) -> None:
    async with house.browser() as client:
        client.headers["Cookie"] = f"session={session}".encode().decode("latin-1")
        answer = await client.post("/api/live-tickets", headers={"X-CSRF-Token": ""})
        assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_IN_NEEDED")
        assert (await client.get("/desk")).status_code == 401


async def test_writing_needs_the_csrf_token_of_this_session(house: House) -> None:
    lot = house.lots[0]
    await house.account("binh", "bidder")
    async with house.signed_in("an") as client, house.signed_in("binh") as other:
        for path, body in (
            ("/api/live-tickets", None),
            (f"/api/lots/{lot}/bids", {"bid_id": new_id(), "amount_minor": 1}),
        ):
            for token in ("", "x", other.headers["X-CSRF-Token"]):
                answer = await client.post(path, json=body, headers={"X-CSRF-Token": token})
                assert (answer.status_code, answer.json()["code"]) == (403, "BAD_CSRF")
            assert (await client.post(path, json=body)).status_code == 200
        fields = {"amount": "1", "bid_id": new_id(), "csrf": other.headers["X-CSRF-Token"]}
        assert (await client.post(f"/lots/{lot}/bids", data=fields)).status_code == 403
        state = (await client.get(f"/api/lots/{lot}")).json()
        assert len(state["you"]["refused"]) == 1
