"""Accounts from the first visit to erasure, by page and by program, with real mail."""

from __future__ import annotations

import asyncio
import io
import json
import re
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from house import CSRF, House, running_house
from post.mailserver import MailServer, html_of, mail_server, text_of

from auction_engine.identity.consents import VERSION
from auction_engine.identity.demo_logins import DEMO_LOGINS
from auction_engine.settings import Settings

FORM = {
    "kind": "PERSON",
    "name": "Nguyễn Văn Ánh",
    "email": "anh@example.com",
    "identity": "079 200 012 345",
    "phone": "0901 234 567",
    "password": "mưa rơi trên mái tôn",
    "terms": "yes",
}


@dataclass
class World:
    house: House
    mail: MailServer

    async def letter(self, to: str, count: int = 1) -> EmailMessage:
        """The `count`-th letter to an address."""
        await until(lambda: len(self.mail.to(to)) >= count)
        return self.mail.to(to)[count - 1]

    async def link(self, to: str, count: int = 1) -> str:
        """Where the link in it leads on this installation."""
        text = text_of(await self.letter(to, count))
        found = re.search(rf"^{re.escape(self.house.base)}(/\S+)$", text, re.MULTILINE)
        assert found, text
        return found[1]

    async def registered(self, client: httpx.AsyncClient, **changes: str) -> None:
        """Register and confirm."""
        before = len(self.mail.to(changes.get("email", FORM["email"])))
        await post(client, "/register", FORM | changes)
        link = await self.link(changes.get("email", FORM["email"]), before + 1)
        answer = await post(client, link, {"password": (FORM | changes)["password"]})
        assert answer.status_code == 200, answer.text

    async def signed_in(self, client: httpx.AsyncClient, **changes: str) -> None:
        await self.registered(client, **changes)
        who = FORM | changes
        answer = await post(client, "/login", {"login": who["email"], "password": who["password"]})
        assert answer.status_code == 303, answer.text

    async def quiet(self) -> None:
        """Wait until every letter that was put has left."""
        from sqlalchemy import text

        async with asyncio.timeout(20):
            while True:
                async with self.house.engine.connect() as connection:
                    waiting = await connection.execute(
                        text("SELECT count(*) FROM letter WHERE state = 'QUEUED'")
                    )
                    if waiting.scalar_one() == 0:
                        return
                await asyncio.sleep(0.05)


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


@pytest.fixture
async def world(settings: Settings, mail: MailServer) -> AsyncIterator[World]:
    told = settings.model_copy(update={"smtp_url": mail.url})
    async with running_house(told) as house:
        yield World(house, mail)


async def until(true: Callable[[], bool]) -> None:
    for _ in range(400):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come")


async def post(
    client: httpx.AsyncClient, path: str, fields: dict[str, str], page: str | None = None
) -> httpx.Response:
    """Send a page's form, as a browser that has just opened the page."""
    drawn = await client.get(page or path)
    token = CSRF.search(drawn.text)
    if token is None:
        token = CSRF.search((await client.get("/login")).text)
    assert token is not None, drawn.text
    return await client.post(path, data=fields | {"csrf": token[1]})


# --- registration ---------------------------------------------------------------------------


async def test_from_the_first_visit_to_the_account(world: World) -> None:
    async with world.house.browser() as client:
        asked = await post(client, "/register", FORM)
        assert asked.status_code == 200
        assert "anh@example.com" in asked.text
        early = {"login": FORM["email"], "password": FORM["password"]}
        assert (await post(client, "/login", early)).status_code == 401
        link = await world.link("anh@example.com")
        # Programs that look into letters open links; only the button counts, and only once.
        for _ in range(2):
            assert (await client.get(link)).status_code == 200
        assert (await post(client, link, {"password": FORM["password"]})).status_code == 200
        assert (await post(client, link, {"password": FORM["password"]})).status_code == 410
        # Signed in by the address, however it is typed.
        typed = {"login": " Anh@Example.COM ", "password": FORM["password"]}
        assert (await post(client, "/login", typed)).status_code == 303
        page = (await client.get("/account")).text
        assert "Nguyễn Văn Ánh" in page
        assert "079200012345" not in page
        assert "a•••@example.com" in page
        assert 'href="/account?show=all"' in page
        assert "079200012345" in (await client.get("/account?show=all")).text
        assert "N. V. Á." in (await client.get("/")).text
    assert (await world.letter("anh@example.com", 2))["Subject"]  # a welcome
    assert len(world.mail.to("anh@example.com")) == 2


async def test_a_program_registers_in_english(world: World) -> None:
    async with world.house.browser(**{"Accept-Language": "en"}) as client:
        body = {name: FORM[name] for name in FORM if name != "terms"} | {"terms": VERSION}
        answer = await client.post("/api/register", json=body | {"terms": "2001-01"})
        assert (answer.status_code, answer.json()["code"]) == (400, "BAD_FIELDS")
        answer = await client.post("/api/register", json=body)
        assert (answer.status_code, answer.json()) == (202, {"t": "letter"})
        message = await world.letter("anh@example.com")
        # Whoever asks could have written anything there, to anybody.
        assert "Nguyễn Văn Ánh" not in text_of(message)
        token = (await world.link("anh@example.com")).rpartition("/")[2]
        secret = {"token": token, "password": FORM["password"]}
        other = await client.post("/api/confirm", json=secret | {"password": "another password"})
        assert (other.status_code, other.json()["code"]) == (401, "WRONG_PASSWORD")
        confirmed = await client.post("/api/confirm", json=secret)
        assert confirmed.json() == {"t": "confirmed"}
        again = await client.post("/api/confirm", json=secret)
        assert (again.status_code, again.json()["code"]) == (410, "STALE_LINK")
        login = {"login": FORM["email"], "password": FORM["password"]}
        client.headers["X-CSRF-Token"] = (await client.post("/api/login", json=login)).json()[
            "csrf"
        ]
        own = (await client.get("/api/account")).json()
    assert own["person"]["identity"] == "079200012345"
    assert own["person"]["phone"] == "0901234567"
    assert own["email_confirmed"] is True
    assert own["identity_proved"] is False


def plain(answer: httpx.Response, address: str) -> str:
    """A page without what differs between two visits."""
    text = answer.text.replace(address, "ADDRESS")
    text = re.sub(r'name="csrf" value="[^"]+"', "", text)
    return re.sub(r"<time.*?</time>", "", text, flags=re.DOTALL)


async def test_who_has_an_account_is_told_to_its_holder_alone(world: World) -> None:
    """Same status, same page, for a new address and for one that has an account; and nobody but
    the holder gets a letter. (That both take the same statements: identity/test_registering.)"""
    async with world.house.browser() as holder:
        await world.registered(holder)
    await world.quiet()
    cases = {
        "new": ("moi@example.com", "079200099999"),
        "address": ("ANH@example.com", "079200088888"),
        "identity": ("khac@example.com", "079200012345"),
        "both": ("anh@example.com", "079.200.012.345"),
    }
    pages = {}
    for name, (email, identity) in cases.items():
        async with world.house.browser() as stranger:
            fields = FORM | {"email": email, "identity": identity, "name": "Lê Thị Bình"}
            answer = await post(stranger, "/register", fields)
            pages[name] = (answer.status_code, plain(answer, email))
            assert email in answer.text
            body = {key: fields[key] for key in fields if key != "terms"} | {"terms": VERSION}
            api = await stranger.post("/api/register", json=body)
            assert (api.status_code, api.json()) == (202, {"t": "letter"})
    assert len(set(pages.values())) == 1
    await world.quiet()
    addressees = [to for to, _ in world.mail.letters]
    # The new address twice (page and API), and one word to the holder, once a day.
    assert addressees.count("moi@example.com") == 2
    assert addressees.count("khac@example.com") == 0
    assert len(world.mail.to("anh@example.com")) == 3
    told = world.mail.to("anh@example.com")[2]
    assert "/recover" in text_of(told)
    # What the stranger typed is in no letter to somebody else.
    assert "Lê Thị Bình" not in text_of(told)


async def test_of_two_links_for_one_number_the_first_opened_wins(world: World) -> None:
    async with world.house.browser() as client:
        for email in ("mot@example.com", "hai@example.com"):
            await post(client, "/register", FORM | {"email": email})
        first, second = await world.link("mot@example.com"), await world.link("hai@example.com")
        statuses = {
            (await post(client, link, {"password": FORM["password"]})).status_code
            for link in (first, second)
        }
    assert statuses == {200, 410}
    await world.quiet()
    assert len(world.mail.to("hai@example.com")) == 1
    assert len(world.mail.to("mot@example.com")) == 3  # link, welcome, "somebody tried"


async def test_everything_wrong_is_said_at_once_and_what_was_typed_stays(world: World) -> None:
    wrong = FORM | {"email": "anh@", "identity": "12", "phone": "x", "password": "short"}
    async with world.house.browser(**{"Accept-Language": "en"}) as client:
        del wrong["terms"]
        answer = await post(client, "/register", wrong)
        assert answer.status_code == 400
        for name in ("identity", "email", "phone", "password", "terms"):
            assert f'href="#{name}"' in answer.text
        assert 'value="anh@"' in answer.text
        assert "short" not in re.findall(r'value="([^"]*)"', answer.text)
        company = FORM | {"kind": "COMPANY", "identity": "0300588568"}
        assert "check digit" in (await post(client, "/register", company)).text
    assert world.mail.letters == []


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "anh@example.com\r\nBcc: all@example.com"},
        {"name": "An\nBcc: x"},
        {"name": "x" * 500},
        {"name": "\0"},
        {"identity": "0" * 300},
    ],
)
async def test_nothing_typed_gets_into_a_header(world: World, changes: dict[str, str]) -> None:
    async with world.house.browser() as client:
        answer = await post(client, "/register", FORM | changes)
        assert answer.status_code in (200, 400)
    await world.quiet()
    for _, message in world.mail.letters:
        assert message["Bcc"] is None
        assert len(message["To"].addresses) == 1


async def test_names_are_written_as_text_in_letters(world: World) -> None:
    async with world.house.browser() as client:
        await world.registered(client, name="<b>An</b> & {link}")
    message = await world.letter("anh@example.com", 2)  # the welcome, after the confirmation
    assert "&lt;b&gt;An&lt;/b&gt; &amp; {link}" in html_of(message)
    assert "<b>An</b> & {link}" in text_of(message)


async def test_asking_too_often_is_refused_for_known_and_unknown_alike(world: World) -> None:
    async with world.house.browser() as client:
        answers = [
            (await client.post("/api/recover", json={"email": "x@example.com"})).status_code
            for _ in range(6)
        ]
        assert answers == [202] * 5 + [429]
        page = await post(client, "/recover", {"email": "x@example.com"})
        assert page.status_code == 429
        other = await client.post("/api/recover", json={"email": "y@example.com"})
        assert other.status_code == 202


async def test_without_a_count_nothing_is_sent(
    settings: Settings, mail: MailServer, servers: Any
) -> None:
    """The log does not answer: refused, not let through."""
    import redis

    told = settings.model_copy(update={"smtp_url": mail.url})
    async with running_house(told, lots=0) as house, house.browser() as client:
        with redis.Redis.from_url(settings.redis_url or "") as admin:
            admin.execute_command("CLIENT", "PAUSE", "9000", "ALL")
            try:
                calls = [
                    client.post("/api/recover", json={"email": "x@example.com"}),
                    client.post("/api/confirm", json={"token": "x" * 43, "password": "x" * 12}),
                ]
                for answer in await asyncio.gather(*calls):
                    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
            finally:
                admin.execute_command("CLIENT", "UNPAUSE")


# --- recovery -------------------------------------------------------------------------------


async def test_a_new_password_ends_every_session_and_live_connection(world: World) -> None:
    house = world.house
    async with house.browser() as old, house.browser() as lost:
        await world.signed_in(old)
        csrf = CSRF.search((await old.get("/")).text)
        assert csrf is not None
        ticket = await old.post("/api/live-tickets", headers={"X-CSRF-Token": csrf[1]})
        async with house.live(ticket.json()["ticket"]) as live:
            await live.hear("welcome")
            asked = await post(lost, "/recover", {"email": "anh@example.com"})
            assert asked.status_code == 200
            link = await world.link("anh@example.com", 3)
            new = "trà sen buổi sớm"
            done = await post(lost, link, {"password": new})
            assert done.status_code == 200, done.text
            await asyncio.wait_for(live.socket.wait_closed(), 10)
        assert (await old.get("/account")).status_code == 401
        assert (await post(lost, link, {"password": new}, "/login")).status_code == 410
        before = {"login": FORM["email"], "password": FORM["password"]}
        assert (await post(lost, "/login", before)).status_code == 401
        after = before | {"password": new}
        assert (await post(lost, "/login", after)).status_code == 303
    told = await world.letter("anh@example.com", 4)
    assert "mật khẩu" in str(told["Subject"]).lower()


async def test_only_the_newest_link_is_good_and_bad_passwords_do_not_use_it_up(
    world: World,
) -> None:
    async with world.house.browser() as client:
        await world.registered(client)
        for count in (3, 4):
            await post(client, "/recover", {"email": "anh@example.com"})
            await world.letter("anh@example.com", count)
        old, new = await world.link(FORM["email"], 3), await world.link(FORM["email"], 4)
        assert (await client.get(old)).status_code == 410
        for bad in ("short", "1234567890", "matkhau123456"):
            assert (await post(client, new, {"password": bad})).status_code == 400
        assert (await post(client, new, {"password": "trà sen buổi sớm"})).status_code == 200


async def test_recovery_tells_nobody_whether_an_address_is_known(world: World) -> None:
    async with world.house.browser() as client:
        await world.registered(client)
    await world.quiet()
    pages = set()
    for email in ("anh@example.com", "nobody@example.com"):
        async with world.house.browser() as client:
            answer = await post(client, "/recover", {"email": email})
            pages.add((answer.status_code, plain(answer, email)))
            api = await client.post("/api/recover", json={"email": email})
            assert (api.status_code, api.json()) == (202, {"t": "letter"})
    assert len(pages) == 1
    await world.quiet()
    assert world.mail.to("nobody@example.com") == []


# --- the own data ---------------------------------------------------------------------------


async def test_details_are_changed_and_wrong_ones_are_not(world: World) -> None:
    async with world.house.browser() as client:
        await world.signed_in(client)
        fields = {
            "phone": "+84 90 000 0000",
            "born_on": "31/12/1990",
            "address": "12 Nguyễn Huệ,  Quận 1",
            "bank": "Vietcombank",
            "bank_account": "0071 0001 2345",
            "bank_holder": "NGUYEN VAN ANH",
            "lang": "en",
        }
        assert (await post(client, "/account/edit", fields)).status_code == 303
        own = (await client.get("/api/account")).json()
        assert own["lang"] == "en"
        person = own["person"]
        assert person["address"] == "12 Nguyễn Huệ, Quận 1"
        assert person["bank_account"] == "007100012345"
        assert person["born_on"] == "1990-12-31"
        assert person["identity"] == "079200012345"
        for name, value in (("born_on", "31/02/1990"), ("born_on", "2020-01-01"), ("phone", "x")):
            answer = await post(client, "/account/edit", fields | {name: value})
            assert answer.status_code == 400
            assert f'id="{name}-wrong"' in answer.text
        # Name, number and address have ways of their own.
        csrf = CSRF.search((await client.get("/account/edit")).text)
        assert csrf is not None
        client.headers["X-CSRF-Token"] = csrf[1]
        for name in ("name", "identity", "email", "kind"):
            refused = await client.post("/api/account", json={name: "x"})
            assert refused.status_code == 400
        changed = await client.post("/api/account", json={"phone": ""})
        assert changed.json() == {"t": "changed"}
        assert (await client.get("/api/account")).json()["person"]["phone"] is None


async def test_another_address_counts_once_confirmed_and_the_old_one_hears(world: World) -> None:
    async with world.house.browser() as client:
        await world.signed_in(client)
        same = await post(client, "/account/email", {"email": "ANH@example.com"})
        assert same.status_code == 400
        asked = await post(client, "/account/email", {"email": "moi@example.com"})
        assert asked.status_code == 200
        link = await world.link("moi@example.com")
        await world.quiet()
        old = len(world.mail.to("anh@example.com"))
        assert (await post(client, link, {"password": FORM["password"]})).status_code == 200
        await world.letter("anh@example.com", old + 1)
        assert (await post(client, link, {"password": FORM["password"]})).status_code == 410
        async with world.house.browser() as again:
            login = {"login": "moi@example.com", "password": FORM["password"]}
            assert (await post(again, "/login", login)).status_code == 303
            before = login | {"login": "anh@example.com"}
        async with world.house.browser() as again:
            assert (await post(again, "/login", before)).status_code == 401


async def test_a_new_password_ends_the_links_asked_for_before(world: World) -> None:
    """Whoever was in the account meanwhile does not get it by an address of his own."""
    async with world.house.browser() as client:
        await world.signed_in(client)
        await post(client, "/account/email", {"email": "thief@example.com"})
        link = await world.link("thief@example.com")
        new = {"password": "một câu khác hẳn", "again": "một câu khác hẳn"}
        assert (await post(client, "/account/security/password", new)).status_code == 303
        assert (await post(client, link, {"password": FORM["password"]})).status_code == 410


async def test_an_address_that_is_somebodys_is_not_given_away(world: World) -> None:
    async with world.house.browser() as holder:
        await world.registered(holder)
    async with world.house.browser() as client:
        await world.signed_in(client, email="binh@example.com", identity="079200054321")
        await world.quiet()
        holders = len(world.mail.to("anh@example.com"))
        taken = await post(client, "/account/email", {"email": "anh@example.com"})
        free = await post(client, "/account/email", {"email": "free@example.com"})
        assert plain(taken, "anh@example.com") == plain(free, "free@example.com")
        await world.quiet()
        told = world.mail.to("anh@example.com")[holders:]
        assert len(told) == 1
        assert "/confirm/email" not in text_of(told[0])


async def test_everything_is_taken_away(world: World) -> None:
    async with world.house.browser() as client:
        await world.signed_in(client)
        answer = await client.get("/account/data/export")
        assert answer.headers["content-type"] == "application/json"
        assert "attachment" in answer.headers["content-disposition"]
        value = json.loads(answer.content)
        api = (await client.get("/api/account/export")).json()
    assert value["tables"]["person"][0]["data"]["name"] == "Nguyễn Văn Ánh"
    assert value["tables"]["person"][0]["email"] == "anh@example.com"
    assert {row["document"] for row in value["tables"]["consent"]} == {"terms", "privacy"}
    assert api["tables"].keys() == value["tables"].keys()
    assert "password_hash" not in json.dumps(value)
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(answer.content))


async def test_an_erased_account_is_gone_for_its_owner(world: World) -> None:
    async with world.house.browser() as client:
        await world.signed_in(client)
        assert (await client.get("/account/data/erase")).status_code == 200
        unsure = await post(client, "/account/data/erase", {})
        assert unsure.status_code == 400
        erased = await post(client, "/account/data/erase", {"sure": "yes"})
        assert erased.status_code == 200
        assert (await client.get("/account")).status_code == 401
        login = {"login": FORM["email"], "password": FORM["password"]}
        assert (await post(client, "/login", login)).status_code == 401
        await world.quiet()
        letters = len(world.mail.to("anh@example.com"))
        await post(client, "/recover", {"email": "anh@example.com"})
        await world.quiet()
        assert len(world.mail.to("anh@example.com")) == letters
        # Number and address are free again for the same person.
        await world.registered(client)


async def test_colleagues_have_no_data_here_and_are_not_erased_by_themselves(world: World) -> None:
    house = world.house
    await house.account("auctioneer", "organisation")
    async with house.signed_in("auctioneer") as client:
        own = (await client.get("/api/account")).json()
        assert own["person"] is None
        assert (await client.get("/account")).status_code == 200
        assert (await client.get("/account/edit")).status_code == 404
        assert (await client.get("/account/data/erase")).status_code == 403
        answer = await client.post("/api/account/erasure", json={"sure": True})
        assert answer.status_code == 403


# --- the demonstration ----------------------------------------------------------------------


async def test_the_demonstrations_mailbox(settings: Settings) -> None:
    told = settings.model_copy(update={"demo": True})
    async with running_house(told, lots=0) as house, house.browser() as client:
        asked = await post(client, "/register", FORM)
        where = re.search(r'href="(/demo/mail\?[^"]+)"', asked.text)
        assert where is not None
        box = await client.get(where[1].replace("&amp;", "&"))
        link = re.search(r'href="(/confirm/[^"]+)"', box.text)
        assert link is not None
        assert "password" in (await client.get(link[1])).text
        stranger = await post(client, link[1], {"password": "not the chosen one"})
        assert stranger.status_code == 401
        assert (await post(client, link[1], {"password": FORM["password"]})).status_code == 200
        login = {"login": FORM["email"], "password": FORM["password"]}
        assert (await post(client, "/login", login)).status_code == 303
        # Somebody else's mailbox is another address.
        other = await client.get("/demo/mail?to=other@example.com")
        assert "/confirm/" not in other.text
        assert (await client.get("/demo/mail?to=x")).status_code == 400


async def test_there_is_no_mailbox_elsewhere(world: World) -> None:
    async with world.house.browser() as client:
        assert (await client.get("/demo/mail")).status_code == 404


async def test_the_demonstrations_accounts_are_not_erased(settings: Settings) -> None:
    from auction_engine.identity import accounts
    from auction_engine.identity.passwords import Passwords

    entry = next(one for one in DEMO_LOGINS if one.role == "bidder")
    told = settings.model_copy(update={"demo": True})
    async with running_house(told, lots=0) as house, house.browser() as client:
        hashed = await Passwords().hash(entry.password)
        await accounts.create(house.engine, entry.login, "An", "bidder", hashed)
        login = {"login": entry.login, "password": entry.password}
        assert (await post(client, "/login", login)).status_code == 303
        answer = await post(
            client, "/account/data/erase", {"sure": "yes"}, page="/account/data/erase"
        )
        assert answer.status_code == 403
        assert (await client.get("/account")).status_code == 200


async def test_a_letter_that_was_kept_is_not_sent_when_a_server_comes(
    settings: Settings, mail: MailServer
) -> None:
    async with running_house(settings.model_copy(update={"demo": True}), lots=0) as house:
        world = World(house, mail)
        async with house.browser() as client:
            await post(client, "/register", FORM)
        await world.quiet()
    with_server = settings.model_copy(update={"demo": True, "smtp_url": mail.url})
    async with running_house(with_server, lots=0) as house:
        world = World(house, mail)
        async with house.browser() as client:
            await post(client, "/register", FORM | {"email": "b@example.com"})
        await world.letter("b@example.com")
    assert mail.to("anh@example.com") == []
