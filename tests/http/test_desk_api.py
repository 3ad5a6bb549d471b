"""What the desks do by pages, done over JSON: complaints, warrants, findings, a house's people."""

from __future__ import annotations

import asyncio
import io
import os
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import contract
import httpx
import pytest
import pytest_asyncio
from cashroom import Cashroom, cashroom, today
from house import running_house
from PIL import Image

from auction_engine.identity import tokens
from auction_engine.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")
GROUNDS = "Thông báo không nêu diện tích thật."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(
    servers: Any, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Cashroom]:
    """One house for all tests here: a lot with two registered bidders, staff, two procurators."""
    database = f"desk_api_{os.getpid()}"
    servers.create_database(database, migrated_template)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("desk_api"), port=0,
        database_url=servers.owner_of(database), redis_url=servers.redis_url(),
    )  # fmt: skip
    many = {"messages_per_s": 500, "messages_burst": 500}
    settings = settings.model_copy(update={"limits": settings.limits.model_copy(update=many)})
    async with running_house(settings, lots=1) as house, cashroom(house) as room:
        house.hooks.append(contract.check)
        await room.register("dung", "giang")
        for login in ("kien", "phuc"):
            await house.account(login, "procurator")
        yield room
    servers.drop_database(database)


def complaint(room: Cashroom, **changes: Any) -> dict[str, Any]:
    return {
        "lot": room.lot, "key": str(uuid.uuid4()), "addressee": "ORGANISATION",
        "known_on": today().isoformat(), "grounds": GROUNDS, "remedy": "Hủy kết quả.", **changes,
    }  # fmt: skip


async def filed(client: httpx.AsyncClient, room: Cashroom, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/api/mine/complaints", json=complaint(room, **changes))
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def wrong(answer: httpx.Response, status: int, code: str, path: str | None = None) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    if path is not None:
        assert [one["path"] for one in answer.json()["faults"]] == [path]


async def test_a_complaint_is_filed_answered_and_asked_again_to_a_second_instance(
    room: Cashroom,
) -> None:
    base = "/api/mine/complaints"
    async with room.house.signed_in("dung") as client, room.house.signed_in("giang") as other:
        said = complaint(room)
        first = await client.post(base, json=said)
        again = await client.post(base, json=said)
        assert (first.status_code, again.json()) == (201, first.json())
        one = first.json()
        assert (one["state"], one["turns"][0]["kind"]) == ("FILED", "FILED")
        wrong(await client.post(base, json=complaint(room, remedy=" ")), 422, "NO_REMEDY", "remedy")
        wrong(await client.post(base, json=complaint(room, seq=7)), 422, "BAD_ENTRY", "seq")
        wrong(await client.post(base, json=complaint(room, key="x")), 400, "BAD_MESSAGE", "key")
        wrong(
            await client.post(base, json=complaint(room, known_on="9999-01-01")), 422, "BAD_DAY",
            "known_on",
        )  # fmt: skip
        assert (await client.post(base, json=complaint(room, lot=10**9))).status_code == 404
        assert (await other.get(f"{base}/{one['id']}")).status_code == 404
    async with room.house.signed_in("auctioneer") as desk:
        there = f"/api/desk/complaints/{one['id']}"
        assert one["id"] in [
            head["id"] for head in (await desk.get("/api/desk/complaints")).json()["complaints"]
        ]
        seen = (await desk.get(there)).json()
        assert (seen["filer"], seen["grounds"]) == ("Dung", GROUNDS)
        taken = await desk.post(f"{there}/answer", json={"kind": "ACCEPTED"})
        assert taken.json()["state"] == "ACCEPTED"
        # Pressed twice it is what was done; something else by then is refused.
        assert (await desk.post(f"{there}/answer", json={"kind": "ACCEPTED"})).status_code == 200
        denied = {"kind": "DECIDED_DENIED", "reason": "Có trong hồ sơ.", "articles": "Điều 9"}
        wrong(
            await desk.post(f"{there}/answer", json=denied), 422, "NOTHING_PUBLISHED", "published"
        )
        named = denied | {"published": "Đơn của DUNG"}
        wrong(await desk.post(f"{there}/answer", json=named), 422, "NAMES", "published")
        done = await desk.post(f"{there}/answer", json=denied | {"published": "Đã nêu."})
        assert done.json()["turns"][-1]["published"] == "Đã nêu."
        late = await desk.post(f"{there}/answer", json=denied | {"published": "Khác."})
        wrong(late, 409, "WRONG_STATE")
    async with room.house.signed_in("dung") as client:
        one = (await client.get(f"{base}/{one['id']}")).json()
        assert (one["state"], one["may_withdraw"]) == ("DECIDED_DENIED", False)
        assert one["may_appeal_until"] > today().isoformat()
        silent = await client.post(f"{base}/{one['id']}/appeal", json={"reason": ""})
        wrong(silent, 422, "NO_REASON", "reason")
        asked = await client.post(f"{base}/{one['id']}/appeal", json={"reason": "Chưa thỏa đáng."})
        assert asked.json()["state"] == "APPEALED"
    async with room.house.signed_in("auctioneer") as desk:
        second = {"kind": "SECOND_UPHELD", "reason": "Nhận.", "published": "Chấp nhận.",
                  "articles": "Điều 9", "authority": "QĐ 3/2026"}  # fmt: skip
        wrong(await desk.post(f"{there}/answer", json=second), 409, "SAME_PERSON")
    async with room.house.signed_in("second") as desk:
        done = await desk.post(f"{there}/answer", json=second)
        assert done.json()["turns"][-1]["authority"] == "QĐ 3/2026"
    async with room.house.signed_in("kien") as eye:
        heads = (await eye.get("/api/oversight/complaints")).json()["complaints"]
        assert [head["state"] for head in heads if head["id"] == one["id"]] == ["SECOND_UPHELD"]
        seen = (await eye.get(f"/api/oversight/complaints/{one['id']}")).json()
        assert seen["grounds"] == GROUNDS
        assert "filer" not in seen


async def test_documents_come_as_a_form_of_several_parts(room: Cashroom) -> None:
    out = io.BytesIO()
    Image.new("RGB", (24, 16), (1, 90, 40)).save(out, "JPEG")
    said = {name: str(value) for name, value in complaint(room, addressee="AGENCY").items()}
    base = "/api/mine/complaints"
    async with room.house.signed_in("dung") as client:
        files = {"files": ("ảnh chụp.jpg", out.getvalue())}
        one = (await client.post(base, data=said, files=files)).json()
        (paper,) = one["papers"]
        assert (paper["name"], paper["media_type"]) == ("ảnh chụp.jpg", "image/jpeg")
        answer = await client.get(f"{base}/{one['id']}/papers/1")
        assert answer.headers["content-type"] == "image/jpeg"
        assert len(answer.content) == paper["size"]
        for n in (2, 70_000, 2**40):
            assert (await client.get(f"{base}/{one['id']}/papers/{n}")).status_code == 404
        bad = {"files": ("x.jpg", b"no picture")}
        said |= {"key": str(uuid.uuid4())}
        refused = await client.post(base, data=said, files=bad)
        wrong(refused, 422, "FILE_WRONG_TYPE", "files")
        said |= {"known_on": "gestern"}
        refused = await client.post(base, data=said, files=files)
        wrong(refused, 400, "BAD_MESSAGE", "known_on")
    async with room.house.signed_in("officer") as desk:
        path = f"/api/agency/complaints/{one['id']}"
        assert (await desk.get(path)).json()["papers"] == [paper]
        assert (await desk.get(f"{path}/papers/1")).content == answer.content
    async with room.house.signed_in("auctioneer") as desk:
        # Addressed to the agency, it is nothing to the organisation.
        assert (await desk.get(f"/api/desk/complaints/{one['id']}")).status_code == 404
    async with room.house.signed_in("kien") as eye:
        assert (await eye.get(f"/api/oversight/complaints/{one['id']}")).json()["papers"] == []


async def test_complaining_together_by_a_token(room: Cashroom) -> None:
    base = "/api/mine/complaints"
    async with room.house.signed_in("dung") as client, room.house.signed_in("giang") as other:
        one = await filed(client, room)
        assert one["group"] is None
        first, again = await asyncio.gather(
            *(client.post(f"{base}/{one['id']}/group") for _ in range(2))
        )
        assert first.json() == again.json()
        token = first.json()["token"]
        asked = await other.get("/api/mine/joined/invitation", params={"token": token})
        assert asked.json()["grounds"] == GROUNDS
        assert (
            await other.get("/api/mine/joined/invitation", params={"token": token[::-1]})
        ).status_code == 404
        joined = await other.post("/api/mine/joined", json={"token": token})
        assert joined.status_code == 201
        assert joined.json()["group"] == {"people": 2, "representatives": 1, "is_one": False}
        again = await other.post("/api/mine/joined", json={"token": token, "representative": True})
        assert again.json()["member"] == joined.json()["member"]
        assert again.json()["representative"] is False
        mine = f"/api/mine/joined/{joined.json()['member']}"
        assert (await client.get(mine)).status_code == 404
        heads = (await other.get("/api/mine/joined")).json()["joined"]
        assert [head["id"] for head in heads] == [one["id"]]
        left = await other.post(f"{mine}/leave")
        assert (left.json()["left"], left.json()["grounds"]) == (True, "")
        assert (await other.post(f"{mine}/leave")).json() == left.json()
        wrong(await other.post("/api/mine/joined", json={"token": token}), 409, "LEFT")
        back = await client.post(f"{base}/{one['id']}/withdraw", json={})
        assert back.json()["state"] == "WITHDRAWN"
        assert (await client.post(f"{base}/{one['id']}/withdraw", json={})).json() == back.json()
        wrong(await other.post("/api/mine/joined", json={"token": token}), 409, "LEFT")


def warrant(lot: int, **changes: Any) -> dict[str, Any]:
    day = today()
    return {
        "key": str(uuid.uuid4()), "number": "12/YC-VKS", "authority": "Viện kiểm sát khu vực 3",
        "issued_on": day.isoformat(), "valid_from": day.isoformat(),
        "valid_until": (day + timedelta(days=9)).isoformat(), "reason": "Nghi thông đồng.",
        "lots": [lot], **changes,
    }  # fmt: skip


async def test_who_is_behind_a_code_is_told_by_a_valid_warrant_alone(room: Cashroom) -> None:
    lot = room.house.lots[0]
    made = await room.house.account("tran.an", "bidder")
    base = "/api/oversight/warrants"
    async with room.house.signed_in("kien") as eye, room.house.signed_in("phuc") as other:
        said = warrant(lot)
        first = await eye.post(base, json=said)
        assert (await eye.post(base, json=said)).json() == first.json()
        one = first.json()
        assert (one["state"], one["lots"], one["read"]) == ("VALID", [lot], [])
        wrong(await eye.post(base, json=warrant(lot, lots=[10**9])), 422, "BAD_LOTS", "lots")
        wrong(await eye.post(base, json=warrant(lot, lots=[True])), 400, "BAD_MESSAGE", "lots.0")
        bad = warrant(lot, valid_until="2020-01-01")
        wrong(await eye.post(base, json=bad), 422, "BAD_DAYS", "valid_from")
        there = f"{base}/{one['id']}"
        people = (await eye.get(f"{there}/lots/{lot}")).json()["people"]
        assert made.id in [person["account"] for person in people]
        assert (await eye.get(f"{there}/lots/{room.lot}")).status_code == 404
        assert len((await eye.get(there)).json()["read"]) == len(people)
        assert (await other.get(there)).status_code == 404
        assert (await other.get(base)).json()["warrants"] == []
        wrong(await eye.post(f"{there}/end", json={"reason": " "}), 422, "NO_REASON", "reason")
        ended = await eye.post(f"{there}/end", json={"reason": "Xong."})
        assert ended.json()["state"] == "ENDED"
        assert (await eye.post(f"{there}/end", json={"reason": "Lần nữa."})).json() == ended.json()
        wrong(await eye.get(f"{there}/lots/{lot}"), 409, "NOT_VALID")
        assert [head["state"] for head in (await eye.get(base)).json()["warrants"]] == ["ENDED"]


async def test_a_finding_is_sent_answered_returned_and_settled(room: Cashroom) -> None:
    base = "/api/oversight/findings"
    said = {"key": str(uuid.uuid4()), "kind": "PETITION", "side": "ORGANISATION",
            "lot": room.lot, "articles": "Điều 9", "text": "Niêm yết thiếu.",
            "working_days": 5}  # fmt: skip
    async with room.house.signed_in("kien") as eye, room.house.signed_in("auctioneer") as desk:
        one = (await eye.post(base, json=said)).json()
        assert (await eye.post(base, json=said)).json()["id"] == one["id"]
        wrong(await eye.post(base, json=said | {"lot": None}), 422, "NO_SUBJECT", "lot")
        bad = said | {"key": str(uuid.uuid4()), "working_days": 0}
        wrong(await eye.post(base, json=bad), 422, "BAD_DEADLINE", "working_days")
        there = f"/api/desk/findings/{one['id']}"
        assert (await desk.get(there)).json()["text"] == "Niêm yết thiếu."
        act = f"{base}/{one['id']}/act"
        wrong(await eye.post(act, json={"kind": "SETTLED"}), 409, "WRONG_STATE")
        answered, again = await asyncio.gather(
            *(desk.post(f"{there}/answer", json={"text": "Đã niêm yết lại."}) for _ in range(2))
        )
        assert answered.json() == again.json()
        assert answered.json()["state"] == "ANSWERED"
        short = {"kind": "RETURNED", "text": "Chưa đủ."}
        wrong(await eye.post(act, json=short), 422, "BAD_DEADLINE", "working_days")
        back = await eye.post(act, json=short | {"working_days": 3})
        assert back.json()["state"] == "RETURNED"
        await desk.post(f"{there}/answer", json={"text": "Bổ sung ảnh."})
        done = await eye.post(act, json={"kind": "SETTLED"})
        assert [turn["kind"] for turn in done.json()["turns"]] == [
            "SENT", "ANSWERED", "RETURNED", "ANSWERED", "SETTLED"
        ]  # fmt: skip
        assert (await eye.get(f"{base}/{one['id']}")).json() == done.json()
    async with room.house.signed_in("officer") as agency:
        assert (await agency.get(f"/api/agency/findings/{one['id']}")).status_code == 404


async def test_a_house_s_people_are_kept_by_its_head(room: Cashroom) -> None:
    base = "/api/desk/house"
    async with room.house.signed_in("auctioneer") as head:
        told = {"name": "Mai", "email": "mai@daugia.example", "duties": ["RECORDER"]}
        made = await head.post(f"{base}/invitations", json=told)
        assert made.status_code == 201, made.text
        (one,) = made.json()["invitations"]
        assert (one["email"], one["duties"]) == ("mai@daugia.example", ["RECORDER"])
        for change, path in (
            ({"email": "x"}, "email"), ({"duties": []}, "duties"), ({"duties": ["KING"]}, "duties"),
            ({"name": " "}, "name"),
        ):  # fmt: skip
            refused = await head.post(f"{base}/invitations", json=told | change)
            assert refused.status_code == 422, refused.text
            assert refused.json()["faults"][0]["path"] == path
        off = {"invitation": one["id"]}
        assert (await head.post(f"{base}/invitations/off", json=off)).json() == {"invitations": []}
        assert (await head.post(f"{base}/invitations/off", json=off)).status_code == 200
        strange = {"invitation": str(uuid.uuid4())}
        assert (await head.post(f"{base}/invitations/off", json=strange)).status_code == 404
        kinds = [act["kind"] for act in (await head.get(f"{base}/acts")).json()["acts"]]
        assert kinds[:2] == ["CALLED_OFF", "INVITED"]
        leaver = (await room.house.account("leaver", "organisation")).id
        until = (today() + timedelta(days=300)).isoformat()
        card = await head.post(f"{base}/{leaver}/card", json={"number": "1234", "until": until})
        assert (card.json()["card"], card.json()["card_until"]) == ("1234", until)
        bad = {"number": "1234", "until": "2199-01-01"}
        wrong(await head.post(f"{base}/{leaver}/card", json=bad), 422, "CARD_DAY", "until")
        wrong(
            await head.post(f"{base}/{leaver}/leave", json={"reason": " "}), 422, "REASON_NEEDED",
            "reason",
        )  # fmt: skip
        gone = await head.post(f"{base}/{leaver}/leave", json={"reason": "Chuyển việc."})
        assert leaver not in [one["id"] for one in gone.json()["staff"]]
        assert (await head.post(f"{base}/{leaver}/leave", json={"reason": "x"})).status_code == 404
        own = room.house.people["auctioneer"].id
        wrong(await head.post(f"{base}/{own}/leave", json={"reason": "x"}), 409, "YOURSELF")


async def test_relations_are_one_s_own(room: Cashroom) -> None:
    said = {"key": str(uuid.uuid4()), "kind": "SIBLING", "name": "Em", "number": "079300001111"}
    for login, base in (("second", "/api/desk/house"), ("head", "/api/agency/house")):
        said |= {"key": str(uuid.uuid4())}
        async with room.house.signed_in(login) as client:
            made = await client.post(f"{base}/relations", json=said)
            again = await client.post(f"{base}/relations", json=said)
            assert (made.status_code, again.json()) == (201, made.json())
            (one,) = made.json()["relations"]
            assert (one["number"], one["lot"]) == ("079300001111", None)
            short = said | {"key": str(uuid.uuid4()), "number": "1"}
            wrong(
                await client.post(f"{base}/relations", json=short), 422, "NUMBER_NEEDED", "number"
            )
            over = await client.post(f"{base}/relations/end", json={"relation": one["id"]})
            assert over.json() == {"relations": []}


async def test_two_open_the_list_of_who_takes_part(room: Cashroom) -> None:
    base = f"/api/desk/lots/{room.lot}/registrants"
    async with (
        room.house.signed_in("auctioneer") as first,
        room.house.signed_in("second") as second,
    ):
        assert (await first.get("/api/desk/registrants")).status_code == 200
        wrong(await first.get(f"{base}/list"), 409, "SEALED")
        wrong(await first.post(f"{base}/keys", json={"reason": ""}), 422, "REASON_NEEDED", "reason")
        one = await first.post(f"{base}/keys", json={"reason": "Có đơn tố cáo."})
        assert (one.json()["waiting"], one.json()["open_until_ms"]) == (True, None)
        again = await first.post(f"{base}/keys", json={"reason": "Có đơn tố cáo."})
        assert again.json() == one.json()
        both = await second.post(f"{base}/keys", json={"reason": "Đồng ý."})
        assert both.json()["open_until_ms"] is not None
        for client in (first, second):
            told = (await client.get(f"{base}/list")).json()
            assert (told["lot"], told["registrants"]) == (room.lot, [])


async def test_what_needs_a_person_takes_no_token(room: Cashroom) -> None:
    """A token may file and answer; it turns no key, ends no warrant, sends nobody away."""
    shut = ("OPEN_REGISTRANTS", "USE_WARRANTS", "KEEP_HOUSE", "SIGN_MINUTES")
    for login, role in (("auctioneer", "organisation"), ("kien", "procurator"), ("dung", "bidder")):
        account = room.house.people.get(login)
        duties = frozenset({"HEAD", "AUCTIONEER", "RECORDER", "REGISTRAR", "ACCOUNTANT"})
        known = {act.name for act in tokens.possible(role, duties)}  # type: ignore[arg-type]
        assert known.isdisjoint(shut), account
    assert "COMPLAIN" in known
    async with room.house.signed_in("dung") as client:
        told = {"name": "Kho", "acts": ["COMPLAIN"], "days": 1}
        made = await client.post("/api/tokens", json=told)
        assert made.status_code in (200, 201), made.text
    async with room.house.browser(Authorization=f"Bearer {made.json()['token']}") as program:
        one = await filed(program, room)
        assert (await program.get(f"/api/mine/complaints/{one['id']}")).status_code == 200
        refused = await program.get(f"/api/mine/lots/{room.lot}/sign")
        assert (refused.status_code, refused.json()["code"]) == (403, "TOKEN_NOT_FOR_THIS")
