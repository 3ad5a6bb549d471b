"""The money's pages over HTTP: a file comes in, money is placed, prepared, released, refused."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import openpyxl
import pytest
from cashroom import DEPOSIT, ESCROW, Cashroom, cashroom, send, today, upload, words
from house import House

ACCOUNT = {
    "name": ESCROW.name, "account": ESCROW.account, "bic": ESCROW.bank, "bin": "970436",
    "reason": "Contract 12",
}  # fmt: skip


@pytest.fixture
async def room(house: House) -> AsyncIterator[Cashroom]:
    async with cashroom(house) as room:
        yield room


@pytest.fixture
async def desk(room: Cashroom) -> AsyncIterator[httpx.AsyncClient]:
    """The first accountant, English pages; two bidders' deposits are asked for."""
    await room.register("binh", "chi")
    async with room.house.signed_in("auctioneer") as client:
        client.cookies.set("lang", "en")
        answer = await send(client, "/desk/money/account", **ACCOUNT)
        assert answer.status_code == 303
        yield client


async def page(client: httpx.AsyncClient, path: str, status: int = 200) -> str:
    answer = await client.get(path)
    assert answer.status_code == status, answer.text[:500]
    return words(answer.text)


async def payouts(room: Cashroom) -> list[Any]:
    return await room.fetch("SELECT id, state, amount_minor, name FROM payout ORDER BY id")


async def test_a_statement_comes_in_and_the_result_is_said_plainly(
    room: Cashroom, desk: httpx.AsyncClient
) -> None:
    room.pay("binh")
    room.pay("chi", DEPOSIT - 5)
    room.pay("chi", 777, "no reference")
    name, body = room.bank.statement("camt.053")
    answer = await upload(desk, "/desk/money/incoming", name, body)
    assert answer.status_code == 303
    where = answer.headers["location"]
    assert where.startswith("/desk/money/incoming?")
    told = await page(desk, where)
    assert "The file has 3 lines. 0 of them were known before." in told
    assert "Allocated · 1" in told
    assert "Too little so far; it waits for the rest. (1)" in told
    assert "carries no reference, and nothing like it is expected. (1)" in told
    again = await upload(desk, "/desk/money/incoming", name, body)
    assert "had been imported already" in await page(desk, again.headers["location"])
    assert len(await room.fetch("SELECT FROM bank_line")) == 3
    overview = await page(desk, "/desk/money")
    assert f"exactly what is owed: VND {2 * DEPOSIT - 5 + 777:,}" in overview
    assert "and so do the books" in overview
    assert "2 lines" in overview


async def test_a_bad_file_shows_every_problem_and_changes_nothing(
    room: Cashroom, desk: httpx.AsyncClient
) -> None:
    room.pay("binh")
    room.pay("chi")
    _, body = room.bank.statement("camt.053")
    bad = body.replace(b"<BookgDt><Dt>2", b"<BookgDt><Dt>x")
    answer = await upload(desk, "/desk/money/incoming", "bad.xml", bad)
    assert answer.status_code == 422
    told = words(answer.text)
    assert "Nothing was imported" in told
    assert re.search(r"line \d+", told)
    assert await room.fetch("SELECT FROM bank_file") == []
    for name, junk in (("a.zip", b"PK\x03\x04xxxx"), ("e.csv", b""), ("x.xml", b"<a/>")):
        refused = await upload(desk, "/desk/money/incoming", name, junk)
        assert refused.status_code == 422, name
        assert "Nothing was imported" in words(refused.text)


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"content-type": "multipart/form-data"}, b"x", 400),
        ({"content-type": "multipart/form-data; boundary=x"}, b"--x--\r\n", 400),
        ({"content-type": "application/json"}, b"{}", 415),
    ],
)
async def test_what_is_no_upload_is_refused(
    desk: httpx.AsyncClient, headers: dict[str, str], content: bytes, status: int
) -> None:
    answer = await desk.post("/desk/money/incoming", headers=headers, content=content)
    assert answer.status_code == status


async def test_a_file_that_is_too_large_is_refused_before_it_is_sent(
    room: Cashroom, desk: httpx.AsyncClient
) -> None:
    host, _, port = room.house.base.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /desk/money/incoming HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\n"
        + f"Cookie: session={desk.cookies['session']}\r\n\r\n".encode()
    )
    async with asyncio.timeout(20):
        assert b" 413 " in await reader.readline()
    writer.close()


async def test_a_forged_form_moves_nothing(room: Cashroom, desk: httpx.AsyncClient) -> None:
    room.pay("binh")
    name, body = room.bank.statement("camt.053")
    for token in ("", "x" * 43):
        answer = await desk.post(
            "/desk/money/incoming", files={"file": (name, body)}, data={"csrf": token}
        )
        assert answer.status_code == 403
    assert await room.fetch("SELECT FROM bank_file") == []


async def suspense_line(room: Cashroom, amount: int) -> int:
    rows = await room.fetch("SELECT id FROM bank_line WHERE amount_minor = $1", amount)
    return int(rows[0]["id"])


async def test_a_person_places_what_lies_in_suspense(
    room: Cashroom, desk: httpx.AsyncClient
) -> None:
    room.pay("chi", DEPOSIT + 100, "tien coc")
    await room.deliver(desk)
    line = await suspense_line(room, DEPOSIT + 100)
    path = f"/desk/money/suspense/{line}"
    (request,) = await room.fetch(
        "SELECT id FROM payment_request WHERE payer = $1", room.bidders["chi"]
    )
    told = await page(desk, path)
    assert room.references["chi"] in told  # the name is alike
    told = await page(desk, f"{path}?request={request['id']}")
    assert f"VND {DEPOSIT:,} will be recorded as the deposit of Chi; VND 100 above it" in told
    refused = await send(desk, f"{path}/allocate", request=str(request["id"]), reason="  ")
    assert refused.status_code == 422
    assert "Write down why" in words(refused.text)
    done = await send(desk, f"{path}/allocate", request=str(request["id"]), reason="Phoned her")
    assert done.status_code == 303
    assert await room.until("SELECT count(*) FROM transfer WHERE kind = 'deposit.held'") == 1
    told = await page(desk, done.headers["location"])
    assert "Phoned her" in told
    assert "what is above" in told  # the rest still waits
    twice = await send(desk, f"{path}/allocate", request=str(request["id"]), reason="Again")
    assert twice.status_code == 409
    assert "paid in full" in words(twice.text)
    back = await send(desk, f"{path}/send-back", reason="Too much")
    assert back.status_code == 303
    again = await send(desk, f"{path}/send-back", reason="Too much")
    assert again.status_code == 409
    (owed,) = await payouts(room)
    assert (owed["amount_minor"], owed["state"]) == (100, "DUE")
    assert (await desk.get("/desk/money/suspense/999999")).status_code == 404


async def test_what_the_bank_took_by_mistake_is_made_good(
    room: Cashroom, desk: httpx.AsyncClient
) -> None:
    room.pay("binh", 9_000, "x")
    room.bank._move(today(), -500, "NOTPROVIDED", "fee", room.customer("chi"))
    room.bank.receive(today(), 600, "sorry", room.customer("chi"))
    await room.deliver(desk)
    debit, credit = await suspense_line(room, -500), await suspense_line(room, 600)
    told = await page(desk, f"/desk/money/suspense/{debit}")
    assert "The bank took it without an order of ours" in told
    path = f"/desk/money/suspense/{credit}"
    assert "VND 500" in (await page(desk, path)).partition("Or it pays what is owed")[2]
    owed = f"RECEIVABLE.UNEXPLAINED line:{debit}"
    told = words((await desk.get(path, params={"owed": owed})).text)
    assert "VND 500 will be recorded as paying" in told
    assert (await send(desk, f"{path}/make-good", owed=owed, reason="")).status_code == 422
    assert (
        await send(desk, f"{path}/make-good", owed="BANK.ESCROW ", reason="x")
    ).status_code == 422
    assert (await send(desk, f"{path}/make-good", owed=owed, reason="Call")).status_code == 303
    assert (await send(desk, f"{path}/make-good", owed=owed, reason="Call")).status_code == 422
    assert "Made good" in await page(desk, f"/desk/money/incoming/{debit}")
    table = await desk.get("/desk/money/suspense?format=csv")
    left = [row["Not placed (VND)"] for row in csv.DictReader(io.StringIO(table.text[1:]))]
    assert left == ["100", "9000"]


async def batch_ready(room: Cashroom, desk: httpx.AsyncClient) -> str:
    """Two payments back are prepared as one batch; returns its address."""
    room.pay("binh", 1_000, "x")
    room.pay("chi", 2_000, "y")
    await room.deliver(desk)
    for amount in (1_000, 2_000):
        line = await suspense_line(room, amount)
        await send(desk, f"/desk/money/suspense/{line}/send-back", reason="Not for us")
    chosen = {f"p{row['id']}": "on" for row in await payouts(room)}
    assert len(chosen) == 2
    day = today().isoformat()
    done = await send(desk, "/desk/money/payouts/prepare", requested_on=day, **chosen)
    assert done.status_code == 303
    twice = await send(desk, "/desk/money/payouts/prepare", requested_on=day, **chosen)
    assert twice.headers["location"] == done.headers["location"]
    assert len(await room.fetch("SELECT FROM payout_batch")) == 1
    return str(done.headers["location"]).partition("?")[0]


async def test_two_people_and_a_bank_pay_out(room: Cashroom, desk: httpx.AsyncClient) -> None:
    batch = await batch_ready(room, desk)
    told = await page(desk, batch)
    assert "You prepared this batch and cannot release it" in told
    assert "Release VND" not in told
    own = await send(desk, f"{batch}/release")
    assert own.status_code == 403
    assert "somebody else must release it" in words(own.text)
    assert (await desk.get(f"{batch}/file")).status_code == 404
    async with room.house.signed_in("second") as other:
        other.cookies.set("lang", "en")
        told = await page(other, batch)
        assert "VND 3,000" in told
        for payee in ("Binh", "Chi"):  # everybody, before it is released
            assert payee in told
        assert (await send(other, f"{batch}/release")).status_code == 303
        assert (await send(other, f"{batch}/release")).status_code == 303  # twice is once
        order = (await other.get(f"{batch}/file")).content
    assert order.count(b"<CdtTrfTxInf>") == 2
    room.bank.closed.add(room.customer("binh").account)
    answer = room.bank.obey(order, today())
    assert answer is not None
    heard = await upload(desk, "/desk/money/answers", "answer.xml", answer)
    told = await page(desk, heard.headers["location"])
    assert "1 refused, 1 accepted, 0 known before" in told
    assert "Account closed" in told
    failed = next(row for row in await payouts(room) if row["state"] == "FAILED")
    path = f"/desk/money/payouts/{failed['id']}"
    bad = await send(desk, f"{path}/payee", name="Binh", account="?", bank="X", reason="call")
    assert bad.status_code == 422
    fixed = await send(
        desk, f"{path}/payee", name="Binh", account="0099", bank="VCBKVNVX", reason="Letter 5"
    )
    assert fixed.status_code == 303
    assert (await send(desk, f"{path}/retry", reason="")).status_code == 422
    for _ in range(2):  # a second press is no third attempt
        assert (await send(desk, f"{path}/retry", reason="New account")).status_code == 303
    (row,) = await room.fetch(
        "SELECT state, attempt, account FROM payout WHERE id = $1", failed["id"]
    )
    assert tuple(row) == ("DUE", 2, "0099")
    told = await page(desk, path)
    assert "Letter 5" in told
    assert "New account" in told
    await room.deliver(desk)  # the bank's statement: the other one has left
    assert "Our payment" in await page(desk, "/desk/money/incoming?state=PAID_OUT")
    assert "exactly what is owed" in await page(desk, "/desk/money")


async def test_a_batch_is_taken_apart_and_never_released_then(
    room: Cashroom, desk: httpx.AsyncClient
) -> None:
    batch = await batch_ready(room, desk)
    assert (await send(desk, f"{batch}/cancel", reason="")).status_code == 422
    assert (await send(desk, f"{batch}/cancel", reason="Wrong day")).status_code == 303
    assert {row["state"] for row in await payouts(room)} == {"DUE"}
    async with room.house.signed_in("second") as other:
        assert (await send(other, f"{batch}/release")).status_code == 409
    nothing = await send(desk, "/desk/money/payouts/prepare", requested_on=today().isoformat())
    assert nothing.status_code == 422
    past = await send(desk, "/desk/money/payouts/prepare", requested_on="2020-01-01")
    assert past.status_code == 422


async def test_an_answer_about_no_batch_of_ours_is_refused(desk: httpx.AsyncClient) -> None:
    from auction_engine.clients.bank import _answer

    refused = await upload(desk, "/desk/money/answers", "a.xml", _answer("AE-B999", ["AE-P1-1"]))
    assert refused.status_code == 422
    assert "no batch of ours" in words(refused.text)


async def test_the_statement_of_a_lot_tells_where_each_deposit_is(
    room: Cashroom, desk: httpx.AsyncClient
) -> None:
    room.pay("binh")
    room.pay("chi", 9_000)
    before = datetime.now().astimezone().isoformat(timespec="seconds")
    await room.deliver(desk)
    path = f"/desk/money/lots/{room.lot}"
    told = await page(desk, path)
    assert re.search(r"Binh \S+ VND 200,000,000 Held", told)
    assert re.search(r"Chi \S+ VND 200,000,000 Short VND 9,000 has come already", told)
    assert "Deposit held" in told
    assert "statement line" in told
    then = await desk.get(path, params={"at": before})
    assert "Nothing is held for this lot" in words(then.text)
    wrong = await desk.get(path, params={"at": "yesterday"})
    assert "cannot be read" in words(wrong.text)
    assert (await desk.get("/desk/money/lots/999999")).status_code == 404
    costs = await send(desk, f"{path}/costs", amount="12,000,000", reason="Invoices 1-3")
    assert costs.status_code == 303
    await send(desk, f"{path}/costs", amount="12,000,000", reason="Invoices 1-3")
    assert len(await room.fetch("SELECT FROM money_act WHERE kind = 'costs'")) == 1


async def test_the_book_of_another_is_nobodys_business(
    room: Cashroom, desk: httpx.AsyncClient
) -> None:
    books = {row["kind"]: row["id"] for row in await room.fetch("SELECT id, kind FROM book")}
    assert (await desk.get(f"/desk/money?book={books['AGENCY']}")).status_code == 404
    async with room.house.signed_in("officer") as officer:
        assert (await officer.get("/agency/money")).status_code == 200
        assert (await officer.get(f"/agency/money?book={books['ORGANISATION']}")).status_code == 404
        room.pay("binh", 5_000, "x")
        await room.deliver(desk)
        line = await suspense_line(room, 5_000)
        for path in (f"/agency/money/suspense/{line}", f"/agency/money/incoming/{line}"):
            assert (await officer.get(path)).status_code == 404
        answer = await send(officer, f"/agency/money/suspense/{line}/send-back", reason="Mine")
        assert answer.status_code == 404


async def test_what_is_bought_and_exported_is_the_same_list(
    room: Cashroom, desk: httpx.AsyncClient
) -> None:
    room.pay("binh")
    room.pay("chi", 4_321, '=HYPERLINK("http://x")')
    await room.deliver(desk)
    answer = await desk.get("/desk/money/incoming?format=csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["Amount (VND)"] for row in rows] == ["4321", str(DEPOSIT)]
    assert rows[0]["Text"] == '\'=HYPERLINK("http://x")'  # nothing a spreadsheet would run
    vi = await desk.get("/desk/money/incoming?format=csv&lang=vi")
    assert vi.text.splitlines()[0].count(";") == 11
    book = openpyxl.load_workbook(
        io.BytesIO((await desk.get("/desk/money/incoming?format=xlsx&lang=en")).content)
    )
    title, sheet = book.worksheets
    assert title["A1"].value == "What the bank booked"
    assert sheet.freeze_panes == "A2"
    cells = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert [row[2] for row in cells] == [4321, DEPOSIT]
    assert cells[0][1].date() == today()
    assert cells[0][6] == '=HYPERLINK("http://x")'
    assert sheet["G2"].data_type == "s"
    assert (await desk.get("/desk/money/incoming?format=pdf")).status_code == 400


async def test_every_list_is_exported_whole(room: Cashroom, desk: httpx.AsyncClient) -> None:
    batch = await batch_ready(room, desk)
    lot = f"/desk/money/lots/{room.lot}"
    for path, count in (
        ("/desk/money/suspense", 0), (batch, 2), (f"{lot}", 0), ("/desk/money/due", 0),
        ("/desk/money/payouts?tab=under_way", 2), (f"{lot}?list=deposits", 2),
    ):  # fmt: skip
        joint = "&" if "?" in path else "?"
        answer = await desk.get(f"{path}{joint}format=csv")
        assert answer.status_code == 200
        assert len(answer.text.splitlines()) == count + 1, path
        excel = await desk.get(f"{path}{joint}format=xlsx")
        sheets = openpyxl.load_workbook(io.BytesIO(excel.content)).worksheets
        assert sheets[1].max_row == count + 1, path


async def test_a_search_finds_by_name_reference_and_amount(
    room: Cashroom, desk: httpx.AsyncClient
) -> None:
    room.pay("binh")
    room.pay("chi", 4_321, "100% sure_")
    await room.deliver(desk)
    for asked, found in (
        ("bin", ["Binh"]), (room.references["binh"].lower(), ["Binh"]), ("4.321", ["Chi"]),
        ("100%", ["Chi"]), ("%", ["Chi"]), ("_", ["Chi"]), ("nobody", []),
    ):  # fmt: skip
        answer = await desk.get("/desk/money/incoming", params={"q": asked})
        seen = [name for name in ("Binh", "Chi") if f">{name}</a>" in answer.text]
        assert seen == found, asked


async def test_a_bidder_sees_the_own_deposit_and_no_other(
    room: Cashroom, desk: httpx.AsyncClient
) -> None:
    path, api = f"/lots/{room.lot}/deposit", f"/api/lots/{room.lot}/deposit"
    async with room.house.signed_in("binh") as binh, room.house.signed_in("chi") as chi:
        told = (await binh.get(api)).json()
        assert told["state"] == "WAITING"
        assert told["pay_to"]["reference"] == room.references["binh"]
        shown = await binh.get(path)
        assert "two hundred million" not in words(shown.text).lower()
        assert "hai trăm triệu đồng" in words(shown.text).lower()
        assert room.references["binh"] in shown.text
        assert room.references["chi"] not in shown.text
        assert "<svg" in shown.text.partition("own-deposit__qr")[2]
        room.pay("binh")
        room.pay("chi", DEPOSIT - 1)
        await room.deliver(desk)
        assert (await binh.get(api)).json()["state"] == "HELD"
        short = (await chi.get(api)).json()
        assert (short["state"], short["received_minor"]) == ("SHORT", DEPOSIT - 1)
        assert "thiếu 1 ₫" in words((await chi.get(path)).text)
    async with room.house.signed_in("an") as stranger:
        assert (await stranger.get(api)).json()["state"] == "NOT_REGISTERED"
        other = f"/api/lots/{room.house.lots[0]}/deposit"
        assert (await stranger.get(other)).status_code == 404  # its deposits are kept elsewhere
    assert (await desk.get(api)).status_code == 403


async def test_the_account_wants_a_reason_and_right_numbers(
    room: Cashroom, desk: httpx.AsyncClient
) -> None:
    for changes in (
        {"reason": " "},
        {"bic": "x"},
        {"account": "a b?"},
        {"bin": "12"},
        {"name": ""},
    ):
        answer = await send(desk, "/desk/money/account", **{**ACCOUNT, **changes})
        assert answer.status_code == 422, changes
        assert 'role="alert"' in answer.text
    assert (await send(desk, "/desk/money/account", **ACCOUNT)).status_code == 303
    acts = await room.fetch("SELECT reason FROM money_act WHERE kind = 'bank_account'")
    assert [row["reason"] for row in acts] == ["Contract 12"]  # the same again is nothing new


async def test_without_books_the_page_says_when_there_will_be_some(house: House) -> None:
    async with house.signed_in("auctioneer") as client:
        client.cookies.set("lang", "en")
        assert "There are no books yet" in await page(client, "/desk/money")
        assert "There are no books yet" in await page(client, "/desk/money/payouts")
