"""One sale from the first deposit to the debtor's surplus, on real servers: the sums at its end."""

from __future__ import annotations

import io
from typing import Any

import asyncpg
from bidding.harness import QUICK, client_of, recording
from rich.console import Console

from auction_engine.desk.money.matching import plain
from auction_engine.ledger.database import make_engine
from auction_engine.ledger.verify import verify
from auction_engine.settings import Settings
from auction_engine.story.plot import BIDDERS, BUDGET, TREASURY
from auction_engine.story.printing import Paper
from auction_engine.story.telling import Story

M = 1_000_000
BOOKED = """
    SELECT b.kind AS book, p.kind, p.name, p.state, sum(p.amount_minor)::bigint AS minor,
           count(*) AS n
      FROM payout p JOIN book b ON b.id = p.book_id GROUP BY 1, 2, 3, 4
"""


async def test_the_story_comes_out_to_the_last_dong(settings: Settings) -> None:
    quick = settings.model_copy(update={"limits": QUICK})
    url = quick.database_url or ""
    console = Console(record=True, width=170, file=io.StringIO())
    paper = Paper(console)
    chapters: list[str] = []

    async def told(story: Story, title: str, text: str) -> None:
        chapters.append(title)
        await paper.tell(story, title, text)

    async with recording(quick), client_of(quick) as log:
        engine = make_engine(url)
        try:
            await Story(url, engine, log, told).tell()
        finally:
            await engine.dispose()
    assert len(chapters) == 10
    await _everybody_has_what_is_his(url)
    await _nothing_is_left(url)
    report = await verify(url)
    assert report.problem is None
    text = console.export_text()
    assert "Deposit held: Nguyễn Thị Ánh" in text
    assert "0 at the bank = 0 owed to others" in text


async def _everybody_has_what_is_his(url: str) -> None:
    rows = await _rows(url, BOOKED)
    assert {row["state"] for row in rows} == {"BOOKED"}
    # Two formats tell names without diacritics.
    paid = {(row["book"], row["kind"], plain(row["name"])): row["minor"] for row in rows}
    names = {one.way: plain(one.customer.name) for one in BIDDERS}
    losers = [
        plain(one.customer.name) for one in BIDDERS if one.login not in ("story01", "story05")
    ]
    losers = [name for name in losers if name not in (names["LATE"], names["GUARANTEE"])]
    for name in losers:
        assert paid.pop(("ORGANISATION", "REFUND", name)) == 200 * M
    # What was not owed went back to who had sent it.
    assert paid.pop(("ORGANISATION", "RETURN", names["DOUBLE"])) == 200 * M
    assert paid.pop(("ORGANISATION", "RETURN", names["LATE"])) == 200 * M
    assert paid.pop(("ORGANISATION", "RETURN", names["OVERPAID"])) == 500_000
    # The refused win: 12 million of costs, the rest to the State. The buyer's earnest money.
    assert paid.pop(("ORGANISATION", "COSTS", plain(BUDGET.name))) == 12 * M
    assert paid.pop(("ORGANISATION", "BUDGET", plain(BUDGET.name))) == 188 * M
    assert paid.pop(("ORGANISATION", "REMITTANCE", plain(TREASURY.name))) == 200 * M
    assert all(book == "AGENCY" for book, _, _ in paid)
    # 1,350 million: costs, taxes, wages, court fees, two creditors with 3 % withheld, the rest.
    state = 24_999_999
    assert sum(paid.values()) == 1_350 * M
    assert paid.pop(("AGENCY", "COSTS", plain("Công ty thẩm định Tâm An"))) == 25 * M
    assert paid.pop(("AGENCY", "CREDITOR", plain("Công nhân xưởng Sơn Hà"))) == 180 * M
    assert paid.pop(("AGENCY", "CREDITOR", plain("Kho bạc Nhà nước"))) == 42 * M + 1
    assert paid.pop(("AGENCY", "CREDITOR", plain("Ngân hàng Bến Tre Xanh"))) == 517_333_334
    assert paid.pop(("AGENCY", "CREDITOR", plain("Hợp tác xã Hồng Hà"))) == 291 * M
    assert paid.pop(("AGENCY", "SURPLUS", plain("Trịnh Văn Sơn"))) == 262_916_666
    assert paid.pop(("AGENCY", "BUDGET", plain("Kho bạc Nhà nước"))) == 6_750_000
    assert paid.pop(("AGENCY", "BUDGET", plain(BUDGET.name))) == state
    assert not paid


async def _nothing_is_left(url: str) -> None:
    """Every account is at zero; what came in is what went out."""
    left = await _rows(
        url,
        "SELECT a.code, a.key, sum(s.amount_minor) AS minor FROM balance s"
        " JOIN money_account a ON a.id = s.account_id"
        " GROUP BY 1, 2 HAVING sum(s.amount_minor) <> 0",
    )
    assert left == []


async def _rows(url: str, query: str) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()
