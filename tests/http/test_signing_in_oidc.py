"""Signing in with an OpenID provider, against a certified one: the good way and every wrong one."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest
from house import CSRF, House, running_house
from provider import NUMBER_OF_LAN, OidcServer, running_provider

from auction_engine.identity import oidc
from auction_engine.settings import Settings

BACK = "/login/oidc/back"


@pytest.fixture
async def provider() -> AsyncIterator[OidcServer]:
    async with running_provider("http://auction.test:8000" + BACK) as server:
        yield server


@pytest.fixture
async def house(settings: Settings, provider: OidcServer) -> AsyncIterator[House]:
    # The address people open is another than the one this machine listens on, as behind a proxy.
    changes = {"oidc": provider.settings(timeout_s=3), "public_url": "http://auction.test:8000"}
    async with running_house(settings.model_copy(update=changes), lots=0) as house:
        await house.account("an", "bidder")
        yield house


async def departs(client: httpx.AsyncClient, query: str = "") -> str:
    answer = await client.get("/login/oidc" + query)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def arrival(back: str) -> str:
    """The address on this machine that the browser would be sent back to."""
    parts = urlsplit(back)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "http://auction.test:8000" + BACK
    return f"{parts.path}?{parts.query}"


async def signs_in(
    client: httpx.AsyncClient, provider: OidcServer, citizen: str = "lan", query: str = ""
) -> httpx.Response:
    return await client.get(arrival(await provider.agree(await departs(client, query), citizen)))


async def sessions(url: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(
            await connection.fetch("SELECT account_id, how FROM web_session ORDER BY created_at")
        )
    finally:
        await connection.close()


def failed(answer: httpx.Response, status: int, words: str) -> None:
    assert answer.status_code == status, answer.text
    assert "session" not in answer.cookies
    said = re.search(r'role="alert">([^<]+)<', answer.text)
    assert said is not None
    assert words in said[1]


async def test_a_citizen_gets_an_account_and_comes_back_to_it(
    house: House, provider: OidcServer, superuser_url: str
) -> None:
    async with house.browser() as client:
        start = await departs(client, "?next=/account/devices")
        asked = {name: values[0] for name, values in parse_qs(urlsplit(start).query).items()}
        assert asked["code_challenge_method"] == "S256"
        assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
        answer = await client.get(arrival(await provider.agree(start, "lan")))
        assert (answer.status_code, answer.headers["location"]) == (303, "/account/devices")
        page = await client.get("/account/devices?lang=en")
        assert "electronic identity" in page.text
    async with house.browser() as client:
        assert (await signs_in(client, provider)).headers["location"] == "/"
    async with house.browser() as client:
        assert (await signs_in(client, provider, "minh")).status_code == 303
    first, again, other = await sessions(superuser_url)
    assert first["account_id"] == again["account_id"] != other["account_id"]
    assert first["how"] == "oidc"
    connection = await asyncpg.connect(superuser_url)
    try:
        rows = await connection.fetch("SELECT * FROM person JOIN account ON id = account_id")
        assert all(row["identity_proved_at"] is not None for row in rows)
        assert all(NUMBER_OF_LAN not in str(dict(row)) for row in rows)
        assert "Trần Thị Lan" not in str([dict(row) for row in rows])
    finally:
        await connection.close()


async def test_a_code_counts_once_and_in_its_own_browser(
    house: House, provider: OidcServer, superuser_url: str
) -> None:
    async with house.browser() as client, house.browser() as thief:
        back = arrival(await provider.agree(await departs(client), "lan"))
        await departs(thief)  # has a secret of its own
        failed(await thief.get(back), 400, "trình duyệt khác")
        # The try has used it up: whoever was robbed begins again.
        failed(await client.get(back), 400, "đã được dùng")
        assert (await signs_in(client, provider)).status_code == 303
        failed(await client.get(back), 400, "đã được dùng")
    async with house.browser() as client:
        back = arrival(await provider.agree(await departs(client), "lan"))
        client.cookies.clear()
        failed(await client.get(back), 400, "trình duyệt khác")
        failed(await client.get(BACK), 400, "đã được dùng")
        failed(await client.get(BACK + "?state=" + "x" * 3000), 400, "đã được dùng")
    assert len(await sessions(superuser_url)) == 1


async def test_what_was_changed_on_the_way_back_signs_nobody_in(
    house: House, provider: OidcServer, superuser_url: str
) -> None:
    async with house.browser() as client:
        for part, value, status in (
            ("code", "made-up", 403),
            ("state", "made-up", 400),
            ("iss", "https://elsewhere.example", 502),
            ("iss", "", 502),
            ("code", "", 403),
        ):
            back = arrival(await provider.agree(await departs(client), "lan"))
            changed = re.sub(rf"([?&]{part}=)[^&]*", rf"\g<1>{value}", back)
            assert changed != back
            answer = await client.get(changed)
            assert answer.status_code == status, (part, answer.text)
    assert await sessions(superuser_url) == []


async def test_somebody_stops_at_the_provider(house: House, provider: OidcServer) -> None:
    async with house.browser() as client:
        answer = await client.get(arrival(await provider.cancel(await departs(client))))
        failed(answer, 200, "Bạn đã dừng ở VNeID")


@pytest.mark.parametrize(
    "mode", ["audience", "azp", "issuer", "expired", "nonce", "key", "none", "hmac", "other_user"]
)
async def test_a_token_that_is_not_for_this_visit_is_worth_nothing(
    house: House, provider: OidcServer, mode: str, superuser_url: str
) -> None:
    async with house.browser() as client:
        back = arrival(await provider.agree(await departs(client), "lan"))
        await provider.errs(mode)
        failed(await client.get(back), 502, "không chứng minh được")
        await provider.errs(None)
        assert (await signs_in(client, provider)).status_code == 303
    assert len(await sessions(superuser_url)) == 1


@pytest.mark.parametrize("mode", ["slow", "huge", "broken"])
async def test_a_provider_in_trouble_is_said_in_a_sentence(
    house: House, provider: OidcServer, mode: str
) -> None:
    async with house.browser() as client:
        back = arrival(await provider.agree(await departs(client), "lan"))
        await provider.errs(mode)
        failed(await client.get(back), 503, "không trả lời")
        assert (await client.get("/login")).status_code == 200


async def test_a_provider_that_is_down_leaves_the_other_ways(
    settings: Settings, provider: OidcServer
) -> None:
    await provider.stop()
    changes = {"oidc": provider.settings(name="Định danh thử")}
    async with running_house(settings.model_copy(update=changes), lots=0) as house:
        await house.account("an", "bidder")
        async with house.browser() as client:
            assert "Đăng nhập bằng Định danh thử" in (await client.get("/login")).text
            failed(await client.get("/login/oidc"), 503, "Định danh thử hiện không trả lời")
        async with house.signed_in("an") as client:
            assert (await client.get("/account/devices")).status_code == 200


async def test_new_keys_of_the_provider_are_found(
    house: House, provider: OidcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house.browser() as client:
        assert (await signs_in(client, provider)).status_code == 303
    await provider.stop()
    await provider.start()
    async with house.browser() as client:
        # Not for every made-up token are the keys fetched again …
        failed(await signs_in(client, provider), 502, "không chứng minh được")
        # … but when some time has gone since the last look.
        monkeypatch.setattr(oidc, "_KEYS_AGAIN_S", 0.0)
        assert (await signs_in(client, provider)).status_code == 303


async def test_without_a_number_of_identity_there_is_no_account(
    house: House, provider: OidcServer
) -> None:
    async with house.browser() as client:
        failed(await signs_in(client, provider, "nobody"), 403, "số định danh")


async def test_an_account_is_linked_used_and_unlinked(
    house: House, provider: OidcServer, superuser_url: str
) -> None:
    async with house.signed_in("an") as client:
        form = {"csrf": client.headers["X-CSRF-Token"]}
        page = await client.post("/account/security/oidc", data=form)
        assert page.status_code == 200  # no form of ours may lead to another site
        start = re.search(r'content="0;url=([^"]+)"', page.text)
        assert start is not None
        back = arrival(await provider.agree(start[1].replace("&amp;", "&"), "minh"))
        answer = await client.get(back)
        assert answer.headers["location"] == "/account/security?done=linked"
    async with house.browser() as client:
        assert (await signs_in(client, provider, "minh")).status_code == 303
        page = await client.get("/account/security")
        csrf = CSRF.search(page.text)
        assert csrf is not None
        form = {"csrf": csrf[1]}
        answer = await client.post("/account/security/oidc/remove", data=form)
        assert answer.headers["location"] == "/account/security?done=unlinked"
    first, second = await sessions(superuser_url)
    assert first["account_id"] == second["account_id"]
    async with house.browser() as client:  # a stranger again: an account of his own
        assert (await signs_in(client, provider, "minh")).status_code == 303
    assert (await sessions(superuser_url))[-1]["account_id"] != first["account_id"]


async def test_the_only_way_in_stays(house: House, provider: OidcServer) -> None:
    async with house.browser() as client:
        await signs_in(client, provider)
        csrf = CSRF.search((await client.get("/account/security")).text)
        assert csrf is not None
        answer = await client.post("/account/security/oidc/remove", data={"csrf": csrf[1]})
        failed(answer, 409, "cách duy nhất")


async def test_an_identity_is_linked_to_one_account_only(
    house: House, provider: OidcServer
) -> None:
    async with house.browser() as client:
        await signs_in(client, provider, "minh")
    async with house.signed_in("an") as client:
        form = {"csrf": client.headers["X-CSRF-Token"]}
        page = await client.post("/account/security/oidc", data=form)
        start = re.search(r'content="0;url=([^"]+)"', page.text)
        assert start is not None
        back = arrival(await provider.agree(start[1].replace("&amp;", "&"), "minh"))
        failed(await client.get(back), 409, "tài khoản khác")
        # A visit begun in one session links nothing in another.
        page = await client.post("/account/security/oidc", data=form)
        start = re.search(r'content="0;url=([^"]+)"', page.text)
        assert start is not None
        back = arrival(await provider.agree(start[1].replace("&amp;", "&"), "hoa"))
        await client.post("/logout", data=form)
        failed(await client.get(back), 400, "đã quá hạn")


async def test_proving_anew_asks_the_provider_anew(
    house: House, provider: OidcServer, superuser_url: str
) -> None:
    async with house.browser() as client:
        await signs_in(client, provider)
        connection = await asyncpg.connect(superuser_url)
        try:
            await connection.execute("UPDATE web_session SET proved_at = now() - interval '1 hour'")
        finally:
            await connection.close()
        answer = await client.get("/account/security/password")
        assert answer.headers["location"] == "/login/again?next=%2Faccount%2Fsecurity%2Fpassword"
        page = await client.get(answer.headers["location"])
        assert "/login/oidc?again=1" in page.text
        query = "?again=1&next=/account/security/password"
        start = await departs(client, query)
        assert parse_qs(urlsplit(start).query)["prompt"] == ["login"]
        # Somebody else at the same provider proves nothing.
        failed(await client.get(arrival(await provider.agree(start, "minh"))), 409, "khác")
        answer = await signs_in(client, provider, "lan", query)
        assert answer.headers["location"] == "/account/security/password"
        assert (await client.get("/account/security/password")).status_code == 200


async def test_signing_out_says_that_the_provider_goes_on(
    house: House, provider: OidcServer
) -> None:
    async with house.browser() as client:
        await signs_in(client, provider)
        csrf = CSRF.search((await client.get("/")).text)
        assert csrf is not None
        answer = await client.post("/logout", data={"csrf": csrf[1]})
        assert answer.headers["location"] == "/logout/done"
        page = await client.get("/logout/done")
        assert f"{provider.issuer}/session/end?client_id=auction" in page.text
        assert "session" not in client.cookies


async def test_without_a_provider_there_is_no_such_way(settings: Settings) -> None:
    async with running_house(settings, lots=0) as house, house.browser() as client:
        assert "/login/oidc" not in (await client.get("/login")).text
        for path in ("/login/oidc", BACK, "/logout/done"):
            assert (await client.get(path)).status_code == 404
