"""/mine: what is one's own, counted again from journal and books; another's things never appear."""

from __future__ import annotations

import asyncio
import time
from hashlib import sha256
from typing import Any

import asyncpg
import orjson
import pytest
from cashroom import DEPOSIT, cashroom, send, words
from house import START, STEP, House, new_id

from auction_engine.desk import listing
from auction_engine.ledger.journal import GENESIS, chain
from auction_engine.rules.commands import Act
from auction_engine.rules.terms import Terms

QUICK = Terms(
    deposit_minor=1_000, min_participants=1, single_bidder="ALWAYS", announcement="IMMEDIATE"
)


async def fetch(house: House, query: str, *arguments: Any) -> list[Any]:
    connection = await asyncpg.connect(house.settings.database_url)
    try:
        return list(await connection.fetch(query, *arguments))
    finally:
        await connection.close()


async def reaches(house: House, lot: int, status: str) -> None:
    async with asyncio.timeout(20):
        query = "SELECT status = $2 FROM lot_head WHERE lot_id = $1"
        while not (await fetch(house, query, lot, status))[0][0]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def bid(house: House, login: str, lot: int, *amounts: int) -> None:
    async with house.signed_in(login) as client:
        for amount in amounts:
            told = {"bid_id": new_id(), "amount_minor": amount}
            answer = await client.post(f"/api/lots/{lot}/bids", json=told)
            assert answer.status_code == 200, answer.text


async def sold(house: House, *logins: str) -> int:
    """A lot that the first of `logins` wins at once, the others below it; announced."""
    now = int(time.time() * 1000)
    (lot,) = await house.put_up(1, terms=QUICK, extension=None, end_ms=now + 2_500)
    for login in logins:
        await house.account(login, "bidder")
    await house.is_open(lot)
    for n, login in enumerate(reversed(logins)):
        await bid(house, login, lot, START + n * STEP)
    await reaches(house, lot, "ANNOUNCED")
    return lot


async def test_the_numbers_are_those_of_the_journal(house: House) -> None:
    lot, other = house.lots
    await house.account("binh", "bidder")
    await bid(house, "an", lot, START, START, START + STEP - 1)
    await bid(house, "binh", lot, START + STEP, START + 3 * STEP, START)
    await bid(house, "an", lot, START + 4 * STEP)
    for login in ("an", "binh"):
        account = house.people[login].id
        async with house.signed_in(login) as client:
            told = (await client.get("/api/mine")).json()
            own = (await client.get(f"/api/mine/lots/{lot}")).json()
        assert {row["lot"] for row in told["lots"]} == {lot, other}
        row = next(row for row in told["lots"] if row["lot"] == lot)
        rows = [
            orjson.loads(one[0])
            for one in await fetch(house, "SELECT body FROM journal WHERE lot_id = $1", lot)
        ]
        mine = [entry for entry in rows if entry.get("bidder") == account]
        accepted = [entry for entry in mine if entry["kind"] == "bid.accepted"]
        refused = [entry for entry in mine if entry["kind"] == "bid.refused"]
        assert (row["accepted"], row["refused"]) == (len(accepted), len(refused))
        assert row["best_minor"] == max(entry["amount_minor"] for entry in accepted)
        assert [entry["seq"] for entry in own["entries"]] == [entry["seq"] for entry in mine]
        assert [e["at_ms"] for e in own["entries"]] == [entry["at_ms"] for entry in mine]
        assert own["code"] == row["code"]


async def test_each_seal_is_the_journals_own(house: House) -> None:
    lot = house.lots[0]
    await bid(house, "an", lot, START)
    async with house.signed_in("an") as client:
        own = (await client.get(f"/api/mine/lots/{lot}")).json()
    seals, digest = {}, GENESIS
    for seq, body in await fetch(
        house, "SELECT seq, body FROM journal WHERE lot_id = $1 ORDER BY seq", lot
    ):
        seals[seq] = digest = chain(digest, body)
    assert own["entries"]
    for entry in own["entries"]:
        assert entry["hash"] == seals[entry["seq"]].hex()
    assert own["head"] == {"seq": max(seals), "seal": seals[max(seals)].hex()}


async def test_anothers_things_never_appear(house: House) -> None:
    lot = house.lots[0]
    binh = await house.account("binh", "bidder")
    await bid(house, "an", lot, START)
    await bid(house, "binh", lot, START + STEP, START + STEP)
    await house.account("chi", "bidder", admitted=False)
    async with house.signed_in("chi") as client:
        assert (await client.get("/api/mine")).json() == {
            "duties": [], "lots": [], "complaints": [],
        }  # fmt: skip
        for path in (f"/mine/lots/{lot}", f"/api/mine/lots/{lot}", "/api/mine/lots/999999"):
            assert (await client.get(path)).status_code == 404
        page = words((await client.get("/mine")).text)
        assert "Bạn chưa tham gia tài sản nào" in page
    async with house.signed_in("an") as client:
        for path in ("/api/mine", f"/api/mine/lots/{lot}", f"/mine/lots/{lot}", "/mine"):
            answer = await client.get(path)
            assert str(START + STEP) not in answer.text.replace(".", "")
            assert "Binh" not in answer.text
        entries = (await client.get(f"/api/mine/lots/{lot}")).json()["entries"]
    seqs = [entry["seq"] for entry in entries]
    rows = await fetch(
        house, "SELECT bidder FROM journal WHERE lot_id = $1 AND seq = ANY($2)", lot, seqs
    )
    assert {row[0] for row in rows} == {house.people["an"].id}
    assert binh.id not in {row[0] for row in rows}


async def test_the_winner_signs_what_was_read_and_then_pays(house: House) -> None:
    lot = await sold(house, "hoa", "lan")
    async with house.signed_in("lan") as client:
        assert (await client.get("/api/mine")).json()["duties"] == []
        assert (await client.get(f"/mine/lots/{lot}/sign")).status_code == 404
    async with house.signed_in("hoa") as client:
        (duty,) = (await client.get("/api/mine")).json()["duties"]
        assert (duty["what"], duty["lot"], duty["amount_minor"]) == ("SIGN", lot, START + STEP)
        page = (await client.get(f"/mine/lots/{lot}/sign")).text
        digest = page.partition('name="sha256" value="')[2].partition('"')[0]
        code = (await client.get(f"/api/mine/lots/{lot}")).json()["code"]
        wrong = await send(client, f"/mine/lots/{lot}/sign", sha256=digest, code="B-999")
        assert wrong.status_code == 422
        assert "Mã không khớp" in wrong.text
        other = await send(client, f"/mine/lots/{lot}/sign", sha256="0" * 64, code=code)
        assert other.status_code == 409
        assert await fetch(house, "SELECT 1 FROM signature") == []
        done = await send(client, f"/mine/lots/{lot}/sign", sha256=digest, code=code.lower())
        assert (done.status_code, done.headers["location"]) == (
            303,
            f"/mine/lots/{lot}?done=signed",
        )
        assert (await send(client, f"/mine/lots/{lot}/sign", sha256=digest, code=code)
                ).status_code == 409  # fmt: skip
        ((signature,),) = await fetch(house, "SELECT id FROM signature")
        signed = await client.get(f"/mine/signatures/{signature}")
        assert sha256(signed.content).hexdigest() == digest
        told = signed.json()
        assert (told["winner"], told["price_minor"], told["lot"]) == (code, START + STEP, lot)
        rows = await fetch(
            house, "SELECT kind, hash FROM journal WHERE lot_id = $1 AND seq = $2",
            lot, told["entry"],
        )  # fmt: skip
        assert rows[0]["kind"] == "winner.announced"
        assert told["seal"] == bytes(rows[0]["hash"]).hex()
    async with house.signed_in("lan") as client:
        assert (await client.get(f"/mine/signatures/{signature}")).status_code == 404
    (entry,) = await fetch(
        house, "SELECT body FROM journal WHERE lot_id = $1 AND kind = 'minutes.signed'", lot
    )
    data = orjson.loads(entry[0])["data"]
    assert (data["as"], data["by"]) == ("WINNER", house.people["hoa"].id)
    for name in ("AUCTIONEER", "RECORDER"):
        act = Act("sign_minutes", name, 1, None, {"as": name})
        await house.log.act(house.shard(lot), lot, act)
    await reaches(house, lot, "AWAIT_PAYMENT")
    async with house.signed_in("hoa") as client:
        (duty,) = (await client.get("/api/mine")).json()["duties"]
        assert duty["what"] == "PAY"


async def test_signing_by_api_is_once_and_needs_a_fresh_proof(house: House) -> None:
    lot = await sold(house, "hoa")
    path = f"/api/mine/lots/{lot}/sign"
    async with house.signed_in("hoa") as client:
        one = (await client.get(path)).json()
        assert (one["open"], one["signature"]) == (True, None)
        said = {"sha256": one["sha256"], "code": one["document"]["winner"]}
        wrong = await client.post(path, json=said | {"code": "B-999"})
        assert (wrong.status_code, wrong.json()["faults"][0]["path"]) == (422, "code")
        wrong = await client.post(path, json=said | {"sha256": "0" * 64})
        assert (wrong.status_code, wrong.json()["code"]) == (409, "CHANGED")
        first, second = await asyncio.gather(*(client.post(path, json=said) for _ in range(2)))
        assert first.json()["signature"] == second.json()["signature"] is not None
        assert (await client.post(path, json=said)).json() == first.json()
        entries = "SELECT 1 FROM journal WHERE lot_id = $1 AND kind = 'minutes.signed'"
        assert len(await fetch(house, entries, lot)) == 1
        connection = await asyncpg.connect(house.settings.database_url)
        await connection.execute(
            "UPDATE web_session SET proved_at = now() - interval '1 day' WHERE account_id = $1",
            house.people["hoa"].id,
        )
        await connection.close()
        answer = await client.get(f"/mine/lots/{lot}/sign")
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login/again?next=%2Fmine%2Flots%2F")
        refused = await client.get(path)
        assert (refused.status_code, refused.json()["code"]) == (403, "PROVE_FIRST")


async def test_a_deposit_is_the_books_own(house: House) -> None:
    async with cashroom(house) as room:
        await room.register("dung", "giang")
        room.pay("dung")
        async with house.signed_in("auctioneer") as client:
            await send(
                client, "/desk/money/account", name=room.bank.owner.name,
                account=room.bank.owner.account, bank=room.bank.owner.bank, napas="", reason="x",
            )  # fmt: skip
            assert (await room.deliver(client)).status_code in (200, 303)
        states = {}
        for login in ("dung", "giang"):
            async with house.signed_in(login) as client:
                (row,) = (await client.get("/api/mine")).json()["lots"]
                states[login] = row["deposit"]
                page = (await client.get(f"/mine/lots/{room.lot}")).text
                assert room.references[login] in page
                others = [room.references[one] for one in room.references if one != login]
                assert not any(reference in page for reference in others)
        assert states["dung"]["state"] == "HELD"
        assert states["giang"]["state"] == "WAITING"
        held = await room.fetch(
            "SELECT p.amount_minor FROM transfer t JOIN posting p ON p.transfer_id = t.id"
            " JOIN payment_request r ON t.key = 'hold:' || r.id"
            " WHERE r.payer = $1 AND p.amount_minor > 0",
            room.bidders["dung"],
        )
        assert [row[0] for row in held] == [states["dung"]["amount_minor"]] == [DEPOSIT]
        async with house.signed_in("giang") as client:
            duties = (await client.get("/api/mine")).json()["duties"]
        assert [(one["what"], one["lot"]) for one in duties] == [("DEPOSIT", room.lot)]
        assert "39(2)" in duties[0]["rule"]


@pytest.mark.parametrize("lang", ["vi", "en"])
async def test_the_pages_are_whole_in_both_languages(house: House, lang: str) -> None:
    lot = await sold(house, "hoa")
    async with house.signed_in("hoa") as client:
        for path in ("/mine", f"/mine/lots/{lot}", f"/mine/lots/{lot}/sign",
                     f"/lots/{lot}/replay", "/mine/complaints/new",
                     f"/mine/complaints/new?lot={lot}"):  # fmt: skip
            answer = await client.get(path, params=None if "?" in path else {"lang": lang})
            assert answer.status_code == 200, (path, answer.text[:300])


async def test_the_course_is_public_cacheable_and_the_same_for_all(house: House) -> None:
    lot = house.lots[0]
    await bid(house, "an", lot, START, START)
    async with house.browser() as client, house.signed_in("an") as own:
        answer = await client.get(f"/api/lots/{lot}/course")
        assert answer.content == (await own.get(f"/api/lots/{lot}/course")).content
        assert "public" in answer.headers["cache-control"]
        assert "set-cookie" not in answer.headers
        kinds = [step["kind"] for step in answer.json()["steps"]]
        assert kinds == ["opened", "bid"]  # the refused bid is nobody else's business
        tag = {"If-None-Match": answer.headers["etag"]}
        house.hooks.clear()
        async with house.browser() as plain:
            assert (await plain.get(f"/api/lots/{lot}/course", headers=tag)).status_code == 304
        await bid(house, "an", lot, START)
        page = words((await client.get(f"/lots/{lot}/replay")).text)
        assert "Phòng đấu mở" in page
        assert "B-001" in page or "B-" in page
        assert (await client.get("/api/lots/999999/course")).status_code == 404


async def test_nothing_is_watched_again_before_it_has_opened(house: House) -> None:
    now_ms, opened = int(time.time() * 1000), house.lots[0]
    (coming,) = await house.put_up(1, start_ms=now_ms + 3_600_000, end_ms=now_ms + 7_200_000)
    await listing.admit(house.log, house.shard(coming), coming, house.people["an"].id)
    async with house.signed_in("an") as client:
        page = (await client.get("/mine")).text
    assert f'href="/lots/{coming}"' in page
    assert f"/lots/{coming}/replay" not in page
    assert f"/lots/{opened}/replay" in page
