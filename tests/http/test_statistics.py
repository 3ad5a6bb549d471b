"""The statistics over HTTP: who sees what, the address says what is asked, files and the report."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import time
from typing import Any

import httpx
import openpyxl
import pytest
from cashroom import words
from desk.histories import Archive, Timed, told_lives
from house import START, House, content, new_id, text

from auction_engine.desk import exclusive, listing
from auction_engine.desk.statistics import reading
from auction_engine.desk.statistics.figures import FIGURES
from auction_engine.desk.statistics.keeping import FactsKeeper
from auction_engine.http.presenting import presenter
from auction_engine.http.statistics import asking
from auction_engine.identity import bodies
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply

ALL = "period=all"
PRIVATE = {one.key for one in FIGURES if not one.public}


class Past:
    """A house with sessions behind it, and another house with its own."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.own = self.other = self.agency = 0

    async def get(self, login: str | None, path: str, **headers: str) -> httpx.Response:
        browser = self.house.browser() if login is None else self.house.signed_in(login)
        async with browser as client:
            return await client.get(path, headers=headers)

    async def api(self, login: str | None, path: str) -> dict[str, Any]:
        answer = await self.get(login, path)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def ended(history: Timed) -> bool:
    state: LotState | None = None
    for _, event in history:
        state = apply(state, event)
    return state is not None and state.phase == "closed"


async def keep_up(house: House) -> None:
    """The facts are those of all journals, whoever brings them there."""
    url = house.settings.database_url or ""
    keeper = FactsKeeper(url)
    async with exclusive.connected(url) as connection, asyncio.timeout(20):
        while await reading.behind(connection, 1):
            await keeper.look(connection)
            await asyncio.sleep(0.02)


@pytest.fixture
async def past(house: House) -> Past:
    made = Past(house)
    made.own = await bodies.add(house.engine, "ORGANISATION", house.organisation)
    made.agency = await bodies.add(house.engine, "AGENCY", house.agency)
    made.other = await bodies.add(house.engine, "ORGANISATION", text("Others"))
    async with exclusive.connected(house.settings.database_url or "") as connection:
        archive = Archive(connection, 7)
        archive.content = content(9)
        for organisation in (made.own, made.other):
            archive.houses, archive.agencies, archive.sessions = [organisation], [made.agency], []
            archive.sessions.append(
                await connection.fetchval(
                    "INSERT INTO auction_session (title, organisation, agency, organisation_id,"
                    " agency_id) VALUES ($1, $1, $1, $2, $3) RETURNING id",
                    '{"vi": "Phiên cũ", "en": "Past"}', organisation, made.agency,
                )
            )  # fmt: skip
            for history in told_lives():
                # Sessions of the past are over.
                if ended(history):
                    await archive.write(history, plain=True)
    await keep_up(house)
    return made


async def test_everybody_sees_what_is_public_and_nothing_else(past: Past) -> None:
    found = await past.api(None, f"/api/statistics?{ALL}")
    assert found["total"]["sold"] > 10
    assert not PRIVATE & set(found["total"])
    assert not PRIVATE & {key for group in found["groups"] for key in group["figures"]}
    assert set(found["parts"]) == {"failures", "stops"}
    page = await past.get(None, f"/statistics?{ALL}&lang=en")
    assert page.status_code == 200
    assert "Sold" in words(page.text)
    for key in ("Deposits forfeited", "Distributed", "Bids refused", "Complaints"):
        assert key not in words(page.text)
    # Names of people are nowhere; those of houses are.
    assert (
        "Auctioneers (en)"
        in (await past.get(None, f"/statistics?{ALL}&by=organisation&lang=en")).text
    )


async def test_a_session_that_is_running_is_nobodys_business(past: Past) -> None:
    """The house's own lots are open: the public sees none of that session, the house does."""
    before = await past.api(None, f"/api/statistics?{ALL}")
    house = past.house
    async with exclusive.connected(house.settings.database_url or "") as connection:
        session = await connection.fetchval(
            "SELECT session_id FROM lot WHERE id = $1", house.lots[0]
        )
        archive = Archive(connection, 1)
        archive.sessions, archive.agencies = [session], [past.agency]
        archive.content = content(3)
        for history in told_lives()[:8]:
            await archive.write(history, plain=True)
    await keep_up(house)
    forget()
    assert (await past.api(None, f"/api/statistics?{ALL}"))["total"] == before["total"]
    own = await past.api("auctioneer", f"/api/desk/statistics?{ALL}")
    assert own["total"]["offered"] > before["total"]["offered"] // 2


def forget() -> None:
    """What was answered a moment ago is counted again."""
    for parts in list(asking._parts.values()):
        parts.kept.clear()


async def test_each_house_sees_its_own(past: Past) -> None:
    house = past.house
    await house.account("rival", "organisation", of=text("Others"))
    await house.account("stranger", "officer", of=text("Elsewhere"))
    own = await past.api("auctioneer", f"/api/desk/statistics?{ALL}")
    rival = await past.api("rival", f"/api/desk/statistics?{ALL}&organisation={past.own}")
    agency = await past.api("officer", f"/api/agency/statistics?{ALL}")
    assert own["total"]["sold"] > 5
    assert rival["total"]["sold"] > 5
    # The same lives, but each in its own house; both are one agency's.
    assert agency["total"]["sold"] == own["total"]["sold"] + rival["total"]["sold"]
    by_house = await past.api("officer", f"/api/agency/statistics?{ALL}&by=organisation")
    assert {group["key"] for group in by_house["groups"]} >= {str(past.own), str(past.other)}
    nothing = await past.api("stranger", f"/api/agency/statistics?{ALL}&agency={past.agency}")
    assert nothing["total"]["sold"] == nothing["total"]["offered"] == 0
    assert PRIVATE <= set(own["total"])


async def test_who_may_look(house: House) -> None:
    past, asked = (
        Past(house),
        {
            (None, "/desk/statistics"): 401,
            (None, "/agency/statistics/report"): 401,
            (None, "/api/desk/statistics"): 401,
            ("an", "/desk/statistics"): 403,
            ("an", "/api/agency/statistics"): 403,
            ("officer", "/desk/statistics"): 403,
            ("auctioneer", "/agency/statistics/report"): 403,
            ("an", "/statistics"): 200,
            (None, "/api/statistics/figures"): 200,
        },
    )
    found = {key: (await past.get(*key)).status_code for key in asked}
    assert found == asked


async def test_the_address_says_what_is_asked(past: Past) -> None:
    year = await past.api(
        "auctioneer", "/api/desk/statistics?from=2025-01-01&to=2025-12-31&by=quarter"
    )
    assert [group["key"] for group in year["groups"]] == [f"2025-Q{n}" for n in (1, 2, 3, 4)]
    assert (year["from"], year["to"]) == ("2025-01-01", "2025-12-31")
    assert sum(group["figures"]["sold"] for group in year["groups"]) == year["total"]["sold"]
    flats = await past.api("auctioneer", f"/api/desk/statistics?{ALL}&by=kind&province=Hải Yên")
    assert {group["key"] for group in flats["groups"]} <= {"apartment", "land", "car", ""}
    page = await past.get(
        "auctioneer",
        "/desk/statistics?from=2025-01-01&to=2025-12-31&step=quarter&by=province&lang=en",
    )
    assert 'value="2025-01-01"' in page.text
    assert '<option value="quarter" selected>' in page.text
    assert '<option value="province" selected>' in page.text
    # The other language asks the same, and so do the files.
    assert "from=2025-01-01&amp;to=2025-12-31" in page.text
    assert "Q3 2025" in words(page.text)
    assert "Ward 5 (vi)" in words(page.text)


REFUSED = (
    "period=ever", "by=colour", "step=week", "from=yesterday", "to=2026-13-01", "agency=x",
    "agency=99999999999999999999", "from=2026-02-01&to=2026-01-01", "organisation=-1",
    "from=0001-01-01", "format=pdf", "format=csv&table=all",
)  # fmt: skip


async def test_what_cannot_be_asked_is_refused(house: House) -> None:
    async with house.browser() as client:
        for query in REFUSED:
            assert (await client.get(f"/statistics?{query}")).status_code == 400, query


async def test_odd_words_find_nothing_and_break_nothing(house: House) -> None:
    past = Past(house)
    for query in (
        "kind=%00",
        "kind='--",
        "province=%F0%9F%98%80",
        "currency=XXX",
        "kind=" + "x" * 999,
    ):
        found = await past.api(None, f"/api/statistics?{ALL}&{query}")
        assert found["total"]["offered"] == 0
        assert (await past.get(None, f"/statistics?{ALL}&{query}")).status_code == 200


async def test_long_periods_in_short_steps(house: House) -> None:
    past = Past(house)
    assert (await past.get(None, f"/api/statistics?{ALL}&by=day")).status_code == 400
    page = await past.get(None, f"/statistics?{ALL}&step=day&lang=en")
    assert page.status_code == 200
    assert '<option value="month" selected>' in page.text


async def test_files_say_what_the_page_says(past: Past) -> None:
    asked = f"/desk/statistics?{ALL}&lang=en"
    told = await past.api("auctioneer", f"/api/desk/statistics?{ALL}")
    answer = await past.get("auctioneer", f"{asked}&format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    numbers = {row[0]: row for row in rows}
    assert numbers["Sold"][1] == str(told["total"]["sold"])
    assert numbers["Final prices"][2] == str(told["total"]["final"])
    assert float(numbers["Share sold"][3]) == pytest.approx(told["total"]["success"], abs=1e-4)
    groups = await past.get("auctioneer", f"{asked}&format=csv&table=groups&by=kind")
    rows = list(csv.reader(io.StringIO(groups.content.decode("utf-8-sig"))))
    sold = rows[0].index("Sold")
    assert rows[-1][0] == "Total"
    assert sum(int(row[sold]) for row in rows[1:-1]) == int(rows[-1][sold]) == told["total"]["sold"]
    book = openpyxl.load_workbook(
        io.BytesIO((await past.get("auctioneer", f"{asked}&format=xlsx")).content)
    )
    assert book.sheetnames == ["i", "figures", "time", "groups", "parts"]
    cells = {row[0]: row for row in book["figures"].iter_rows(values_only=True)}
    assert cells["Sold"][1] == told["total"]["sold"]
    assert cells["Final prices"][2] == told["total"]["final"]
    assert cells["Sold"][5].startswith("A winner was announced")
    # Numbers are numbers, wherever there is one: nothing has to be typed again.
    texts = {"figures": {0, 5, 6}, "time": {0}, "groups": {0}, "parts": {0, 1, 2}}
    for name, columns in texts.items():
        rows = list(book[name].iter_rows(min_row=2, values_only=True))
        cells = [cell for row in rows for n, cell in enumerate(row) if n not in columns]
        assert {type(cell) for cell in cells} <= {int, float, type(None)}, name
        assert sum(cell is not None for cell in cells) > len(rows) / 2


async def test_the_page_draws_what_it_says(past: Past) -> None:
    page = (await past.get("auctioneer", f"/desk/statistics?{ALL}&step=year&lang=en")).text
    assert page.count('class="plot__picture plot__picture--wide"') == 3
    assert 'role="img" aria-label="' in page
    assert "auctions ended in a sale" in words(page)
    assert "<style" not in page
    assert " style=" not in page
    vi = (await past.get("auctioneer", f"/desk/statistics?{ALL}&lang=vi")).text
    assert "Tỷ lệ đấu giá thành" in words(vi)


async def test_the_report_has_every_figure_with_its_definition(house: House) -> None:
    past = Past(house)
    for login, path in (("auctioneer", "/desk"), ("officer", "/agency")):
        for lang, article in (
            ("en", "Decree 152/2026/ND-CP Art. 113"),
            ("vi", "Nghị định 152/2026/NĐ-CP Điều 113"),
        ):
            page = await past.get(login, f"{path}/statistics/report?{ALL}&lang={lang}")
            assert page.status_code == 200
            assert article in page.text
            told = html.unescape(page.text)
            for figure in FIGURES:
                assert presenter().text(lang, f"statistics.define.{figure.key}") in told
            assert "<style" not in page.text


async def test_definitions_are_told_in_both_languages(house: House) -> None:
    found = (await Past(house).api(None, "/api/statistics/figures"))["figures"]
    assert [one["key"] for one in found] == [one.key for one in FIGURES]
    for one in found:
        assert len({one["definition"]["vi"], one["definition"]["en"], one["name"]["vi"]}) == 3
    sold = next(one for one in found if one["key"] == "sold")
    assert sold["basis"]["vi"].startswith("Luật 01/2016/QH14 Điều 46(3)")


async def test_before_anything_has_ended_the_page_says_so(house: House) -> None:
    for login, path in ((None, "/statistics"), ("auctioneer", "/desk/statistics")):
        page = await Past(house).get(login, f"{path}?from=2019-01-01&to=2019-12-31&lang=en")
        assert page.status_code == 200
        assert "No auction has ended in this period yet" in words(page.text)


async def test_while_nothing_has_ended_the_page_says_what_its_zeros_mean(house: House) -> None:
    await keep_up(house)
    forget()
    page = words((await Past(house).get("auctioneer", f"/desk/statistics?{ALL}&lang=en")).text)
    assert "on offer, and" in page
    assert "means “not yet”" in page


async def test_the_page_comes_alive_by_itself_when_a_session_has_ended(house: House) -> None:
    """Nobody does anything for it: the gateway's own task reads the journal."""
    past, month = Past(house), "/api/statistics?period=month"
    before = (await past.api(None, month))["total"]
    assert before["ended"] == 0
    async with house.signed_in("an") as client:
        now_ms = int(time.time() * 1000)
        (lot,) = await house.put_up(1, end_ms=now_ms + 6_000, extension=None)
        await listing.admit(house.log, house.shard(lot), lot, house.people["an"].id)
        bid = {"bid_id": new_id(), "amount_minor": START}
        answer = await client.post(f"/api/lots/{lot}/bids", json=bid)
        assert answer.status_code == 200, answer.text
    async with asyncio.timeout(40):
        while not (found := (await past.api(None, month))["total"])["ended"]:
            await asyncio.sleep(0.3)
            forget()
    assert (found["sold"], found["final"], found["bids"]) == (1, START, 1)
