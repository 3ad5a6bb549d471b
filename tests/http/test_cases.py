"""The agency's desk over HTTP: from a new case to a signed contract, by pages and by API."""

from __future__ import annotations

import io
import os
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import contract
import docket
import httpx
import pytest
import pytest_asyncio
from house import CSRF, House, running_house
from PIL import Image

from auction_engine.identity.vault import Vault
from auction_engine.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(
    servers: Any, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """One program for all tests of this file; each opens a case of its own."""
    database = f"cases_{os.getpid()}"
    servers.create_database(database, migrated_template)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("cases"), port=0,
        database_url=servers.owner_of(database), redis_url=servers.redis_url(),
    )  # fmt: skip
    many = {"messages_per_s": 500, "messages_burst": 500, "pages_per_s": 900, "pages_burst": 900}
    limits = settings.limits.model_copy(update=many)
    async with running_house(settings.model_copy(update={"limits": limits}), lots=1) as house:
        house.hooks.append(contract.check)
        await house.account("officer", "officer")
        await house.account("chief", "organisation")
        yield house
    servers.drop_database(database)


@pytest_asyncio.fixture(loop_scope="module")
async def ledger(room: House) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(room.settings.database_url)
    yield connection
    await connection.close()


def number() -> str:
    return f"{uuid.uuid4().hex[:8]}/2026"


async def send(
    client: httpx.AsyncClient, path: str, file: tuple[str, bytes] | None = None, **told: str
) -> httpx.Response:
    data = {"csrf": client.headers["X-CSRF-Token"]} | {
        name.replace("__", "."): value for name, value in told.items()
    }
    files = None if file is None else {"file": file}
    return await client.post(path, data=data, files=files)


def at(answer: httpx.Response) -> int:
    """The number in the address one is led to."""
    assert answer.status_code == 303, re.sub("<[^>]+>", " ", answer.text)[:3000]
    found = re.search(r"/(\d+)(?:\?|$|#)", answer.headers["location"])
    assert found
    return int(found[1])


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (24, 16), (180, 90, 40)).save(out, "JPEG")
    return out.getvalue()


NEW = {
    "title.vi": "Trả nợ vay", "judgment.number": "7/2026/DS-ST",
    "judgment.court": "Tòa án khu vực 3", "judgment.on": docket.ago(120),
    "decision.number": "88/QD-CCTHA", "decision.on": docket.ago(100),
    "opened_on": docket.ago(100),
}  # fmt: skip


async def test_a_case_is_opened_by_its_form_and_what_is_wrong_stands_beside_it(
    room: House,
) -> None:
    async with room.signed_in("officer") as client:
        wrong = await send(client, "/agency/cases", **NEW | {"title.vi": "", "number": "9"})
        assert wrong.status_code == 422
        assert 'href="#f-title.vi"' in wrong.text
        assert 'id="f-title.vi-fault"' in wrong.text
        assert 'value="7/2026/DS-ST"' in wrong.text
        mine = number()
        case = at(await send(client, "/agency/cases", number=mine, **NEW))
        assert mine in (await client.get("/agency/cases")).text
        assert (await send(client, "/agency/cases", number=mine, **NEW)).status_code == 409
        path = f"/agency/cases/{case}"
        party = {"kind": "CREDITOR", "name": "Ngân hàng Hư Cấu", "rank": "OTHER",
                 "claim_minor": "900.000.000"}  # fmt: skip
        at(await send(client, path, do="party", **party))
        page = (await client.get(path)).text
        assert "Ngân hàng Hư Cấu" in page
        assert "900.000.000" in page
        wrong = await send(client, path, do="party", kind="DEBTOR", name="B", rank="OTHER")
        assert wrong.status_code == 422
        assert 'id="f-rank-fault"' in wrong.text


async def entered(client: httpx.AsyncClient, case: int) -> int:
    told = {
        "kind": "car", "title.vi": "Xe ô tô 5 chỗ", "title.en": "Five-seat car",
        "place.vi": "Hải Yên", "summary.vi": "Một chủ.",
        "facts.0.label.vi": "Năm", "facts.0.value.vi": "2022", "facts.1.label.vi": "",
    }  # fmt: skip
    return at(await send(client, f"/agency/cases/{case}/assets", **told))


async def test_an_asset_goes_from_its_form_to_a_signed_contract(  # noqa: PLR0915
    room: House, ledger: Any
) -> None:
    vault = Vault.of(room.settings)
    officer = room.people["officer"]
    assert officer.body is not None
    case = await docket.a_case(ledger, vault, officer.body, officer.id, number())
    parties = await docket.parties_of(ledger, case)
    async with room.signed_in("officer") as client:
        asset = await entered(client, case)
        path = f"/agency/assets/{asset}"
        page = (await client.get(path)).text
        assert "Năm" in page
        assert "lot" not in (await send(client, path, do="ready")).headers.get("location", "")
        steps: list[dict[str, str]] = [
            {"do": "seize", "number": "BB 3", "seized_on": docket.ago(90), "place": "Hải Yên",
             "found.vi": "Xe còn chạy", "people": "Chấp hành viên hư cấu"},
            {"do": "keep", "how": "AGENCY", "keeper": "Thủ kho", "place": "Kho 2",
             "since": docket.ago(90), "condition": "Tốt"},
            {"do": "value", "amount_minor": "412.000.000", "basis": "FIRM", "valuer": "Hư Cấu",
             "document": "CT 1", "valued_on": docket.ago(60), "expires_on": docket.ago(-90)},
        ]  # fmt: skip
        for told in steps:
            at(await send(client, path, **told))
        said = {"do": "disclose"}
        for name, one in docket.answers().items():
            said[f"disclosure.{name}.answer"] = one["answer"]
            details = one.get("details", {})
            said[f"disclosure.{name}.details.vi"] = (
                details if isinstance(details, str) else details.get("vi", "")
            )
        unknown = await send(client, path, **said | {"disclosure.defects.details.vi": "Không rõ"})
        assert unknown.status_code == 422
        assert 'href="#f-disclosure.defects.details.vi"' in unknown.text
        at(await send(client, path, **said))
        for kind, paper in (("PHOTO", ""), ("DOCUMENT", "SEIZURE_RECORD"),
                            ("DOCUMENT", "VALUATION")):  # fmt: skip
            if paper == "VALUATION":
                image = io.BytesIO()
                Image.new("RGB", (9, 9)).save(image, "PNG")
                body = image.getvalue()
            else:
                body = picture()
            answer = await send(
                client, f"{path}/files", ("anh.jpg", body), kind=kind, paper=paper,
                name="Nhìn từ trước", public="yes",
            )  # fmt: skip
            assert answer.status_code == 303, answer.text[-2000:]
        bad = await send(
            client, f"{path}/files", ("x.jpg", b"not a picture"), kind="PHOTO", name="x"
        )
        assert bad.status_code == 422
        for party in parties.values():
            told = {"party_id": str(party), "asset_id": str(asset), "kind": "VALUATION",
                    "channel": "DIGITAL", "given_on": docket.ago(30), "subject": "Kết quả",
                    "key": str(uuid.uuid4())}  # fmt: skip
            assert (await send(client, f"/agency/cases/{case}", do="notice", **told)).is_redirect
            assert (await send(client, f"/agency/cases/{case}", do="notice", **told)).is_redirect
        assert (
            await ledger.fetchval("SELECT count(*) FROM case_notice WHERE case_id = $1", case) == 2
        )
        at(await send(client, path, do="ready"))
        organisation = room.people["chief"].body
        offer = {"organisation_id": str(organisation), "number": number(), f"asset.{asset}": "yes",
                 "base_minor": "15.000.000"}  # fmt: skip
        assert (await send(client, "/agency/contracts", **offer)).status_code == 422
        contract_id = at(await send(client, "/agency/contracts", stop_clause="yes", **offer))
        assert (await client.get(f"/agency/contracts/{contract_id}")).status_code == 200
    async with room.signed_in("chief") as chief:
        assert offer["number"] in (await chief.get("/desk/offers")).text
        there = f"/desk/offers/{contract_id}"
        assert "Xước" in (await chief.get(there)).text
        asked = await send(chief, there, do="take")
        assert asked.status_code == 200
        assert 'name="sure" value="yes"' in asked.text
        assert CSRF.search(asked.text)
        at(await send(chief, there, do="take", sure="yes"))
        at(await send(chief, there, do="take", sure="yes"))
        declined = await send(chief, there, do="decline", reason="x", sure="yes")
        assert declined.status_code == 409
        # What is the agency's alone is nothing to the organisation.
        assert (await chief.get(path)).status_code == 403
    assert await ledger.fetchval("SELECT state FROM asset WHERE id = $1", asset) == "TAKEN"


async def test_another_agency_finds_nothing(room: House, ledger: Any) -> None:
    vault = Vault.of(room.settings)
    officer = room.people["officer"]
    assert officer.body is not None
    case = await docket.a_case(ledger, vault, officer.body, officer.id, number())
    asset = await docket.ready_asset(ledger, vault, case, officer.id)
    stranger = {"vi": "Cơ quan khác", "en": "Another agency"}
    await room.account("stranger", "officer", of=stranger)
    async with room.signed_in("stranger") as client:
        for path in (f"/agency/cases/{case}", f"/agency/assets/{asset}",
                     f"/api/agency/cases/{case}", f"/api/agency/assets/{asset}"):  # fmt: skip
            assert (await client.get(path)).status_code == 404, path
        assert (await send(client, f"/agency/assets/{asset}", do="reopen")).status_code == 404
        assert "Hư Cấu" not in (await client.get("/agency/cases")).text
    file = await ledger.fetchval("SELECT id FROM asset_file WHERE asset_id = $1 LIMIT 1", asset)
    async with room.browser() as anybody:
        # Public, but in no lot yet.
        assert (await anybody.get(f"/lots/{room.lots[0]}/files/{file}")).status_code == 404


async def test_the_same_by_api(room: House, ledger: Any) -> None:
    base = "/api/agency"
    async with room.signed_in("officer") as client:
        wrong = await client.post(f"{base}/cases", json=docket.case_data(number(), opened_on="x"))
        assert wrong.status_code == 422
        assert wrong.json()["faults"] == [
            {"path": "opened_on", "code": "NOT_A_DAY", "cure": "Give the day as YYYY-MM-DD."}
        ]
        made = await client.post(f"{base}/cases", json=docket.case_data(number()))
        assert made.status_code == 201, made.text
        case = f"{base}/cases/{made.json()['id']}"
        party = {"kind": "CO_OWNER", "name": "Người đồng sở hữu"}
        assert (await client.post(f"{case}/parties", json=party)).status_code == 201
        data = docket.asset_data(valuation=docket.worth(), disclosure=docket.answers())
        made = await client.post(f"{case}/assets", json=data)
        assert made.status_code == 201, made.text
        asset = f"{base}/assets/{made.json()['id']}"
        refused = await client.post(f"{asset}/acts", json={"do": "ready"})
        assert refused.status_code == 422
        lacks = {one["code"] for one in refused.json()["faults"]}
        assert {"LACKS_SEIZED", "LACKS_PRIORITY"} <= lacks
        assert "LACKS_DISCLOSED" not in lacks
        kept = await client.post(
            f"{asset}/files?kind=PHOTO&name=Front&public=true",
            content=picture(),
            headers={"Content-Type": "image/jpeg"},
        )
        assert kept.status_code == 201, kept.text
        whole = (await client.get(asset)).json()
        assert whole["state"] == "PREPARING"
        assert whole["content"]["starting_price_minor"] == 400_000_000
        assert [one["sha256"] for one in whole["files"]] == [kept.json()["sha256"]]
        owner = next(
            one["id"] for one in (await client.get(case)).json()["parties"]
            if one["kind"] == "CO_OWNER"
        )  # fmt: skip
        notice = {"key": str(uuid.uuid4()), "party_id": owner, "asset_id": whole["id"],
                  "kind": "PRIORITY", "channel": "DIGITAL", "given_on": docket.ago(1),
                  "subject": "Ưu tiên mua"}  # fmt: skip
        first = await client.post(f"{case}/notices", json=notice)
        again = await client.post(f"{case}/notices", json=notice)
        assert first.json() == again.json()
        assert first.json()["valid_on"] == docket.ago(1)
        whole = (await client.get(asset)).json()
        (right,) = whole["priorities"]
        assert [day["key"] for day in whole["deadlines"]] == ["priority_first", "priority_pay"]
        assert whole["deadlines"][0]["day"] == right["until_on"]
        settled = {"do": "priority", "data": {"priority": right["id"], "to": "WAIVED"}}
        assert (await client.post(f"{asset}/acts", json=settled)).status_code == 200
        assert (
            await client.post(f"{asset}/acts", json={"do": "ready", "reason": 7})
        ).status_code == 422
