"""Tokens, webhooks and imports in a browser, without script as with it, narrow and in the dark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from browser.fitness import cut_off, violations
from browser.instance import Instance
from browser.visitors import Visitors

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def fit(page: Page) -> None:
    """Nothing cut off, nothing that a reader of any kind stumbles over."""
    assert await cut_off(page) == []
    assert await violations(page) == []
    await page.emulate_media(color_scheme="dark")
    assert await violations(page, "color-contrast") == []
    await page.emulate_media(color_scheme="light")


async def test_a_token_a_webhook_and_an_import(
    instance: Instance, visitors: Visitors, tmp_path: Path
) -> None:
    login = await instance.person("officer", [])
    size = {"width": 320, "height": 700}
    narrow: dict[str, Any] = {"viewport": size, "reduced_motion": "reduce"}
    visitors.expect_complaint(".*400.*")
    page = (await visitors.come(login, **narrow)).page
    await page.goto("/account/tokens")
    await page.locator("#token-name").fill("Kho hồ sơ")
    await page.locator('input[name="act.IMPORT_CASES"]').check()
    await page.locator("form.stack button").click()
    await expect(page.locator(".secret")).to_have_text(re.compile("^aet_"))
    await fit(page)

    await page.goto("/agency/webhooks")
    await page.locator("#hook-name").fill("Kho hồ sơ")
    await page.locator("#hook-url").fill("https://203.0.113.9/x")
    await page.locator('input[name="type.lot.opened"]').check()
    await page.locator("form.stack button").click()
    await expect(page.get_by_role("alert")).to_be_visible()  # an address nobody has
    await fit(page)
    await page.locator("#hook-url").fill("https://receiver.invalid/x")
    await page.locator("form.stack button").click()
    await expect(page.locator(".secret")).to_have_text(re.compile("^whsec_"))
    await fit(page)

    file = tmp_path / "hồ sơ.csv"
    file.write_text("case.number,kind\nA-1,spaceship\n", "utf-8")
    await page.goto("/agency/imports")
    await page.locator("#import-file").set_input_files(file)
    await page.locator("form.stack button").click()
    await expect(page.get_by_role("alert")).to_be_visible(timeout=20_000)
    await expect(page.locator("tbody tr", has_text="case.opened_on")).to_be_visible()
    await fit(page)
