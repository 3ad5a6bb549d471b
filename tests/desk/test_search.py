"""The public's search over real lots: found by every word, paged once each, kept current."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from bidding.harness import now_ms, params, query, until

from auction_engine.desk import exclusive, listing
from auction_engine.desk.search import filters, indexing, notices
from auction_engine.desk.search.finding import Cursor, Search
from auction_engine.rules.terms import Terms

from .bureau import Bureau


def both(vi: str, en: str = "") -> dict[str, str]:
    return {"vi": vi, "en": en or vi}


def described(
    vi: str, en: str = "", place: str = "Phường 5, Hà Nội", **more: Any
) -> dict[str, Any]:
    return {"title": both(vi, en), "place": both(place), "summary": both(""), **more}


async def put_up(bureau: Bureau, contents: list[dict[str, Any]], **changes: Any) -> list[int]:
    session = await listing.create_session(
        bureau.desk.engine, both("Phiên"), both("Công ty Minh Trúc"), both("Phòng 3")
    )
    made = await listing.create_lots(bureau.desk.engine, session, contents, bureau.settings.shards)
    begin = now_ms()
    for number, (lot, shard) in enumerate(made):
        values = {
            "terms": Terms(deposit_minor=500), "extension": None, "starting_price_minor": 1_000,
            "start_ms": begin + 3_600_000 + 1000 * number, "end_ms": begin + 7_200_000,
        }  # fmt: skip
        await listing.put_up(bureau.log, shard, lot, params(**(values | changes)))
    bureau.session, bureau.lots = session, [lot for lot, _ in made]
    return bureau.lots


async def indexed(bureau: Bureau) -> int:
    async with exclusive.connected(bureau.url) as connection:
        return await indexing.Indexer(bureau.url).compare(connection)


def asked(**params: Any) -> filters.Filters:
    return filters.read(
        {name: value for name, value in params.items() if not isinstance(value, list)},
        lambda name: v if isinstance(v := params.get(name, []), list) else [v],
    )


async def has_found(bureau: Bureau, lots: set[int], **more: Any) -> bool:
    return set(await found(bureau, **more)) == lots


async def found(bureau: Bureau, text: str = "", **more: Any) -> list[int]:
    page = await Search(bureau.desk.engine).page(asked(q=text, **more))
    return [lot["lot_id"] for lot in page.lots]


async def test_words_are_found_with_and_without_diacritics(bureau: Bureau) -> None:
    flat, plot, lorry = await put_up(
        bureau,
        [
            described("Căn hộ chung cư Sao Mai", "Flat in the Sao Mai building", kind="apartment"),
            described("Thửa đất ở Đống Đa", "Plot", "Huyện Hoà Vang, Đà Nẵng", kind="land"),
            described("Xe tải 51F-123.45", "Lorry", kind="truck"),
        ],
    )  # fmt: skip
    assert await indexed(bureau) == 3
    for text, lots in {
        "căn hộ": [flat], "can ho": [flat], "CĂN HỘ": [flat], "chung c": [flat],
        "dong da": [plot], "đống đa": [plot], "hòa vang": [plot], "Hoà Vang": [plot],
        "51F-12345": [lorry], "51f12345": [lorry], "51f": [lorry], "lorr": [lorry],
        '"sao mai"': [flat], '"mai sao"': [], "mai sao": [flat], "đất -vang": [],
        "plot or lorry": [plot, lorry], "thửa hoặc flat": [flat, plot], str(plot): [plot],
        "minh truc": [flat, plot, lorry], "nothing": [], "xe đất": [],
    }.items():  # fmt: skip
        assert await found(bureau, text) == lots, text


async def test_words_of_two_languages_do_not_find_a_lot_together(bureau: Bureau) -> None:
    boat, orchard = await put_up(
        bureau,
        [
            described("Tàu cá, đo đạc xong", "Fishing boat, to be moored", kind="boat"),
            described("Vườn cam", "Orchard, do not enter", kind="land"),
        ],
    )  # fmt: skip
    await indexed(bureau)
    for text, lots in {
        # "đo" without diacritics is English "do", and "to" is both: but not beside the other's.
        "do dac": [boat], "do not": [orchard], "tau to": [], "boat to": [boat], "vuon do": [],
        "fishing tau": [], "tàu or orchard": [boat, orchard], '"do dac"': [boat],
        # Without is without, whichever language says it.
        "tau -fishing": [], "boat -orchard": [boat], "vuon -do": [],
        # What is the same in both is in both.
        f"tau {boat}": [boat], f"boat {boat}": [boat],
    }.items():  # fmt: skip
        assert await found(bureau, text) == lots, text


async def test_a_limit_of_the_price_is_none_of_the_page(bureau: Bureau) -> None:
    lots = await put_up(
        bureau, [described(f"Xe {n}") for n in range(5)], starting_price_minor=2
    )  # fmt: skip
    await indexed(bureau)
    assert await found(bureau, max="2") == lots
    search = Search(bureau.desk.engine)
    page = await search.page(asked(q="xe ", max="2"), None, 2)
    assert [lot["lot_id"] for lot in page.lots] == lots[:2]
    rest = await search.page(asked(q="xe ", max="2"), page.after)
    assert [lot["lot_id"] for lot in rest.lots] == lots[2:]


async def test_an_accented_question_prefers_the_accented_word_and_the_title(
    bureau: Bureau,
) -> None:
    bought, ivory, told = await put_up(
        bureau,
        [described("Mua bán"), described("Mưa bão"), described("Nhà", summary=both("mưa nhiều"))],
    )  # fmt: skip
    await indexed(bureau)
    assert await found(bureau, "mưa ") == [ivory, told, bought]
    assert await found(bureau, "mua ") == [bought, ivory, told]


HOSTILE = [
    "'", "''", '"', '"""', "\\", "a\\'b", "!", "!!!", "&", "|", "<->", ":*", "'a':*", "(((", ")",
    "-", "--", "- -a", "or", "or or", "hoặc", '-"', '"a', "a:*b", "\x00", "a\x00b", "💥", "💥 a",
    "a" * 10_000, "a " * 5_000, "( a | b ) & !c", "%", "_", "ﬀ ½ ²", "\u202e", "\ud7ff", "İı",
    "$1", ":query", "%s", "{}", "'; DROP TABLE lot; --", "a" + "\u0301" * 500,
]  # fmt: skip


async def test_nothing_typed_is_an_error(bureau: Bureau) -> None:
    search = Search(bureau.desk.engine)
    for text in HOSTILE:
        page = await search.page(asked(q=text))
        assert page.lots == [], text
        assert (await search.counts(asked(q=text))).total == 0


async def test_filters_and_their_counts(bureau: Bureau) -> None:
    one, two, three = await put_up(
        bureau,
        [
            described("Xe A", kind="car", place="Quận 1, Thành phố Hồ Chí Minh"),
            described("Xe B", kind="car", place="Phường Bến Trầm, thành phố Hải Yên"),
            described("Đất C", kind="land", place="TP. Hồ Chí Minh"),
        ],
    )  # fmt: skip
    await indexed(bureau)
    assert await found(bureau, kind="car") == [one, two]
    assert await found(bureau, kind="car", province="79") == [one]
    assert await found(bureau, province=["79", "X2"]) == [one, two, three]
    assert await found(bureau, state="live") == []
    assert await found(bureau, when="ended") == []
    assert await found(bureau, method="ASCENDING", session=str(bureau.session)) == [one, two, three]
    assert await found(bureau, max="999") == []
    assert await found(bureau, min="1.000", max="1000") == [one, two, three]
    assert await found(bureau, to="2020-01-01") == []
    assert await found(bureau, **{"from": "2020-01-01"}) == [one, two, three]
    assert await found(bureau, kind="nonsense", min="x", to="y", sort="z") == [one, two, three]
    counts = await Search(bureau.desk.engine).counts(asked(kind="car", province="79"))
    assert counts.total == 1
    assert counts.of["kind"] == {"car": 1, "land": 1}
    assert counts.of["province"] == {"79": 1, "X2": 1}
    assert counts.of["state"] == {"coming": 1}
    assert counts.when == {"open": 1, "ended": 0, "all": 1}


@pytest.mark.parametrize("sort", ["soon", "new", "cheap", "dear", "best"])
async def test_paging_sees_each_lot_once_while_lots_come(bureau: Bureau, sort: str) -> None:
    contents = [described(f"Nhà đất số {n}" if n % 3 else f"Xe số {n}") for n in range(17)]
    lots = set(await put_up(bureau, contents))
    await indexed(bureau)
    wanted = asked(q="so ", sort=sort) if sort == "best" else asked(sort=sort)
    assert wanted.sort == sort
    search, seen, after = Search(bureau.desk.engine), list[int](), None
    for number in range(10):
        page = await search.page(wanted, after, 4)
        seen += [lot["lot_id"] for lot in page.lots]
        if page.after is None:
            break
        after = Cursor.read(str(page.after))
        if number == 1:
            await put_up(bureau, [described("Nhà mới số 99")])
            await indexed(bureau)
    assert len(seen) == len(set(seen))
    assert lots <= set(seen)


async def test_a_row_follows_its_lot_to_the_end(bureau: Bureau) -> None:
    now = now_ms()
    sold, failed = await put_up(
        bureau, [described("Xe bán được"), described("Xe ế")],
        start_ms=now + 800, end_ms=now + 2_500,
    )  # fmt: skip
    for lot in (sold, failed):
        for bidder in bureau.bidders:
            await listing.admit(bureau.log, 0, lot, bidder)
    minding = indexing.Indexer(bureau.url, tick_s=0.05)
    following = asyncio.create_task(minding.run())
    try:
        await until(lambda: has_found(bureau, {sold, failed}))
        await bureau.sell(sold, 2_000)
        await bureau.reaches(failed, "FAILED")
        for lot in (sold, failed):
            minding.touched(lot)
        await until(lambda: has_found(bureau, {sold, failed}, when="ended"))
    finally:
        following.cancel()
    page = await Search(bureau.desk.engine).page(asked(when="ended"))
    rows = {row["lot_id"]: row for row in page.lots}
    assert (rows[sold]["state"], rows[sold]["price_minor"]) == ("sold", 2_000)
    assert (rows[failed]["state"], rows[failed]["failure"]) == ("failed", "NO_BID")
    assert rows[sold]["ended_ms"] >= now + 2_500
    kept = await query(bureau.url, "SELECT lot_id, seq, state, price_minor, place FROM lot_search")
    # Made anew it is the same, and indexing what is up to date writes nothing.
    told: list[tuple[int, int]] = []
    assert await indexing.rebuild(bureau.url, lambda *how: told.append(how)) == 2
    assert told[-1] == (2, 2)
    again = await query(bureau.url, "SELECT lot_id, seq, state, price_minor, place FROM lot_search")
    assert {tuple(row) for row in again} == {tuple(row) for row in kept}
    assert await indexed(bureau) == 0


async def test_a_new_notice_is_found_by_its_words(bureau: Bureau) -> None:
    (lot,) = await put_up(bureau, [described("Xe cũ")])
    await indexed(bureau)
    async with exclusive.connected(bureau.url) as connection:
        async with connection.transaction():
            kept = await notices.publish(connection, lot, described("Xe đạp"), bureau.chief)
        assert (kept.n, kept.material, kept.account) == (2, ("QUALITY",), bureau.chief)
        async with connection.transaction():
            assert (
                await notices.publish(connection, lot, described("Xe đạp"), bureau.chief)
            ).n == 2
        assert await indexing.Indexer(bureau.url).look(connection) == 1
        assert len(await notices.versions(connection, lot)) == 2
    assert await found(bureau, "xe đạp") == [lot]
    assert await found(bureau, "cũ ") == []


async def test_several_indexers_at_once_write_each_lot_once(bureau: Bureau) -> None:
    lots = await put_up(bureau, [described(f"Xe {n}") for n in range(12)])
    done = await asyncio.gather(*(indexed(bureau) for _ in range(4)))
    assert sum(done) == len(lots)
    assert len(await query(bureau.url, "SELECT 1 FROM notice_version")) == len(lots)
