from __future__ import annotations

import asyncio
import re
from hashlib import sha256
from typing import Any

import asyncpg
import httpx
import pytest
from house import CSRF, PASSWORD, House, running_house
from redis.asyncio import Redis

from auction_engine.identity import sessions, throttle
from auction_engine.identity.demo_logins import DEMO_LOGINS
from auction_engine.settings import Settings


def csrf_in(answer: httpx.Response) -> str:
    found = CSRF.search(answer.text)
    assert found is not None
    return found[1]


async def sign_in(client: httpx.AsyncClient, login: str, /, **changes: str) -> httpx.Response:
    """Fill in the form as a person would; `changes` are other values for its fields."""
    form = csrf_in(await client.get("/login"))
    fields = {"csrf": form, "next": "/", "login": login, "password": PASSWORD} | changes
    return await client.post("/login", data=fields)


def cookie(answer: httpx.Response, name: str) -> str:
    return next(c for c in answer.headers.get_list("set-cookie") if c.startswith(f"{name}="))


@pytest.mark.parametrize(
    ("login", "home"), [("an", "/"), ("auctioneer", "/desk"), ("officer", "/agency")]
)
async def test_signing_in_leads_home_with_a_guarded_cookie(
    house: House, login: str, home: str
) -> None:
    async with house.browser() as client:
        answer = await sign_in(client, login)
        assert (answer.status_code, answer.headers["location"]) == (303, home)
        flags = {part.strip().lower() for part in cookie(answer, "session").split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/", "max-age=43200"} <= flags
        assert "secure" not in flags  # this is plain http
        page = await client.get(home)
        assert page.status_code == 200
        assert login.title() in page.text


async def test_only_a_hash_of_the_token_is_kept(house: House, superuser_url: str) -> None:
    async with house.browser() as client:
        answer = await sign_in(client, "an")
    token = re.match("session=([^;]+)", cookie(answer, "session"))
    assert token is not None
    connection = await asyncpg.connect(superuser_url)
    try:
        row = await connection.fetchrow(
            "SELECT token_hash, expires_at - created_at FROM web_session"
        )
        assert row[0] == sha256(token[1].encode()).digest()
        assert row[1].total_seconds() == 12 * 3600
        await connection.execute("UPDATE web_session SET expires_at = now()")
    finally:
        await connection.close()
    async with house.browser(Cookie=f"session={token[1]}") as client:
        answer = await client.post("/api/live-tickets", headers={"X-CSRF-Token": "x"})
        assert answer.json()["code"] == "SIGN_IN_NEEDED"


async def test_login_is_found_however_it_is_typed(house: House) -> None:
    async with house.browser() as client:
        assert (await sign_in(client, "  AN ")).status_code == 303


async def test_the_next_page_is_one_of_ours(house: House) -> None:
    lot = f"/lots/{house.lots[0]}"
    for wanted, location in (
        (lot, lot),
        ("//evil.example/", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nX: y", "/"),
    ):
        async with house.browser() as client:
            answer = await sign_in(client, "an", next=wanted)
            assert answer.headers["location"] == location, wanted
            page = await client.get("/login", params={"next": wanted})
            assert 'value="//evil' not in page.text


async def test_wrong_password_and_unknown_login_say_the_same(house: House) -> None:
    async with house.browser() as client:
        wrong = await sign_in(client, "an", password="no")
        unknown = await sign_in(client, "nobody")
        assert wrong.status_code == unknown.status_code == 401
        assert "session" not in client.cookies
        strip = re.compile(r'name="csrf" value="[^"]+"|<time.*?</time>|"now_ms":\d+', re.DOTALL)
        assert strip.sub("", wrong.text) == strip.sub("", unknown.text)


async def test_odd_logins_are_just_wrong(house: House) -> None:
    async with house.browser() as client:
        for login in ("an\0", "\0", "", "x" * 5_000, "a\u2028n", "' OR 1=1 --"):
            answer = await client.post("/api/login", json={"login": login, "password": PASSWORD})
            assert (answer.status_code, answer.json()["code"]) == (401, "WRONG_PASSWORD"), login
        answer = await client.post("/api/login", json={"login": "an", "password": "x" * 300})
        assert answer.status_code == 401


async def test_a_form_from_elsewhere_is_refused(house: House) -> None:
    async with house.browser() as client:
        assert (await sign_in(client, "an", csrf="")).status_code == 403
        assert (await sign_in(client, "an", csrf="x" * 43)).status_code == 403
    async with house.browser() as client:  # no visit, no form was ever drawn
        answer = await client.post("/login", data={"login": "an", "password": PASSWORD})
        assert answer.status_code == 403
    async with house.browser(Origin="https://evil.example") as client:
        assert (await sign_in(client, "an")).status_code == 403
        answer = await client.post("/api/login", json={"login": "an", "password": PASSWORD})
        assert answer.json()["code"] == "WRONG_ORIGIN"
    async with house.browser(Origin="null") as client:
        answer = await client.post("/api/login", json={"login": "an", "password": PASSWORD})
        assert answer.json()["code"] == "WRONG_ORIGIN"
    async with house.browser(Origin=house.base) as client:
        assert (await sign_in(client, "an")).status_code == 303


async def test_signing_out_ends_the_session_everywhere(house: House) -> None:
    async with house.signed_in("an") as client:
        token = client.cookies["session"]
        assert (await client.post("/logout", data={"csrf": "wrong"})).status_code == 403
        csrf = csrf_in(await client.get("/"))
        answer = await client.post("/logout", data={"csrf": csrf})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "session" not in client.cookies
        assert (await client.post("/logout", data={"csrf": ""})).status_code == 303
    async with house.browser(Cookie=f"session={token}") as client:
        assert (await client.get("/desk")).status_code == 401


async def test_a_new_sign_in_ends_the_browsers_old_session(house: House) -> None:
    async with house.signed_in("an") as client:
        old = client.cookies["session"]
        await client.post("/api/login", json={"login": "officer", "password": PASSWORD})
        assert client.cookies["session"] != old
    async with house.browser(Cookie=f"session={old}") as client:
        assert (await client.post("/api/live-tickets")).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"login": "an"},
        {"login": "an", "password": PASSWORD, "role": "officer"},
        {"login": 1, "password": PASSWORD},
        {"login": "an", "password": None},
        [],
        "an",
        1.5,
    ],
)
async def test_api_login_takes_exactly_its_fields(house: House, body: Any) -> None:
    async with house.browser() as client:
        answer = await client.post("/api/login", json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "BAD_MESSAGE")


async def test_guesses_are_counted_and_then_not_looked_at(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "PER_ACCOUNT_AND_ADDRESS", 3)
    async with house.browser() as client:
        await sign_in(client, "an", password="no")
        await sign_in(client, "an")  # right: what was counted is forgiven
        client.cookies.delete("session")
        for _ in range(3):
            assert (await sign_in(client, "an", password="no")).status_code == 401
        for changes in ({"password": "no"}, {}, {"login": " An "}):
            answer = await sign_in(client, "an", **changes)
            assert answer.status_code == 429
            assert int(answer.headers["retry-after"]) > 0
            assert 'role="alert"' in answer.text
        answer = await client.post("/api/login", json={"login": "an", "password": PASSWORD})
        assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMITED")
        # Others at the same address, and robots' guesses at logins that do not exist.
        assert (await sign_in(client, "officer")).status_code == 303
        for _ in range(3):
            assert (await sign_in(client, "nobody")).status_code in (401, 303)


async def test_many_guesses_at_once_are_counted_too(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "PER_ACCOUNT_AND_ADDRESS", 3)
    async with house.browser() as client:
        answers = await asyncio.gather(
            *(
                client.post("/api/login", json={"login": "an", "password": f"guess {n}"})
                for n in range(12)
            )
        )
    assert sorted(answer.status_code for answer in answers) == [401] * 3 + [429] * 9


async def test_without_the_count_nobody_gets_in(house: House) -> None:
    """Fails closed: while Valkey takes no writes there is no sign-in, not free guessing."""
    valkey = Redis.from_url(house.settings.redis_url or "")
    async with house.browser() as browser:
        form = csrf_in(await browser.get("/login"))
        fields = {"csrf": form, "login": "an", "password": PASSWORD}
        await valkey.client_pause(15_000, all=False)
        try:
            page, api = await asyncio.gather(
                browser.post("/login", data=fields),
                browser.post("/api/login", json={"login": "an", "password": PASSWORD}),
            )
        finally:
            await valkey.client_unpause()
            await valkey.aclose()
        assert page.status_code == api.status_code == 503
        assert "<html" in page.text
        assert api.json()["code"] == "UNAVAILABLE"
        assert "retry-after" in api.headers
        assert "session" not in browser.cookies
        assert (await sign_in(browser, "an")).status_code == 303


async def test_an_account_without_password_lets_nobody_in(house: House) -> None:
    from auction_engine.identity import accounts

    await accounts.create(house.engine, "robot-1", "Robot", "bidder", None, robot=True)
    async with house.browser() as client:
        for password in ("", "None", PASSWORD):
            answer = await sign_in(client, "robot-1", password=password)
            assert answer.status_code == 401


async def test_demonstration_logins_show_only_in_a_demonstration(
    house: House, settings: Settings
) -> None:
    async with house.browser() as client:
        for path in ("/", "/login"):
            assert DEMO_LOGINS[0].password not in (await client.get(path)).text


async def test_demonstration_logins_are_worth_nothing_outside_of_it(house: House) -> None:
    """Their accounts stay in the ledger, and their passwords are public."""
    from auction_engine.identity import accounts
    from auction_engine.identity.passwords import Passwords

    for role, login, password in DEMO_LOGINS:
        hashed = await Passwords().hash(password)
        await accounts.create(house.engine, login, login, role, hashed)
    async with house.browser() as client:
        for entry in DEMO_LOGINS:
            answer = await sign_in(client, entry.login, password=entry.password)
            assert answer.status_code == 401
            typed = {"login": f" {entry.login.upper()} ", "password": entry.password}
            assert (await client.post("/api/login", json=typed)).status_code == 401


async def test_demonstration_logins_can_be_used_from_the_page(settings: Settings) -> None:
    async with running_house(settings.model_copy(update={"demo": True})) as house:
        from auction_engine.identity import accounts
        from auction_engine.identity.passwords import Passwords

        for role, login, password in DEMO_LOGINS:
            hashed = await Passwords().hash(password)
            await accounts.create(house.engine, login, login, role, hashed)
        for entry in DEMO_LOGINS:
            async with house.browser() as client:
                for path in ("/", "/login"):
                    assert entry.password in (await client.get(path)).text
                answer = await sign_in(client, entry.login, password=entry.password)
                assert answer.status_code == 303


async def test_the_demonstrations_sessions_end_with_it(house: House) -> None:
    """Everybody knows their passwords: what was opened with one is good in the demonstration."""
    made = await house.account("demo.auctioneer", "organisation")
    token, _ = await sessions.create(house.engine, made.id)
    assert not house.settings.demo
    async with house.browser(Cookie=f"session={token}") as client:
        assert (await client.get("/api/account")).status_code == 401
