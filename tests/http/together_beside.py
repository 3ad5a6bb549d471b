"""What happens beside the sale of `together_story`: questions, keys, a hand-over, a warrant."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from together_story import BIDDERS, Sale

SAID = {"vi": "Có, thang máy còn chạy.", "en": "Yes, it runs."}


async def question_is_answered(sale: Sale) -> None:
    """A bidder asks, the registrar answers; everybody reads it, and nobody learns who asked."""
    stage, where = sale.stage, f"/api/lots/{sale.lot}/questions"
    asked = {"key": str(uuid.uuid4()), "question": "Does the car still run?"}
    made = await stage.press("b01", where, asked, once="lot_question.asked_by")
    answer = f"/api/desk/questions/{made['question']}"
    (one,) = (await stage["second"].get("/api/desk/questions"))["questions"]
    said = {"do": "answer", "version": one["version"], "answer": SAID,
            "question": {"vi": "Xe còn chạy không?", "en": "Does the car run?"}}  # fmt: skip
    await stage.press(
        "second", answer, said, beside="maker", rival="rival", once="lot_question.decided_by"
    )
    stale = {"do": "decline", "version": one["version"], "reason": "not ours"}
    assert await stage.early("maker", answer, stale)
    (read,) = (await stage["b02"].get(where, person=True))["questions"]
    assert read["answer"] == SAID
    assert "asked_by" not in read


async def list_is_opened_by_two(sale: Sale) -> None:
    """Nobody of the house reads the list alone; two people who each turn a key do."""
    stage, base = sale.stage, f"/api/desk/lots/{sale.lot}/registrants"
    queue = await stage.until(
        "maker",
        f"/api/dossiers?show=decided&lot={sale.lot}",
        lambda told: all(one["recorded"] == "ADMITTED" for one in told["dossiers"]),
    )
    assert len(queue["dossiers"]) == len(BIDDERS)
    dossier = f"/api/dossiers/{queue['dossiers'][0]['id']}"
    told = await stage["maker"].get(dossier)
    assert (told["readable"], told["person"], told["papers"]) == (False, None, [])
    sealed = await (await stage["maker"].client(True)).get(f"{base}/list")
    assert (sealed.status_code, sealed.json()["code"]) == (409, "SEALED")
    for who in ("maker", "second"):
        why = {"reason": "Somebody has told the police of a collusion."}
        await stage.press(
            who, f"{base}/keys", why, person=True, rival="rival", once="registrant_key.account_id"
        )
    told = await stage["second"].get(f"{base}/list", person=True)
    assert len(told["registrants"]) == len(BIDDERS)
    read = await stage["second"].get(dossier)
    assert read["person"]["name"].startswith("Bidder")


async def session_is_handed_over(sale: Sale, to: str, by: str) -> None:
    """Offered, declined, offered again and taken; until then nothing has changed."""
    stage, where = sale.stage, f"/api/sessions/{sale.session}/acts"
    staff = (await stage[by].get("/api/desk/house"))["staff"]
    colleague = next(one["id"] for one in staff if one["name"] == to.title())
    offer = {"act": "offer_hand_over", "reason": "ill", "data": {"auctioneer": colleague}}
    take: dict[str, Any] = {"act": "take_hand_over"}
    assert await stage.early(to, where, take)
    await stage.press(by, where, offer, rival="rival", once="session_entry.account_id")
    await stage.press(
        to, where, {"act": "decline_hand_over"}, rival="rival", once="session_entry.account_id"
    )
    assert await stage.early(to, where, take)
    await stage.press(by, where, offer, rival="rival", once="session_entry.account_id")
    assert await stage.early("rival", where, take)
    await stage.press(to, where, take, rival="rival")


async def identities_are_read(sale: Sale) -> None:
    """By a recorded warrant alone, in person; afterwards no more."""
    stage, today = sale.stage, sale.day()
    warrant = {
        "key": str(uuid.uuid4()), "number": "15/QD", "authority": "People's Procuracy (fictional)",
        "issued_on": today.isoformat(), "valid_from": today.isoformat(),
        "valid_until": (today + timedelta(days=5)).isoformat(), "reason": "Collusion is suspected",
        "lots": [sale.lot],
    }  # fmt: skip
    made = await stage.press(
        "procurator", "/api/oversight/warrants", warrant, person=True, once="warrant.account_id"
    )
    base = f"/api/oversight/warrants/{made['id']}"
    read = await stage["procurator"].get(f"{base}/lots/{sale.lot}", person=True)
    assert len(read["people"]) == len(BIDDERS)
    over = {"reason": "It is over."}
    await stage.press("procurator", f"{base}/end", over, person=True, once="warrant_end.account_id")
    late = await (await stage["procurator"].client(True)).get(f"{base}/lots/{sale.lot}")
    assert late.status_code in (403, 404, 409), late.text


async def complaint_is_decided(sale: Sale) -> None:
    """A bidder complains of the incident; taken up, decided and published by the head."""
    stage = sale.stage
    filed = {
        "key": str(uuid.uuid4()), "lot": sale.lot, "addressee": "ORGANISATION",
        "known_on": sale.day().isoformat(), "grounds": "The pause was too short for us.",
        "remedy": "Open the bidding again.",
    }  # fmt: skip
    made = await stage.press(
        "b02", "/api/mine/complaints", filed, once="complaint.filed_by", person=True
    )
    answer = f"/api/desk/complaints/{made['id']}/answer"
    decided = {
        "kind": "DECIDED_DENIED", "reason": "It was as long as the power was gone.",
        "published": "The pause was as long as the power was gone.", "articles": "Art. 16a(4)",
    }  # fmt: skip
    assert await stage.early("maker", answer, decided)
    for told in ({"kind": "ACCEPTED"}, decided):
        await stage.press(
            "maker", answer, told, beside="second", rival="rival", once="complaint_act.account_id"
        )
    own = f"/api/mine/complaints/{made['id']}"
    assert (await stage["b02"].get(own))["state"] == "DECIDED_DENIED"
