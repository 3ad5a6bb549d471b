"""Judgments and requests that come in over HTTP: signed, received once, answered once."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import contract
import httpx
import pytest
import pytest_asyncio
from cashroom import send, words
from courtroom import COURT, PDF, Courtroom, courtroom, paper
from house import House

from auction_engine.clients.court import Court, NotReceived, new_jti
from auction_engine.desk.intake import record
from auction_engine.identity import jose
from auction_engine.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")
JOSE = {"Content-Type": "application/jose"}
OPENED = {
    "title": {"vi": "Thi hành bản án", "en": "Enforcement"}, "decision_number": "12/QĐ-THADS",
    "decision_on": "2026-08-10", "opened_on": "2026-08-10",
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(
    servers: Any, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Courtroom]:
    """One courtroom for all tests of this file; each sends documents of its own."""
    database = f"intake_{os.getpid()}"
    servers.create_database(database, migrated_template)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("intake"), port=0,
        database_url=servers.owner_of(database), redis_url=servers.redis_url(),
    )  # fmt: skip
    many = {"messages_per_s": 500, "messages_burst": 500, "pages_per_s": 900, "pages_burst": 900}
    limits = settings.limits.model_copy(update=many)
    async with courtroom(settings.model_copy(update={"limits": limits})) as made:
        made.house.hooks.append(contract.check)
        yield made
    servers.drop_database(database)


async def refused(call: Any) -> NotReceived:
    with pytest.raises(NotReceived) as caught:
        await call
    return caught.value


async def count(room: Courtroom) -> int:
    return int((await room.fetch("SELECT count(*) FROM intake_item"))[0][0])


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


async def claims(court: Court, code: str, **changes: Any) -> dict[str, Any]:
    audience = (await court.door())["audience"]
    return {"iss": code, "aud": audience, "iat": int(time.time()), "jti": new_jti()} | changes


def signed(key: dict[str, Any], payload: dict[str, Any]) -> str:
    return jose.signed(json.dumps(payload).encode(), key, jose.public(key).kid, "intake+jws")


async def posted(
    room: Courtroom, token: str | bytes, path: str = "judgments", **headers: str
) -> httpx.Response:
    async with room.house.browser() as client:
        return await client.post(f"/api/intake/{path}", content=token, headers=JOSE | headers)


async def item_of(room: Courtroom, jti: str) -> int:
    (row,) = await room.fetch("SELECT id FROM intake_item WHERE jti = $1", jti)
    return int(row["id"])


async def decide(
    house: House, item: int, login: str = "officer", **body: Any
) -> tuple[int, dict[str, Any]]:
    async with house.signed_in(login) as client:
        answer = await client.post(f"/api/agency/intake/{item}/decision", json=body)
        return answer.status_code, answer.json()


# --- received -----------------------------------------------------------------------------------


async def test_a_judgment_is_received_with_its_number_and_time(room: Courtroom) -> None:
    before_ms = time.time() * 1000
    jti = new_jti()
    async with room.sender("court") as court:
        receipt = await court.send_judgment(room.judgment(papers=[paper()]), jti)
        assert not receipt.repeat
        told = receipt.told
        assert (told["jti"], told["kind"], told["agency"]) == (jti, "JUDGMENT", room.agency)
        assert before_ms - 1000 <= told["received_ms"] <= time.time() * 1000 + 1000
        (row,) = await room.fetch("SELECT * FROM intake_item WHERE jti = $1", jti)
        assert told["order_number"] == record.order_number(row["year"], row["n"])
        assert told["answer_by"] == record.answer_by(row["received_at"]).isoformat()  # type: ignore[union-attr]
        assert row["received_at"].timestamp() * 1000 == pytest.approx(told["received_ms"], abs=1)
        answer = await court.ask(jti)
        assert (answer["state"], answer["case"], answer["reason"]) == ("RECEIVED", None, None)


async def test_a_portal_signs_with_another_curve(room: Courtroom) -> None:
    async with room.sender("portal") as portal:
        receipt = await portal.send_request(room.request(room.judgment()))
        assert receipt.told["kind"] == "REQUEST"


async def test_names_stand_nowhere_in_the_tables(room: Courtroom) -> None:
    jti = new_jti()
    async with room.sender("court") as court:
        await court.send_judgment(room.judgment(papers=[paper()]), jti)
    (row,) = await room.fetch(
        "SELECT i::text AS item, e::text AS envelope"
        " FROM intake_item i JOIN intake_envelope e ON e.item_id = i.id WHERE i.jti = $1",
        jti,
    )
    for secret in ("Hư Cấu", "079200012345", "Tưởng Tượng"):
        for told in (secret, secret.encode().hex(), base64.b64encode(secret.encode()).decode()):
            assert told not in row["item"] + row["envelope"]


async def test_sent_again_it_gets_the_first_receipt(room: Courtroom) -> None:
    judgment, jti = room.judgment(), new_jti()
    async with room.sender("court") as court:
        first = await court.send_judgment(judgment, jti)
        before = await count(room)
        token = await court.sign("judgment", judgment, jti)
        again = await court.send_judgment(judgment, jti)
        assert (again.repeat, again.token) == (True, first.token)
        # The same document under another name of the message is still one document.
        renamed = await court.send_judgment(judgment, new_jti())
        assert (renamed.repeat, renamed.token) == (True, first.token)
    # However old: the answer to it may have been lost for days.
    async with room.sender("court", clock=lambda: time.time() - 864_000) as late:
        old = await posted(room, await late.sign("judgment", judgment, jti))
    assert (old.status_code, old.json()["receipt"]) == (200, first.token)
    assert (await posted(room, token)).json()["receipt"] == first.token
    assert await count(room) == before


async def test_a_name_of_a_message_is_used_once(room: Courtroom) -> None:
    jti = new_jti()
    async with room.sender("court") as court:
        await court.send_judgment(room.judgment(), jti)
        wrong = await refused(court.send_judgment(room.judgment(), jti))
    assert (wrong.status, wrong.code) == (409, "JTI_REUSED")


async def test_the_same_number_with_other_content_is_a_duplicate(room: Courtroom) -> None:
    judgment = room.judgment()
    async with room.sender("court") as court, room.sender("other-court") as other:
        first = await court.send_judgment(judgment)
        spelled = judgment["number"].lower().replace("/", " / ")
        for changed in (judgment | {"summary": "Khác."}, judgment | {"number": spelled}):
            wrong = await refused(court.send_judgment(changed))
            assert (wrong.status, wrong.code) == (409, "DUPLICATE")
            assert first.told["order_number"] in str(wrong)
        assert (await refused(other.send_judgment(judgment))).code == "DUPLICATE"
        # Another agency has a register of its own.
        elsewhere = await court.send_judgment(judgment | {"agency": room.other_agency})
        assert elsewhere.told["order_number"].endswith("-000001")


async def test_two_at_once_are_one(room: Courtroom) -> None:
    judgment, jti = room.judgment(), new_jti()
    async with room.sender("court") as court:
        await court.door()
        same = await asyncio.gather(*(court.send_judgment(judgment, jti) for _ in range(6)))
        assert len({one.token for one in same}) == 1
        assert sorted(one.repeat for one in same) == [False] + [True] * 5
        renamed = room.judgment()
        several = await asyncio.gather(*(court.send_judgment(renamed) for _ in range(4)))
        assert len({one.token for one in several}) == 1
        versions = room.judgment()
        done = await asyncio.gather(
            *(court.send_judgment(versions | {"summary": f"Bản {n}"}) for n in range(4)),
            return_exceptions=True,
        )
        wrong = [one for one in done if isinstance(one, NotReceived)]
        assert [one.code for one in wrong] == ["DUPLICATE"] * 3
        # One jti to two agencies at once: two registers, one message.
        split, two = room.judgment(), new_jti()
        done = await asyncio.gather(
            *(
                court.send_judgment(split | {"agency": one}, two)
                for one in (room.agency, room.other_agency)
            ),
            return_exceptions=True,
        )
        assert [one.code for one in done if isinstance(one, NotReceived)] == ["JTI_REUSED"]
    rows = await room.fetch(
        "SELECT n FROM intake_item WHERE agency_id = $1 ORDER BY received_at, id", room.agency
    )
    assert [row["n"] for row in rows] == list(range(1, len(rows) + 1))


# --- not received -------------------------------------------------------------------------------


async def test_what_is_not_signed_by_a_trusted_key_is_not_received(room: Courtroom) -> None:
    before, key = await count(room), room.keys["court"]
    kid = jose.public(key).kid
    async with room.sender("court") as court:
        good = await court.sign("judgment", room.judgment(), new_jti())
        payload = json.dumps(await claims(court, "court", judgment=room.judgment())).encode()
    head, body, signature = good.split(".")

    def forged(header: dict[str, Any], mac: bytes | None = None) -> str:
        first = f"{b64(json.dumps(header).encode())}.{b64(payload)}"
        return f"{first}.{b64(hmac.digest(mac, first.encode(), 'sha256')) if mac else ''}"

    public = base64.urlsafe_b64decode(key["x"] + "=")
    other = jose.new_private()
    tried = {
        forged({"alg": "none", "kid": kid}): "WRONG_ALGORITHM",
        forged({"alg": "None", "kid": kid}): "WRONG_ALGORITHM",
        forged({"alg": "HS256", "kid": kid}, public): "WRONG_ALGORITHM",
        forged({"alg": "HS256", "kid": kid}, json.dumps(jose.public(key).jwk).encode()):
            "WRONG_ALGORITHM",
        forged({"alg": "ES256", "kid": kid}, public): "WRONG_ALGORITHM",
        forged({"alg": "EdDSA", "kid": kid}, public): "BAD_SIGNATURE",
        # A key that a message brings along is nobody's.
        forged({"alg": "EdDSA", "kid": kid, "jwk": jose.public(other).jwk}): "BAD_HEADER",
        forged({"alg": "EdDSA", "kid": kid, "crit": ["b64"], "b64": False}): "BAD_HEADER",
        forged({"alg": "EdDSA"}): "BAD_HEADER",
        forged({"alg": "EdDSA", "kid": 7}): "BAD_HEADER",
        jose.signed(payload, other, kid, "x"): "BAD_SIGNATURE",
        jose.signed(payload, other, jose.public(other).kid, "x"): "UNKNOWN_KEY",
        f"{head}.{b64(payload)}.{signature}": "BAD_SIGNATURE",
        f"{head}.{body}.{signature[:-6]}": "BAD_SIGNATURE",
        f"{head}.{body}.": "BAD_SIGNATURE",
        f"{head}.{body}": "NOT_SIGNED",
        "": "NOT_SIGNED",
        "null": "NOT_SIGNED",
        "a.b.c": "NOT_SIGNED",
        f"{b64(b'[]')}.{body}.{signature}": "NOT_SIGNED",
        f"{b64(b'[' * 5000)}.{body}.{signature}": "NOT_SIGNED",
        json.dumps({"payload": body, "signatures": []}): "NOT_SIGNED",
    }  # fmt: skip
    for token, code in tried.items():
        answer = await posted(room, token)
        assert (answer.json()["code"], answer.status_code >= 400) == (code, True), token[:80]
    for junk in (b"\xff\xfe.\x00.\x01", os.urandom(300)):
        assert (await posted(room, junk)).json()["code"] == "NOT_SIGNED"
    assert await count(room) == before


async def test_what_is_not_for_us_or_not_of_now_is_not_received(room: Courtroom) -> None:
    before, key = await count(room), room.keys["court"]
    async with room.sender("court") as court:
        now = int(time.time())
        said = room.judgment()
        tried: list[tuple[dict[str, Any], str]] = [
            ({"aud": "https://other.example"}, "WRONG_AUDIENCE"),
            ({"aud": [(await court.door())["audience"]]}, "WRONG_AUDIENCE"),
            ({"iss": "portal"}, "WRONG_ISSUER"),
            ({"iat": now + 3_600}, "FROM_THE_FUTURE"),
            ({"iat": now - 7_200}, "TOO_OLD"),
            ({"iat": float(now)}, "BAD_IAT"),
            ({"iat": True}, "BAD_IAT"),
            ({"iat": str(now)}, "BAD_IAT"),
            ({"iat": -1}, "BAD_IAT"),
            ({"iat": 10**30}, "BAD_IAT"),
            ({"jti": "short"}, "BAD_JTI"),
            ({"jti": "x" * 200}, "BAD_JTI"),
            ({"jti": None}, "BAD_JTI"),
            ({"more": 1}, "BAD_CLAIMS"),
        ]
        for changes, code in tried:
            token = signed(key, await claims(court, "court", judgment=said) | changes)
            assert (await posted(room, token)).json()["code"] == code, changes
        missing = await claims(court, "court", judgment=said)
        del missing["jti"]
        assert (await posted(room, signed(key, missing))).json()["code"] == "BAD_CLAIMS"
        for payload in (b"[]", b"null", b"7"):
            token = jose.signed(payload, key, jose.public(key).kid, "x")
            assert (await posted(room, token)).json()["code"] == "BAD_CLAIMS"
        for payload in (b"", b"{", b"[" * 100_000, b"NaN", b'{"iss": \xff}'):
            token = jose.signed(payload, key, jose.public(key).kid, "x")
            assert (await posted(room, token)).json()["code"] == "NOT_JSON"
        # A judgment is no request, and a court may not send one.
        token = await court.sign("judgment", said, new_jti())
        assert (await posted(room, token, "requests")).json()["code"] == "BAD_CLAIMS"
        request = await court.sign("request", room.request(said), new_jti())
        assert (await posted(room, request, "requests")).json()["code"] == "NOT_ALLOWED"
    assert await count(room) == before


async def test_bodies_too_large_or_of_another_type_are_not_looked_at(room: Courtroom) -> None:
    async with room.sender("court") as court:
        token = await court.sign("judgment", room.judgment(), new_jti())
        assert (await court.door())["most_bytes"] == jose.MOST_BYTES
    huge = await posted(room, b"x" * (jose.MOST_BYTES + 1))
    assert (huge.status_code, huge.json()["code"]) == (413, "TOO_LARGE")
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded", ""):
        answer = await posted(room, token, **{"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_TYPE")
    foreign = await posted(room, token, Origin="https://evil.example")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "WRONG_ORIGIN")
    # As long as may be, but with nothing in it that can be.
    long = jose.signed(
        b'{"a":"' + b"x" * 2_000_000 + b'"}', room.keys["court"],
        jose.public(room.keys["court"]).kid, "x",
    )  # fmt: skip
    assert (await posted(room, long)).json()["code"] == "BAD_CLAIMS"


async def test_every_fault_is_named_with_its_place(room: Courtroom) -> None:
    judgment = room.judgment()
    judgment["parties"][0] |= {"identity": "123", "kind": "PERSON", "nickname": "x"}
    del judgment["parties"][1]["name"]
    judgment |= {"issued_on": "11/06/2026", "agency": "1", "summary": " ", "kind": "MADE_UP"}
    judgment["claims"][0]["amount_minor"] = 1.5
    judgment["claims"][1]["amount_minor"] = -1
    judgment["papers"] = [paper(sha256="0" * 64), paper(b"MZ not a PDF"), paper(data="%%%")]
    async with room.sender("court") as court:
        wrong = await refused(court.send_judgment(judgment))
        assert (wrong.status, wrong.code) == (422, "INVALID")
        places = {one["path"] for one in wrong.faults}
        assert places == {
            "judgment.parties.0.identity", "judgment.parties.0.nickname",
            "judgment.parties.1.name", "judgment.issued_on", "judgment.agency",
            "judgment.summary", "judgment.kind", "judgment.claims.0.amount_minor",
            "judgment.claims.1.amount_minor", "judgment.papers.0", "judgment.papers.1",
            "judgment.papers.2",
        }  # fmt: skip
        # What was sent is about people, and is not said back.
        assert "Hư Cấu" not in json.dumps(wrong.faults, ensure_ascii=False)
        for changes, path in (
            ({"agency": 987_654}, "judgment.agency"),
            ({"effective_on": "2026-01-01"}, "judgment"),
            ({"parties": [room.judgment()["parties"][0]]}, "judgment"),
        ):
            wrong = await refused(court.send_judgment(room.judgment(**changes)))
            assert [one["path"] for one in wrong.faults] == [path]


async def test_a_retired_key_is_no_longer_taken(room: Courtroom) -> None:
    from auction_engine.desk.intake import trust

    key = jose.new_private(jose.ES256)
    kept, judgment = dict(room.keys), room.judgment()
    room.keys["court"] = key
    public = jose.public(key)
    try:
        async with room.owner() as owner:
            await trust.add(owner, "court", "Sender court", ["JUDGMENT"], public)
            async with room.sender("court") as court:
                await court.send_judgment(judgment)
                assert await trust.retire(owner, public.kid)
                assert not await trust.retire(owner, public.kid)
                wrong = await refused(court.send_judgment(judgment))
                assert (wrong.status, wrong.code) == (403, "RETIRED_KEY")
            with pytest.raises(record.IntakeError):
                await trust.add(owner, "court", "Sender court", ["JUDGMENT"], public)
    finally:
        room.keys |= kept


# --- answered -----------------------------------------------------------------------------------


async def test_an_accepted_judgment_is_a_case(room: Courtroom) -> None:
    judgment, jti = room.judgment(), new_jti()
    async with room.sender("court") as court:
        await court.send_judgment(judgment, jti)
        item = await item_of(room, jti)
        body = {"decision": "ACCEPT", "number": f"TH-{item}", **OPENED}
        twice = await asyncio.gather(
            decide(room.house, item, **body), decide(room.house, item, "colleague", **body)
        )
        assert [status for status, _ in twice] == [200, 200]
        assert sorted(told["repeat"] for _, told in twice) == [False, True]
        (case,) = {told["case"] for _, told in twice}
        answer = await court.ask(jti)
        assert (answer["state"], answer["case"]) == ("ACCEPTED", f"TH-{item}")
        status, told = await decide(
            room.house, item, decision="REFUSE", ground="OTHER", reason="Nhầm."
        )
        assert (status, told["code"]) == (409, "DECIDED")
        # What has become a case is not received a second time.
        assert (await court.send_judgment(judgment)).repeat
    (row,) = await room.fetch("SELECT * FROM enforcement_case WHERE id = $1", case)
    assert json.loads(row["judgment"])["number"] == judgment["number"]
    parties = await room.fetch(
        "SELECT kind, rank, claim_minor FROM case_party WHERE case_id = $1 ORDER BY id", case
    )
    assert [tuple(one) for one in parties] == [
        ("CREDITOR", "OTHER", 1_234_567_000), ("DEBTOR", None, None),
        ("CREDITOR", "COURT_FEE", 49_000_000),
    ]  # fmt: skip
    # The creditor's request joins the case.
    asked = new_jti()
    async with room.sender("portal") as portal:
        await portal.send_request(room.request(judgment), asked)
        joined = await item_of(room, asked)
        async with room.house.signed_in("officer") as client:
            told = (await client.get(f"/api/agency/intake/{joined}")).json()
            assert [one["number"] for one in told["cases"]] == [f"TH-{item}"]
            assert [one["id"] for one in told["together"]] == [item]
            assert told["signature"] == "GOOD"
            assert told["document"]["requester"]["name"] == "Lê Thị Hư Cấu"
        status, told = await decide(room.house, joined, decision="JOIN", case=case)
        assert (status, told["case"], told["repeat"]) == (200, case, False)
        assert (await portal.ask(asked))["case"] == f"TH-{item}"


async def test_a_case_that_cannot_be_made_leaves_nothing(room: Courtroom) -> None:
    jti = new_jti()
    async with room.sender("court") as court:
        await court.send_judgment(room.judgment(), jti)
    item = await item_of(room, jti)
    cases = (await room.fetch("SELECT count(*) FROM enforcement_case"))[0][0]
    for wrong, code in (
        ({"number": ""}, "INVALID"), ({"decision_on": "2999-01-01"}, "INVALID"),
        ({"title": {"en": "x"}}, "INVALID"),
    ):  # fmt: skip
        body = {"decision": "ACCEPT", "number": "TH-X", **OPENED} | wrong
        status, told = await decide(room.house, item, **body)
        assert (status, told["code"]) == (422, code)
        assert told["faults"]
    status, told = await decide(room.house, item, decision="JOIN", case=1)
    assert (status, told["code"]) == (409, "OTHER_CASE")
    for body in ({"decision": "MAYBE"}, {"decision": "JOIN", "case": "1"}):
        assert (await decide(room.house, item, **body))[0] == 400
    assert (await room.fetch("SELECT count(*) FROM enforcement_case"))[0][0] == cases
    assert not await room.fetch("SELECT 1 FROM intake_decision WHERE item_id = $1", item)


async def test_a_refusal_tells_its_reason_to_its_sender_alone(room: Courtroom) -> None:
    judgment, jti = room.judgment(), new_jti()
    async with room.sender("court") as court, room.sender("other-court") as other:
        await court.send_judgment(judgment, jti)
        item = await item_of(room, jti)
        for body in ({"ground": "OTHER"}, {"reason": "x"}, {"ground": "MADE_UP", "reason": "x"}):
            assert (await decide(room.house, item, decision="REFUSE", **body))[0] == 422
        done = {"decision": "REFUSE", "ground": "WRONG_AGENCY", "reason": "Tài sản ở tỉnh khác."}
        assert (await decide(room.house, item, **done))[1]["state"] == "REFUSED"
        assert (await decide(room.house, item, **done))[1]["repeat"] is True
        changed = done | {"reason": "Lý do khác."}
        assert (await decide(room.house, item, **changed))[0] == 409
        answer = await court.ask(jti)
        assert (answer["state"], answer["ground"]) == ("REFUSED", "WRONG_AGENCY")
        assert answer["reason"] == "Tài sản ở tỉnh khác."
        unknown = await refused(other.ask(jti))
        assert (unknown.status, unknown.code) == (404, "UNKNOWN")
        # Corrected, it may be sent again, with a number of its own.
        second = await court.send_judgment(judgment | {"summary": "Đã sửa."})
        assert second.told["order_number"] > answer["order_number"]
    (row,) = await room.fetch("SELECT reason FROM intake_decision WHERE item_id = $1", item)
    assert "tỉnh".encode() not in row["reason"]


async def test_a_requester_with_an_account_gets_a_letter(room: Courtroom) -> None:
    from auction_engine.identity import personal
    from auction_engine.identity.vault import Vault

    vault = Vault.of(room.house.settings)
    person = await room.house.account("requester", "bidder", admitted=False)
    async with room.owner() as owner:
        await owner.execute(
            "INSERT INTO person (account_id, kind, lang, identity_mark, email, data, email_mark)"
            " VALUES ($1, 'PERSON', 'vi', $2, $3, $4, $5)",
            person.id, personal.identity_mark(vault, "079200099999"),
            vault.seal(b"r@example.com", f"person.email:{person.id}"),
            vault.seal(b"{}", f"person.data:{person.id}"),
            personal.email_mark(vault, "r@example.com"),
        )  # fmt: skip
    jti = new_jti()
    requester = {"kind": "PERSON", "name": "Bùi Bịa", "identity": "079200099999"}
    async with room.sender("portal") as portal:
        await portal.send_request(room.request(room.judgment(), requester=requester), jti)
    item = await item_of(room, jti)
    done = {"decision": "REFUSE", "ground": "TIME_LIMIT", "reason": "Quá năm năm."}
    for _ in range(2):
        assert (await decide(room.house, item, **done))[0] == 200
    letters = await room.fetch("SELECT * FROM letter WHERE account_id = $1", person.id)
    assert [row["kind"] for row in letters] == ["intake.refused"]
    assert "Quá năm năm" not in str(dict(letters[0]))
    opened = vault.open(letters[0]["secrets"], f"letter.secrets:{letters[0]['id']}")
    assert json.loads(opened) == {"reason": "Quá năm năm."}


# --- the register -------------------------------------------------------------------------------


async def test_the_pages_of_an_agency_show_and_answer_it(room: Courtroom) -> None:
    house, jti = room.house, new_jti()
    judgment = room.judgment(papers=[paper()], parties=[
        {"kind": "COMPANY", "role": "CREDITOR", "name": "=Công ty <b>Giả</b>"},
        {"kind": "PERSON", "role": "DEBTOR", "name": "Trần Không Có"},
    ])  # fmt: skip
    async with room.sender("court") as court:
        receipt = await court.send_judgment(judgment, jti)
    item = await item_of(room, jti)
    async with house.signed_in("officer") as client:
        page = await client.get("/agency/intake", params={"q": judgment["number"]})
        assert receipt.told["order_number"] in page.text
        assert "=Công ty &lt;b&gt;Giả&lt;/b&gt;" in page.text
        assert "ngày làm việc" in words(page.text)
        none = await client.get(
            "/agency/intake", params={"q": judgment["number"], "kind": "REQUEST"}
        )
        assert receipt.told["order_number"] not in none.text
        for query in ("?state=ODD", "?from=x", "?page=0", "?sender=-1", "?format=pdf"):
            assert (await client.get(f"/agency/intake{query}")).status_code == 400
        csv = await client.get("/agency/intake", params={"q": judgment["number"], "format": "csv"})
        assert csv.headers["content-disposition"] == 'attachment; filename="intake.csv"'
        (line,) = csv.text.splitlines()[1:]
        assert line.split(";")[0] == receipt.told["order_number"]
        assert "'=Công ty" in line
        one = await client.get(f"/agency/intake/{item}")
        assert "Trần Không Có" in one.text
        assert "chữ ký đúng" in one.text
        file = await client.get(f"/agency/intake/{item}/papers/1")
        assert (file.content, file.headers["content-type"]) == (PDF, "application/pdf")
        assert file.headers["content-disposition"].startswith("attachment")
        assert (await client.get(f"/agency/intake/{item}/papers/2")).status_code == 404
        base = f"/agency/intake/{item}"
        assert (await client.get(f"{base}/accept")).status_code == 200
        assert (await client.get(f"{base}/refuse")).status_code == 200
        empty = await send(client, f"{base}/accept", how="new")
        assert empty.status_code == 422
        assert "Số hồ sơ thi hành án" in empty.text
        answer = await send(
            client, f"{base}/accept", how="new", number=f"TH-{item}", title_vi="a", title_en="b",
            decision_number="1", decision_on="2026-08-10", opened_on="2026-08-10",
        )  # fmt: skip
        assert (answer.status_code, answer.headers["location"]) == (303, f"{base}?done=accepted")
        late = await send(client, f"{base}/refuse", ground="OTHER", reason="x")
        assert late.headers["location"] == f"{base}?done=decided"
        assert f"TH-{item}" in (await client.get(base)).text
    async with house.signed_in("stranger") as client:
        assert (await client.get(f"/agency/intake/{item}")).status_code == 404
        assert (await client.get(f"/api/agency/intake/{item}")).status_code == 404
        listed = (await client.get("/api/agency/intake")).json()
        assert item not in [line["id"] for line in listed["lines"]]


async def test_what_is_left_of_the_days_is_said(
    room: Courtroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    jti = new_jti()
    async with room.sender("court") as court:
        receipt = await court.send_judgment(room.judgment(), jti)
    item, last = await item_of(room, jti), date.fromisoformat(receipt.told["answer_by"])
    # How many working days lie between depends on the day this runs; how they are counted is
    # tested without a clock.
    week, later = (date.fromordinal(last.toordinal() + days) for days in (-7, 14))
    left, late = record.days_left(week, last), record.days_left(later, last)
    assert left is not None
    assert late is not None
    assert left > 0 > late
    said = {
        -7: f"còn {left} ngày làm việc", 0: "hạn cuối hôm nay",
        14: f"quá hạn {-late} ngày làm việc",
    }  # fmt: skip
    async with room.house.signed_in("officer") as client:
        for days, expected in said.items():
            day = date.fromordinal(last.toordinal() + days)
            monkeypatch.setattr(record, "today", lambda day=day: day)
            for path in ("", f"/{item}", f"/{item}/accept", f"/{item}/refuse"):
                page = await client.get(f"/agency/intake{path}")
                assert page.status_code == 200
                if not path.endswith("accept"):
                    assert expected in words(page.text), (days, path)


async def test_the_register_cannot_be_changed_by_the_program(room: Courtroom) -> None:
    import asyncpg

    async with room.sender("court") as court:
        await court.send_judgment(room.judgment())
    async with room.owner() as owner:
        for statement in (
            "UPDATE intake_item SET number = 'x'", "DELETE FROM intake_item",
            "UPDATE intake_item SET received_at = now()", "TRUNCATE intake_decision",
            "DELETE FROM intake_envelope",
        ):  # fmt: skip
            with pytest.raises(asyncpg.PostgresError, match="append-only"):
                await owner.execute(statement)
        await owner.execute("SET ROLE auction_app")
        for statement in (
            "INSERT INTO intake_sender (code, name, may) VALUES ('x', 'x', '{JUDGMENT}')",
            "UPDATE intake_key SET retired_at = NULL",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await owner.execute(statement)


async def test_the_receipts_key_is_at_its_address(room: Courtroom) -> None:
    async with room.house.browser() as client:
        keys = (await client.get("/api/intake/keys")).json()["keys"]
        door = (await client.get("/api/intake")).json()
    assert door["keys"] == keys
    assert all(set(one) == {"kty", "crv", "x", "kid", "alg", "use"} for one in keys)
    assert {"id": room.agency, "name": {"vi": "Agency (vi)", "en": "Agency (en)"}} in door[
        "agencies"
    ]
    async with room.sender("court") as court:
        receipt = await court.send_judgment(room.judgment())
    payload = jose.verified(receipt.token.encode(), jose.public(keys[0]))
    assert json.loads(payload)["sha256"] == receipt.told["sha256"]
    assert hashlib.sha256(COURT.encode()).hexdigest() not in receipt.token
