"""The way in over HTTP: dossier, papers, deposit, decision, room; by forms and by the API."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import cashroom as c
import httpx
import papers
import pytest
from cashroom import Cashroom, cashroom
from house import House

from auction_engine.story import plot

IDENTITY = "001090000123"


@pytest.fixture
async def room(house: House) -> AsyncIterator[Cashroom]:
    async with cashroom(house) as room:
        for login in ("auctioneer", "second"):
            await belongs(room, login)
        for login in ("binh", "chi"):
            room.bidders[login] = (await house.account(login, "bidder", admitted=False)).id
        yield room


async def belongs(room: Cashroom, login: str) -> None:
    """The clerk works for the house that sells the lot."""
    connection = await c.asyncpg.connect(room.house.settings.database_url)
    try:
        await connection.execute(
            "UPDATE account SET body_id = (SELECT s.organisation_id FROM lot l JOIN"
            " auction_session s ON s.id = l.session_id WHERE l.id = $1) WHERE login = $2",
            room.lot,
            login,
        )
    finally:
        await connection.close()


def words(answer: httpx.Response) -> str:
    return c.words(answer.text)


async def fields(client: httpx.AsyncClient, room: Cashroom, identity: str = IDENTITY,
                 **more: str) -> dict[str, str]:  # fmt: skip
    """A dossier's form, wholly filled in, as the page draws it."""
    page = await client.get(f"/lots/{room.lot}/dossier")
    assert page.status_code == 200, page.text
    made = {name: "yes" for name in re.findall(r'name="(declare\.[A-Z_]+)"', page.text)}
    assert len(made) >= 8
    version = re.search(r'name="version" value="(\d+)"', page.text)
    assert version is not None
    return {**made, "version": version[1], "name": "Trần Văn Bình", "id_number": identity, **more}


async def paper(client: httpx.AsyncClient, room: Cashroom, kind: str = "IDENTITY",
                body: bytes | None = None) -> httpx.Response:  # fmt: skip
    return await c.upload(
        client, f"/lots/{room.lot}/dossier/papers", "cccd.png", body or papers.png(), kind=kind
    )


async def hand_in(client: httpx.AsyncClient, room: Cashroom, **more: str) -> httpx.Response:
    assert (await paper(client, room)).status_code == 303
    form = await fields(client, room, **more)
    return await c.send(client, f"/lots/{room.lot}/dossier", do="send", **form)


async def own(client: httpx.AsyncClient, room: Cashroom) -> dict[str, Any]:
    answer = await client.get(f"/api/lots/{room.lot}/dossier")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def steps(client: httpx.AsyncClient, room: Cashroom) -> dict[str, str]:
    told = (await client.get(f"/api/lots/{room.lot}/way")).json()
    return {step["code"]: step["text"] for step in told["steps"]}


async def first(client: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get("/api/dossiers")).json()["dossiers"][0]
    return found


async def decide(client: httpx.AsyncClient, number: int, **said: Any) -> httpx.Response:
    return await client.post(f"/api/dossiers/{number}", json=said)


async def admitted(room: Cashroom, login: str) -> str:
    return str(
        await room.until(
            "SELECT recorded FROM dossier WHERE lot_id = $1 AND account_id = $2"
            " AND recorded = 'ADMITTED'",
            room.lot,
            room.bidders[login],
        )
    )


async def test_the_whole_way_by_forms(house: House, room: Cashroom) -> None:
    async with house.signed_in("binh") as bidder, house.signed_in("auctioneer") as clerk:
        assert (await steps(bidder, room))["DOSSIER"] == "NONE"
        sent = await hand_in(bidder, room)
        assert sent.status_code == 303, words(sent)
        told = await own(bidder, room)
        assert (told["state"], told["recorded"]) == ("SENT", "REGISTERED")
        assert told["entry_ms"] is not None
        way = words(await bidder.get(f"/lots/{room.lot}/way"))
        assert f"{told['number']}" in way

        queue = (await clerk.get("/desk/dossiers")).text
        assert told["number"] in queue
        assert "Trần Văn Bình" not in queue, "the queue names nobody"
        number = (await first(clerk))["id"]
        page = await clerk.get(f"/desk/dossiers/{number}")
        assert "Trần Văn Bình" in page.text
        seen = re.search(r'name="version" value="(\d+)"', page.text)
        assert seen is not None
        done = await c.send(clerk, f"/desk/dossiers/{number}", do="ADMIT", version=seen[1])
        assert done.status_code == 303, words(done)
        assert (await steps(bidder, room))["DECISION"] == "NO_DEPOSIT"

        room.references["binh"] = str(await room.until(
            "SELECT reference FROM payment_request WHERE lot_id = $1 AND payer = $2",
            room.lot, room.bidders["binh"],
        ))  # fmt: skip
        room.pay("binh")
        assert (await room.deliver(clerk)).status_code in (200, 303)
        await admitted(room, "binh")
        assert await steps(bidder, room) == {
            "SIGN_IN": "DONE", "DOSSIER": "SENT", "DEPOSIT": "HELD", "DECISION": "ADMITTED",
            "ROOM": "SOON",
        }  # fmt: skip
        traces = await room.fetch(
            "SELECT what, why FROM reading_trace WHERE subject_id = $1", room.bidders["binh"]
        )
        assert ("dossier", "admission") in {tuple(row) for row in traces}


async def test_the_way_is_for_everybody_to_see(house: House, room: Cashroom) -> None:
    async with house.browser() as nobody:
        for lang in ("vi", "en"):
            page = await nobody.get(f"/lots/{room.lot}/way?lang={lang}")
            assert page.status_code == 200
        assert (await steps(nobody, room))["SIGN_IN"] == "NOBODY"
        assert (await nobody.get(f"/lots/{room.lot}/dossier")).status_code == 401
        entry = await nobody.get(f"/lots/{room.lot}/opening.ics")
        assert entry.headers["content-type"].startswith("text/calendar")
        assert entry.text.count("BEGIN:VALARM") == 2


async def test_what_is_filled_in_is_there_again_and_only_for_its_owner(
    house: House, room: Cashroom
) -> None:
    async with house.signed_in("binh") as bidder, house.signed_in("chi") as other:
        form = await fields(bidder, room, phone="0903000111")
        del form["declare.ALL_TRUE"]
        saved = await c.send(bidder, f"/lots/{room.lot}/dossier", do="save", **form)
        assert saved.status_code == 303
        page = (await bidder.get(f"/lots/{room.lot}/dossier")).text
        assert "Trần Văn Bình" in page
        assert re.search(r'name="declare\.RULES_READ" value="yes" checked', page)
        assert not re.search(r'name="declare\.ALL_TRUE" value="yes" checked', page)
        assert "Trần Văn Bình" not in (await other.get(f"/lots/{room.lot}/dossier")).text
        (row,) = await room.fetch("SELECT person FROM dossier WHERE lot_id = $1", room.lot)
        assert "Bình".encode() not in bytes(row[0])
        assert IDENTITY.encode() not in bytes(row[0])


async def test_an_incomplete_dossier_is_kept_and_says_what_it_lacks(
    house: House, room: Cashroom
) -> None:
    async with house.signed_in("binh") as bidder:
        form = await fields(bidder, room, for_another="yes")
        answer = await c.send(bidder, f"/lots/{room.lot}/dossier", do="send", **form)
        assert answer.status_code == 409
        told = await own(bidder, room)
        assert told["state"] == "DRAFT"
        assert set(told["lacks"]) == {
            "PRINCIPAL", "PRINCIPAL_ID", "RELATION", "IDENTITY", "AUTHORITY",
        }  # fmt: skip
        for code in ("Giấy ủy quyền", "Căn cứ ủy quyền"):
            assert code in answer.text


async def test_two_windows_do_not_overwrite_each_other(house: House, room: Cashroom) -> None:
    async with house.signed_in("binh") as bidder:
        old = await fields(bidder, room)
        new = {**old, "name": "Trần Bình"}
        assert (await c.send(bidder, f"/lots/{room.lot}/dossier", do="save", **new)).is_redirect
        lost = await c.send(bidder, f"/lots/{room.lot}/dossier", do="save", **old)
        assert lost.status_code == 409
        assert (await own(bidder, room))["person"]["name"] == "Trần Bình"


@pytest.mark.parametrize(("body", "code"), [(b, c_) for _, b, c_ in papers.HOSTILE if b],
                         ids=[name for name, b, _ in papers.HOSTILE if b])  # fmt: skip
async def test_hostile_files_get_a_sentence_in_both_languages(
    body: bytes, code: str, hostile_room: tuple[House, Cashroom]
) -> None:
    house, room = hostile_room
    async with house.signed_in("binh") as bidder:
        answer = await bidder.post(
            f"/api/lots/{room.lot}/dossier/papers",
            files={"file": ("innocent.pdf", body)}, data={"kind": "IDENTITY"},
        )  # fmt: skip
        assert answer.status_code in (413, 415, 422), answer.text
        assert answer.json()["code"] == code
        assert (await own(bidder, room))["papers"] == []


@pytest.fixture
async def hostile_room(house: House, room: Cashroom) -> tuple[House, Cashroom]:
    return house, room


async def test_a_refused_file_is_told_on_the_page(house: House, room: Cashroom) -> None:
    async with house.signed_in("binh") as bidder:
        answer = await paper(bidder, room, body=papers.SVG)
        assert answer.status_code == 409
        assert "Chỉ nhận PDF, JPEG và PNG" in words(answer)
        empty = await paper(bidder, room, body=None)
        assert empty.status_code == 303


@pytest.mark.parametrize(
    "announced", [f"Content-Length: {2**30}", f"Content-Length: {11 * 2**20}",
                  "Transfer-Encoding: chunked"],
)  # fmt: skip
async def test_a_gigabyte_is_refused_by_its_announcement(
    announced: str, house: House, room: Cashroom
) -> None:
    """The refusal comes after a few bytes: nobody waits for the rest, and nothing of it is kept."""
    place = house.base.removeprefix("http://")
    host, port = place.split(":")
    async with house.signed_in("binh") as bidder:
        cookies = "; ".join(f"{name}={value}" for name, value in bidder.cookies.items())
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(
                f"POST /lots/{room.lot}/dossier/papers HTTP/1.1\r\nHost: {place}\r\n"
                f"Cookie: {cookies}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
                f"{announced}\r\n\r\n5\r\n--x\r\n\r\n".encode()
            )
            await writer.drain()
            answer = await asyncio.wait_for(reader.readline(), 10)
        finally:
            writer.close()
        assert b"413" in answer
        assert (await own(bidder, room))["papers"] == []


async def test_files_are_read_by_those_who_may_and_can_do_nothing(
    house: House, room: Cashroom
) -> None:
    of = {"vi": "Nhà đấu giá khác", "en": "Another house"}
    await house.account("stranger", "organisation", of=of)
    async with (
        house.signed_in("binh") as bidder, house.signed_in("chi") as other,
        house.signed_in("auctioneer") as clerk, house.signed_in("stranger") as stranger,
    ):  # fmt: skip
        assert (await hand_in(bidder, room)).status_code == 303
        kept = (await own(bidder, room))["papers"][0]["id"]
        answer = await bidder.get(f"/lots/{room.lot}/dossier/papers/{kept}")
        assert answer.status_code == 200
        assert answer.content.startswith(b"\x89PNG")
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("sandbox")
        assert "no-store" in answer.headers["cache-control"]
        assert (await other.get(f"/lots/{room.lot}/dossier/papers/{kept}")).status_code == 404
        number = (await first(clerk))["id"]
        page = f"/desk/dossiers/{number}"
        before = await opened(room, number)
        assert (await clerk.get(f"{page}/papers/{kept}")).content == answer.content
        assert await opened(room, number) == before + 1
        for path in (page, f"{page}/papers/{kept}"):
            assert (await stranger.get(path)).status_code == 404, "another house's clerk"
            assert (await other.get(path)).status_code == 403
        assert (await stranger.get("/api/dossiers")).json() == {"dossiers": []}
        refused = await decide(stranger, number, do="ADMIT", version=9)
        assert refused.status_code == 404


async def opened(room: Cashroom, dossier: int) -> int:
    rows = await room.fetch(
        "SELECT count(*) FROM dossier_act WHERE dossier_id = $1 AND kind = 'OPEN'", dossier
    )
    return int(rows[0][0])


async def test_nobody_is_in_a_lot_twice(house: House, room: Cashroom) -> None:
    """The same number in two dossiers, as oneself or as the one another acts for (A16)."""
    async with house.signed_in("binh") as bidder, house.signed_in("chi") as proxy:
        assert (await hand_in(bidder, room)).status_code == 303
        assert (await paper(proxy, room, kind="AUTHORITY")).status_code == 303
        told = await hand_in(
            proxy, room, identity="001090000999", for_another="yes", principal="Trần Văn Bình",
            principal_id="001.090.000.123", relation="Ủy quyền số 12",
        )  # fmt: skip
        assert told.status_code == 409
        assert (await own(proxy, room))["state"] == "DRAFT"
        assert "đã tham gia tài sản này" in words(told)


async def test_two_of_one_group_at_once_one_is_in(house: House, room: Cashroom) -> None:
    async with house.signed_in("binh") as one, house.signed_in("chi") as two:
        forms = []
        for client in (one, two):
            assert (await paper(client, room)).status_code == 303
            forms.append(await fields(client, room))
        told = await asyncio.gather(*(
            c.send(client, f"/lots/{room.lot}/dossier", do="send", **form)
            for client, form in zip((one, two), forms, strict=True)
        ))  # fmt: skip
        assert sorted(answer.status_code for answer in told) == [303, 409]


async def test_two_clerks_at_once_one_is_heard(house: House, room: Cashroom) -> None:
    async with (
        house.signed_in("binh") as bidder, house.signed_in("auctioneer") as one,
        house.signed_in("second") as two,
    ):  # fmt: skip
        assert (await hand_in(bidder, room)).status_code == 303
        found = await first(one)
        said = {"version": found["version"]}
        told = await asyncio.gather(
            decide(one, found["id"], do="ADMIT", **said),
            decide(two, found["id"], do="REFUSE", ground="PAPERS_MISSING", reason="Mờ", **said),
        )
        assert sorted(answer.status_code for answer in told) == [200, 409]
        lost = next(answer for answer in told if answer.status_code == 409)
        assert lost.json()["code"] == "DECIDED"
        won = next(answer for answer in told if answer.status_code == 200).json()
        assert (await own(bidder, room))["state"] == won["state"]


async def test_a_decision_pressed_twice_is_one(house: House, room: Cashroom) -> None:
    async with house.signed_in("binh") as bidder, house.signed_in("auctioneer") as clerk:
        assert (await hand_in(bidder, room)).status_code == 303
        found = await first(clerk)
        said = {"do": "RETURN", "version": found["version"], "reason": "Ảnh mờ, chụp lại."}
        told = [await decide(clerk, found["id"], **said) for _ in range(2)]
        assert [answer.status_code for answer in told] == [200, 200]
        rows = await room.fetch("SELECT count(*) FROM dossier_act WHERE kind = 'RETURN'")
        assert rows[0][0] == 1


async def test_returned_mended_refused_undone_admitted(house: House, room: Cashroom) -> None:
    async with house.signed_in("binh") as bidder, house.signed_in("auctioneer") as clerk:
        assert (await hand_in(bidder, room)).status_code == 303
        found = await first(clerk)
        number = found["id"]
        no_reason = await decide(clerk, number, do="RETURN", version=found["version"])
        assert no_reason.json()["code"] == "REASON_NEEDED"
        answer = await decide(
            clerk, number, do="RETURN", version=found["version"], reason="Ảnh mờ <b>quá</b>"
        )
        page = (await bidder.get(f"/lots/{room.lot}/dossier")).text
        assert "Ảnh mờ &lt;b&gt;quá&lt;/b&gt;" in page
        form = await fields(bidder, room, name="Trần Văn Bình A")
        again = await c.send(bidder, f"/lots/{room.lot}/dossier", do="send", **form)
        assert again.status_code == 303
        version = (await first(clerk))["version"]
        wrong = await decide(
            clerk, number, do="REFUSE", version=version, ground="HOUSE_RULE", reason="x"
        )
        assert wrong.json()["code"] == "UNKNOWN_GROUND"
        answer = await decide(
            clerk, number, do="REFUSE", version=version, ground="ORGANISATION_STAFF",
            reason="Nhân viên của chúng tôi.",
        )  # fmt: skip
        assert answer.json()["state"] == "REFUSED"
        assert answer.json()["recorded"] == "REGISTERED", "it is recorded when registration closes"
        undone = await decide(
            clerk, number, do="UNDO", version=answer.json()["version"], reason="Nhầm người."
        )
        assert undone.json()["state"] == "SENT"
        told = await decide(clerk, number, do="ADMIT", version=undone.json()["version"])
        assert told.json()["state"] == "ADMITTED"
        history = words(await bidder.get(f"/lots/{room.lot}/dossier"))
        assert history.index("Yêu cầu bổ sung") < history.index("Rút lại quyết định")


async def test_withdrawing_returns_the_deposit(house: House, room: Cashroom) -> None:
    async with house.signed_in("binh") as bidder, house.signed_in("auctioneer") as clerk:
        assert (await hand_in(bidder, room)).status_code == 303
        room.references["binh"] = str(await room.until(
            "SELECT reference FROM payment_request WHERE payer = $1", room.bidders["binh"]
        ))  # fmt: skip
        room.pay("binh")
        await room.deliver(clerk)
        await room.until("SELECT 1 FROM journal WHERE lot_id = $1 AND kind = 'deposit.held'",
                         room.lot)  # fmt: skip
        gone = await c.send(bidder, f"/lots/{room.lot}/dossier", do="withdraw", version="9")
        assert gone.status_code == 303, words(gone)
        assert (await own(bidder, room))["state"] == "WITHDRAWN"
        amount = await room.until(
            "SELECT amount_minor FROM payout WHERE lot_id = $1 AND kind = 'REFUND'", room.lot
        )
        assert amount == plot.DEPOSIT
        again = await hand_in_again(bidder, room)
        assert again.status_code == 409


async def hand_in_again(client: httpx.AsyncClient, room: Cashroom) -> httpx.Response:
    form = await fields(client, room)
    return await c.send(client, f"/lots/{room.lot}/dossier", do="send", **form)


async def test_everything_costs_what_the_calculator_says(house: House, room: Cashroom) -> None:
    async with house.browser() as nobody:
        told = (await nobody.get(
            f"/api/lots/{room.lot}/cost?price_minor=1350000000&vat_bp=1000&registration_bp=50"
            "&dossier_minor=400000&other_minor=1"
        )).json()  # fmt: skip
        lines = {line["code"]: line["amount_minor"] for line in told["lines"]}
        assert lines["DEPOSIT"] + lines["BALANCE"] == lines["PRICE"] == 1_350_000_000
        assert lines["VAT"] == 135_000_000
        assert lines["REGISTRATION"] == 6_750_000
        assert told["total_minor"] == 1_350_000_000 + 135_000_000 + 6_750_000 + 400_001
        page = await nobody.get(
            f"/lots/{room.lot}/cost?price=1.350.000.000&vat=10&registration=0,5"
        )
        assert "1.350.000.000" in page.text
        for typed in ("price=abc", "price=0", "price=" + "9" * 40, "vat=-1", "other=x"):
            assert (await nobody.get(f"/lots/{room.lot}/cost?{typed}")).status_code == 200
        bad = await nobody.get(f"/api/lots/{room.lot}/cost?price_minor=-1")
        assert bad.status_code == 400
