"""The whole way of two people through one sale: the program, its mail, its provider, its bank."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import papers
from playwright.async_api import Browser, Page, expect
from post.mailserver import MailServer, mail_server, text_of
from provider import OidcServer

from auction_engine.clients.bank import Bank, Customer
from auction_engine.desk import listing
from auction_engine.http.presenting import WEB, load_texts, translate
from auction_engine.story import plot
from browser.instance import PASSWORD, Instance, description, free_port, running
from browser.visitors import Visitors

TITLE = {"vi": "Căn hộ Hoa Phượng, tầng bảy", "en": "Hoa Phuong flat, seventh floor"}
# What it takes to get ready on a slow machine, and then how long people may bid.
READY_S, GAP_S, OPEN_S = 150, 6, 60
_WAIT_S = 90
_LINK = re.compile(r"http://\S+/confirm/[^\s\"<]+")


def today() -> date:
    return datetime.now(UTC).astimezone(ZoneInfo("Asia/Ho_Chi_Minh")).date()


@dataclass
class Person:
    """Somebody on the way: a browser with one tab, its language, and what has been learned."""

    page: Page
    lang: str
    name: str
    account_at_bank: str
    mail: str
    identity: str
    reference: str = ""
    account: int = 0
    texts: dict[str, Any] = field(default_factory=dict)

    def t(self, key: str, **values: Any) -> str:
        """What the page says in this person's language."""
        return translate(self.texts, key, values)

    @property
    def customer(self) -> Customer:
        return Customer(self.name, self.account_at_bank)


@dataclass
class World:
    """The running program and everything around it."""

    instance: Instance
    visitors: Visitors
    mail: MailServer
    provider: OidcServer
    lot: int
    bank: Bank
    first: str
    second: str
    auctioneer: int
    known: list[int] = field(default_factory=list)  # accounts that have handed in a dossier

    async def person(self, lang: str, name: str, mail: str, identity: str, **view: Any) -> Person:
        visitor = await self.visitors.come(locale=f"{lang}-VN", **view)
        texts: dict[str, Any] = load_texts(WEB, lang)
        number = f"00{len(name):02d}{identity[-6:]}"
        person = Person(visitor.page, lang, name, number, mail, identity, texts=texts)
        await person.page.goto(f"/?lang={lang}")
        return person

    async def ask(self, query: str, *arguments: Any) -> Any:
        """The first value that a query gives, as soon as it gives one that is true."""
        connection = await asyncpg.connect(self.instance.settings.database_url)
        try:
            async with asyncio.timeout(_WAIT_S):
                while not (found := await connection.fetchval(query, *arguments)):  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
                return found
        finally:
            await connection.close()

    async def reaches(self, *statuses: str, timeout_s: float = READY_S + OPEN_S) -> None:
        async with asyncio.timeout(timeout_s):
            query = "SELECT status = ANY($2::text[]) FROM lot_head WHERE lot_id = $1"
            await self._until(query, self.lot, list(statuses))

    async def _until(self, query: str, *arguments: Any) -> None:
        connection = await asyncpg.connect(self.instance.settings.database_url)
        try:
            while not await connection.fetchval(query, *arguments):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        finally:
            await connection.close()

    async def staff(self, login: str, path: str) -> Page:
        visitor = await self.visitors.come(login)
        await visitor.page.goto(path)
        return visitor.page

    async def brings_statement(self) -> None:
        """The accountant uploads what the bank tells of."""
        page = await self.staff(self.first, "/desk/money/incoming")
        name, body = self.bank.statement("camt.053")
        await page.set_input_files(
            "#file", {"name": name, "mimeType": "application/xml", "buffer": body}
        )
        await page.get_by_role("button", name="Nhập sao kê").click()
        await expect(page.get_by_role("status").first).to_contain_text("Đã nhập xong")
        await page.context.close()


@contextlib.asynccontextmanager
async def world_of(home: Path, chromium: Browser) -> AsyncIterator[World]:
    """Everything running, and one lot whose registration is open."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    provider = OidcServer(free_port(), (f"{base}/login/oidc/back",))
    await provider.start()
    oidc = provider.settings()
    try:
        with mail_server() as mail:
            async with running(
                home, port, SMTP_URL=mail.url, PUBLIC_URL=base, OIDC__ISSUER=oidc.issuer,
                OIDC__CLIENT_ID=oidc.client_id, OIDC__CLIENT_SECRET=oidc.client_secret,
            ) as instance:  # fmt: skip
                visitors = Visitors(chromium, instance.base)
                # The provider's own page asks for letters from elsewhere, and has no icon.
                visitors.expect_complaint(r"status of 404|ERR_NAME_NOT_RESOLVED")
                world = await _world(instance, visitors, mail, provider)
                yield world
                await visitors.close()
                said = (home / "serve").read_text()[-4_000:]
                assert visitors.complaints == [], f"{visitors.complaints}\n{said}"
    finally:
        await provider.stop()


async def _world(
    instance: Instance, visitors: Visitors, mail: MailServer, provider: OidcServer
) -> World:
    session = await listing.create_session(
        instance.engine, plot.TITLE, plot.ORGANISATION, plot.AGENCY
    )
    content = description(7) | {"title": TITLE, "deposit_minor": plot.DEPOSIT}
    ((lot, shard),) = await listing.create_lots(
        instance.engine, session, [content], instance.settings.shards
    )
    first, second = [await instance.person("organisation", of=plot.ORGANISATION) for _ in range(2)]
    auctioneer = await instance.account_id(first)
    bank = Bank(plot.ESCROW, series=f"W{lot}")
    now = int(time.time() * 1000)
    closes, starts = now + READY_S * 1000, now + (READY_S + GAP_S) * 1000
    params = plot.params(starts, (now - 1000, closes), starts + OPEN_S * 1000)
    await listing.put_up(instance.log, shard, lot, params)
    world = World(instance, visitors, mail, provider, lot, bank, first, second, auctioneer)
    await world.reaches("REGISTRATION_OPEN")
    return world


# --- the steps of a person ---------------------------------------------------------------------


async def registers_by_mail(world: World, person: Person) -> None:
    """An account, confirmed by the link in a real letter, and the first sign-in."""
    page = person.page
    await page.goto("/register")
    await page.get_by_label(person.t("people.field.name")).fill(person.name)
    await page.get_by_label(person.t("people.field.identity")).fill(person.identity)
    await page.get_by_label(person.t("people.field.email")).fill(person.mail)
    await page.get_by_label(person.t("people.field.password")).fill(PASSWORD)
    await page.locator("#terms").check()
    await page.get_by_role("button", name=person.t("people.register.submit")).click()
    await expect(page.get_by_role("status")).to_be_visible()
    async with asyncio.timeout(_WAIT_S):
        while not (letters := world.mail.to(person.mail)):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    link = _LINK.search(text_of(letters[0]))
    assert link is not None, text_of(letters[0])
    await page.goto(link[0])
    await page.get_by_label(person.t("people.field.password")).fill(PASSWORD)
    await page.get_by_role("button", name=person.t("people.confirm.submit")).click()
    await page.goto("/login")
    await page.locator("#login").fill(person.mail)
    await page.locator("#password").fill(PASSWORD)
    await page.get_by_role("button", name=person.t("login.submit"), exact=True).click()
    await page.wait_for_url(re.compile(r"/(?!login)[^/]*$"))


async def signs_in_with_the_provider(world: World, person: Person) -> None:
    """The state's identification: an account is made of what it vouches for."""
    page = person.page
    await page.goto("/login")
    name = person.t("signin.oidc.use", provider=world.provider.settings().name)
    await page.get_by_role("link", name=name).click()
    await page.locator("input[name=login]").fill("lan")
    await page.locator("input[name=password]").fill("any")
    await page.get_by_role("button").first.click()
    await page.get_by_role("button", name="Continue").click()
    await page.wait_for_url(f"{world.instance.base}/**")
    await expect(page.locator("form[action='/logout']")).to_have_count(1)


async def finds_the_lot(world: World, person: Person) -> None:
    """By its name, typed without its marks."""
    page = person.page
    await page.goto("/lots")
    async with asyncio.timeout(_WAIT_S):
        while True:
            await page.locator("#q").fill("can ho hoa phuong")
            await page.locator("#q").press("Enter")
            await page.wait_for_url("**q=can*")
            link = page.locator(f"main a[href='/lots/{world.lot}']").first
            if await link.count():
                break
            await asyncio.sleep(0.5)
            await page.goto("/lots")
    await link.click()
    await page.wait_for_url(f"**/lots/{world.lot}")
    await page.locator(f"a[href='/lots/{world.lot}/way']").first.click()
    await expect(page.get_by_role("heading", level=1)).to_be_visible()


async def hands_in_a_dossier(world: World, person: Person) -> None:
    """A PDF, a name, a number, the declarations; then it is in the lot's record."""
    page = person.page
    await page.locator(f"a[href='/lots/{world.lot}/dossier']").first.click()
    await page.locator("#kind").select_option("IDENTITY")
    await page.set_input_files(
        "#file", {"name": "cccd.pdf", "mimeType": "application/pdf", "buffer": papers.pdf()}
    )
    await page.get_by_role("button", name=person.t("way.upload")).click()
    await expect(page.locator(".papers-list")).to_contain_text("cccd.pdf")
    await page.locator("#name").fill(person.name)
    await page.locator("#id_number").fill(person.identity)
    for box in await page.locator("input[name^='declare.']:visible").all():
        await box.check()
    await page.get_by_role("button", name=person.t("way.send"), exact=True).click()
    await expect(page.get_by_text(person.t("way.done.sent"))).to_be_visible()
    person.account = await world.ask(
        "SELECT account_id FROM dossier WHERE lot_id = $1 AND recorded = 'REGISTERED'"
        " AND account_id <> ALL($2::bigint[])",
        world.lot,
        world.known,
    )
    world.known.append(person.account)


async def reads_what_to_pay(world: World, person: Person) -> None:
    """The reference, as the person copies it into the bank's app."""
    await world.ask(
        "SELECT 1 FROM payment_request WHERE lot_id = $1 AND payer = $2", world.lot, person.account
    )
    await person.page.goto(f"/lots/{world.lot}/deposit")
    person.reference = await person.page.locator("#own-reference").inner_text()
    world.bank.receive(today(), plot.DEPOSIT, f"{person.reference} dat coc", person.customer)


async def practises(world: World, person: Person) -> None:
    """A round with play money, in a room that is not the real one."""
    page = person.page
    await page.goto(f"/lots/{world.lot}/practice")
    await page.get_by_role("button", name=person.t("way.practice_go")).click()
    await page.wait_for_url(re.compile(r"/lots/\d+$"))
    assert not page.url.endswith(f"/lots/{world.lot}")
    await expect(page.locator("[data-act], [data-accept-act]").first).to_be_attached()
