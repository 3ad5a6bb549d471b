"""The session and what follows it, over the API alone: the second half of `together_story`."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from house import new_id
from together_beside import session_is_handed_over
from together_story import BIDDERS, START, STEP, Sale, reaches, statement

from auction_engine.clients.bank import Bank, Customer
from auction_engine.story import plot

WINNER, WITHDRAWS = "b05", "b12"
PRICE = START + 20 * STEP


async def session_is_held(sale: Sale) -> None:
    """Twelve bid; a fault stops the clock, the agency lets it go on; the leader withdraws."""
    stage = sale.stage
    staff = (await stage["maker"].get("/api/desk/house"))["staff"]
    maker = next(one["id"] for one in staff if one["name"] == "Maker")
    told = {"act": "appoint", "data": {"auctioneer": maker}}
    await stage.press("second", sale.acts, told, rival="rival", once="journal")
    state = (await stage["b01"].get(f"/api/lots/{sale.lot}", person=True))["state"]
    for act in ("announce", "pause", "report_incident"):
        assert await stage.early("maker", sale.acts, {"act": act, "data": _data(act)})
    await stage.clock.to(state["start_ms"] + 1_000)
    await reaches(sale, "RUNNING")
    for n, login in enumerate(BIDDERS):
        assert (await bid(sale, login, START + n * STEP))["t"] == "recorded"
    await _incident(sale)
    await session_is_handed_over(sale, "second", "maker")
    assert await stage.early("maker", sale.acts, {"act": "pause", "data": _data("pause")})
    await session_is_handed_over(sale, "maker", "second")
    withdrawn = await stage.press(WITHDRAWS, sale.acts, {"act": "withdraw_bid"}, once="journal")
    assert withdrawn["t"] == "done"
    assert (await bid(sale, WITHDRAWS, PRICE))["t"] == "refused"
    assert (await bid(sale, WINNER, PRICE))["t"] == "recorded"
    said = {"key": str(uuid.uuid4()), "text": {"vi": "Còn ít phút.", "en": "A few minutes left."}}
    where = f"/api/sessions/{sale.session}/announcements"
    await stage.press("maker", where, said, rival="rival", once="session_entry.account_id")
    for act in ("announce", "decide_incident"):
        who = "officer" if act == "decide_incident" else "maker"
        assert await stage.early(who, sale.acts, {"act": act, "data": _data(act)})
    await _overseen(sale)


def _data(act: str) -> dict[str, Any]:
    return {
        "pause": {"ground": "AUCTIONEER"}, "report_incident": {"what": "the power is gone"},
        "decide_incident": {"choice": "CONTINUE"},
    }.get(act, {})  # fmt: skip


async def bid(sale: Sale, login: str, amount: int, lot: int | None = None) -> dict[str, Any]:
    told = {"bid_id": new_id(), "amount_minor": amount, "confirmed": True}
    client = await sale.stage[login].client(True)
    answer = await client.post(f"/api/lots/{lot or sale.lot}/bids", json=told)
    assert answer.status_code == 200, answer.text
    again = await client.post(f"/api/lots/{lot or sale.lot}/bids", json=told)
    assert again.json() == answer.json() | {"repeat": True}
    return dict(answer.json())


async def _incident(sale: Sale) -> None:
    stage = sale.stage
    told = {"act": "report_incident", "data": _data("report_incident")}
    await stage.press("maker", sale.acts, told, rival="rival", once="journal")
    await reaches(sale, "PAUSED")
    assert (await bid(sale, WINNER, PRICE))["t"] == "refused"
    assert await stage.early("maker", sale.acts, {"act": "resume"}) == "INCIDENT_OPEN"
    assert await stage.early("maker", sale.acts, {"act": "decide_incident"}) == "FORBIDDEN"
    told = {"act": "decide_incident", "reason": "the power is back",
            "data": _data("decide_incident")}  # fmt: skip
    await stage.press("officer", sale.acts, told, beside="head", rival="stranger", once="journal")
    await reaches(sale, "RUNNING")


async def _overseen(sale: Sale) -> None:
    """The procurator sees it all and can change nothing."""
    procurator = sale.stage["procurator"]
    assert await procurator.get("/api/oversight")
    record = await procurator.get(f"/api/oversight/lots/{sale.lot}/record")
    kinds = [entry["kind"] for entry in record["entries"]]
    assert {"incident.reported", "incident.decided", "bid.withdrawn"} <= set(kinds)
    for path, body in (
        (sale.acts, {"act": "pause", "data": _data("pause")}),
        (f"/api/sessions/{sale.session}/acts", {"act": "pause"}),
        (f"/api/lots/{sale.lot}/bids", {"bid_id": str(uuid.uuid4()), "amount_minor": PRICE}),
    ):
        assert await sale.stage.early("procurator", path, body) == "TOKEN_NOT_FOR_THIS"
        assert await sale.stage.early("procurator", path, body, person=True) == "FORBIDDEN"


async def result_is_signed(sale: Sale) -> None:
    """The end, the announcement, the minutes under three signatures."""
    stage = sale.stage
    state = (await stage["b01"].get(f"/api/lots/{sale.lot}", person=True))["state"]
    await stage.clock.to(state["end_ms"] + 1_000)
    await reaches(sale, "LEADER_DETERMINED")
    minutes = f"/api/lots/{sale.lot}/minutes"
    assert await stage.early("maker", minutes, person=True) == "NOT_ENDED"
    await stage.press("maker", sale.acts, {"act": "announce"}, rival="rival", once="journal")
    sign = {"as": "AUCTIONEER", "sha256": "0" * 64}
    assert await stage.early("maker", f"{minutes}/signatures", sign, person=True) == "NOT_DRAWN"
    drawn = await stage.press(
        "maker", minutes, beside="second", rival="rival", person=True, once="minutes.drawn_by"
    )
    own = f"/api/mine/lots/{sale.lot}/sign"
    assert await stage.early("b01", own, {"sha256": drawn["sha256"], "code": "X"}, person=True)
    for who, side in (("maker", "AUCTIONEER"), ("second", "RECORDER")):
        sign = {"as": side, "sha256": drawn["sha256"]}
        other = {"maker": "second", "second": "maker"}[who]
        assert await stage.early(other, f"{minutes}/signatures", sign, person=True) in (
            "NOT_YOURS", "TWO_PEOPLE",
        )  # fmt: skip
        await stage.press(
            who, f"{minutes}/signatures", sign, person=True, rival="rival", once="journal"
        )
    read = await stage[WINNER].get(own)
    code = (await stage[WINNER].get(f"/api/mine/lots/{sale.lot}"))["code"]
    sign = {"sha256": read["sha256"], "code": code}
    await stage.press(WINNER, own, sign, person=True, once="signature.account_id")
    await reaches(sale, "AWAIT_PAYMENT")
    await reaches(sale, "FAILED", sale.lots[1])


# --- money ------------------------------------------------------------------------------------


async def price_is_paid(sale: Sale) -> None:
    """Refunds leave under four eyes; the winner pays the rest to the agency."""
    stage = sale.stage
    costs = {"amount_minor": plot.AUCTION_COSTS, "reason": "Invoices 14 to 17"}
    where = f"/api/desk/money/lots/{sale.lot}/costs"
    await stage.press("maker", where, costs, rival="rival", once="money_act.account_id")
    await stage.until("maker", "/api/desk/money/payouts?state=DUE", _with_what_was_lost)
    await paid_out(sale, "desk", ("maker", "second"), sale.escrow)
    await statement(sale, "officer", "agency", sale.treasury)
    evidence = f"/api/mine/lots/{sale.lot}"
    told = await stage.until(WINNER, evidence, lambda found: (found["price"] or {}).get("pay_to"))
    price = told["price"]
    assert price["pay_to"]["account"] == plot.TREASURY.account
    early = {"act": "deliver"}
    assert await stage.early("officer", sale.acts, early) == "WRONG_STATUS"
    rest = price["amount_minor"] - price["paid_minor"]
    payer = Customer("Bidder b05", "001100000004")
    sale.treasury.receive(sale.day(), rest, f"{price['reference']} tien mua", payer)
    await statement(sale, "officer", "agency", sale.treasury)
    await reaches(sale, "PAID")


def _with_what_was_lost(told: Any) -> bool:
    """Whether the deposit of the one who withdrew is there, beside those that go back."""
    return len(told["payouts"]) > len(BIDDERS)


async def paid_out(sale: Sale, desk: str, hands: tuple[str, str], bank: Bank) -> int:
    """Everything due: prepared by one, released by another, obeyed by the bank, heard of."""
    stage, base = sale.stage, f"/api/{desk}/money"
    rival = "rival" if desk == "desk" else "stranger"
    first, second = hands
    due = await stage.until(first, f"{base}/payouts?state=DUE", lambda told: told["payouts"])
    for one in due["payouts"]:
        if not one["account"]:
            payee = {"name": plot.BUDGET.name, "account": plot.BUDGET.account,
                     "bank": plot.BUDGET.bank, "reason": "Published account"}  # fmt: skip
            await stage[first].does(f"{base}/payouts/{one['id']}/payee", payee)
    day = (sale.day() + timedelta(days=1)).isoformat()
    wanted = {"payouts": [one["id"] for one in due["payouts"]], "requested_on": day}
    made = await stage.press(
        first, f"{base}/batches", wanted, beside=second, once="payout_batch.prepared_by"
    )
    batch = f"{base}/batches/{made['batch']['id']}"
    owner = next(one for one in hands if made["batch"]["preparer"] == one.title())
    other = next(one for one in hands if one != owner)
    assert await stage.early(owner, f"{batch}/release", person=True) == "SAME_PERSON"
    await stage.press(
        other, f"{batch}/release", person=True, rival=rival, once="payout_batch.released_by"
    )
    client = await stage[first].client(False)
    order = (await client.get(f"{batch}/file")).content
    answer = bank.obey(order, sale.day())
    assert answer is None
    if bank is sale.escrow:
        for amount, text in bank.paid_to(order, plot.TREASURY.account):
            sale.treasury.receive(sale.day(), amount, text, plot.ESCROW)
    await statement(sale, first, desk, bank)
    return len(wanted["payouts"])


async def proceeds_are_shared(sale: Sale) -> None:
    """Delivered, computed by one, approved by another, paid, closed."""
    stage = sale.stage
    await stage.press(
        "officer", sale.acts, {"act": "deliver"}, beside="head", rival="stranger", once="journal"
    )
    base = f"/api/agency/money/lots/{sale.lot}/sheet"
    today = sale.day()
    sheet = plot.sheet(today, today - timedelta(days=200))
    found = await stage.until("officer", base, lambda told: told["estate_minor"] == PRICE)
    tried = await stage["officer"].does(f"{base}/try", sheet)
    assert tried["result"]["estate_minor"] == found["estate_minor"]
    assert await stage.early("officer", sale.acts, {"act": "close_file"}) == "WRONG_STATUS"
    made = await stage.press(
        "officer", base, sheet, rival="stranger", once="distribution.prepared_by"
    )
    approve = f"/api/agency/money/shares/{made['shares']['id']}/approve"
    assert await stage.early("officer", approve, person=True) == "SAME_PERSON"
    await stage.press(
        "head",
        approve,
        person=True,
        rival="stranger",
        once="distribution.approved_by",
        follows=("journal",),
    )
    await reaches(sale, "PROCEEDS_DISTRIBUTED")
    await paid_out(sale, "agency", ("officer", "head"), sale.treasury)
    assert sale.escrow.balance_minor == sale.treasury.balance_minor == 0
    await stage.press("officer", sale.acts, {"act": "close_file"}, rival="stranger", once="journal")
    await reaches(sale, "CLOSED")


async def case_is_closed(sale: Sale) -> None:
    """The car that nobody wanted goes back to the debtor; then nothing of the case is open."""
    stage, case = sale.stage, f"/api/agency/cases/{sale.case}"
    closes = {"reason": "All is paid out."}
    assert await stage.early("officer", f"{case}/close", closes) == "OPEN_ASSET"
    told = {"act": "return_to_debtor", "reason": "Nobody bids for it."}
    where = f"/api/lots/{sale.lots[1]}/acts"
    await stage.press("officer", where, told, rival="stranger", once="journal")
    car = f"/api/agency/assets/{sale.assets[1]}"
    await stage.until("officer", car, lambda found: found["state"] == "RETURNED")
    await stage.press(
        "officer", f"{case}/close", closes, beside="head", rival="stranger",
        once="case_entry.account_id",
    )  # fmt: skip
    party = {"kind": "RELATED", "name": "Too late"}
    assert await stage.early("officer", f"{case}/parties", party) == "CASE_CLOSED"


async def it_is_looked_at(sale: Sale) -> None:
    """The procurator's finding, answered by the organisation; nobody else reads it."""
    stage = sale.stage
    key = str(uuid.uuid4())
    finding = {
        "key": key, "kind": "REQUEST", "side": "ORGANISATION", "lot": sale.lot,
        "articles": "Art. 1", "text": "Explain the incident.", "working_days": 5,
    }  # fmt: skip
    made = await stage.press(
        "procurator", "/api/oversight/findings", finding, once="finding.account_id"
    )
    answer = f"/api/desk/findings/{made['id']}/answer"
    said, once = {"text": "The power was gone."}, "finding_act.account_id"
    await stage.press("maker", answer, said, rival="rival", once=once)
    settled = f"/api/oversight/findings/{made['id']}/act"
    told = {"kind": "SETTLED", "text": "Answered."}
    await stage.press("procurator", settled, told, once=once)
    record = await stage["procurator"].get(f"/api/oversight/lots/{sale.lot}/record")
    assert record["entries"][-1]["kind"] == "file.closed"
