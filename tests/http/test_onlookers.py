"""Many who only look: one rendering for all of them, and a bound for each address."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from house import CSRF, START, House, new_id, running_house

from auction_engine.http import renderings
from auction_engine.http.presenting import Presenter
from auction_engine.http.renderings import Renderings
from auction_engine.settings import Limits, Settings


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Template and language of every page rendered."""
    found: list[tuple[str, str]] = []
    render = Presenter.render

    def counted(self: Presenter, template: str, **context: Any) -> str:
        found.append((template, context["lang"]))
        return render(self, template, **context)

    monkeypatch.setattr(Presenter, "render", counted)
    return found


async def test_onlookers_share_a_rendering_and_nobody_else_does(
    house: House, drawn: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderings, "_FRESH_S", 60.0)
    room = f"/lots/{house.lots[0]}"
    async with house.browser() as client:
        for _ in range(5):
            assert (await client.get(room)).status_code == 200
        assert drawn == [("room.html", "vi")]
        await client.get(f"/lots/{house.lots[1]}")
        await client.get(f"{room}?lang=en")
        assert len(drawn) == 3
        assert "Apartment 1 (en)" in (await client.get(room)).text  # remembered by its cookie
        assert len(drawn) == 3
        for _ in range(2):
            await client.get("/")
        assert len(drawn) == 4
    async with house.signed_in("an") as client:
        own = [(await client.get(room)).text for _ in range(2)]
        assert len(drawn) == 6
        ids = [re.findall(r'name="bid_id" value="([^"]+)"', page) for page in own]
        assert ids[0] != ids[1] != []


async def test_a_bid_is_seen_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderings, "_FRESH_S", 60.0)
    room = f"/lots/{house.lots[0]}"
    async with house.browser() as onlooker, house.signed_in("an") as bidder:
        assert "4.200.000.000" in (await onlooker.get(room)).text
        bid = {"bid_id": new_id(), "amount_minor": START * 2}
        answer = await bidder.post(f"/api{room}/bids", json=bid)
        assert answer.json()["t"] == "recorded"
        assert "8.400.000.000" in (await onlooker.get(room)).text
        assert "8.400.000.000" in (await onlooker.get("/")).text


async def test_everybody_keeps_the_own_secret(settings: Settings) -> None:
    """The sign-in forms of the first page work for each visitor, and for no other."""
    async with running_house(settings.model_copy(update={"demo": True})) as house:
        secrets = set()
        for _ in range(2):
            async with house.browser() as client:
                pages = [(await client.get("/")).text for _ in range(2)]
                found = {secret for page in pages for secret in CSRF.findall(page)}
                assert found == {client.cookies["visit"]}
                secrets |= found
        assert len(secrets) == 2
        async with house.browser(Cookie='visit="><script>alert(1)</script>' + "x" * 20) as client:
            page = await client.get("/")
            assert "alert(1)" not in page.text
            assert CSRF.findall(page.text)[0] == page.cookies["visit"]


def test_a_rendering_gets_old() -> None:
    kept, count = Renderings(), 0

    def draw() -> str:
        nonlocal count
        count += 1
        return f"<{kept.token}|{count}|{kept.token}>"

    assert kept.get("a", 1, "me", draw) == b"<me|1|me>"
    assert kept.get("a", 1, "you", draw) == b"<you|1|you>"
    assert kept.get("a", 2, "me", draw) == b"<me|2|me>"
    assert kept.get("b", 2, "me", draw) == b"<me|3|me>"
    kept._kept["a"] = kept._kept["a"]._replace(until_s=0)
    assert kept.get("a", 2, "me", draw) == b"<me|4|me>"
    for n in range(renderings._KEPT * 2):
        kept.get(n, 1, "me", draw)
    assert len(kept._kept) == renderings._KEPT


async def test_an_address_that_reloads_too_fast_is_slowed_down(
    settings: Settings, drawn: list[tuple[str, str]]
) -> None:
    limits = Limits(pages_per_s=5, pages_burst=10)
    async with running_house(settings.model_copy(update={"limits": limits})) as house:
        room = f"/lots/{house.lots[0]}?lang=en"
        async with house.browser() as client:
            answers = [await client.get(room) for _ in range(40)]
            refused = [answer for answer in answers if answer.status_code == 429]
            assert 20 < len(refused) < 40
            assert "A little too fast" in refused[-1].text
            assert refused[-1].headers["retry-after"] == "1"
            assert len([page for page in drawn if page[0] == "error.html"]) <= 3
            # What bidders need is no page.
            assert (await client.get("/api/time")).status_code == 200
            await asyncio.sleep(0.5)
            assert (await client.get(room)).status_code == 200
