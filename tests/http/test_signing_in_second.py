"""Second steps, fresh proofs, devices: what must be shown besides a password, and its worth."""

from __future__ import annotations

import asyncio
import re

import asyncpg
import httpx
import pyotp
import pytest
from house import CSRF, PASSWORD, House, running_house
from redis.asyncio import Redis

from auction_engine.identity import throttle, totp
from auction_engine.settings import Settings

SECRET = re.compile(r'totp__secret">([A-Z2-7 ]+)<')
CODE = re.compile(r"<code>([0-9A-HJKMNP-TV-Z-]{19})</code>")
SECURITY = "/account/security"


def csrf_in(answer: httpx.Response) -> dict[str, str]:
    found = CSRF.search(answer.text)
    assert found is not None, answer.text
    return {"csrf": found[1]}


async def posts(client: httpx.AsyncClient, page: str, to: str, **fields: str) -> httpx.Response:
    """Send the form at `to` that stands on `page`."""
    return await client.post(to, data=fields | csrf_in(await client.get(page)))


async def first_step(client: httpx.AsyncClient, login: str = "an", **more: str) -> httpx.Response:
    fields = {"login": login, "password": PASSWORD, "next": "/", **more}
    return await posts(client, "/login", "/login", **fields)


async def second_step(client: httpx.AsyncClient, code: str) -> httpx.Response:
    return await posts(client, "/login/second", "/login/second", code=code)


async def enrols(client: httpx.AsyncClient) -> tuple[str, list[str]]:
    """Set an authenticator app up; its secret and the recovery codes."""
    answer = await posts(client, SECURITY, f"{SECURITY}/totp/new")
    assert answer.headers["location"] == f"{SECURITY}/totp"
    page = await client.get(f"{SECURITY}/totp")
    found = SECRET.search(page.text)
    assert found is not None
    secret = found[1].replace(" ", "")
    shown = await client.post(
        f"{SECURITY}/totp", data=csrf_in(page) | {"code": pyotp.TOTP(secret).now()}
    )
    codes = CODE.findall(shown.text)
    assert len(set(codes)) == 10
    return secret, codes


class Phone:
    """An authenticator app whose clock a test may move: a code counts once."""

    def __init__(self, secret: str) -> None:
        self._totp = pyotp.TOTP(secret)
        self._step = 0

    async def code(self, steps: int = 1, url: str = "") -> str:
        """A code that has not counted yet; the ledger forgets the last one instead of a wait."""
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("UPDATE totp SET last_step = last_step - $1", steps)
        finally:
            await connection.close()
        return self._totp.now()


async def sql(url: str, statement: str, *values: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(statement, *values))
    finally:
        await connection.close()


@pytest.fixture
async def enrolled(house: House, superuser_url: str) -> tuple[Phone, list[str]]:
    """An's account asks for codes; nobody is signed in."""
    async with house.browser() as client:
        await first_step(client)
        secret, codes = await enrols(client)
    await sql(superuser_url, "DELETE FROM web_session")
    return Phone(secret), codes


async def test_a_password_alone_opens_nothing_any_more(
    house: House, enrolled: tuple[Phone, list[str]], superuser_url: str
) -> None:
    phone, _ = enrolled
    async with house.browser() as client:
        answer = await first_step(client, next="/account/devices")
        assert (answer.status_code, answer.headers["location"]) == (303, "/login/second")
        assert "session" not in client.cookies
        for page in (SECURITY, "/account/devices", "/desk"):
            assert (await client.get(page)).status_code == 401
        wrong = await second_step(client, "000000")
        assert wrong.status_code == 401
        assert "Mã không đúng" in wrong.text
        answer = await second_step(client, await phone.code(url=superuser_url))
        assert answer.headers["location"] == "/account/devices"
        assert "mật khẩu và mã từ ứng dụng" in (await client.get("/account/devices")).text
        half = client.cookies.get("half")
        assert half is None
    rows = await sql(superuser_url, "SELECT secret, last_step FROM totp")
    assert len(rows) == 1


async def test_a_code_counts_once_however_many_try_it(
    house: House, enrolled: tuple[Phone, list[str]], superuser_url: str
) -> None:
    phone, _ = enrolled
    code = await phone.code(url=superuser_url)
    async with house.browser() as one, house.browser() as two, house.browser() as three:
        for client in (one, two, three):
            await first_step(client)
        answers = await asyncio.gather(*(second_step(client, code) for client in (one, two, three)))
        assert sorted(answer.status_code for answer in answers) == [303, 401, 401]


async def test_a_half_session_is_good_for_one_session_and_five_minutes(
    house: House, enrolled: tuple[Phone, list[str]], superuser_url: str
) -> None:
    phone, _ = enrolled
    async with house.browser() as client:
        await first_step(client)
        half = client.cookies["half"]
        valkey = Redis.from_url(house.settings.redis_url or "")
        keys = [key async for key in valkey.scan_iter("signin:half:*")]
        assert len(keys) == 1
        assert half.encode() not in keys[0]
        assert 0 < await valkey.ttl(keys[0]) <= 300
        await second_step(client, await phone.code(url=superuser_url))
        client.cookies.delete("session")
        client.cookies.set("half", half, domain="127.0.0.1")
        answer = await client.get("/login/second")
        assert answer.headers["location"] == "/login"
        await first_step(client)
        await valkey.delete(*[key async for key in valkey.scan_iter("signin:half:*")])
        await valkey.aclose()
        answer = await client.get("/login/second")
        assert answer.headers["location"] == "/login"


async def test_each_recovery_code_opens_once(
    house: House, enrolled: tuple[Phone, list[str]], superuser_url: str
) -> None:
    _, codes = enrolled
    kept = await sql(superuser_url, "SELECT code_hash FROM recovery_code")
    assert all(codes[0].encode() not in row["code_hash"] for row in kept)
    for typed, status in ((codes[0], 303), (codes[0], 401), (codes[1].lower(), 303)):
        async with house.browser() as client:
            await first_step(client)
            answer = await second_step(client, typed)
            assert answer.status_code == status
    async with house.browser() as client:
        await first_step(client)
        await second_step(client, codes[2].replace("-", " ").replace("0", "O"))
        assert "Còn 7 mã" in (await client.get(SECURITY)).text


async def test_codes_are_guessed_in_vain_and_a_recovery_code_still_opens(
    house: House,
    enrolled: tuple[Phone, list[str]],
    superuser_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    phone, codes = enrolled
    monkeypatch.setattr(throttle, "SECOND_DAY", 3)
    async with house.browser() as client:
        await first_step(client)
        for guess in ("000001", "000002", "000003"):
            assert (await second_step(client, guess)).status_code == 401
        answer = await second_step(client, await phone.code(url=superuser_url))
        assert answer.status_code == 429
        assert "quá nhiều mã" in answer.text
        monkeypatch.setattr(throttle, "SECOND_PAIR", 2)
        assert (await second_step(client, codes[0])).status_code == 429
        monkeypatch.setattr(throttle, "SECOND_PAIR", 99)
        assert (await second_step(client, codes[0])).status_code == 303


async def test_without_the_count_no_code_is_looked_at(
    house: House, enrolled: tuple[Phone, list[str]], superuser_url: str
) -> None:
    _, codes = enrolled
    valkey = Redis.from_url(house.settings.redis_url or "")
    async with house.browser() as client:
        await first_step(client)
        form = csrf_in(await client.get("/login/second")) | {"code": codes[0]}
        await valkey.client_pause(15_000, all=False)
        try:
            assert (await client.post("/login/second", data=form)).status_code == 503
        finally:
            await valkey.client_unpause()
            await valkey.aclose()
    assert await sql(superuser_url, "SELECT 1 FROM recovery_code WHERE used_at IS NOT NULL") == []


async def test_a_program_sends_its_code_along(
    house: House, enrolled: tuple[Phone, list[str]], superuser_url: str
) -> None:
    phone, _ = enrolled
    told = {"login": "an", "password": PASSWORD}
    async with house.browser() as client:
        for body, status, code in (
            (told, 401, "SECOND_STEP_NEEDED"),
            (told | {"code": "000000"}, 401, "WRONG_CODE"),
            (told | {"code": 7}, 401, "WRONG_CODE"),
            (told | {"code": None, "password": "no"}, 401, "WRONG_PASSWORD"),
            ({"login": "nobody", "password": PASSWORD, "code": "1"}, 401, "WRONG_PASSWORD"),
        ):
            answer = await client.post("/api/login", json=body)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert "session" not in client.cookies
        body = told | {"code": await phone.code(url=superuser_url)}
        assert (await client.post("/api/login", json=body)).status_code == 200


async def test_a_planted_session_is_worth_nothing(house: House) -> None:
    """Whoever signs in gets a new token; the one the browser brought ends."""
    async with house.signed_in("an") as thief:
        planted = thief.cookies["session"]
        async with house.browser() as victim:
            victim.cookies.set("session", planted, domain="127.0.0.1")
            form = csrf_in(await victim.get("/login"))
            fields = {"login": "officer", "password": PASSWORD, **form}
            answer = await victim.post("/login", data=fields)
            assert answer.status_code == 303
            assert victim.cookies["session"] != planted
        assert (await thief.get(SECURITY)).status_code == 401


async def test_over_https_cookies_are_the_hosts_own(settings: Settings) -> None:
    trusting = settings.model_copy(update={"trusted_proxies": ("127.0.0.1/32",)})
    async with running_house(trusting, lots=0) as house:
        await house.account("an", "bidder")
        async with house.browser(**{"X-Forwarded-Proto": "https"}) as client:
            page = await client.get("/login")
            (visit,) = page.headers.get_list("set-cookie")
            assert visit.startswith("__Host-visit=")
            value = visit.partition("=")[2].partition(";")[0]
            fields = {"login": "an", "password": PASSWORD} | csrf_in(page)
            # A neighbour could have planted a cookie without the prefix.
            client.headers["Cookie"] = f"visit={value}"
            assert (await client.post("/login", data=fields)).status_code == 403
            client.headers["Cookie"] = f"__Host-visit={value}"
            answer = await client.post("/login", data=fields)
            given = next(c for c in answer.headers.get_list("set-cookie") if "-session=" in c)
            assert given.startswith("__Host-session=")
            flags = {part.strip().lower() for part in given.split(";")[1:]}
            assert {"secure", "httponly", "path=/", "samesite=lax"} <= flags
            assert not any(flag.startswith("domain") for flag in flags)
            token = given.partition("=")[2].partition(";")[0]
            for name, status in (("session", 401), ("__Host-session", 200)):
                client.headers["Cookie"] = f"{name}={token}"
                assert (await client.get(SECURITY)).status_code == status


async def test_what_matters_asks_for_a_fresh_proof(house: House, superuser_url: str) -> None:
    async with house.signed_in("an") as client:
        assert (await client.get(f"{SECURITY}/password")).status_code == 200
        await sql(superuser_url, "UPDATE web_session SET proved_at = now() - interval '11 minutes'")
        form = {"csrf": client.headers["X-CSRF-Token"]}
        for path in ("totp/new", "codes", "passkeys/remove", "oidc", "oidc/remove"):
            answer = await client.post(f"{SECURITY}/{path}", data=form)
            assert answer.headers["location"] == "/login/again?next=%2Faccount%2Fsecurity", path
        answer = await client.post("/api/account/passkeys/options", json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "PROVE_FIRST")
        assert await sql(superuser_url, "SELECT 1 FROM totp") == []
        again = (await client.get(f"{SECURITY}/password")).headers["location"]
        wrong = await client.post("/login/again", data=form | {"password": "no", "next": "/"})
        assert wrong.status_code == 401
        assert (await client.get(SECURITY)).status_code == 200  # nobody is signed out by it
        assert (await client.get(again)).status_code == 200
        fields = form | {"password": PASSWORD, "next": f"{SECURITY}/password"}
        answer = await client.post("/login/again", data=fields)
        assert answer.headers["location"] == f"{SECURITY}/password"
        assert (await client.get(f"{SECURITY}/password")).status_code == 200
        answer = await client.post("/login/again", data=fields | {"next": "//evil.example"})
        assert answer.headers["location"] == "/"


async def test_a_proof_asks_for_the_second_step_as_signing_in_does(
    house: House, enrolled: tuple[Phone, list[str]], superuser_url: str
) -> None:
    _, codes = enrolled
    async with house.browser() as client, house.browser() as other:
        for browser, code in ((client, codes[0]), (other, codes[1])):
            await first_step(browser)
            await second_step(browser, code)
        await sql(superuser_url, "UPDATE web_session SET proved_at = now() - interval '1 hour'")
        answer = await posts(
            client, "/login/again", "/login/again", password=PASSWORD, next="/desk"
        )
        assert answer.headers["location"] == "/login/second"
        assert (await client.get(f"{SECURITY}/password")).status_code == 303
        # The half proof belongs to the session it was begun in.
        other.cookies.set("half", client.cookies["half"], domain="127.0.0.1")
        assert (await other.get("/login/second")).headers["location"] == "/login"
        token = client.cookies["session"]
        answer = await second_step(client, codes[2])
        assert answer.headers["location"] == "/desk"
        assert client.cookies["session"] == token
        assert (await client.get(f"{SECURITY}/password")).status_code == 200


async def test_a_new_password_ends_every_other_session(house: House, superuser_url: str) -> None:
    new = "một mật khẩu dài và lạ"
    async with house.signed_in("an") as client, house.signed_in("an") as elsewhere:
        given = (await elsewhere.post("/api/live-tickets")).json()["ticket"]
        form = {"csrf": client.headers["X-CSRF-Token"]}
        for password, again, words in (
            ("short", "short", "ít nhất 10"),
            ("matkhau1234", "matkhau1234", "Rất nhiều người"),
            (new, "another one here", "không giống nhau"),
        ):
            fields = form | {"password": password, "again": again}
            answer = await client.post(f"{SECURITY}/password", data=fields)
            assert answer.status_code == 400
            assert words in answer.text
        async with house.live(given) as live:
            await live.hear("welcome")
            fields = form | {"password": new, "again": new}
            answer = await client.post(f"{SECURITY}/password", data=fields)
            assert answer.headers["location"] == f"{SECURITY}?done=password"
            assert (await live.hear("bye"))["code"] == 3504
        assert (await elsewhere.get(SECURITY)).status_code == 401
        assert (await client.get(SECURITY)).status_code == 200
    async with house.browser() as client:
        assert (await first_step(client)).status_code == 401
        assert (await first_step(client, password=new)).status_code == 303


async def test_devices_are_listed_and_signed_out(house: House, superuser_url: str) -> None:
    phone = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko)"
             " Chrome/126.0.0.0 Mobile Safari/537.36"}  # fmt: skip
    async with (
        house.browser(**phone) as client,
        house.signed_in("an") as desk,
        house.signed_in("an") as third,
        house.signed_in("officer") as stranger,
    ):
        await first_step(client)
        page = await client.get("/account/devices?lang=en")
        assert "Chrome on Android" in page.text
        assert page.text.count("data-this") == 1
        ids = re.findall(r'name="id" value="([0-9a-f]{64})"', page.text)
        assert len(ids) == 2
        assert client.cookies["session"] not in page.text
        form = csrf_in(page)
        # Another's session is nobody's to end.
        token = {"csrf": stranger.headers["X-CSRF-Token"]}
        await stranger.post("/account/devices/end", data=token | {"id": ids[0]})
        assert len(await sql(superuser_url, "SELECT 1 FROM web_session")) == 4
        answer = await client.post("/account/devices/end", data=form | {"id": ids[0]})
        assert answer.headers["location"] == "/account/devices?done=one"
        states = sorted([(await who.get(SECURITY)).status_code for who in (desk, third)])
        assert states == [200, 401]
        answer = await client.post("/account/devices/others", data=form)
        assert answer.headers["location"] == "/account/devices?done=others"
        states = [(await who.get(SECURITY)).status_code for who in (desk, third, stranger, client)]
        assert states == [401, 401, 200, 200]
        assert (
            await client.post("/account/devices/end", data=form | {"id": "x"})
        ).status_code == 400


async def test_that_somebody_was_seen_is_written_once_a_minute(
    house: House, superuser_url: str
) -> None:
    read = "SELECT last_seen FROM web_session"
    async with house.signed_in("an") as client:
        before = await sql(superuser_url, read)
        await client.get("/")
        assert await sql(superuser_url, read) == before
        await sql(superuser_url, "UPDATE web_session SET last_seen = now() - interval '2 minutes'")
        await asyncio.gather(*(client.get("/") for _ in range(4)))
        after = await sql(superuser_url, read)
        assert after[0]["last_seen"] > before[0]["last_seen"]


async def test_switching_codes_off_takes_the_recovery_codes_along(
    house: House, enrolled: tuple[Phone, list[str]], superuser_url: str
) -> None:
    _, codes = enrolled
    async with house.browser() as client:
        await first_step(client)
        await second_step(client, codes[0])
        shown = await posts(client, SECURITY, f"{SECURITY}/codes")
        fresh = CODE.findall(shown.text)
        assert len(fresh) == 10
        assert not set(fresh) & set(codes)
        answer = await posts(client, SECURITY, f"{SECURITY}/totp/remove")
        assert answer.headers["location"] == f"{SECURITY}?done=totp_off"
        assert (await sql(superuser_url, "SELECT count(*) FROM recovery_code"))[0][0] == 0
    async with house.browser() as client:
        assert (await first_step(client)).headers["location"] == "/"


async def test_an_enrolment_needs_a_right_code_and_is_begun_anew_after_a_while(
    house: House, superuser_url: str
) -> None:
    async with house.signed_in("an") as client:
        assert (await client.get(f"{SECURITY}/totp")).headers["location"] == SECURITY
        form = {"csrf": client.headers["X-CSRF-Token"]}
        await client.post(f"{SECURITY}/totp/new", data=form)
        for code in ("", "000000", "x" * 500, "１２３４５６"):
            answer = await client.post(f"{SECURITY}/totp", data=form | {"code": code})
            assert answer.status_code == 400
        stored = (await sql(superuser_url, "SELECT secret FROM totp"))[0]["secret"]
        page = await client.get(f"{SECURITY}/totp")
        found = SECRET.search(page.text)
        assert found is not None
        assert found[1].replace(" ", "").encode() not in stored
        await sql(superuser_url, "UPDATE totp SET begun_at = now() - interval '16 minutes'")
        assert (await client.get(f"{SECURITY}/totp")).headers["location"] == SECURITY
    async with house.browser() as other:  # nothing was confirmed: one step is enough
        assert (await first_step(other)).headers["location"] == "/"


def test_a_step_early_and_late_is_taken_and_no_more() -> None:
    secret, now_ms = pyotp.random_base32(), 1_800_000_000_000
    codes = [pyotp.TOTP(secret).at(now_ms // 1000 + 30 * n) for n in range(-2, 3)]
    steps = [totp.step_of(secret, f" {code[:3]} {code[3:]} ", now_ms) for code in codes]
    now = now_ms // totp.STEP_MS
    expected = [None, now - 1, now, now + 1, None]
    # By chance two steps may have one code.
    assert [a for a, b, c in zip(steps, expected, codes, strict=True) if codes.count(c) == 1] == [
        b for b, c in zip(expected, codes, strict=True) if codes.count(c) == 1
    ]
