"""Passkeys by a virtual authenticator, codes by an app, recovery codes, a provider, devices."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import pytest_asyncio
import zxingcpp
from house import PASSWORD, House, running_house
from PIL import Image
from playwright.async_api import Browser, BrowserContext, CDPSession, Page, expect
from provider import OidcServer, free_port

from auction_engine.settings import Settings
from browser.fitness import cut_off, violations
from browser.visitors import Visitors

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
SECURITY = "/account/security"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def provider() -> AsyncIterator[OidcServer]:
    server = OidcServer(free_port(), ())
    yield server
    await server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(
    servers: Any, migrated_template: str, tmp_path_factory: Any, provider: OidcServer
) -> AsyncIterator[House]:
    """A program at a domain, for passkeys are for no bare address, and with a provider."""
    database = f"ways_{os.getpid()}"
    servers.create_database(database, migrated_template)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("ways"), port=0, oidc=provider.settings(),
        database_url=servers.owner_of(database), redis_url=servers.redis_url(),
    )  # fmt: skip
    async with running_house(settings) as house:
        house.base = house.base.replace("127.0.0.1", "localhost")
        provider.redirects = (f"{house.base}/login/oidc/back",)
        await provider.start()
        yield house
    servers.drop_database(database)


@pytest_asyncio.fixture(loop_scope="session")
async def login(home: House) -> str:
    """The login of somebody of this test alone."""
    name = f"an{len(home.people) + 1}"
    await home.account(name, "bidder")
    return name


@pytest_asyncio.fixture(loop_scope="session")
async def people(chromium: Browser, home: House) -> AsyncIterator[Visitors]:
    people = Visitors(chromium, home.base)
    people.expect_complaint("status of 40[0139]")
    yield people
    await people.close()
    assert people.complaints == []


async def signs_in(page: Page, login: str, path: str = "/") -> None:
    await page.goto(f"/login?next={path}")
    await page.get_by_label("Tên đăng nhập").fill(login)
    await page.get_by_label("Mật khẩu").fill(PASSWORD)
    await page.get_by_role("button", name="Đăng nhập", exact=True).click()


async def authenticator(page: Page, **options: Any) -> tuple[CDPSession, str]:
    """What a phone has: keys inside, and a finger that confirms."""
    tools = await page.context.new_cdp_session(page)
    await tools.send("WebAuthn.enable")
    wanted = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    made = await tools.send("WebAuthn.addVirtualAuthenticator", {"options": {**wanted, **options}})
    return tools, str(made["authenticatorId"])


async def makes_a_passkey(page: Page) -> list[str]:
    """From the security page; the recovery codes that are shown then."""
    await page.goto(SECURITY)
    await page.get_by_label("Tên để bạn nhận ra").fill("Điện thoại thử")
    await page.get_by_role("button", name="Tạo khóa truy cập").click()
    await expect(page.get_by_role("heading", name="Mã khôi phục")).to_be_visible()
    codes = await page.locator(".codes code").all_inner_texts()
    await page.get_by_role("link", name="Tôi đã cất các mã").click()
    await expect(page.get_by_role("status")).to_contain_text("Khóa truy cập đã được thêm")
    await expect(page.get_by_text("Điện thoại thử")).to_be_visible()
    return codes


async def signs_out(context: BrowserContext, page: Page) -> None:
    await page.goto(SECURITY)
    await page.get_by_role("button", name="Đăng xuất", exact=True).click()
    await page.wait_for_url(lambda url: SECURITY not in url)
    assert "session" not in {cookie["name"] for cookie in await context.cookies()}


async def test_a_passkey_signs_in_alone_and_as_a_second_step(
    home: House, login: str, people: Visitors
) -> None:
    visitor = await people.come()
    page = visitor.page
    tools, device = await authenticator(page)
    await signs_in(page, login)
    assert len(await makes_a_passkey(page)) == 10
    await signs_out(visitor.context, page)

    await page.goto("/login?next=/account/devices")
    await page.get_by_role("button", name="Đăng nhập bằng khóa truy cập").click()
    await page.wait_for_url("**/account/devices")
    await expect(page.locator("[data-this]")).to_contain_text("khóa truy cập")
    await signs_out(visitor.context, page)

    await signs_in(page, login, "/account/devices")
    await page.wait_for_url("**/login/second")
    await page.get_by_role("button", name="Xác nhận bằng khóa truy cập").click()
    await page.wait_for_url("**/account/devices")
    await expect(page.locator("[data-this]")).to_contain_text("mật khẩu và khóa truy cập")

    # Its owner does not confirm: nothing happens, and the page says so.
    await signs_out(visitor.context, page)
    told = {"authenticatorId": device, "isUserVerified": False}
    await tools.send("WebAuthn.setUserVerified", told)
    await page.goto("/login")
    await page.get_by_role("button", name="Đăng nhập bằng khóa truy cập").click()
    await expect(page.get_by_role("alert")).to_contain_text("thiết bị không xác nhận")


async def test_a_copied_passkey_is_refused(home: House, login: str, people: Visitors) -> None:
    owner, thief = await people.come(), await people.come()
    tools, device = await authenticator(owner.page)
    await signs_in(owner.page, login)
    await makes_a_passkey(owner.page)
    kept = await tools.send("WebAuthn.getCredentials", {"authenticatorId": device})
    await signs_out(owner.context, owner.page)
    await owner.page.goto("/login")
    await owner.page.get_by_role("button", name="Đăng nhập bằng khóa truy cập").click()
    await owner.page.wait_for_url(f"{home.base}/")

    other, copy = await authenticator(thief.page)
    stolen = {"authenticatorId": copy, "credential": kept["credentials"][0]}
    await other.send("WebAuthn.addCredential", stolen)
    await thief.page.goto("/login")
    await thief.page.get_by_role("button", name="Đăng nhập bằng khóa truy cập").click()
    await expect(thief.page.get_by_role("alert")).to_contain_text("Không kiểm tra được")
    assert "session" not in {cookie["name"] for cookie in await thief.context.cookies()}


async def test_an_app_reads_the_picture_and_a_recovery_code_stands_in(
    home: House, login: str, people: Visitors, tmp_path: Any
) -> None:
    visitor = await people.come()
    page = visitor.page
    await signs_in(page, login)
    await page.goto(SECURITY)
    await page.get_by_role("button", name="Bật mã từ ứng dụng").click()
    picture = tmp_path / "code.png"
    await page.locator(".totp__qr svg").screenshot(path=picture)
    (read,) = zxingcpp.read_barcodes(Image.open(picture))
    app = pyotp.parse_uri(read.text)
    assert isinstance(app, pyotp.TOTP)
    assert app.name == login
    await expect(page.locator(".totp__secret")).to_have_text(
        re.sub("(.{4})(?!$)", r"\1 ", app.secret)
    )
    await page.get_by_label("Mã sáu chữ số").fill("000000")
    await page.get_by_role("button", name="Xác nhận và bật").click()
    await expect(page.get_by_role("alert")).to_contain_text("không khớp")
    await page.get_by_label("Mã sáu chữ số").fill(app.now())
    await page.get_by_role("button", name="Xác nhận và bật").click()
    await expect(page.locator(".codes code")).to_have_count(10)
    codes = await page.locator(".codes code").all_inner_texts()
    await page.get_by_role("link", name="Tôi đã cất các mã").click()
    await expect(page.get_by_text("bảo vệ bằng hai bước")).to_be_visible()
    await signs_out(visitor.context, page)

    await signs_in(page, login, "/account/devices")
    await page.wait_for_url("**/login/second")
    await page.get_by_text("Không có điện thoại?").click()
    await page.get_by_label("Mã khôi phục").fill(codes[3].lower().replace("-", " "))
    await page.get_by_role("button", name="Dùng mã này").click()
    await page.wait_for_url("**/account/devices")
    await expect(page.locator("[data-this]")).to_contain_text("mật khẩu và mã khôi phục")


async def test_a_citizen_comes_by_the_provider(
    home: House, login: str, people: Visitors, provider: OidcServer
) -> None:
    page = (await people.come()).page
    people.expect_complaint("")  # the provider's own pages complain of what they load
    await page.goto("/login?next=/account/devices")
    await page.get_by_role("link", name="Đăng nhập bằng VNeID").click()
    await page.wait_for_url(f"{provider.issuer}/interaction/**")
    await page.locator("input[name=login]").fill("lan")
    await page.locator("input[name=password]").fill("anything")
    await page.locator("button[type=submit]").click()
    await page.locator("button[type=submit]").click()
    await page.wait_for_url(f"{home.base}/account/devices")
    await expect(page.locator("[data-this]")).to_contain_text("danh tính điện tử")
    await page.get_by_role("button", name="Đăng xuất", exact=True).click()
    await page.wait_for_url("**/logout/done")
    leaving = page.get_by_role("link", name="Đăng xuất cả khỏi VNeID")
    query = parse_qs(urlsplit(await leaving.get_attribute("href") or "").query)
    assert query["client_id"] == ["auction"]


async def test_linking_leads_to_the_provider_and_back(
    home: House, login: str, people: Visitors, provider: OidcServer
) -> None:
    page = (await people.come()).page
    people.expect_complaint("")
    await signs_in(page, login)
    await page.goto(SECURITY)
    await page.get_by_role("button", name="Liên kết với VNeID").click()
    await page.wait_for_url(f"{provider.issuer}/interaction/**")
    await page.locator("input[name=login]").fill("minh")
    await page.locator("input[name=password]").fill("anything")
    await page.locator("button[type=submit]").click()
    await page.locator("button[type=submit]").click()
    await page.wait_for_url(f"{home.base}{SECURITY}?done=linked")
    await expect(page.get_by_role("status")).to_contain_text("đã được liên kết")


async def test_a_device_is_signed_out_from_another_and_its_room_closes(
    home: House, login: str, people: Visitors
) -> None:
    here, there = await people.come(), await people.come()
    await signs_in(here.page, login)
    await signs_in(there.page, login)
    await there.page.wait_for_url(f"{home.base}/")
    await there.room(home.lots[0])
    await here.page.goto("/account/devices")
    await expect(here.page.locator(".device")).to_have_count(2)
    await here.page.get_by_role("button", name="Đăng xuất mọi thiết bị khác").click()
    await expect(here.page.locator(".device")).to_have_count(1)
    await expect(there.page.locator("[data-standing]")).to_contain_text("đăng xuất")
    answer = await there.page.goto("/account/devices")
    assert answer is not None
    assert answer.status == 401


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 320)])
async def test_axe_finds_nothing_and_nothing_is_cut_off(
    home: House, login: str, people: Visitors, scheme: Any, width: int
) -> None:
    found = {}
    size = {"width": width, "height": 800}
    page = (await people.come(color_scheme=scheme, viewport=size)).page
    await authenticator(page)

    async def look(name: str) -> None:
        if faults := [*await violations(page), *await cut_off(page)]:
            found[name] = faults

    await page.goto("/login")
    await look("login")
    await signs_in(page, login)
    await makes_a_passkey(page)
    await look("security")
    await page.get_by_role("button", name="Bật mã từ ứng dụng").click()
    secret = (await page.locator(".totp__secret").inner_text()).replace(" ", "")
    await look("totp")
    await page.get_by_label("Mã sáu chữ số").fill(pyotp.TOTP(secret).now())
    await page.get_by_role("button", name="Xác nhận và bật").click()
    await page.get_by_role("button", name="Tạo mười mã mới").click()
    await expect(page.locator(".codes code")).to_have_count(10)
    await look("codes")
    for path in ("/account/devices", f"{SECURITY}/password", "/login/again"):
        await page.goto(path)
        await look(path)
    await signs_out(page.context, page)
    await signs_in(page, login)
    await page.wait_for_url("**/login/second")
    await look("second")
    assert found == {}
