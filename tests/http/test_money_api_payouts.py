"""Payments that leave, over JSON: two people and a bank, tokens, whatever is pressed at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest
from cashroom import DEPOSIT, today
from office import ACCOUNT, BASE, Office, amounts, names, no, office, ok

from auction_engine.identity import sessions

__all__ = ["office"]
pytestmark = pytest.mark.asyncio(loop_scope="module")


# --- payments that leave ------------------------------------------------------------------------


async def test_two_people_and_a_bank_pay_out(office: Office) -> None:
    first, second = office.first, office.second
    chosen = {"payouts": await office.owed(2), "requested_on": today().isoformat()}
    for changes, code, field in (
        ({"requested_on": "2020-01-01"}, "BAD_DAY", "requested_on"),
        ({"payouts": []}, "NO_PAYOUTS", "payouts"),
        ({"payouts": ["1"]}, "WRONG_FIELD", "payouts.0"),
    ):
        await no(first.post(f"{BASE}/batches", json={**chosen, **changes}), 422, code, field)
    made = await ok(first.post(f"{BASE}/batches", json=chosen))
    assert len(made["payouts"]) == 2
    again = await ok(first.post(f"{BASE}/batches", json=chosen))
    assert (again["batch"]["id"], again["repeat"]) == (made["batch"]["id"], True)
    await no(second.post(f"{BASE}/batches", json=chosen), 409, "NOT_DUE", "payouts")
    path = f"{BASE}/batches/{made['batch']['id']}"
    await no(first.get(f"{path}/file"), 404, "NOT_FOUND")
    before = await office.transfers()
    await no(first.post(f"{path}/release"), 403, "SAME_PERSON")
    assert await office.transfers() == before
    done = await ok(second.post(f"{path}/release"))
    assert (done["batch"]["state"], done["batch"]["releaser"]) == ("RELEASED", "Second")
    assert {one["state"] for one in done["payouts"]} == {"ORDERED"}
    assert (await ok(second.post(f"{path}/release")))["repeat"] is True
    assert await office.transfers() == before + 2
    await no(first.post(f"{path}/cancel", json={"reason": "late"}), 409, "RELEASED")
    file = await first.get(f"{path}/file")
    assert file.headers["content-type"] == "application/xml"
    assert file.content.count(b"<CdtTrfTxInf>") == 2
    await _answered(office, file.content, done["payouts"])


async def _answered(office: Office, order: bytes, paid: list[dict[str, Any]]) -> None:
    """The bank refuses one of the batch; a colleague finds the right account; it is due again."""
    first, room = office.first, office.room
    room.bank.closed.add(paid[0]["account"])
    answer = room.bank.obey(order, today())
    assert answer is not None
    sent = {"content": answer, "headers": {"content-type": "application/xml"}}
    counts = await ok(first.post(f"{BASE}/answers", **sent))  # type: ignore[arg-type]
    assert counts == {"rejected": 1, "accepted": 1, "known": 0}
    before = await office.acts()
    again = await ok(first.post(f"{BASE}/answers", **sent))  # type: ignore[arg-type]
    assert again == {"rejected": 0, "accepted": 1, "known": 1}
    assert await office.acts() == before
    failed = await ok(first.get(f"{BASE}/payouts/{paid[0]['id']}"))
    assert failed["payout"]["state"] == "FAILED"
    path = f"{BASE}/payouts/{paid[0]['id']}"
    payee = {"name": "Sender", "account": "0099", "bank": "VCBKVNVX", "reason": "Letter 5"}
    await no(first.post(f"{path}/payee", json={**payee, "bank": "X"}), 422, "BAD_ACCOUNT", "bank")
    await no(first.post(f"{path}/payee", json={**payee, "name": " "}), 422, "NO_PAYEE", "name")
    assert (await ok(first.post(f"{path}/payee", json=payee)))["repeat"] is False
    assert (await ok(first.post(f"{path}/payee", json=payee)))["repeat"] is True
    await no(first.post(f"{path}/retry", json={"reason": ""}), 422, "NO_REASON", "reason")
    for repeat in (False, True):
        told = await ok(first.post(f"{path}/retry", json={"reason": "New account"}))
        assert (told["payout"]["attempt"], told["repeat"]) == (2, repeat)
    assert [act["reason"] for act in told["acts"]] == ["Letter 5", "New account"]
    await no(office.second.post(f"{path}/retry", json={"reason": "Me too"}), 409, "NOT_FAILED")
    await office.bring()
    gone = await ok(first.get(f"{BASE}/payouts", params={"state": "BOOKED,CANCELLED"}))
    assert paid[1]["id"] in [one["id"] for one in gone["payouts"]]
    listed = await ok(first.get(f"{BASE}/payouts"))
    assert {one["state"] for one in listed["payouts"]} == {"DUE"}


async def test_a_batch_taken_apart_is_never_released(office: Office) -> None:
    first, second = office.first, office.second
    path = f"{BASE}/batches/{await office.batch()}"
    waiting = await ok(first.get(f"{BASE}/batches", params={"open": "true"}))
    assert path.rpartition("/")[2] in [str(one["id"]) for one in waiting["batches"]]
    await no(first.post(f"{path}/cancel", json={"reason": " "}), 422, "NO_REASON", "reason")
    done = await ok(first.post(f"{path}/cancel", json={"reason": "Wrong day"}))
    assert (done["batch"]["state"], done["payouts"]) == ("CANCELLED", [])
    assert (await ok(first.post(f"{path}/cancel", json={"reason": "Wrong day"})))["repeat"] is True
    await no(second.post(f"{path}/release"), 409, "CANCELLED")
    answer = b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"/>'
    refused = await first.post(
        f"{BASE}/answers", content=answer, headers={"content-type": "application/xml"}
    )
    assert refused.status_code == 422


# --- tokens, and proofs of who one is -------------------------------------------------------------


async def token(office: Office, *acts: str) -> httpx.AsyncClient:
    told = {"name": "ledger", "acts": list(acts), "days": 1}
    answer = await office.first.post("/api/tokens", json=told)
    assert answer.status_code == 201, answer.text
    return office.room.house.browser(Authorization=f"Bearer {answer.json()['token']}")


async def test_a_token_prepares_and_a_person_releases(office: Office) -> None:
    wish = {"name": "x", "acts": ["SETTLE_MONEY"], "days": 1}
    assert (await office.first.post("/api/tokens", json=wish)).json()["code"] == "UNKNOWN_ACT"
    chosen = {"payouts": await office.owed(1), "requested_on": today().isoformat()}
    async with await token(office, "SEE_MONEY", "MOVE_MONEY") as system:
        made = await ok(system.post(f"{BASE}/batches", json=chosen))
        path = f"{BASE}/batches/{made['batch']['id']}"
        assert made["batch"]["preparer"] == "Auctioneer"
        await no(system.post(f"{path}/release"), 403, "TOKEN_NOT_FOR_THIS")
        await no(system.post(f"{BASE}/account", json=ACCOUNT), 403, "TOKEN_NOT_FOR_THIS")
        await no(office.first.post(f"{path}/release"), 403, "SAME_PERSON")
        await ok(office.second.post(f"{path}/release"))
        assert (await system.get(f"{path}/file")).status_code == 200
    async with await token(office, "SEE_MONEY") as reader:
        assert (await reader.get(BASE)).status_code == 200
        await no(reader.post(f"{BASE}/batches", json=chosen), 403, "TOKEN_NOT_FOR_THIS")


async def test_an_old_proof_releases_nothing(office: Office) -> None:
    room = office.room
    path = f"{BASE}/batches/{await office.batch()}"
    async with room.house.signed_in("second") as late:
        connection = await asyncpg.connect(room.house.settings.database_url)
        try:
            await connection.execute(
                "UPDATE web_session SET proved_at = now() - interval '11 minutes'"
                " WHERE token_hash = $1",
                sessions.digest(late.cookies["session"]),
            )
        finally:
            await connection.close()
        await no(late.post(f"{path}/release"), 403, "PROVE_FIRST")
        await no(late.post(f"{BASE}/account", json=ACCOUNT), 403, "PROVE_FIRST")
        assert (await late.get(path)).status_code == 200
        page = path.removeprefix("/api")
        form = {"csrf": late.headers["X-CSRF-Token"]}
        asked = await late.post(f"{page}/release", data=form)
        where = urlsplit(asked.headers["location"])
        assert (where.path, parse_qs(where.query)) == ("/login/again", {"next": [page]})
    assert (await ok(office.first.get(path)))["batch"]["state"] == "PREPARED"


# --- two at once --------------------------------------------------------------------------------

Act = Callable[[Office], Awaitable[tuple[str, Any]]]


async def _placing(office: Office) -> tuple[str, Any]:
    login = next(names)
    await office.room.register(login)
    amount = DEPOSIT + next(amounts)
    (line,) = await office.arrived(amount)
    (row,) = await office.room.fetch(
        "SELECT id FROM payment_request WHERE payer = $1", office.room.bidders[login]
    )
    return f"{BASE}/suspense/{line}/allocate", {"request": row["id"], "reason": "R"}


async def _sending_back(office: Office) -> tuple[str, Any]:
    (line,) = await office.arrived(next(amounts))
    return f"{BASE}/suspense/{line}/send-back", {"reason": "R"}


async def _preparing(office: Office) -> tuple[str, Any]:
    chosen = {"payouts": await office.owed(2), "requested_on": today().isoformat()}
    return f"{BASE}/batches", chosen


async def _cancelling(office: Office) -> tuple[str, Any]:
    return f"{BASE}/batches/{await office.batch()}/cancel", {"reason": "R"}


async def _stating(office: Office) -> tuple[str, Any]:
    said = {"amount_minor": next(amounts), "reason": "R"}
    return f"{BASE}/lots/{office.room.lot}/costs", said


# Each act, and whether another person's very same is refused, once it is done.
ACTS: list[tuple[Act, bool]] = [
    (_placing, True), (_sending_back, True), (_preparing, True), (_cancelling, False),
    (_stating, False),
]  # fmt: skip


@pytest.mark.parametrize(("act", "refused"), ACTS, ids=lambda found: getattr(found, "__name__", ""))
async def test_pressed_by_two_at_once_there_is_one_outcome(
    office: Office, act: Act, refused: bool
) -> None:
    path, body = await act(office)
    acts, transfers = await office.acts(), await office.transfers()
    same = [office.first.post(path, json=body) for _ in range(3)]
    answers = await asyncio.gather(*same)
    assert [answer.status_code for answer in answers] == [200] * 3, [a.text for a in answers]
    after = await office.acts()
    assert after == acts + 1
    moved = await office.transfers()
    assert moved - transfers in (0, 1)
    late = await office.second.post(path, json=body)
    assert late.status_code == (409 if refused else 200), late.text
    if refused:
        assert (await office.acts(), await office.transfers()) == (after, moved)


async def test_of_two_different_people_one_places_a_line(office: Office) -> None:
    path, body = await _sending_back(office)
    before = await office.acts()
    answers = await asyncio.gather(
        *(client.post(path, json=body) for client in (office.first, office.second))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert await office.acts() == before + 1


async def test_released_and_taken_apart_at_once_is_one_of_both(office: Office) -> None:
    path = f"{BASE}/batches/{await office.batch(2)}"
    before = await office.transfers()
    answers = await asyncio.gather(
        office.second.post(f"{path}/release"),
        office.first.post(f"{path}/cancel", json={"reason": "Wait"}),
        office.second.post(f"{path}/release"),
    )
    told = await ok(office.first.get(path))
    released = told["batch"]["state"] == "RELEASED"
    assert [a.status_code for a in answers] == ([200, 409, 200] if released else [409, 200, 409])
    assert await office.transfers() == before + 2 * released
    overview = await ok(office.first.get(BASE))
    assert overview["escrow"]["assets_minor"] == overview["escrow"]["owed_minor"]
