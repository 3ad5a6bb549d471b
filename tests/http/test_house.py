"""A house over HTTP: duties, invitations, cards, relations, the list with two keys, questions."""

from __future__ import annotations

import asyncio
import os
import re
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import orjson
import pytest
import pytest_asyncio
from cashroom import Cashroom, cashroom, send, today, words
from house import running_house
from test_dossier import IDENTITY, hand_in

from auction_engine.desk.house import registrants
from auction_engine.identity import accounts
from auction_engine.identity.vault import Vault
from auction_engine.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")
PASSWORD = "Giếng nước trong vườn 7"
NEW = "mai@daugia.example"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(
    servers: Any, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Cashroom]:
    """One house for all tests here: a lot that takes dossiers, two of staff with every duty."""
    database = f"house_{os.getpid()}"
    servers.create_database(database, migrated_template)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("house"), port=0,
        database_url=servers.owner_of(database), redis_url=servers.redis_url(),
    )  # fmt: skip
    async with running_house(settings, lots=1) as house, cashroom(house) as room:
        for login in ("binh", "chi"):
            room.bidders[login] = (await house.account(login, "bidder", admitted=False)).id
        yield room
    servers.drop_database(database)


async def run(room: Cashroom, query: str, *arguments: Any) -> None:
    connection = await asyncpg.connect(room.house.settings.database_url)
    try:
        await connection.execute(query, *arguments)
    finally:
        await connection.close()


def number(room: Cashroom, login: str) -> int:
    return room.house.people[login].id


async def link(room: Cashroom) -> str:
    """Where the newest invitation's letter leads."""
    ((letter, sealed),) = await room.fetch(
        "SELECT id, secrets FROM letter WHERE kind = 'house.invited' ORDER BY created_at DESC"
        " LIMIT 1"
    )
    opened = Vault.of(room.house.settings).open(sealed, f"letter.secrets:{letter}")
    return str(orjson.loads(opened)["link"]["path"])


async def invite(head: httpx.AsyncClient, **fields: str) -> httpx.Response:
    form = {"name": "Nguyễn Thị Mai", "email": NEW, "lang": "vi", "duty.REGISTRAR": "yes"}
    return await send(head, "/desk/house/invitations", **(form | fields))


# --- people ---------------------------------------------------------------------------------


async def test_a_colleague_is_invited_by_letter_once_and_does_what_the_duties_say(
    room: Cashroom,
) -> None:
    house = room.house
    async with house.signed_in("auctioneer") as head, house.browser() as guest:
        assert (await invite(head, email="nobody")).status_code == 422
        form = {"duty.REGISTRAR": "yes", "duty.OFFICER": "yes"}
        assert (await invite(head, **form)).status_code == 303  # another house's duty is no field
        first = await link(room)
        assert (await invite(head)).status_code == 303
        path = await link(room)
        assert (await guest.get(first)).status_code == 410, "the newest letter counts"
        page = await guest.get(path)
        assert "Nguyễn Thị Mai" in page.text
        token = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert token is not None
        guest.headers["X-CSRF-Token"] = token[1]
        assert (await send(guest, path, password="short")).status_code == 400
        taken = await asyncio.gather(*(send(guest, path, password=PASSWORD) for _ in range(2)))
        assert sorted(one.status_code for one in taken) == [303, 410]
        told = words((await head.get("/desk/house")).text)
        assert NEW not in told, "the letter is taken"
    ((made, sealed),) = await room.fetch(
        "SELECT a.id, i.data FROM account a JOIN house_invitation i ON i.account_id = a.id"
    )
    assert sealed is None
    async with house.browser() as mai:
        answer = await mai.post("/api/login", json={"login": NEW, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        for path, status in (
            ("/desk/house", 200), ("/desk/dossiers", 200), ("/desk/money", 403),
            (f"/desk/house/{made}", 403), ("/desk/complaints", 403), ("/agency/house", 403),
        ):  # fmt: skip
            assert (await mai.get(path)).status_code == status, path


async def test_an_invitation_called_off_opens_nothing(room: Cashroom) -> None:
    async with room.house.signed_in("auctioneer") as head, room.house.browser() as guest:
        assert (await invite(head, email="lan@daugia.example")).status_code == 303
        path = await link(room)
        ((key,),) = await room.fetch("SELECT id FROM house_invitation WHERE state = 'OPEN'")
        for _ in range(2):
            off = await send(head, "/desk/house/invitations/off", invitation=str(key))
            assert off.status_code == 303
        assert (await guest.get(path)).status_code == 410
        foreign = await send(head, "/desk/house/invitations/off", invitation=str(uuid.uuid4()))
        assert foreign.status_code == 404
    await accounts.create(
        room.house.engine, "nowhere", "Nowhere", "organisation", room.house.password_hash
    )
    async with room.house.signed_in("nowhere") as nobody:
        assert (await invite(nobody, email="x@daugia.example")).status_code == 404


async def test_duties_are_given_and_taken_at_once_and_never_over_another_s_change(
    room: Cashroom,
) -> None:
    house, second = room.house, number(room, "second")
    every = {f"seen.{duty}": "yes" for duty in (
        "HEAD", "AUCTIONEER", "RECORDER", "REGISTRAR", "ACCOUNTANT",
    )}  # fmt: skip
    path = f"/desk/house/{second}/duties"
    async with house.signed_in("auctioneer") as head, house.signed_in("second") as other:
        assert (await other.get("/desk/money")).status_code == 200
        assert (await send(head, path, **every, **{"duty.RECORDER": "yes"})).status_code == 422
        told = {**every, "duty.RECORDER": "yes", "reason": "Chuyển việc"}
        for _ in range(2):
            assert (await send(head, path, **told)).status_code == 303
        assert (await other.get("/desk/money")).status_code == 403
        stale = await send(head, path, **(every | {"duty.HEAD": "yes", "reason": "x"}))
        assert stale.status_code == 409
        mine = f"/desk/house/{number(room, 'auctioneer')}/duties"
        last = await send(head, mine, **every, **{"duty.RECORDER": "yes", "reason": "x"})
        assert last.status_code == 409
        assert "người đứng đầu" in words(last.text)
        back = {f"duty.{one[5:]}": "yes" for one in every} | {"seen.RECORDER": "yes"}
        assert (await send(head, path, **back, reason="Trở lại")).status_code == 303
        assert (await other.get("/desk/money")).status_code == 200
        acts = words((await head.get("/desk/house")).text)
        assert acts.count("Chuyển việc") == 1
        officer = number(room, "officer")
        assert (await head.get(f"/desk/house/{officer}")).status_code == 404


async def test_a_program_of_the_head_gives_duties_as_the_page_does(room: Cashroom) -> None:
    made = await room.house.account("quan", "organisation")
    base = "/api/desk/house"
    async with room.house.signed_in("auctioneer") as head, room.house.signed_in("quan") as own:
        staff = {one["id"]: one for one in (await own.get(base)).json()["staff"]}
        seen = staff[made.id]["duties"]
        assert seen == ["ACCOUNTANT", "AUCTIONEER", "HEAD", "RECORDER", "REGISTRAR"]
        said = {"duties": ["RECORDER"], "seen": seen, "reason": "Chỉ làm thư ký"}
        for changes, status in (
            ({"duties": ["OFFICER"]}, 400), ({"reason": ""}, 422), ({"seen": ["HEAD"]}, 409),
            ({}, 200), ({}, 200),
        ):  # fmt: skip
            answer = await head.post(f"{base}/{made.id}/duties", json=said | changes)
            assert answer.status_code == status, answer.text
        assert answer.json()["duties"] == ["RECORDER"]
        back = await own.post(f"{base}/{made.id}/duties", json=said | {"duties": seen})
        assert back.status_code == 403
        counts = (await own.get(f"/api/desk/lots/{room.lot}/registrants")).json()
        assert (counts["waiting"], counts["open_until_ms"]) == (False, None)


async def test_who_leaves_sees_nothing_any_more(room: Cashroom) -> None:
    house = room.house
    gone = await house.account("phuc", "organisation")
    path = f"/desk/house/{gone.id}/leave"
    async with house.signed_in("auctioneer") as head, house.signed_in("phuc") as phuc:
        assert (await send(head, path, reason="Nghỉ việc")).status_code == 422
        assert (await send(head, path, reason="Nghỉ việc", sure="yes")).status_code == 303
        assert (await send(head, path, reason="Nghỉ việc", sure="yes")).status_code == 404
        assert (await phuc.get("/desk/money")).status_code == 403
        assert room.lot not in [
            int(n) for n in re.findall(r'data-lot="(\d+)"', (await phuc.get("/desk")).text)
        ]
        own = f"/desk/house/{number(room, 'auctioneer')}/leave"
        assert (await send(head, own, reason="x", sure="yes")).status_code == 422


# --- cards and conflicts --------------------------------------------------------------------


async def appoint(client: httpx.AsyncClient, room: Cashroom, login: str) -> str:
    said = {"act": "appoint", "reason": "x", "data": {"auctioneer": number(room, login)}}
    answer = await client.post(f"/api/lots/{room.lot}/acts", json=said)
    return "done" if answer.status_code == 200 else str(answer.json()["code"])


async def test_only_who_has_a_card_in_force_and_no_conflict_is_appointed(room: Cashroom) -> None:
    second = number(room, "second")
    path = f"/desk/house/{second}/card"
    async with room.house.signed_in("auctioneer") as head, room.house.signed_in("second") as own:
        assert await appoint(head, room, "second") == "done"
        wrong = await send(head, path, number="?", until=today().isoformat())
        assert wrong.status_code == 422
        yesterday = (today() - timedelta(days=1)).isoformat()
        assert (await send(head, path, number="123/ĐG", until=yesterday)).status_code == 303
        assert await appoint(head, room, "second") == "CARD_EXPIRED"
        assert await appoint(head, room, "auctioneer") == "NO_CARD"
        handed = await head.post(
            f"/api/sessions/{await session_of(room)}/acts",
            json={"act": "hand_over", "reason": "x", "data": {"auctioneer": second}},
        )
        assert handed.status_code == 400
        good = await send(head, path, number="123/ĐG", until=today().isoformat())
        assert good.status_code == 303
        assert await appoint(head, room, "second") == "done"
        key = uuid.uuid4()
        form = {"key": str(key), "kind": "PARTY", "lot": str(room.lot), "note": "Em của chủ nợ"}
        for _ in range(2):
            assert (await send(own, "/desk/house/relations", **form)).status_code == 303
        assert await appoint(head, room, "second") == "CONFLICT"
        ended = await send(head, "/desk/house/relations/end", relation=str(key))
        assert ended.status_code == 303
        assert await appoint(head, room, "second") == "CONFLICT", "another's is not ended"
        assert "Em của chủ nợ" not in (await head.get("/desk/house")).text
        await send(own, "/desk/house/relations/end", relation=str(key))
        assert await appoint(head, room, "second") == "done"
    await run(room, "UPDATE auctioneer_card SET ended_at = now() WHERE ended_at IS NULL")


async def session_of(room: Cashroom) -> int:
    ((found,),) = await room.fetch("SELECT session_id FROM lot WHERE id = $1", room.lot)
    return int(found)


async def admit(client: httpx.AsyncClient, dossier: int) -> str:
    ((version,),) = [
        (row["version"],)
        for row in (await client.get("/api/dossiers")).json()["dossiers"]
        if row["id"] == dossier
    ]
    said = {"do": "ADMIT", "version": version}
    answer = await client.post(f"/api/dossiers/{dossier}", json=said)
    return "done" if answer.status_code == 200 else str(answer.json()["code"])


async def test_the_list_of_registrants(room: Cashroom) -> None:
    """Conflicts first: whom the law bars is not admitted; then the sealed list and its keys."""
    house = room.house
    async with house.signed_in("binh") as bidder:
        handed = await hand_in(bidder, room)
        assert handed.status_code == 303, words(handed.text)
    ((dossier,),) = await room.fetch("SELECT id FROM dossier WHERE state = 'SENT'")
    async with (
        house.signed_in("auctioneer") as head,
        house.signed_in("second") as second,
        house.signed_in("officer") as officer,
    ):
        assert await appoint(head, room, "second") == "done"
        for client, base, kind, code in (
            (second, "/desk", "SIBLING", "BARRED"),  # the auctioneer's
            (second, "/desk", "SELF", "BARRED"),
            (head, "/desk", "SPOUSE", "OWN_CONFLICT"),
            (officer, "/agency", "PARENT", "BARRED"),
        ):
            key = str(uuid.uuid4())
            form = {"key": key, "kind": kind, "name": "Bình", "number": IDENTITY}
            assert (await send(client, f"{base}/house/relations", **form)).status_code == 303
            assert await admit(head, dossier) == code, kind
            if (base, kind) == ("/desk", "SIBLING"):
                assert await appoint(head, room, "second") == "CONFLICT"
                page = words((await head.get(f"/desk/dossiers/{dossier}")).text)
                assert "Hồ sơ có anh, chị, em ruột của Second." in page
                assert "Luật không cho người này tham gia" in page
            await send(client, f"{base}/house/relations/end", relation=key)
        form = {"key": str(uuid.uuid4()), "kind": "OTHER", "name": "B", "number": IDENTITY}
        await send(second, "/desk/house/relations", **form)
        page = words((await head.get(f"/desk/dossiers/{dossier}")).text)
        assert "Luật không cấm vì lẽ này" in page
        assert await admit(head, dossier) == "done"
    await keys(room, dossier)


async def keys(room: Cashroom, dossier: int) -> None:
    house, path = room.house, f"/desk/lots/{room.lot}/registrants"
    await run(room, "UPDATE dossier SET recorded = 'ADMITTED' WHERE id = $1", dossier)
    async with house.signed_in("auctioneer") as head, house.signed_in("second") as second:
        sealed = await head.get(f"/desk/dossiers/{dossier}")
        assert "Trần Văn Bình" not in sealed.text, "what is decided is sealed again"
        page = await head.get(path)
        assert "Trần Văn Bình" not in page.text
        assert (await send(head, path, reason=" ")).status_code == 422
        for _ in range(2):
            await send(head, path, reason="Bị tố làm lộ danh sách")
        assert "Trần Văn Bình" not in (await head.get(path)).text, "one person has one key"
        await send(second, path, reason="Kiểm tra cùng")
        for client in (head, second):
            assert "Trần Văn Bình" in (await client.get(path)).text
            assert "Trần Văn Bình" in (await client.get(f"/desk/dossiers/{dossier}")).text
        third = await house.account("third", "organisation")
        async with house.signed_in(third.login) as client:
            assert "Trần Văn Bình" not in (await client.get(path)).text
            await send(client, path, reason="x")
            assert "Trần Văn Bình" not in (await client.get(path)).text, "keys are used once"
    ((seen,),) = await room.fetch(
        "SELECT count(*) FROM reading_trace WHERE what = 'registrants' AND subject_id = $1",
        room.bidders["binh"],
    )
    assert seen == 2
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await run(room, "UPDATE registrant_key SET reason = 'x'")
    async with house.signed_in("binh") as bidder:
        assert "hai người cùng mở danh sách" in (await bidder.get("/account/data")).text


async def test_two_keys_at_once_are_a_first_and_a_second_and_wait_no_longer_than_half_an_hour(
    room: Cashroom,
) -> None:
    lot = room.house.lots[0]
    connections = [await asyncpg.connect(room.house.settings.database_url) for _ in range(2)]
    ((body,),) = await room.fetch(
        "SELECT organisation_id FROM auction_session s JOIN lot l ON l.session_id = s.id"
        " WHERE l.id = $1",
        lot,
    )
    people = [number(room, "auctioneer"), number(room, "second")]
    try:
        await connections[0].execute(
            "INSERT INTO registrant_key (lot_id, account_id, reason, at)"
            " VALUES ($1, $2, 'x', now() - interval '31 minutes')",
            lot, people[1],
        )  # fmt: skip
        turned = await asyncio.gather(*(
            registrants.turn(connection, body, lot, account, "Cần xem")
            for connection, account in zip(connections, people, strict=True)
        ))  # fmt: skip
        assert sorted(turned) == [False, True], "what is older than half an hour opens nothing"
        for account in people:
            assert await registrants.open_until(connections[0], lot, account) is not None
    finally:
        for connection in connections:
            await connection.close()


# --- questions ------------------------------------------------------------------------------


async def test_a_question_is_answered_for_everybody_without_a_name(room: Cashroom) -> None:
    house, path = room.house, f"/lots/{room.lot}/questions"
    form = {"key": str(uuid.uuid4()), "question": "Tôi là Bình, thang máy có chạy không?"}
    async with house.signed_in("binh") as bidder:
        assert (await send(bidder, path, key=form["key"], question="?")).status_code == 422
        for _ in range(2):
            assert (await send(bidder, path, **form)).status_code == 303
    async with house.browser() as anyone:
        assert "thang máy" not in (await anyone.get(path)).text
        assert (await anyone.post(path, data=form)).status_code in (401, 403)
    async with house.signed_in("auctioneer") as head, house.signed_in("second") as second:
        queue = (await head.get("/api/desk/questions")).json()["questions"]
        (asked,) = [one for one in queue if one["lot"] == room.lot]
        assert asked["asked"] == form["question"]
        one = f"/desk/questions/{asked['id']}"
        assert "Thang" not in (await head.get(f"{path}.atom")).text
        told = {
            "do": "answer", "version": "0", "question.vi": "Thang máy có chạy không?",
            "answer.vi": "Có, cả hai thang.", "question.en": "", "answer.en": "",
        }  # fmt: skip
        assert (await send(head, one, **(told | {"answer.vi": ""}))).status_code == 422
        both = await asyncio.gather(
            send(head, one, **told),
            send(second, one, **(told | {"answer.vi": "Chỉ một thang."})),
        )
        assert sorted(answer.status_code for answer in both) == [303, 409]
        first = "Có, cả hai thang." if both[0].status_code == 303 else "Chỉ một thang."
        fixed = told | {"version": "1", "answer.vi": "Có, hai thang.", "question.en": "Is it?",
                        "answer.en": "Yes."}  # fmt: skip
        for _ in range(2):
            assert (await send(head, one, **fixed)).status_code == 303
    async with house.browser() as anyone:
        public = await anyone.get(path)
        assert "Có, hai thang." in public.text
        assert "Tôi là Bình" not in public.text
        assert "Có, hai thang." in (await anyone.get(f"{path}.atom")).text
        (said,) = (await anyone.get(f"/api{path}")).json()["questions"]
        assert said["answer"] == {"vi": "Có, hai thang.", "en": "Yes."}
        assert said["corrected"]
    kept = await room.fetch(
        "SELECT kind, body FROM lot_question_act WHERE question_id = $1 ORDER BY n", asked["id"]
    )
    assert [row["kind"] for row in kept] == ["ASKED", "ANSWERED", "CORRECTED"]
    assert orjson.loads(kept[1]["body"])["answer"] == {"vi": first}


async def test_a_question_is_declined_for_a_reason_only_its_asker_reads(room: Cashroom) -> None:
    house, path = room.house, f"/lots/{room.lot}/questions"
    form = {"key": str(uuid.uuid4()), "question": "Nhà bên cạnh có bán không?"}
    async with house.signed_in("chi") as bidder, house.signed_in("auctioneer") as head:
        made = await bidder.post(f"/api{path}", json=form)
        number_ = made.json()["question"]
        said = {"do": "decline", "version": 0, "reason": "Không thuộc tài sản này."}
        for _ in range(2):
            answer = await head.post(f"/api/desk/questions/{number_}", json=said)
            assert answer.json()["state"] == "DECLINED"
        late = {"do": "answer", "version": 1, "question": {"vi": "x"}, "answer": {"vi": "y"}}
        assert (await head.post(f"/api/desk/questions/{number_}", json=late)).status_code == 409
        assert "Không thuộc tài sản này." in (await bidder.get(path)).text
        async with house.browser() as anyone:
            assert "Không thuộc tài sản này." not in (await anyone.get(path)).text


async def test_staff_has_every_duty_of_its_role_unless_told_otherwise(room: Cashroom) -> None:
    made = await accounts.create(
        room.house.engine, "only", "Only", "officer", duties=["ACCOUNTANT"]
    )
    rows = await room.fetch("SELECT duty FROM body_duty WHERE account_id = $1", made.id)
    assert [row["duty"] for row in rows] == ["ACCOUNTANT"]
    rows = await room.fetch(
        "SELECT duty FROM body_duty WHERE account_id = $1 ORDER BY duty", number(room, "officer")
    )
    assert [row["duty"] for row in rows] == ["ACCOUNTANT", "HEAD", "OFFICER"]
