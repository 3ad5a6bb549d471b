"""Notifications in a browser: asked for on their page, sealed on their way, shown by the worker."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import expect
from pushing import push_service

from browser.instance import PUSH_PORT, START, STEP, Instance
from browser.visitors import Visitors

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
# A browser asks its maker's push service for an address, and a test can reach none. Only this
# question is answered here; the worker, the page and the program are the real ones.
ADDRESS = """keys => {
  let subscription = null;
  PushManager.prototype.getSubscription = async () => subscription;
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    window.serverKey = applicationServerKey.length;
    const unsubscribe = async () => { subscription = null; return true; };
    const { endpoint } = keys;
    return subscription = { endpoint, toJSON: () => ({ endpoint, keys }), unsubscribe };
  };
}"""
SHOWN = """async () => {
  const registration = await navigator.serviceWorker.getRegistration("/worker.js");
  return (await registration.getNotifications()).map((n) => [n.title, n.body, n.data.url]);
}"""


async def test_a_bidder_is_notified_while_no_room_is_open(
    instance: Instance, visitors: Visitors
) -> None:
    (lot,) = await instance.put_up()
    an, binh = [await instance.person("bidder", [lot]) for _ in range(2)]
    await instance.bid(an, lot, START)
    here = await visitors.come(an, permissions=["notifications"])
    page = here.page
    async with push_service(PUSH_PORT) as service:
        device = service.device("browser")
        await page.add_init_script(f"({ADDRESS})({json.dumps(device.to_json())})")
        await page.goto("/account/alerts")
        await page.get_by_role("button", name="Bật thông báo").click()
        await expect(page.get_by_role("button", name="Gửi thử")).to_be_visible()
        assert await page.evaluate("window.serverKey") == 65
        await page.get_by_role("button", name="Gửi thử").click()
        (trial,) = await service.until(1)
        await deliver(here, device.open(trial.body))
        await instance.bid(binh, lot, START + STEP)
        _, push = await service.until(2)
        await deliver(here, device.open(push.body))
        await expect_shown(page, 2)
        shown = {title: rest for title, *rest in await page.evaluate(SHOWN)}
        assert shown["Thông báo thử"][1] == "/account/alerts"
        body, url = next(rest for title, rest in shown.items() if title.startswith("Căn hộ"))
        assert "4.250.000.000" in body
        assert url == f"/lots/{lot}"
        await page.get_by_role("button", name="Tắt trên trình duyệt này").click()
        await expect(page.get_by_role("button", name="Bật thông báo")).to_be_visible()
        await page.reload()
        await expect(page.get_by_text("0 trình duyệt của bạn")).to_be_visible()


async def expect_shown(page: Any, count: int) -> None:
    await page.wait_for_function(f"async () => (await ({SHOWN})()).length === {count}")


async def deliver(here: Any, message: dict[str, Any]) -> None:
    """Hand an opened message to the worker, as the browser does."""
    session = await here.context.new_cdp_session(here.page)
    found: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(r["registrationId"] for r in event["registrations"]),
    )
    await session.send("ServiceWorker.enable")
    await here.page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    while not found:
        await here.page.wait_for_timeout(50)
    await session.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": here.base, "registrationId": found[-1],
            "data": json.dumps(message, ensure_ascii=False),
        },
    )  # fmt: skip
    await session.detach()
