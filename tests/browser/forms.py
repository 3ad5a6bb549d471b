"""A form of a page, found by what it does, filled in and sent as a person would."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Locator, Page, expect


class Form:
    """The form on `page` whose hidden field `by` says `what`; one that is folded in is opened."""

    def __init__(self, page: Page, what: str, by: str = "do") -> None:
        self._page = page
        self.form = page.locator(f"form:has(input[type=hidden][name='{by}'][value='{what}'])").first

    @classmethod
    def to(cls, page: Page, action: str) -> Form:
        """The form that is sent to the address `action`."""
        made = cls(page, "")
        made.form = page.locator(f"form[action='{action}']").first
        return made

    async def open(self) -> None:
        """Unfold what the form lies in."""
        folded = self.form.locator("xpath=ancestor::details[1]")
        if await folded.count() and await folded.get_attribute("open") is None:
            await folded.locator("summary").first.click()
        await expect(self.form).to_be_visible()

    async def fill(self, **values: Any) -> None:
        """Fields by name, `__` for the dot of a name; True is a tick."""
        for name, value in values.items():
            await self._put(name.replace("__", "."), value)

    async def _put(self, name: str, value: Any) -> None:
        field = self.form.locator(f"[name='{name}']")
        kind = await field.first.evaluate("(e) => e.type")
        if kind == "radio":
            await self.form.locator(f"[name='{name}'][value='{value}']").check()
        elif kind == "checkbox":
            await field.set_checked(bool(value))
        elif kind == "file":
            await field.set_input_files(value)
        elif kind.startswith("select"):
            await field.select_option(str(value))
        else:
            await field.fill(str(value))

    async def send(self, button: str | None = None) -> None:
        """Press the form's button, or the one called so; returns when the answer has come."""
        pressed: Locator = self.form.locator("button[type=submit]").last
        if button is not None:
            pressed = self.form.get_by_role("button", name=button, exact=True)
        async with self._page.expect_navigation():
            await pressed.click()

    async def done(self, button: str | None = None, **values: Any) -> None:
        """Open, fill in, send; the page then says that it was done."""
        await self.open()
        await self.fill(**values)
        await self.send(button)
        told = self._page.locator(".notice--good, [role=alert]").first
        await expect(told).to_be_visible()
        wrong = self._page.locator("[role=alert]:visible")
        assert await wrong.count() == 0, await wrong.first.inner_text()


async def acts(page: Page, act: str, reason: str = "", **fields: Any) -> None:
    """An act in the life of a lot from the page that offers it: asked for, read, confirmed."""
    form = Form(page, act, by="act")
    await form.open()
    await form.fill(**{f"f_{name}": value for name, value in fields.items()})
    if reason:
        await form.fill(reason=reason)
    await form.send()
    await expect(page.locator(".acting__follows").first).to_be_visible()
    async with page.expect_navigation():
        await page.locator("button[name=confirmed]").click()
    told = page.locator(".notice--good, [role=alert]").first
    await expect(told).to_be_visible()
    wrong = page.locator("[role=alert]:visible")
    assert await wrong.count() == 0, await wrong.first.inner_text()
