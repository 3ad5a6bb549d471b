"""The demonstration's cases: made once, clearly fictional, one of each kind of task."""

from __future__ import annotations

from bidding.harness import query

from auction_engine.demo.cases import ensure_cases
from auction_engine.demo.people import ensure_logins
from auction_engine.ledger.database import make_engine
from auction_engine.settings import Settings


async def test_the_cases_are_made_once(settings: Settings) -> None:
    url = settings.database_url or ""
    engine = make_engine(url)
    await ensure_logins(engine)
    assert await ensure_cases(settings, engine) == 4
    assert await ensure_cases(settings, engine) == 0
    await engine.dispose()
    rows = await query(url, "SELECT state, count(*) AS n FROM asset GROUP BY state")
    assert {row["state"]: row["n"] for row in rows} == {
        "PREPARING": 1, "READY": 2, "OFFERED": 1, "TAKEN": 1,
    }  # fmt: skip
    titles = await query(url, "SELECT title FROM enforcement_case")
    assert all("hư cấu" in row["title"] and "fictional" in row["title"] for row in titles)
