"""Oversight over HTTP: who a bidder is, is shown by a valid warrant and by nothing else; findings
are answered in time or marked; a lot's record can be checked by anybody."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from cashroom import send, words
from house import START, House, new_id, text

from auction_engine.desk.oversight import lot_record, warrants
from auction_engine.desk.oversight.record import ZONE, OversightError
from auction_engine.desk.oversight.reminding import FindingReminder
from auction_engine.http import routes
from auction_engine.identity import people, sessions, traces
from auction_engine.identity.personal import Personal
from auction_engine.identity.vault import Vault

TODAY = datetime.now(UTC).astimezone(ZONE).date()
DAY = timedelta(days=1)
NAME, NUMBER = "Nguyễn Thị Bí Mật", "079300001234"


@dataclass
class Seat:
    """A house with two lots, a bidder whose name nobody may know, and two procurators."""

    house: House
    other: int
    ids: dict[str, int]

    @property
    def lot(self) -> int:
        return self.house.lots[0]

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        connection = await asyncpg.connect(self.house.settings.database_url)
        try:
            return list(await connection.fetch(query, *arguments))
        finally:
            await connection.close()

    async def run(self, *statements: str) -> None:
        connection = await asyncpg.connect(self.house.settings.database_url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture
async def place(house: House) -> Seat:
    _, other = await house.put_up(2)
    await house.is_open(house.lots[0])
    made = await house.account("kin", "bidder")
    vault = Vault.of(house.settings)
    await people.give(house.engine, vault, made.id, Personal("PERSON", NAME, NUMBER))
    ids = {"kin": made.id}
    for login, role in (("vks", "procurator"), ("vks2", "procurator"), ("office", "officer"),
                        ("seller", "organisation")):  # fmt: skip
        ids[login] = (await house.account(login, role)).id
    async with house.signed_in("kin") as client:
        for amount in (START, START):
            await client.post(
                f"/api/lots/{house.lots[0]}/bids",
                json={"bid_id": new_id(), "amount_minor": amount},
            )
    return Seat(house, other, ids)


async def prove(place: Seat, login: str) -> None:
    """The sessions of `login` have just been proved."""
    for row in await place.fetch(
        "SELECT token_hash FROM web_session WHERE account_id = $1", place.ids[login]
    ):
        await sessions.prove(place.house.engine, row[0])


def warrant(lots: str, /, **changes: Any) -> dict[str, str]:
    values = {
        "key": uuid.uuid4(), "number": "12/QĐ-VKS", "authority": "Viện kiểm sát tỉnh",
        "issued_on": TODAY, "valid_from": TODAY, "valid_until": TODAY + DAY, "lots": lots,
        "reason": "Nghi thông đồng.", "sure": "yes",
    }  # fmt: skip
    return {name: str(value) for name, value in (values | changes).items()}


async def recorded(client: httpx.AsyncClient, lots: str, /, **changes: Any) -> int:
    answer = await send(client, "/oversight/warrants", **warrant(lots, **changes))
    assert answer.status_code == 303, words(answer.text)
    found = re.search(r"/oversight/warrants/(\d+)", answer.headers["location"])
    assert found, answer.headers["location"]
    return int(found[1])


async def test_a_name_is_shown_by_a_valid_warrant_for_this_lot_alone(place: Seat) -> None:
    lot, other = place.lot, place.other
    async with place.house.signed_in("vks") as client:
        await place.run("UPDATE web_session SET proved_at = now() - interval '1 hour'")
        stale = await send(client, "/oversight/warrants", **warrant(str(lot)))
        assert "/login/again" in stale.headers["location"]  # no fresh proof, nothing recorded
        await prove(place, "vks")
        first = await send(client, "/oversight/warrants", **warrant(str(lot), sure=""))
        assert first.status_code == 200
        assert await place.fetch("SELECT 1 FROM warrant") == []  # the first step records nothing
        form = warrant(str(lot))
        twice = [await send(client, "/oversight/warrants", **form) for _ in range(2)]
        assert twice[0].headers["location"] == twice[1].headers["location"]
        number = int(twice[0].headers["location"].partition("?")[0].rpartition("/")[2])
        base = f"/oversight/warrants/{number}"
        shown = words((await client.get(f"{base}/lots/{lot}")).text)
        assert NAME in shown
        assert NUMBER in shown
        assert (await client.get(f"{base}/lots/{other}")).status_code == 404
        assert (await client.get(f"{base}/lots/999999")).status_code == 404
        own = words((await client.get(base)).text)
        assert NAME not in own
        assert re.search(r"B-\d{3}", own)  # what was read is listed, by code
    rows = await place.fetch("SELECT warrant_id, lot_id, reader_id FROM warrant_reading"
                             " WHERE subject_id = $1", place.ids["kin"])  # fmt: skip
    assert [tuple(row) for row in rows] == [(number, lot, place.ids["vks"])]
    async with place.house.signed_in("vks2") as colleague:  # another procurator's is nobody's
        await prove(place, "vks2")
        for path in (base, f"{base}/lots/{lot}"):
            assert (await colleague.get(path)).status_code == 404
        assert (await send(colleague, f"{base}/end", reason="x")).status_code == 404
    for login in ("office", "seller", "kin"):
        async with place.house.signed_in(login) as client:
            await prove(place, login)
            for path in (base, f"{base}/lots/{lot}", "/oversight", f"/oversight/lots/{lot}"):
                assert (await client.get(path)).status_code == 403, (login, path)


async def test_a_warrant_that_is_over_or_to_come_or_ended_shows_nobody(place: Seat) -> None:
    lot = place.lot
    async with place.house.signed_in("vks") as client:
        await prove(place, "vks")
        coming = await recorded(
            client, str(lot), valid_from=TODAY + DAY, valid_until=TODAY + 2 * DAY
        )
        ended = await recorded(client, str(lot))
        done = await send(client, f"/oversight/warrants/{ended}/end", reason="Đã rõ.")
        assert done.status_code == 303
        for number in (coming, ended):
            answer = await client.get(f"/oversight/warrants/{number}/lots/{lot}")
            assert answer.status_code == 409
            assert NAME not in answer.text
        for wrong in (
            {"valid_until": TODAY - DAY}, {"issued_on": TODAY + DAY},
            {"valid_until": TODAY + 200 * DAY}, {"reason": " "}, {"number": ""},
            {"lots": "999999"}, {"lots": "x"}, {"lots": ""}, {"valid_from": "morgen"},
        ):  # fmt: skip
            answer = await send(client, "/oversight/warrants", **warrant(str(lot), **wrong))
            assert answer.status_code == 422, wrong
    # One that has run out cannot be recorded; it is made by hand, as time would make it.
    connection = await asyncpg.connect(place.house.settings.database_url)
    try:
        expired = await connection.fetchval(
            "INSERT INTO warrant (key, account_id, number, authority, issued_on, valid_from,"
            " valid_until, sealed) VALUES ($1, $2, 'x', 'x', $3, $3, $4, 'x') RETURNING id",
            uuid.uuid4(), place.ids["vks"], TODAY - 9 * DAY, TODAY - DAY,
        )  # fmt: skip
        await connection.execute("INSERT INTO warrant_lot VALUES ($1, $2)", expired, lot)
        with pytest.raises(OversightError, match="not valid"):
            await warrants.identities(
                connection, Vault.of(place.house.settings), expired, place.ids["vks"], lot
            )
        for statement in (
            "UPDATE warrant SET valid_until = 'infinity'",
            "DELETE FROM warrant_end",
            "DELETE FROM warrant_reading",
            "UPDATE warrant_lot SET lot_id = 1",
        ):
            with pytest.raises(asyncpg.PostgresError, match="append-only"):
                await connection.execute(statement)
    finally:
        await connection.close()
    assert await place.fetch("SELECT 1 FROM warrant_reading") == []


async def test_no_page_but_the_warrants_names_anybody(place: Seat) -> None:
    """Every address a procurator may open, with a valid warrant in force: names are on one."""
    lot = place.lot
    (session,) = (await place.fetch("SELECT session_id FROM lot WHERE id = $1", lot))[0]
    async with place.house.signed_in("vks") as client:
        await prove(place, "vks")
        number = await recorded(client, str(lot))
        named = {"lot": lot, "session": session, "warrant": number}
        seen = 0
        for spec in routes.PAGES + routes.API:
            if spec.method != "GET" or "identities" in spec.handler.__name__:
                continue
            path = re.sub(r"{(\w+)(:int)?}", lambda m: str(named.get(m[1], 1)), spec.path)
            answer = await client.get(path, follow_redirects=True)
            seen += answer.status_code == 200
            for secret in (NAME, NUMBER, "Kin<", ">kin<"):
                assert secret not in answer.text, (path, secret)
        assert seen > 20


async def test_the_person_sees_the_reading_when_all_is_over(place: Seat) -> None:
    lot, kin = place.lot, place.ids["kin"]
    async with place.house.signed_in("vks") as client:
        await prove(place, "vks")
        number = await recorded(client, str(lot))
        await client.get(f"/oversight/warrants/{number}/lots/{lot}")

        async def seen() -> int:
            async with place.house.engine.connect() as connection:
                found = await traces.of_subject(connection, kin)
            return sum(one.what == "identity" for one in found)

        assert await seen() == 0
        await send(client, f"/oversight/warrants/{number}/end", reason="Đã rõ.")
        assert await seen() == 0  # the lot is not over
    await place.run("UPDATE lot_head SET phase = 'closed', status = 'ANNOUNCED'")
    assert await seen() == 1


async def test_the_record_has_refusals_and_no_names_and_can_be_checked(place: Seat) -> None:
    async with place.house.signed_in("vks") as client:
        page = words((await client.get(f"/oversight/lots/{place.lot}")).text)
        assert "Trả giá bị từ chối" in page
        assert NAME not in page
        now = words((await client.get("/oversight")).text)
        assert "Apartment 1" in now
        record = (await client.get(f"/api/oversight/lots/{place.lot}/record")).json()
    assert {"bid.accepted", "bid.refused"} <= {one["kind"] for one in record["entries"]}
    assert lot_record.broken(record) is None
    changed = record["entries"][2]
    changed["body"] = changed["body"].replace("1", "2", 1)
    assert lot_record.broken(record) == 3
    record["entries"].pop()
    assert lot_record.broken(record) is not None


def finding(lot: int, /, **changes: Any) -> dict[str, str]:
    values = {
        "key": uuid.uuid4(), "kind": "PETITION", "side": "ORGANISATION", "lot": lot, "seq": "",
        "session": "", "articles": "Luật 01/2016 Điều 57", "text": "Thông báo thiếu một lần.",
        "working_days": 5, "sure": "yes",
    }  # fmt: skip
    return {name: str(value) for name, value in (values | changes).items()}


async def sent(client: httpx.AsyncClient, lot: int, /, **changes: Any) -> int:
    answer = await send(client, "/oversight/findings", **finding(lot, **changes))
    assert answer.status_code == 303, words(answer.text)
    return int(answer.headers["location"].partition("?")[0].rpartition("/")[2])


async def test_a_finding_is_answered_sent_back_and_settled(place: Seat) -> None:
    lot = place.lot
    async with place.house.signed_in("vks") as client:
        sure = await send(client, "/oversight/findings", **finding(lot, sure=""))
        assert sure.status_code == 200
        assert await place.fetch("SELECT 1 FROM finding") == []
        for wrong in ({"text": ""}, {"articles": " "}, {"working_days": "0"}, {"seq": "9999"},
                      {"lot": "999999"}, {"lot": ""}, {"session": "1"}):  # fmt: skip
            answer = await send(client, "/oversight/findings", **finding(lot, **wrong))
            assert answer.status_code == 422, wrong
        number = await sent(client, lot)
        early = await send(client, f"/oversight/findings/{number}/act", kind="SETTLED")
        assert early.status_code == 409
    async with place.house.signed_in("office") as officer:  # it is not the agency's
        assert (await officer.get(f"/agency/findings/{number}")).status_code == 404
        answer = await send(officer, f"/agency/findings/{number}/answer", text="x")
        assert answer.status_code == 404
    async with place.house.signed_in("seller") as desk:
        assert f"{number:06d}" in words((await desk.get("/desk/findings")).text)
        assert "Thông báo thiếu một lần." in (await desk.get(f"/desk/findings/{number}")).text
        path = f"/desk/findings/{number}/answer"
        assert (await send(desk, path, text=" ")).status_code == 422
        assert (await send(desk, path, text="Đã thông báo lại.")).status_code == 303
        assert (await send(desk, path, text="Đã thông báo lại.")).status_code == 409
    async with place.house.signed_in("vks2") as colleague:  # sees it, and may not close it
        assert (await colleague.get(f"/oversight/findings/{number}")).status_code == 200
        answer = await send(colleague, f"/oversight/findings/{number}/act", kind="SETTLED")
        assert answer.status_code == 404
    async with place.house.signed_in("vks") as client:
        path = f"/oversight/findings/{number}/act"
        assert "Đã thông báo lại." in (await client.get(f"/oversight/findings/{number}")).text
        back = await send(client, path, kind="RETURNED", text="Chưa đủ.", working_days="3")
        assert back.status_code == 303
    async with place.house.signed_in("seller") as desk:
        await send(desk, f"/desk/findings/{number}/answer", text="Bổ sung.")
    async with place.house.signed_in("vks") as client:
        assert (await send(client, path, kind="SETTLED")).status_code == 303
        assert (await send(client, path, kind="WITHDRAWN", text="x")).status_code == 409
        told = (await client.get("/api/oversight/findings")).json()["findings"]
        assert [(one["state"], one["late"]) for one in told] == [("SETTLED", False)]
    kinds = await place.fetch("SELECT kind FROM finding_act ORDER BY n")
    assert [row[0] for row in kinds] == ["SENT", "ANSWERED", "RETURNED", "ANSWERED", "SETTLED"]


async def test_a_day_that_passes_is_marked_once_and_may_still_be_answered(place: Seat) -> None:
    async with place.house.signed_in("vks") as client:
        number = await sent(client, place.lot)
    connection = await asyncpg.connect(place.house.settings.database_url)
    try:
        reminder = FindingReminder(place.house.settings.database_url or "")
        assert await reminder.look(connection) == 0
        await place.run(
            "ALTER TABLE finding_act DISABLE TRIGGER USER",
            "UPDATE finding_act SET answer_by = answer_by - 30",
            "ALTER TABLE finding_act ENABLE ALWAYS TRIGGER finding_act_append_only",
        )
        marked = [await reminder.look(connection) for _ in range(2)]
        assert sum(marked) <= 1  # the program's own reminder may have been first
    finally:
        await connection.close()
    kinds = await place.fetch("SELECT kind FROM finding_act ORDER BY n")
    assert [row[0] for row in kinds] == ["SENT", "OVERDUE"]
    async with place.house.signed_in("seller") as desk:
        assert "Quá hạn" in words((await desk.get("/desk/findings")).text)
        answer = await send(desk, f"/desk/findings/{number}/answer", text="Xin lỗi.")
        assert answer.status_code == 303


async def test_houses_see_no_other_houses_findings(place: Seat) -> None:
    await place.house.account("rival", "organisation", of=text("Rivals"))
    async with place.house.signed_in("vks") as client:
        number = await sent(client, place.lot)
    async with place.house.signed_in("rival") as rival:
        assert (await rival.get(f"/desk/findings/{number}")).status_code == 404
        assert (await rival.get("/api/desk/findings")).json() == {"findings": []}
