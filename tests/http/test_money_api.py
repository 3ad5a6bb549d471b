"""The organisation's money over JSON: books, a bank's files, what nobody has placed, a lot's own.

One program for all tests; each has bidders and amounts of its own.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from cashroom import DEPOSIT, ESCROW, today
from house import text
from office import ACCOUNT, BASE, Office, amounts, names, no, office, ok

from auction_engine.clients.bank import Customer
from auction_engine.http import money_api_routes, money_routes

__all__ = ["office"]
pytestmark = pytest.mark.asyncio(loop_scope="module")

BANK = Customer("NGAN HANG", "5550001")

# --- the table ----------------------------------------------------------------------------------

# Where an act is another address than on the pages, and why.
_OTHERWISE = {
    "/payouts/prepare": "/batches",  # what is made is a batch
}


async def test_everything_a_page_does_is_done_over_json_and_by_the_same_people() -> None:
    told = {(spec.path, spec.method): spec for spec in money_api_routes.API}
    pages = [spec for spec in money_routes.PAGES if "/money" in spec.path]
    assert len(pages) > 50
    for page in pages:
        base, _, path = page.path.partition("/money")
        path = _OTHERWISE.get(path, path)
        if "/party/" in path:
            continue  # a page to be printed; the shares have every line of it
        one = told[f"/api{base}/money{path}", page.method]
        assert (one.act, one.fresh) == (page.act, page.fresh), page.path
        assert one.doc is not None
        if page.fresh:
            assert "no token" in one.doc.more.lower(), page.path


# --- books and account --------------------------------------------------------------------------


async def test_the_account_is_named_once_and_each_wrong_field_is_said(office: Office) -> None:
    first = office.first
    before = await office.acts()
    for changes, path in (
        ({"reason": " "}, "reason"), ({"bic": "x"}, "bic"), ({"account": "a b?"}, "account"),
        ({"bin": "12"}, "bin"), ({"name": ""}, "name"), ({"name": 5}, "name"),
    ):  # fmt: skip
        answer = await first.post(f"{BASE}/account", json={**ACCOUNT, **changes})
        assert answer.status_code == 422, changes
        assert [fault["path"] for fault in answer.json()["faults"]] == [path]
    again = await ok(first.post(f"{BASE}/account", json=ACCOUNT))
    assert again["repeat"] is True
    assert again["account"]["bin"] == "970436"
    assert [act["reason"] for act in again["history"]] == ["Contract 12"]
    assert await office.acts() == before
    (book,) = (await ok(first.get(f"{BASE}/books")))["books"]
    assert book["account"]["account"] == ESCROW.account
    assert (await ok(first.get(BASE, params={"book": book["id"]})))["book"] == book
    await no(first.get(BASE, params={"book": book["id"] + 1}), 404, "NOT_FOUND")


async def test_a_house_without_books_is_told_so(office: Office) -> None:
    await office.room.house.account("stranger", "organisation", of=text("Rivals"))
    async with office.room.house.signed_in("stranger") as client:
        assert await ok(client.get(f"{BASE}/books")) == {"books": []}
        await no(client.get(BASE), 409, "NO_BOOK")
        body = {"payouts": [1], "requested_on": today().isoformat()}
        await no(client.post(f"{BASE}/batches", json=body), 409, "NO_BOOK")
        line = (await office.arrived(next(amounts)))[0]
        await no(client.get(f"{BASE}/incoming/{line}"), 404, "NOT_FOUND")
        send = client.post(f"{BASE}/suspense/{line}/send-back", json={"reason": "mine"})
        await no(send, 404, "NOT_FOUND")


# --- files --------------------------------------------------------------------------------------


async def test_a_bank_s_file_is_taken_once_and_wrong_ones_change_nothing(office: Office) -> None:
    first, room = office.first, office.room
    (login,) = [next(names)]
    await room.register(login)
    room.pay(login)
    amount = next(amounts)
    room.bank.receive(today(), amount, "no reference", Customer("Somebody", "12345"))
    name, body = room.bank.statement("camt.053")
    post = f"{BASE}/incoming"
    before = len(await room.fetch("SELECT FROM bank_file"))
    for content, kind, status, code in (
        (body, "application/json", 415, "UNSUPPORTED_TYPE"),
        (b"PK\x03\x04xxxx", "application/xml", 422, "WRONG_FORMAT"),
        (b"", "text/csv", 422, "EMPTY_FILE"),
        (body.replace(b"<BookgDt><Dt>2", b"<BookgDt><Dt>x"), "text/xml", 422, None),
    ):
        answer = await first.post(post, content=content, headers={"content-type": kind})
        assert answer.status_code == status, answer.text
        assert code in (None, answer.json()["code"])
    assert "line" in answer.json()["faults"][0]["path"]
    assert len(await room.fetch("SELECT FROM bank_file")) == before
    sent = {"params": {"filename": name}, "headers": {"content-type": "application/octet-stream"}}
    done = await ok(first.post(post, content=body, **sent))  # type: ignore[arg-type]
    assert (done["lines"], done["allocated"], done["repeat"]) == (2, 1, False)
    assert sum(done["suspense"].values()) == 1
    again = await ok(office.second.post(post, content=body, **sent))  # type: ignore[arg-type]
    assert (again["file"], again["repeat"]) == (done["file"], True)
    listed = await ok(first.get(post, params={"file": done["file"]}))
    assert {one["amount_minor"] for one in listed["lines"]} == {DEPOSIT, amount}
    assert listed["file"]["file"]["filename"] == name
    files = (await ok(first.get(f"{BASE}/files")))["files"]
    assert [one["id"] for one in files if one["filename"] == name] == [done["file"]]
    found = await ok(first.get(post, params={"q": "no reference", "state": "SUSPENSE"}))
    assert amount in [one["amount_minor"] for one in found["lines"]]
    overview = await ok(first.get(BASE))
    assert overview["escrow"]["assets_minor"] == overview["escrow"]["owed_minor"]
    assert overview["statement"]["bank_minor"] == overview["statement"]["books_minor"]


# --- suspense -----------------------------------------------------------------------------------


async def test_a_line_is_placed_once_and_the_same_again_is_the_same(office: Office) -> None:
    first, room = office.first, office.room
    login = next(names)
    await room.register(login)
    over = next(amounts)
    room.bank.receive(today(), DEPOSIT + over, "tien coc", room.customer(login))
    await office.bring()
    line = await office.line(DEPOSIT + over)
    path = f"{BASE}/suspense/{line}"
    asked = next(
        one for one in (await ok(first.get(path)))["requests"]
        if one["reference"] == room.references[login]
    )  # fmt: skip
    assert (asked["outcome"], asked["take_minor"], asked["rest_minor"]) == (
        "OVERPAID", DEPOSIT, over,
    )  # fmt: skip
    said = {"request": asked["request"], "reason": "Phoned her"}
    await no(first.post(f"{path}/allocate", json={**said, "reason": "  "}), 422, "NO_REASON",
             "reason")  # fmt: skip
    await no(first.post(f"{path}/allocate", json={**said, "request": 10**9}), 422,
             "UNKNOWN_REQUEST", "request")  # fmt: skip
    await no(first.post(f"{path}/allocate", json={"reason": "x"}), 400, "BAD_MESSAGE")
    done = await ok(first.post(f"{path}/allocate", json=said))
    assert (done["repeat"], done["line"]["left_minor"]) == (False, over)
    key = f"hold:{asked['request']}"
    assert await room.until("SELECT count(*) FROM transfer WHERE key = $1", key) == 1
    before = await office.acts(), await office.transfers()
    assert (await ok(first.post(f"{path}/allocate", json=said)))["repeat"] is True
    # Another person, or other words, is another act: it comes too late.
    await no(office.second.post(f"{path}/allocate", json=said), 409, "PAID_ALREADY", "request")
    other = {**said, "reason": "Wrote to her"}
    await no(first.post(f"{path}/allocate", json=other), 409, "PAID_ALREADY")
    assert (await office.acts(), await office.transfers()) == before
    back = {"reason": "Too much"}
    done = await ok(first.post(f"{path}/send-back", json=back))
    assert done["line"]["state"] == "SENT_BACK"
    assert (await ok(first.post(f"{path}/send-back", json=back)))["repeat"] is True
    await no(office.second.post(f"{path}/send-back", json=back), 409, "SETTLED")
    await no(first.post(f"{path}/allocate", json=other), 409, "SETTLED")
    rows = await room.fetch("SELECT count(*) FROM payout WHERE key = $1", f"return:{line}")
    assert rows[0][0] == 1
    whole = await ok(first.get(f"{BASE}/incoming/{line}"))
    assert [act["kind"] for act in whole["acts"]] == ["allocate", "send_back"]
    told = await ok(first.get(f"{BASE}/acts/{whole['acts'][0]['id']}"))
    assert (told["reason"], told["by"]) == ("Phoned her", "Auctioneer")


async def test_too_little_waits_for_the_rest_and_is_noted_once(office: Office) -> None:
    first, room = office.first, office.room
    login, part = next(names), next(amounts)
    await room.register(login)
    (line,) = await office.arrived(part)
    (row,) = await room.fetch(
        "SELECT id FROM payment_request WHERE payer = $1", room.bidders[login]
    )
    said = {"request": row["id"], "reason": "Her slip"}
    path = f"{BASE}/suspense/{line}/allocate"
    done = await ok(first.post(path, json=said))
    assert (done["line"]["reason"], done["line"]["left_minor"]) == ("SHORT", part)
    before = await office.acts()
    assert (await ok(first.post(path, json=said)))["repeat"] is True
    assert await office.acts() == before


async def test_what_the_bank_took_is_made_good_and_its_interest_is_shared(office: Office) -> None:
    first, room = office.first, office.room
    login = next(names)
    await room.register(login)
    room.pay(login)
    taken, given, earned = next(amounts), next(amounts) + 20_000, next(amounts) + 40_000
    room.bank.receive(today(), given, "sorry", BANK)
    room.bank.receive(today(), earned, "Lai", BANK)
    room.bank._move(today(), -taken, "NOTPROVIDED", "fee", BANK)
    await office.bring()
    debit, credit = await office.line(-taken), await office.line(given)
    path = f"{BASE}/suspense/{credit}"
    (owed,) = (await ok(first.get(path)))["owed"]
    assert (owed["key"], owed["amount_minor"]) == (f"line:{debit}", taken)
    said = {"code": owed["code"], "key": owed["key"], "reason": "Call"}
    wrong = {**said, "code": "BANK.ESCROW"}
    await no(first.post(f"{path}/make-good", json=wrong), 409, "NOTHING_OWED", "key")
    done = await ok(first.post(f"{path}/make-good", json=said))
    assert (done["repeat"], done["line"]["left_minor"]) == (False, given - taken)
    assert (await ok(first.post(f"{path}/make-good", json=said)))["repeat"] is True
    line = f"{BASE}/suspense/{await office.line(earned)}"
    days = {"since": today().isoformat(), "until": (today() + timedelta(days=3)).isoformat()}
    for changes, code, field in (
        ({"until": "soon"}, "WRONG_FIELD", "until"), ({"since": 5}, "WRONG_FIELD", "since"),
        ({"until": days["since"]}, "BAD_DAYS", "until"), ({"reason": ""}, "NO_REASON", "reason"),
        ({"since": "2026-01-01", "until": "2026-02-01"}, "NOTHING_HELD", "since"),
    ):  # fmt: skip
        body = {**days, "reason": "Advice 9", **changes}
        await no(first.post(f"{line}/interest", json=body), 422, code, field)
    body = {**days, "reason": "Advice 9"}
    assert (await ok(first.post(f"{line}/interest", json=body)))["line"]["state"] == "INTEREST"
    assert (await ok(first.post(f"{line}/interest", json=body)))["repeat"] is True
    await no(office.second.post(f"{line}/interest", json=body), 409, "SETTLED")


# --- a lot's own ----------------------------------------------------------------------------------


async def test_a_guarantee_and_the_costs_of_a_lot(office: Office) -> None:
    first, room = office.first, office.room
    login = next(names)
    await room.register(login)
    (row,) = await room.fetch(
        "SELECT id FROM payment_request WHERE payer = $1", room.bidders[login]
    )
    path = f"{BASE}/lots/{room.lot}"
    said = {
        "request": row["id"], "guarantor": "Vietcombank", "document": "BL-1",
        "valid_until": (today() + timedelta(days=60)).isoformat(), "reason": "In the file",
    }  # fmt: skip
    for changes, code, field in (
        ({"guarantor": " "}, "NO_GUARANTOR", "guarantor"),
        ({"valid_until": "2026-01-01"}, "EXPIRED", "valid_until"),
        ({"request": 10**9}, "UNKNOWN_REQUEST", "request"), ({"reason": ""}, "NO_REASON", "reason"),
    ):  # fmt: skip
        await no(first.post(f"{path}/guarantee", json={**said, **changes}), 422, code, field)
    done = await ok(first.post(f"{path}/guarantee", json=said))
    assert (done["deposit"]["where"], done["repeat"]) == ("GUARANTEE", False)
    assert (await ok(first.post(f"{path}/guarantee", json=said)))["repeat"] is True
    other = {**said, "document": "BL-2"}
    await no(first.post(f"{path}/guarantee", json=other), 409, "GUARANTEED")
    costs = {"amount_minor": 12_000_000, "reason": "Invoice 4"}
    assert (await ok(first.post(f"{path}/costs", json=costs)))["repeat"] is False
    assert (await ok(first.post(f"{path}/costs", json=costs)))["repeat"] is True
    wrong = {**costs, "amount_minor": -1}
    await no(first.post(f"{path}/costs", json=wrong), 422, "WRONG_FIELD", "amount_minor")
    fee = {"agreed_minor": 20_000_000, "vat_bp": 800, "reason": "Contract 12"}
    await no(first.post(f"{path}/fee", json=fee), 409, "NOT_OVER")
    told = await ok(first.get(path))
    assert told["may_charge"] is False
    assert [act["data"]["amount_minor"] for act in told["acts"]] == [12_000_000]
    assert {one["code"] for one in told["deposits"]} == {None}  # nobody's to know before the end
    for transfer in told["journal"]:
        assert sum(leg["amount_minor"] for leg in transfer["legs"]) == 0
    assert (await ok(first.get(path, params={"at": "2026-01-01T00:00"})))["journal"] == []
    await no(first.get(path, params={"at": "soon"}), 422, "BAD_MOMENT", "at")
    assert room.lot in [one["id"] for one in (await ok(first.get(f"{BASE}/lots")))["lots"]]
    assert isinstance((await ok(first.get(f"{BASE}/due")))["dues"], list)
