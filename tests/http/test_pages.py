"""Pages as a browser without JavaScript gets them."""

from __future__ import annotations

import pytest
from house import CSRF, START, STEP, House, new_id

from auction_engine.http.headers import CSP


@pytest.mark.parametrize("lang", ["vi", "en"])
async def test_every_public_page_renders_in_both_languages(house: House, lang: str) -> None:
    lot = house.lots[0]
    async with house.browser() as client:
        for path in ("/", f"/lots/{lot}", f"/lots/{lot}/record", "/login"):
            answer = await client.get(path, params={"lang": lang})
            assert answer.status_code == 200, path
            assert f'<html lang="{lang}"' in answer.text
            assert answer.headers["content-security-policy"] == CSP
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert "strict-transport-security" not in answer.headers
            assert "<script>" not in answer.text
        room = (await client.get(f"/lots/{lot}")).text
        assert f"Apartment 1 ({lang})" in room
        assert "<b>and</b>" not in room
