"""A case over JSON to its end, letters to both sides of a contract, and public photographs."""

from __future__ import annotations

import asyncio
import io
import os
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import contract
import docket
import httpx
import orjson
import pytest
import pytest_asyncio
from house import House, content, running_house
from PIL import Image

from auction_engine.desk.cases import assets
from auction_engine.desk.complaints import answering, filing
from auction_engine.desk.oversight import findings
from auction_engine.desk.preparing import drafts, sources
from auction_engine.desk.preparing.choices import Choices, LotChoice
from auction_engine.identity.people import make_person
from auction_engine.identity.personal import Personal
from auction_engine.identity.vault import Vault
from auction_engine.ledger import books
from auction_engine.ledger.database import transaction
from auction_engine.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")
BASE = "/api/agency"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(
    servers: Any, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """One program for all tests of this file; each opens a case of its own."""
    database = f"cases_api_{os.getpid()}"
    servers.create_database(database, migrated_template)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("cases_api"), port=0,
        database_url=servers.owner_of(database), redis_url=servers.redis_url(),
    )  # fmt: skip
    many = {"messages_per_s": 500, "messages_burst": 500}
    limits = settings.limits.model_copy(update=many)
    async with running_house(settings.model_copy(update={"limits": limits}), lots=1) as house:
        house.hooks.append(contract.check)
        for login, role in (("officer", "officer"), ("chief", "organisation")):
            made = await house.account(login, role)
            async with transaction(house.engine) as connection:
                personal = Personal("PERSON", login.title(), email=f"{login}@hu-cau.example")
                await make_person(
                    connection, Vault.of(settings), made.id, personal, "vi", confirmed=True
                )
        yield house
    servers.drop_database(database)


@pytest_asyncio.fixture(loop_scope="module")
async def ledger(room: House) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(room.settings.database_url)
    yield connection
    await connection.close()


def number() -> str:
    return f"{uuid.uuid4().hex[:8]}/2026"


async def opened(room: House, ledger: Any) -> int:
    officer = room.people["officer"]
    assert officer.body is not None
    vault = Vault.of(room.settings)
    return await docket.a_case(ledger, vault, officer.body, officer.id, number())


async def ready(room: House, ledger: Any, case: int) -> int:
    return await docket.ready_asset(
        ledger, Vault.of(room.settings), case, room.people["officer"].id
    )


def codes(answer: httpx.Response) -> set[str]:
    return {one["code"] for one in answer.json()["faults"]}


def picture(form: str = "JPEG", size: tuple[int, int] = (1500, 900)) -> bytes:
    """With a camera's metadata: where it was taken, and by what."""
    image = Image.new("RGB", size, (180, 90, 40))
    exif = Image.Exif()
    exif[0x010F] = "Fictional Camera"
    exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    image.save(out, form, exif=exif)
    return out.getvalue()


# --- a case ---------------------------------------------------------------------------------


async def test_a_case_is_put_right_by_whoever_read_it_as_it_is(room: House, ledger: Any) -> None:
    case = await opened(room, ledger)
    async with room.signed_in("officer") as client:
        path = f"{BASE}/cases/{case}"
        before = (await client.get(path)).json()
        assert before["version"] == 1
        told = {"version": 1, "title": {"vi": "Đòi nợ", "en": "A debt"}}
        one, other = await asyncio.gather(
            client.post(f"{path}/change", json=told),
            client.post(f"{path}/change", json=told | {"title": {"vi": "Khác", "en": "Other"}}),
        )
        assert sorted((one.status_code, other.status_code)) == [200, 409]
        done = one if one.status_code == 200 else other
        lost = other if done is one else one
        assert codes(lost) == {"CHANGED"}
        assert (done.json()["version"], done.json()["judgment"]) == (2, before["judgment"])
        # The very same again is what it was.
        again = await client.post(f"{path}/change", json=told | {"title": done.json()["title"]})
        assert again.json() == done.json()
        judgment = before["judgment"] | {"on": "2199-01-01"}
        wrong = await client.post(f"{path}/change", json={"version": 2, "judgment": judgment})
        assert (wrong.status_code, wrong.json()["faults"][0]["path"]) == (422, "judgment.on")
    kept = await ledger.fetchval(
        "SELECT body FROM case_entry WHERE case_id = $1 AND kind = 'changed'", case
    )
    assert orjson.loads(kept)["before"] == {"title": before["title"]}


async def test_a_case_is_closed_when_nothing_of_it_is_open(room: House, ledger: Any) -> None:
    case = await opened(room, ledger)
    asset = await ready(room, ledger, case)
    async with room.signed_in("officer") as client:
        path = f"{BASE}/cases/{case}"
        assert (await client.get(path)).json()["open"] == [{"code": "OPEN_ASSET", "number": asset}]
        refused = await client.post(f"{path}/close", json={"reason": "Đã xong."})
        assert (refused.status_code, codes(refused)) == (409, {"OPEN_ASSET"})
        assert refused.json()["faults"][0]["path"] == f"open_asset.{asset}"
        acts = f"{BASE}/assets/{asset}/acts"
        silent = await client.post(acts, json={"do": "release"})
        assert codes(silent) == {"REASON_NEEDED"}
        gone = await client.post(acts, json={"do": "release", "reason": "QĐ hủy kê biên số 4."})
        assert gone.json()["state"] == "RETURNED"
        silent = await client.post(f"{path}/close", json={"reason": " "})
        assert (silent.status_code, silent.json()["faults"][0]["path"]) == (422, "reason")
        both = await asyncio.gather(
            *(client.post(f"{path}/close", json={"reason": "Đã xong."}) for _ in range(2))
        )
        assert {one.json()["state"] for one in both} == {"CLOSED"}
        party = {"kind": "DEBTOR", "name": "Thêm"}
        late = await client.post(f"{path}/parties", json=party)
        assert (late.status_code, codes(late)) == (409, {"CASE_CLOSED"})
        late = await client.post(f"{path}/change", json={"version": 1, "title": "X"})
        assert codes(late) == {"CASE_CLOSED"}
        again = await client.post(f"{path}/reopen", json={"reason": "Kết quả bị hủy."})
        assert again.json()["state"] == "OPEN"
        assert (await client.post(f"{path}/parties", json=party)).status_code == 201
    rows = await ledger.fetch(
        "SELECT kind, reason FROM case_entry WHERE case_id = $1 AND reason IS NOT NULL ORDER BY n",
        case,
    )
    assert [tuple(row) for row in rows] == [
        ("closed", "Đã xong."), ("reopened", "Kết quả bị hủy."),
    ]  # fmt: skip


async def test_whatever_waits_about_its_lots_keeps_a_case_open(room: House, ledger: Any) -> None:
    case = await opened(room, ledger)
    asset = await ready(room, ledger, case)
    lot = room.lots[0]
    bidder = (await room.account("binh", "bidder", admitted=False)).id
    eye = (await room.account("kien", "procurator")).id
    vault, today = Vault.of(room.settings), docket.today()
    await ledger.execute("UPDATE asset SET state = 'SOLD', lot_id = $2 WHERE id = $1", asset, lot)
    given = filing.Given(
        uuid.uuid4(), lot, bidder, "AGENCY", "LOT", None, today, "Thiếu niêm yết.", "Hủy."
    )
    now = datetime.now(UTC)
    filed = await filing.file(ledger, vault, given, None, now)
    found = findings.Given(
        uuid.uuid4(), "REQUEST", "AGENCY", None, lot, None, "Điều 9", "Giải trình.", 5
    )
    finding = await findings.send(ledger, vault, eye, found, None, today)
    book = await books.open_book(ledger, "AGENCY", room.agency, "VND", 0)
    payout = await ledger.fetchval(
        "INSERT INTO payout (book_id, key, kind, lot_id, payee, code, account_key, amount_minor,"
        " name, account, text, state) VALUES ($1, 'x', 'CREDITOR', $2, $3, 'LIAB.CREDITOR', 'x',"
        " 1, 'x', '1', 'x', 'DUE') RETURNING id",
        book, lot, bidder,
    )  # fmt: skip
    whole = {("OPEN_COMPLAINT", filed.id), ("OPEN_FINDING", finding), ("OPEN_PAYOUT", payout),
             ("OPEN_SALE", lot)}  # fmt: skip
    path = f"{BASE}/cases/{case}"
    async with room.signed_in("officer") as client:

        async def still_open() -> set[tuple[str, int]]:
            return {(one["code"], one["number"]) for one in (await client.get(path)).json()["open"]}

        assert await still_open() == whole
        refused = await client.post(f"{path}/close", json={"reason": "Xong."})
        assert (refused.status_code, codes(refused)) == (409, {code for code, _ in whole})
        page = (await client.get(f"/agency/cases/{case}")).text
        assert f'href="/lots/{lot}"' in page
        assert f'href="/agency/findings/{finding}"' in page
        assert 'name="do" value="close"' not in page
        said = answering.Said()
        await answering.answer(ledger, vault, filed.id, bidder, "WITHDRAWN", said, None, now)
        answer = await client.post(
            f"/api/agency/findings/{finding}/answer", json={"text": "Đã giải trình."}
        )
        assert answer.is_success
        await ledger.execute("UPDATE payout SET state = 'CANCELLED' WHERE id = $1", payout)
        assert await still_open() == {("OPEN_SALE", lot)}
        await ledger.execute(
            "UPDATE asset SET state = 'RETURNED', lot_id = NULL WHERE id = $1", asset
        )
        closed = await client.post(f"{path}/close", json={"reason": "Xong."})
        assert closed.json()["state"] == "CLOSED"


async def test_the_same_by_the_case_s_page(room: House, ledger: Any) -> None:
    case = await opened(room, ledger)
    path = f"/agency/cases/{case}"
    async with room.signed_in("officer") as client:
        csrf = {"csrf": client.headers["X-CSRF-Token"]}
        told = csrf | {"do": "change", "version": "1", "title.vi": "Sửa tên", "title.en": "",
                       "judgment.number": "9/2026", "judgment.court": "Tòa án khu vực 4",
                       "judgment.on": docket.ago(90), "decision.number": "1",
                       "decision.on": docket.ago(80)}  # fmt: skip
        assert (await client.post(path, data=told)).is_redirect
        page = (await client.get(path)).text
        assert "Sửa tên" in page
        assert "Tòa án khu vực 4" in page
        stale = await client.post(path, data=told | {"title.vi": "Lần nữa"})
        assert stale.status_code == 409
        silent = await client.post(path, data=csrf | {"do": "close", "reason": ""})
        assert silent.status_code == 422
        said = csrf | {"do": "close", "reason": "Đã thi hành xong."}
        asked = await client.post(path, data=said)
        assert asked.status_code == 200
        assert 'name="sure" value="yes"' in asked.text
        assert (await client.post(path, data=said | {"sure": "yes"})).is_redirect
        page = (await client.get(path)).text
        assert "Đã thi hành xong." in page
        assert 'name="do" value="reopen_case"' in page
        said = csrf | {"do": "reopen_case", "reason": "Việc mới.", "sure": "yes"}
        assert (await client.post(path, data=said)).is_redirect


async def test_proofs_of_notices_and_files_go_in_out_and_away(room: House, ledger: Any) -> None:
    case = await opened(room, ledger)
    party = (await docket.parties_of(ledger, case))["DEBTOR"]
    async with room.signed_in("officer") as client:
        path = f"{BASE}/cases/{case}"
        notice = {"key": str(uuid.uuid4()), "party_id": party, "kind": "DECISION",
                  "channel": "BY_HAND", "given_on": docket.ago(3), "subject": "Giao"}  # fmt: skip
        given = (await client.post(f"{path}/notices", json=notice)).json()
        assert given["valid_on"] is None
        proofs = f"{path}/notices/{given['id']}/proofs"
        asked = {"kind": "RECEIPT", "shown_on": docket.ago(2)}
        jpeg = {"Content-Type": "image/jpeg"}
        small = picture(size=(40, 30))
        kept = await client.post(proofs, params=asked, content=small, headers=jpeg)
        assert (kept.status_code, kept.json()["valid_on"]) == (201, docket.ago(2))
        again = await client.post(proofs, params=asked, content=small, headers=jpeg)
        assert again.json() == kept.json()
        bad = await client.post(proofs, params={"kind": "X"}, content=small, headers=jpeg)
        assert (bad.status_code, bad.json()["faults"][0]["path"]) == (422, "shown_on")
        bad = await client.post(
            proofs, params=asked, content=b"x", headers={"Content-Type": "text/plain"}
        )
        assert bad.status_code == 415
        got = await client.get(f"{proofs}/{kept.json()['id']}")
        assert (got.status_code, got.headers["content-type"]) == (200, "image/jpeg")
        left = await client.post(f"{path}/parties/{party}/leave")
        assert [one["left_at"] is None for one in left.json()["parties"]] == [True, False]
        assert (await client.post(f"{path}/parties/{party}/leave")).json() == left.json()
        made = await client.post(f"{path}/assets", json=docket.asset_data())
        asset = f"{BASE}/assets/{made.json()['id']}"
        named = {"kind": "PHOTO", "name": "Mặt trước", "public": "true"}
        file = await client.post(f"{asset}/files", params=named, content=small, headers=jpeg)
        one = f"{asset}/files/{file.json()['id']}"
        assert (await client.get(one)).headers["content-type"] == "image/jpeg"
        silent = await client.post(f"{one}/removal", json={"reason": ""})
        assert codes(silent) == {"REASON_NEEDED"}
        for _ in range(2):
            gone = await client.post(f"{one}/removal", json={"reason": "Nhầm tài sản."})
            assert gone.json() == {"id": file.json()["id"]}
        assert (await client.get(one)).status_code == 404
        whole = (await client.get(asset)).json()
        assert whole["content"]["photos"] == []
        assert whole["files"][0]["sha256"] == file.json()["sha256"]


# --- letters --------------------------------------------------------------------------------


async def letters(ledger: Any, contract_id: int) -> list[tuple[str, str]]:
    rows = await ledger.fetch(
        "SELECT l.kind, a.login FROM letter l JOIN account a ON a.id = l.account_id"
        " WHERE l.key LIKE 'contract.%/' || $1::text || '/%' ORDER BY l.created_at, l.kind",
        str(contract_id),
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize(
    ("what", "told"),
    [("take", ("contract.taken", "officer")), ("decline", ("contract.declined", "officer")),
     ("withdraw", ("contract.withdrawn", "chief"))],
)  # fmt: skip
async def test_the_other_side_hears_of_an_offer_and_of_its_answer_once(
    room: House, ledger: Any, what: str, told: tuple[str, str]
) -> None:
    asset = await ready(room, ledger, await opened(room, ledger))
    offer = {"number": number(), "organisation_id": room.people["chief"].body, "assets": [asset],
             "base_minor": 10_000_000, "stop_clause": True}  # fmt: skip
    async with room.signed_in("officer") as client, room.signed_in("chief") as chief:
        made = (await client.post(f"{BASE}/contracts", json=offer)).json()["id"]
        assert (await client.post(f"{BASE}/contracts", json=offer)).json()["id"] == made
        assert await letters(ledger, made) == [("contract.offered", "chief")]
        for _ in range(2):
            if what == "withdraw":
                path = f"{BASE}/contracts/{made}/withdrawal"
                answer = await client.post(path, json={"reason": "Nhầm."})
            else:
                said = {"do": what, "reason": "Quá xa."}
                answer = await chief.post(f"/api/desk/offers/{made}", json=said)
            assert answer.status_code == 200, answer.text
    assert await letters(ledger, made) == [("contract.offered", "chief"), told]
    await written(room, ledger, made)


async def written(room: House, ledger: Any, made: int) -> None:
    """Every letter can be written in both languages, and names the offer."""
    from auction_engine.http.lettering import Lettering
    from auction_engine.http.presenting import presenter

    rows = await ledger.fetch(
        "SELECT kind, \"values\" FROM letter WHERE key LIKE 'contract.%/' || $1::text || '/%'",
        str(made),
    )
    name = await ledger.fetchval("SELECT number FROM service_contract WHERE id = $1", made)
    for row in rows:
        for lang in ("vi", "en"):
            values = orjson.loads(row["values"])
            letter = Lettering(presenter(), room.base).write(row["kind"], lang, "Lan", values)
            assert name in letter.subject
            assert f"{room.base}/" in letter.text


# --- photographs ----------------------------------------------------------------------------


async def test_public_photographs_are_shown_small_and_without_metadata(
    room: House, ledger: Any
) -> None:
    case = await opened(room, ledger)
    officer, vault = room.people["officer"], Vault.of(room.settings)
    async with room.signed_in("officer") as client, room.signed_in("chief") as chief:
        made = await client.post(f"{BASE}/cases/{case}/assets", json=docket.asset_data())
        asset = made.json()["id"]
        jpeg, path = {"Content-Type": "image/jpeg"}, f"{BASE}/assets/{asset}/files"
        kept = []
        for name, public in (("Mặt trước", "true"), ("Bảng số", "false"), ("Nội thất", "true")):
            asked = {"kind": "PHOTO", "name": name, "public": public}
            body = picture(size=(1500, 900 + len(kept)))
            one = await client.post(path, params=asked, content=body, headers=jpeg)
            kept.append(one.json()["id"])
        await docket.furnish(ledger, vault, case, asset, officer.id)
        assert (await client.post(f"{BASE}/assets/{asset}/acts", json={"do": "ready"})).is_success
        contract_id = await docket.offered(
            ledger, officer.body, officer.id, room.people["chief"].body, [asset], number()
        )
        shown = f"/desk/offers/{contract_id}/photos/{kept[0]}/320"
        assert (await chief.get(shown)).headers["content-type"] == "image/jpeg"
        assert (await chief.get(shown.replace(str(kept[0]), str(kept[1])))).status_code == 404
        assert (await client.get(shown)).status_code == 403
        assert (await chief.post(f"/api/desk/offers/{contract_id}", json={"do": "take"})).is_success
        draft = await drafted(room, ledger, asset)
        shown = f"/desk/sessions/drafts/{draft}/photos/{kept[2]}/320"
        assert (await chief.get(shown)).headers["content-type"] == "image/jpeg"
        assert (await chief.get(shown.replace(str(kept[2]), str(kept[1])))).status_code == 404
        lot = await listed(room, ledger, asset)
        await seen_by_anybody(room, lot, kept)
        gone = await client.post(f"{path}/{kept[2]}/removal", json={"reason": "Lộ mặt người."})
        assert gone.is_success
    content_ = await ledger.fetchval("SELECT content FROM lot WHERE id = $1", lot)
    assert [one["file"] for one in orjson.loads(content_)["photos"]][:1] == [kept[0]]
    assert kept[2] not in [one["file"] for one in orjson.loads(content_)["photos"]]
    versions = await ledger.fetchval("SELECT count(*) FROM notice_version WHERE lot_id = $1", lot)
    assert versions == 2


async def seen_by_anybody(room: House, lot: int, kept: list[int]) -> None:
    """The public ones of three photographs: on the lot's page, its card, its notice, by size."""
    async with room.browser() as anybody:
        page = (await anybody.get(f"/lots/{lot}")).text
        assert f'src="/lots/{lot}/photos/{kept[0]}/640"' in page
        assert 'alt="Mặt trước"' in page
        assert 'alt="Nội thất"' in page
        assert "Bảng số" not in page
        for width in (320, 640, 1280):
            got = await anybody.get(f"/lots/{lot}/photos/{kept[0]}/{width}")
            with Image.open(io.BytesIO(got.content)) as image:
                assert (image.format, image.width) == ("JPEG", width)
                assert abs(image.height - width * 900 // 1500) <= 1
                assert dict(image.getexif()) == {}
            assert b"Fictional Camera" not in got.content
        shown = f'src="/lots/{lot}/photos/{kept[0]}/640"'
        async with asyncio.timeout(20):
            while shown not in (await anybody.get("/lots")).text:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        notice = (await anybody.get(f"/lots/{lot}/notice")).text
        assert shown in notice
        assert f'src="/lots/{lot}/photos/{kept[2]}/320"' in notice
        known = {"If-None-Match": got.headers["etag"]}
        same = f"/lots/{lot}/photos/{kept[0]}/1280"
        assert (await anybody.get(same, headers=known)).status_code == 304
        for shut in (f"{lot}/photos/{kept[1]}/320", f"{lot}/photos/{kept[0]}/321",
                     f"{room.lots[0]}/photos/{kept[0]}/320"):  # fmt: skip
            assert (await anybody.get(f"/lots/{shut}")).status_code == 404, shut


async def drafted(room: House, ledger: Any, asset: int) -> int:
    """A session being prepared with the asset in it."""
    chief, pack = room.people["chief"], sources.newest_pack().id
    assert chief.body is not None
    choices = Choices(lots=(LotChoice(asset=asset),))
    return await drafts.make(ledger, chief.body, chief.id, pack, choices)


async def listed(room: House, ledger: Any, asset: int) -> int:
    """A public lot made of the asset, as publishing makes it."""
    row = orjson.loads(await ledger.fetchval("SELECT content FROM asset WHERE id = $1", asset))
    kept, made = list(room.lots), (await room.put_up(1))[0]
    room.lots = kept
    session = await ledger.fetchval("SELECT session_id FROM lot WHERE id = $1", made)
    body = content(1) | {name: row[name] for name in ("title", "photos", "documents")}
    await ledger.execute(
        "UPDATE lot SET content = $2::jsonb WHERE id = $1", made, orjson.dumps(body).decode()
    )
    async with ledger.transaction():
        await assets.listed(ledger, asset, session, made, room.people["officer"].id)
    await room.is_open(made)
    async with asyncio.timeout(20):
        while not await ledger.fetchval(  # noqa: ASYNC110
            "SELECT count(*) FROM notice_version WHERE lot_id = $1", made
        ):
            await asyncio.sleep(0.05)
    return made
