"""The form of a case's sheet, filled in row by row as a person would."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page, expect


class Sheet:
    """The form of a case's sheet."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def choose(self, name: str, value: object) -> None:
        await self._page.locator(f"select[name='{name}']").select_option(str(value))

    async def put(self, name: str, value: object) -> None:
        await self._page.locator(f"input[name='{name}']").fill(str(value))

    async def row(self, add: str, name: str) -> None:
        """Until there is such a field: with the button below its list, once the rows are full."""
        field = self._page.locator(f"input[name='{name}']")
        if await field.count() == 0:
            await self._page.locator(f"button[value={add}]").click()
        await expect(field).to_be_visible()

    async def fill(self, sheet: dict[str, Any]) -> None:
        await self.put("coercive_on", sheet["coercive_on"])
        await self.put("payment_on", sheet["payment_on"])
        for n, party in enumerate(sheet["parties"]):
            await self.row("add_party", f"parties.{n}.name")
            await self.choose(f"parties.{n}.role", party["role"])
            for name in ("name", "account", "bank"):
                await self.put(f"parties.{n}.{name}", party.get(name, ""))
        # The lists below are of these people: the page has to know them first.
        await self._page.locator("button[value=add_party]").click()
        name = f"{len(sheet['parties'])}. {sheet['parties'][-1]['name']}"
        await expect(self._page.locator("select[name=debtor]")).to_contain_text(name)
        for kind, add in (("costs", "add_cost"), ("taxes", "add_tax")):
            for n, one in enumerate(sheet[kind]):
                await self.row(add, f"{kind}.{n}.amount")
                await self.choose(f"{kind}.{n}.payee", one["payee"])
                await self.put(f"{kind}.{n}.amount", one["amount_minor"])
        for n, claim in enumerate(sheet["claims"]):
            await self.row("add_claim", f"claims.{n}.principal")
            await self._claim(f"claims.{n}.", claim)

    async def _claim(self, at: str, claim: dict[str, Any]) -> None:
        await self.choose(f"{at}party", claim["party"])
        await self.choose(f"{at}rank", claim["rank"])
        await self.put(f"{at}principal", claim["principal_minor"])
        await self.put(f"{at}late", claim.get("late_interest_minor", 0))
        await self.put(f"{at}requested_on", claim["requested_on"])
        await self._page.locator(f"[name='{at}no_fee']").set_checked(not claim["owes_fee"])
