"""Complaints over HTTP: filed with a receipt, answered by whom they are addressed to, published
without names."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import asyncpg
import httpx
import pikepdf
import pytest
from cashroom import Cashroom, cashroom, send, words
from house import START, House, new_id
from starlette.datastructures import UploadFile

from auction_engine.desk.complaints import holding
from auction_engine.desk.money import orders
from auction_engine.desk.money.record import MoneyError
from auction_engine.http.afterwards import forms
from auction_engine.rules.commands import CommandRefused

TODAY = datetime.now(UTC).astimezone().date()


@dataclass
class Room:
    house: House
    cash: Cashroom

    @property
    def lot(self) -> int:
        return self.cash.lot

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        return await self.cash.fetch(query, *arguments)


@pytest.fixture
async def room(house: House) -> AsyncIterator[Room]:
    """A lot under the law of 2026 with two registered bidders, and staff of both houses."""
    async with cashroom(house) as cash:
        await cash.register("dung", "giang")
        yield Room(house, cash)


def told(lot: int, **changes: Any) -> dict[str, str]:
    values = {
        "lot": lot, "key": uuid.uuid4(), "addressee": "ORGANISATION", "about": "LOT", "seq": "",
        "known_on": TODAY.isoformat(),
        "grounds": "Thông báo không nêu diện tích thật.", "remedy": "Hủy kết quả đấu giá.",
    }  # fmt: skip
    return {name: str(value) for name, value in (values | changes).items()}


async def file(client: httpx.AsyncClient, lot: int, **changes: Any) -> int:
    answer = await send(client, "/mine/complaints", **told(lot, **changes))
    assert answer.status_code == 303, words(answer.text)
    found = re.search(r"/mine/complaints/(\d+)", answer.headers["location"])
    assert found
    return int(found[1])


async def answer(client: httpx.AsyncClient, base: str, number: int, kind: str, **said: str) -> int:
    path = f"{base}/{number}/answer"
    return (await send(client, path, kind=kind, **said)).status_code


async def test_the_whole_way_of_a_complaint(room: Room) -> None:
    async with room.house.signed_in("dung") as client:
        number = await file(client, room.lot)
        page = words((await client.get(f"/mine/complaints/{number}")).text)
        assert re.search(rf"KN-\d{{4}}-{number:06d}", page)
        assert "Thông báo không nêu diện tích thật." in page
        assert "Đã nhận" in page
    async with room.house.signed_in("auctioneer") as desk:
        queue = words((await desk.get("/desk/complaints")).text)
        assert f"{number:06d}" in queue
        assert "Thông báo không nêu" not in queue  # nothing is opened that is not read
        page = words((await desk.get(f"/desk/complaints/{number}")).text)
        assert "Thông báo không nêu diện tích thật." in page
        assert "Dung" in page
        base = "/desk/complaints"
        assert await answer(desk, base, number, "DECIDED_UPHELD", reason="x", published="y") == 409
        assert await answer(desk, base, number, "ACCEPTED") == 303
        assert await answer(desk, base, number, "DECIDED_DENIED", reason="x") == 422
        named = await answer(
            desk, base, number, "DECIDED_DENIED", reason="x", articles="Điều 9",
            published="Đơn của DUNG",
        )  # fmt: skip
        assert named == 422
        assert await answer(
            desk, base, number, "DECIDED_DENIED", reason="Diện tích có trong hồ sơ.",
            published="Diện tích đã được nêu trong hồ sơ.", articles="Luật 01/2016 Điều 9",
        ) == 303  # fmt: skip
        assert await answer(desk, base, number, "DECIDED_UPHELD", reason="x", published="y") == 409
    async with room.house.signed_in("dung") as client:
        page = words((await client.get(f"/mine/complaints/{number}")).text)
        assert "Diện tích có trong hồ sơ." in page
        told_ = (await client.get("/api/mine")).json()["complaints"]
        assert [(one["id"], one["state"]) for one in told_] == [(number, "DECIDED_DENIED")]
    async with room.house.browser() as anybody:
        record = words((await anybody.get(f"/lots/{room.lot}/record")).text)
    assert "Diện tích đã được nêu trong hồ sơ." in record
    assert "Dung" not in record
    assert "Thông báo không nêu" not in record
    kinds = await room.fetch("SELECT kind FROM complaint_act ORDER BY n")
    assert [row[0] for row in kinds] == ["FILED", "ACCEPTED", "DECIDED_DENIED"]


async def test_the_days_are_the_packs(room: Room) -> None:
    async with room.house.signed_in("dung") as client:
        await file(client, room.lot, addressee="AGENCY", known_on=TODAY - timedelta(days=60))
    (row,) = await room.fetch("SELECT late, file_by, known_on, accept_by FROM complaint")
    assert row["late"]
    assert row["file_by"] - row["known_on"] >= timedelta(days=30)
    assert row["accept_by"] > TODAY
    async with room.house.signed_in("officer") as desk:
        assert "Quá thời hiệu" in words((await desk.get("/agency/complaints")).text)
        (number,) = [row[0] for row in await room.fetch("SELECT id FROM complaint")]
        assert await answer(desk, "/agency/complaints", number, "ACCEPTED") == 303
    (row,) = await room.fetch("SELECT decide_by FROM complaint_act WHERE kind = 'ACCEPTED'")
    assert row[0] >= TODAY + timedelta(days=29)


async def test_nobody_else_sees_or_answers_it(room: Room) -> None:
    async with room.house.signed_in("dung") as client:
        number = await file(client, room.lot, addressee="AGENCY")
    for login, paths in {
        "giang": (f"/mine/complaints/{number}", f"/desk/complaints/{number}"),
        "auctioneer": (f"/desk/complaints/{number}", f"/mine/complaints/{number}",
                       f"/agency/complaints/{number}"),
    }.items():  # fmt: skip
        async with room.house.signed_in(login) as client:
            for path in paths:
                assert (await client.get(path)).status_code in (403, 404), (login, path)
            assert "KN-" not in (await client.get("/mine" if login == "giang" else
                                                  "/desk/complaints")).text  # fmt: skip
            assert await answer(client, "/desk/complaints", number, "ACCEPTED") in (403, 404)
    assert len(await room.fetch("SELECT 1 FROM complaint_act")) == 1


async def test_each_reading_by_a_body_leaves_a_trace(room: Room) -> None:
    async with room.house.signed_in("dung") as client:
        number = await file(client, room.lot)
        await client.get(f"/mine/complaints/{number}")  # reading one's own leaves none
    assert await room.fetch("SELECT 1 FROM reading_trace WHERE what = 'complaint'") == []
    async with room.house.signed_in("auctioneer") as desk:
        await desk.get("/desk/complaints")
        await desk.get(f"/desk/complaints/{number}")
    rows = await room.fetch(
        "SELECT reader_id, subject_id FROM reading_trace WHERE what='complaint'"
    )
    people = room.house.people
    assert [tuple(row) for row in rows] == [(people["auctioneer"].id, room.cash.bidders["dung"])]


async def test_the_same_form_sent_twice_is_one_complaint(room: Room) -> None:
    async with room.house.signed_in("dung") as client:
        form = told(room.lot)
        answers = await asyncio.gather(
            *(send(client, "/mine/complaints", **form) for _ in range(4))
        )
        assert {one.status_code for one in answers} == {303}
        assert len({one.headers["location"] for one in answers}) == 1
        assert len(await room.fetch("SELECT 1 FROM complaint")) == 1
        again = await send(client, "/mine/complaints", **told(room.lot))
        assert again.headers["location"] != answers[0].headers["location"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"grounds": "  "}, "Viết lý do khiếu nại."),
        ({"remedy": ""}, "Viết yêu cầu của bạn."),
        ({"known_on": "2999-01-01"}, "phải là một ngày đã qua"),
        ({"known_on": "gestern"}, "phải là một ngày đã qua"),
        ({"about": "BID", "seq": "999"}, "không có dòng như vậy"),
        ({"about": "BID", "seq": ""}, "không có dòng như vậy"),
        ({"addressee": "COURT"}, "Chọn nơi nhận"),
        ({"grounds": "x" * 6_001}, "Rút ngắn nội dung"),
        ({"key": "not a uuid"}, "phải là một ngày đã qua"),
    ],
)
async def test_what_cannot_be_filed_is_said_and_kept(
    room: Room, changes: dict[str, str], said: str
) -> None:
    async with room.house.signed_in("dung") as client:
        drawn = await send(client, "/mine/complaints", **told(room.lot, **changes))
        assert drawn.status_code == 422
        assert said in words(drawn.text)
        if "grounds" not in changes:
            assert "Thông báo không nêu diện tích thật." in drawn.text
    assert await room.fetch("SELECT 1 FROM complaint") == []


async def test_about_a_bid_only_ones_own_refused_bid_can_be_named(house: House) -> None:
    lot = house.lots[0]
    await house.account("binh", "bidder")
    for login, amounts in (("an", (START, START)), ("binh", (START,))):
        async with house.signed_in(login) as client:
            for amount in amounts:
                await client.post(
                    f"/api/lots/{lot}/bids", json={"bid_id": new_id(), "amount_minor": amount}
                )
    async with house.signed_in("an") as client:
        entries = (await client.get(f"/api/mine/lots/{lot}")).json()["entries"]
        (own,) = [one["seq"] for one in entries if one["kind"] == "bid.refused"]
        await file(client, lot, about="BID", seq=own)
    async with house.signed_in("binh") as client:
        other = await send(client, "/mine/complaints", **told(lot, about="BID", seq=own))
        assert other.status_code == 422
        accepted = next(one["seq"] for one in entries if one["kind"] == "bid.accepted")
        await file(client, lot, about="BID", seq=accepted)


async def test_a_document_is_checked_sealed_and_given_back(room: Room) -> None:
    paper = BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(paper)
    async with room.house.signed_in("dung") as client:
        data = told(room.lot) | {"csrf": client.headers["X-CSRF-Token"]}
        bad = await client.post(
            "/mine/complaints", data=data, files={"files": ("x.pdf", b"<svg onload=1>")}
        )
        assert bad.status_code == 422
        assert "Chỉ nhận PDF" in words(bad.text)
        empty = await client.post("/mine/complaints", data=data, files={"files": ("x.pdf", b"")})
        assert empty.status_code == 422
        good = await client.post(
            "/mine/complaints", data=data, files={"files": ("đơn.pdf", paper.getvalue())}
        )
        assert good.status_code == 303, words(good.text)
        page = (await client.get(good.headers["location"])).text
        assert "đơn.pdf" in page  # its name, opened for those who may read it
        address = good.headers["location"].partition("?")[0] + "/papers/1"
        given = await client.get(address)
        assert given.content.startswith(b"%PDF-")
        assert given.headers["content-disposition"].startswith("attachment")
        assert (await client.get(address[:-1] + "2")).status_code == 404
    (row,) = await room.fetch("SELECT sealed, name FROM complaint_document")
    assert b"%PDF" not in bytes(row[0])
    assert "đơn".encode() not in bytes(row[1])
    async with room.house.signed_in("giang") as client:
        assert (await client.get(address)).status_code == 404
    async with room.house.signed_in("auctioneer") as client:
        assert (await client.get(address.replace("/mine/", "/desk/"))).content == given.content


async def test_only_its_complainant_takes_it_back_and_then_it_is_over(room: Room) -> None:
    async with room.house.signed_in("dung") as client:
        number = await file(client, room.lot)
    async with room.house.signed_in("giang") as other:
        path = f"/mine/complaints/{number}/withdraw"
        assert (await send(other, path)).status_code == 404
    async with room.house.signed_in("dung") as client:
        assert (await send(client, path, reason="đã rõ")).status_code == 303
        assert (await send(client, path)).status_code == 409
    async with room.house.signed_in("auctioneer") as desk:
        assert await answer(desk, "/desk/complaints", number, "ACCEPTED") == 409


async def test_what_was_filed_and_answered_cannot_be_changed(room: Room) -> None:
    async with room.house.signed_in("dung") as client:
        await file(client, room.lot)
    connection = await asyncpg.connect(room.house.settings.database_url)
    try:
        for statement in (
            "UPDATE complaint SET late = true", "DELETE FROM complaint",
            "UPDATE complaint_act SET kind = 'WITHDRAWN'", "DELETE FROM complaint_act",
            "TRUNCATE complaint_document", "TRUNCATE signature",
        ):  # fmt: skip
            with pytest.raises(asyncpg.PostgresError, match="append-only"):
                await connection.execute(statement)
        # The keys change: what is sealed is sealed anew, and nothing else with it.
        assert await connection.execute("UPDATE complaint SET sealed = 'x'") == "UPDATE 1"
    finally:
        await connection.close()
    (row,) = await room.fetch("SELECT sealed FROM complaint")
    assert "diện tích".encode() not in bytes(row[0])


async def test_grounds_are_sealed_in_the_tables(room: Room) -> None:
    async with room.house.signed_in("dung") as client:
        await file(client, room.lot)
    (row,) = await room.fetch("SELECT sealed FROM complaint")
    assert "diện tích".encode() not in bytes(row[0])


async def test_who_files_without_end_is_stopped(room: Room) -> None:
    async with room.house.signed_in("dung") as client:
        for _ in range(5):
            await file(client, room.lot)
        sixth = await send(client, "/mine/complaints", **told(room.lot))
        assert sixth.status_code == 422
        assert "chưa được trả lời" in words(sixth.text)


async def test_a_files_name_is_one_line_that_can_be_kept() -> None:
    sent = UploadFile(BytesIO(b"x"), filename="a\0b\r\nc" + "x" * 300)
    found = forms._parts([("files", sent)])
    ((name, kept),) = found["files"]
    assert name.startswith("ab c")
    assert name.isprintable()
    assert len(name) == 120
    assert kept is sent  # on disk until it is checked, piece by piece


async def test_what_waits_for_a_complaint_waits_where_it_is_done(room: Room) -> None:
    """Announcement, distribution and money for others than bidders; never the bidding itself."""
    async with room.house.signed_in("dung") as client:
        number = await file(client, room.lot)
    connection = await asyncpg.connect(room.house.settings.database_url)
    try:
        payout = await connection.fetchval(
            "INSERT INTO payout (book_id, key, kind, lot_id, payee, code, account_key,"
            " amount_minor, text, state) SELECT id, 'x', 'BUDGET', $1, 0, 'PAYABLE.STATE_BUDGET',"
            " 'x', 1, 'x', 'DUE' FROM book LIMIT 1 RETURNING id",
            room.lot,
        )
        assert set(await holding.all_waiting(connection, room.lot)) == {"SINGLE_BIDDER"}
        assert await holding.held_payment(connection, [payout]) is None
        with pytest.raises(CommandRefused, match=f"{number:06d}"):
            await holding.check_act(connection, room.lot, "consent")
        await holding.check_act(connection, room.lot, "announce")  # not taken up yet
        async with room.house.signed_in("auctioneer") as desk:
            assert await answer(desk, "/desk/complaints", number, "ACCEPTED") == 303
            page = words((await desk.get(f"/desk/complaints/{number}")).text)
            assert "Chưa công bố người trúng đấu giá." in page
        for act in ("announce", "distribute", "consent"):
            with pytest.raises(CommandRefused, match=f"{number:06d}"):
                await holding.check_act(connection, room.lot, act)
        for act in ("register", "pause", "resume", "withdraw_bid", "stop"):
            await holding.check_act(connection, room.lot, act)
        held = await holding.held_payment(connection, [payout])
        assert held is not None
        assert held.payout == payout
        with pytest.raises(MoneyError) as refused:
            await orders.check_held(connection, [payout])
        assert refused.value.code == "COMPLAINT_OPEN"
        await connection.execute("UPDATE payout SET kind = 'REFUND' WHERE id = $1", payout)
        assert await holding.held_payment(connection, [payout]) is None  # a bidder's own money
        async with room.house.signed_in("dung") as client:
            done = await send(client, f"/mine/complaints/{number}/withdraw")
            assert done.status_code == 303
        assert await holding.all_waiting(connection, room.lot) == {}
    finally:
        await connection.close()


async def test_the_log_is_told_of_a_hold_only_once_the_bidding_is_over(house: House) -> None:
    """An accepted complaint during the bidding leaves the bidding alone."""
    lot = house.lots[0]
    await house.account("seller", "organisation")
    async with house.signed_in("an") as client:
        number = await file(client, lot)
        async with house.signed_in("seller") as desk:
            await answer(desk, "/desk/complaints", number, "ACCEPTED")
        said = await client.post(
            f"/api/lots/{lot}/bids", json={"bid_id": new_id(), "amount_minor": START}
        )
        assert said.json()["t"] == "recorded"
    connection = await asyncpg.connect(house.settings.database_url)
    try:
        assert await holding.Holder(house.settings.database_url or "", house.log).look(
            connection
        ) == 0  # fmt: skip
        held = "SELECT count(*) FROM journal WHERE kind = 'hold.placed'"
        assert await connection.fetchval(held) == 0
    finally:
        await connection.close()


async def test_a_group_joins_by_link_and_each_sees_how_it_stands(room: Room) -> None:
    await room.cash.register("ha", "khanh", "lien")
    async with room.house.signed_in("dung") as client:
        number = await file(client, room.lot)
        assert (await send(client, f"/mine/complaints/{number}/group")).status_code == 303
        page = (await client.get(f"/mine/complaints/{number}")).text
        found = re.search(r"/mine/complaints/join/[\w-]{43}", page)
        assert found
        link = found[0]
    joined: dict[str, str] = {}
    for login, speaks in (("giang", "yes"), ("ha", "yes"), ("khanh", ""), ("lien", "yes")):
        async with room.house.signed_in(login) as client:
            page = words((await client.get(link)).text)
            assert "Thông báo không nêu diện tích thật." in page
            assert "Dung" not in page  # nobody learns another's name
            done = await send(client, link, representative=speaks)
            if login == "lien":
                assert done.status_code == 409  # three speak already
                done = await send(client, link)
            joined[login] = done.headers["location"].partition("?")[0]
            again = await send(client, link)
            assert again.headers["location"].partition("?")[0] == joined[login]
    async with room.house.signed_in("giang") as client:
        page = words((await client.get(joined["giang"])).text)
        assert "5 người cùng khiếu nại" in page
        assert "Đủ số người" in page
        for name in ("Dung", "Khanh", "Lien"):
            assert name not in page
        assert (await client.get(joined["ha"])).status_code == 404
        assert (await client.get(f"/mine/complaints/{number}")).status_code == 404
        assert (await client.get(link[:-1] + "~")).status_code == 404
        assert joined["giang"] in (await client.get("/mine")).text
    async with room.house.signed_in("auctioneer") as desk:
        page = words((await desk.get(f"/desk/complaints/{number}")).text)
        for name in ("Dung", "Giang", "Khanh"):
            assert name in page
        base = "/desk/complaints"
        await answer(desk, base, number, "ACCEPTED")
        told_ = {"reason": "Có.", "articles": "Điều 9"}
        named = await answer(desk, base, number, "DECIDED_DENIED", published="Đơn Khanh", **told_)
        assert named == 422
        await answer(desk, base, number, "DECIDED_DENIED", published="Không có căn cứ.", **told_)
    async with room.house.signed_in("khanh") as client:
        assert "Không có căn cứ." in words((await client.get(joined["khanh"])).text)
        assert (await send(client, joined["khanh"] + "/leave")).status_code == 303
        assert "Không có căn cứ." not in words((await client.get(joined["khanh"])).text)
        assert (await send(client, link)).status_code == 409


async def test_the_second_instance_is_recorded_by_somebody_else(room: Room) -> None:
    await room.house.account("higher", "organisation")
    base, told_ = "/desk/complaints", {"reason": "x", "articles": "Điều 9", "published": "Bác."}
    async with room.house.signed_in("dung") as client:
        number = await file(client, room.lot)
        appeal = f"/mine/complaints/{number}/appeal"
        assert (await send(client, appeal, reason="Sai.")).status_code == 409
        async with room.house.signed_in("auctioneer") as desk:
            await answer(desk, base, number, "ACCEPTED")
            await answer(desk, base, number, "DECIDED_DENIED", **told_)
            assert await answer(desk, base, number, "APPEALED", reason="x") == 400
        assert (await send(client, appeal, reason=" ")).status_code == 422
        assert (await send(client, appeal, reason="Sai.")).status_code == 303
        assert (await send(client, appeal, reason="Sai.")).status_code == 409
    (row,) = await room.fetch("SELECT decide_by FROM complaint_act WHERE kind = 'APPEALED'")
    assert row[0] >= TODAY + timedelta(days=44)
    told_ = told_ | {"published": "Chấp nhận.", "authority": "Sở Tư pháp, số 9"}
    async with room.house.signed_in("auctioneer") as desk:  # who decided first
        assert await answer(desk, base, number, "SECOND_UPHELD", **told_) == 422
    async with room.house.signed_in("higher") as desk:
        unsigned = told_ | {"authority": ""}
        assert await answer(desk, base, number, "SECOND_UPHELD", **unsigned) == 422
        assert await answer(desk, base, number, "SECOND_UPHELD", **told_) == 303
    async with room.house.browser() as anybody:
        record = words((await anybody.get(f"/lots/{room.lot}/record")).text)
    assert "Sở Tư pháp, số 9" in record
    assert "Điều 9" in record
