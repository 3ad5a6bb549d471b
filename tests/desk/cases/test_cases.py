"""Cases and assets by the desk's functions: refused field by field, done once, taken by one."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import asyncpg
import docket as rooms
import orjson
import pytest

from auction_engine.desk.cases import (
    assets,
    contracts,
    disclosing,
    files,
    following,
    notices,
    papers,
    progress,
    rights,
)
from auction_engine.desk.cases import parties as people
from auction_engine.desk.cases.record import CaseError

from .conftest import Docket

pytestmark = pytest.mark.asyncio(loop_scope="module")


def faults(error: pytest.ExceptionInfo[CaseError]) -> dict[str, str]:
    return {one.path: one.code for one in error.value.faults}


async def new_case(docket: Docket, number: str = "12/2026") -> int:
    return await rooms.a_case(
        docket.connection, docket.vault, docket.agency, docket.officer, number
    )


async def ready(docket: Docket, number: str = "12/2026", **data: Any) -> int:
    case = await new_case(docket, number)
    return await rooms.ready_asset(docket.connection, docket.vault, case, docket.officer, **data)


async def state(docket: Docket, asset: int) -> str:
    return str(await docket.one("SELECT state FROM asset WHERE id = $1", asset))


async def test_every_fault_of_a_case_and_an_asset_is_told_with_its_path(docket: Docket) -> None:
    bad = rooms.case_data(opened_on="yesterday", number="")
    bad["parties"][0] |= {"rank": "FIRST", "claim_minor": -1}
    bad["parties"][1] |= {"name": " ", "rank": "OTHER"}
    with pytest.raises(CaseError) as error:
        await assets.create_case(
            docket.connection, docket.agency, docket.officer, bad, vault=docket.vault
        )
    assert faults(error) == {
        "number": "NEEDED", "opened_on": "NOT_A_DAY", "parties.0.rank": "UNKNOWN_CHOICE",
        "parties.0.claim_minor": "AMOUNT_OUT_OF_RANGE", "parties.1.name": "NEEDED",
        "parties.1.rank": "NO_CLAIM",
    }  # fmt: skip
    mine = "SELECT count(*) FROM enforcement_case WHERE agency_id = $1"
    assert await docket.one(mine, docket.agency) == 0
    case = await new_case(docket)
    odd = rooms.asset_data(
        "land", movable=True, title={"en": "Land"}, facts=[{"label": "x"}],
        valuation=rooms.worth(expires_on=None), disclosure={"defects": {"answer": "UNKNOWN"}},
    )  # fmt: skip
    with pytest.raises(CaseError) as error:
        await assets.create_asset(docket.connection, case, docket.officer, odd)
    found = faults(error)
    assert found["movable"] == "KIND_IS_IMMOVABLE"
    assert found["title.vi"] == "NEEDED"
    assert found["facts.0.value.vi"] == "NEEDED"
    assert found["valuation.expires_on"] == "NEEDED"
    assert found["disclosure.defects.answer"] == "UNKNOWN_CHOICE"
    assert await docket.one("SELECT count(*) FROM asset WHERE case_id = $1", case) == 0


async def test_a_number_is_used_once_by_each_agency_and_names_are_sealed(docket: Docket) -> None:
    case = await new_case(docket)
    with pytest.raises(CaseError, match="already") as error:
        await new_case(docket)
    assert faults(error) == {"number": "NUMBER_TAKEN"}
    await rooms.a_case(docket.connection, docket.vault, docket.strangers, docket.officer)
    rows = await docket.connection.fetch("SELECT name, contact FROM case_party")
    assert rows
    assert not any("Hư Cấu".encode() in row["name"] for row in rows)
    found = await people.of_case(docket.connection, docket.vault, case)
    assert [one.name for one in found] == ["Ngân hàng Hư Cấu", "Lê Thị Hư Cấu"]
    assert found[1].contact == {"phone": "0900000001"}


@pytest.mark.parametrize("said", ["Không rõ", "unknown.", "Chưa xác định!", "  chưa biết"])
async def test_unknown_is_no_answer(docket: Docket, said: str) -> None:
    assert disclosing.says_nothing(said)
    case = await new_case(docket)
    asset = await assets.create_asset(docket.connection, case, docket.officer, rooms.asset_data())
    told = rooms.answers() | {"defects": {"answer": "SOME", "details": said}}
    with pytest.raises(CaseError) as error:
        await papers.disclose(docket.connection, asset, docket.officer, told)
    assert set(faults(error).values()) == {"UNKNOWN_IS_NO_ANSWER"}


async def test_what_is_missing_is_listed_and_ready_only_when_nothing_is(docket: Docket) -> None:
    case = await new_case(docket)
    asset = await assets.create_asset(docket.connection, case, docket.officer, rooms.asset_data())
    with pytest.raises(CaseError) as error:
        await progress.made_ready(docket.connection, asset, docket.officer)
    assert {one.code for one in error.value.faults} == {
        "LACKS_PHOTOGRAPHED", "LACKS_SEIZED", "LACKS_SEIZURE_PAPER", "LACKS_KEPT",
        "LACKS_DISCLOSED", "LACKS_VALUED", "LACKS_VALUATION_PAPER", "LACKS_VALUATION_TOLD",
        "LACKS_VALUATION_STANDS",
    }  # fmt: skip
    await rooms.furnish(docket.connection, docket.vault, case, asset, docket.officer)
    await progress.made_ready(docket.connection, asset, docket.officer)
    await progress.made_ready(docket.connection, asset, docket.officer)
    kinds = await docket.connection.fetch("SELECT kind FROM asset_entry WHERE asset_id = $1", asset)
    assert [row["kind"] for row in kinds].count("ready") == 1
    content = await assets.taken(docket.connection, docket.house)
    assert content == []


async def test_the_time_to_ask_for_another_valuation_must_be_over(docket: Docket) -> None:
    case = await new_case(docket)
    asset = await assets.create_asset(docket.connection, case, docket.officer, rooms.asset_data())
    await rooms.furnish(docket.connection, docket.vault, case, asset, docket.officer)
    debtor = (await rooms.parties_of(docket.connection, case))["DEBTOR"]
    last = rights.revaluation_until(rooms.today() - timedelta(days=30))

    async def lacking(day: date) -> set[str]:
        steps = await progress.of_asset(docket.connection, asset, day)
        return {step.key for step in steps if not step.done}

    assert await lacking(last) == {"valuation_stands"}
    assert await lacking(last + timedelta(days=1)) == set()
    with pytest.raises(CaseError) as error:
        await rights.ask_revaluation(
            docket.connection, asset, docket.officer, debtor, last + timedelta(days=1)
        )
    assert error.value.code == "TOO_LATE"
    asked = await rights.ask_revaluation(docket.connection, asset, docket.officer, debtor, last)
    again = await rights.ask_revaluation(docket.connection, asset, docket.officer, debtor, last)
    assert asked == again
    assert "revaluation" in await lacking(last + timedelta(days=1))
    await papers.value(docket.connection, asset, docket.officer, rooms.worth(amount_minor=7))
    assert "revaluation" not in await lacking(last + timedelta(days=1))
    with pytest.raises(CaseError, match="once only"):
        await rights.ask_revaluation(docket.connection, asset, docket.officer, debtor, last)


async def test_an_offer_is_taken_or_taken_back_never_both(docket: Docket) -> None:
    asset = await ready(docket)
    contract = await rooms.offered(
        docket.connection, docket.agency, docket.officer, docket.house, [asset]
    )
    again = await rooms.offered(
        docket.connection, docket.agency, docket.officer, docket.house, [asset]
    )
    assert again == contract
    with pytest.raises(CaseError) as error:
        await contracts.take(docket.connection, contract, docket.rivals, docket.chief)
    assert error.value.code == "UNKNOWN_CONTRACT"
    first, second = await docket.other(), await docket.other()

    async def alone(connection: Any, act: Any) -> str:
        try:
            async with connection.transaction():
                await act(connection)
        except CaseError as refused:
            return refused.code
        return "DONE"

    outcomes = await asyncio.gather(
        alone(first, lambda c: contracts.take(c, contract, docket.house, docket.chief)),
        alone(
            second, lambda c: contracts.withdraw(c, contract, docket.agency, docket.officer, "x")
        ),
    )
    await first.close()
    await second.close()
    assert sorted(outcomes) == ["DONE", "MOVED_ON"]
    assert await state(docket, asset) == ("TAKEN" if outcomes[0] == "DONE" else "READY")


async def test_a_contract_is_signed_only_while_the_valuation_holds(docket: Docket) -> None:
    asset = await ready(docket)
    contract = await rooms.offered(
        docket.connection, docket.agency, docket.officer, docket.house, [asset]
    )
    await papers.value(
        docket.connection, asset, docket.officer,
        rooms.worth(valued_on=rooms.ago(60), expires_on=rooms.ago(1)),
    )  # fmt: skip
    with pytest.raises(CaseError) as error:
        await contracts.take(docket.connection, contract, docket.house, docket.chief)
    assert error.value.code == "VALUATION_EXPIRED"
    today = rooms.worth(expires_on=rooms.today().isoformat(), amount_minor=300_000_000)
    await papers.value(docket.connection, asset, docket.officer, today)
    await contracts.take(docket.connection, contract, docket.house, docket.chief)
    await contracts.take(docket.connection, contract, docket.house, docket.chief)
    (one,) = await assets.taken(docket.connection, docket.house)
    assert one.id == asset
    assert one.valuation_minor == one.content["starting_price_minor"] == 300_000_000
    assert one.service_contract_on == rooms.today()
    assert (one.priority_pending, one.revaluation_pending) == (False, False)
    assert [line["value"]["en"] for line in one.content["disclosure"]][3] == (
        "There are some: Scratched door"
    )
    assert {paper["title"]["en"] for paper in one.content["documents"]} == {
        "Record of seizure", "Valuation certificate or minutes",
    }  # fmt: skip
    assert await assets.taken(docket.connection, docket.rivals) == []


async def test_who_may_buy_first_is_asked_first(docket: Docket) -> None:
    case = await new_case(docket)
    co_owner = await people.add(
        docket.connection, docket.vault, case, docket.officer,
        {"kind": "CO_OWNER", "name": "Người đồng sở hữu hư cấu"},
    )  # fmt: skip
    asset = await assets.create_asset(docket.connection, case, docket.officer, rooms.asset_data())

    async def pending() -> bool:
        steps = await progress.of_asset(docket.connection, asset, rooms.today())
        return not next(step.done for step in steps if step.key == "priority")

    assert await pending()
    notice = await rooms.tell(
        docket.connection, case, docket.officer, co_owner, asset, "PRIORITY",
        channel="BY_POST", given_on=rooms.ago(3),
    )  # fmt: skip
    assert await rights.of_asset(docket.connection, asset) == ([], [])
    # Valid only once it was received: the receipt opens the time.
    await notices.prove(
        docket.connection, docket.vault, notice, docket.officer, "RECEIPT",
        date.fromisoformat(rooms.ago(2)), "image/png", b"receipt",
    )  # fmt: skip
    (right,), _ = await rights.of_asset(docket.connection, asset)
    until, pay, _ = rights.priority_days(date.fromisoformat(rooms.ago(2)), movable=True)
    assert (right.until_on, right.pay_by, right.state) == (until, pay, "OPEN")
    assert await pending()
    for to in ("BOUGHT", "LAPSED"):
        with pytest.raises(CaseError):
            await rights.settle_priority(docket.connection, asset, docket.officer, right.id, to, "")
    await rights.settle_priority(docket.connection, asset, docket.officer, right.id, "CLAIMED", "")
    assert await pending()
    await rights.settle_priority(docket.connection, asset, docket.officer, right.id, "BOUGHT", "x")
    await rights.settle_priority(docket.connection, asset, docket.officer, right.id, "BOUGHT", "x")
    assert await state(docket, asset) == "SOLD"


async def test_files_have_versions_and_leave_their_checksum(docket: Docket) -> None:
    asset = await ready(docket)
    (photo, *_) = await files.of_asset(docket.connection, asset)
    said = files.described("PHOTO", "Nhìn từ trước", "", True)
    newer = await files.add(
        docket.connection, docket.vault, asset, docket.officer, said,
        rooms.picture(b"newer"), photo.id,
    )  # fmt: skip
    same = await files.add(
        docket.connection, docket.vault, asset, docket.officer, said, rooms.picture(b"newer")
    )
    assert same == newer
    hidden = files.described("PHOTO", "Nhìn từ trước", "", False)
    with pytest.raises(CaseError, match="marked otherwise"):
        await files.add(
            docket.connection, docket.vault, asset, docket.officer, hidden, rooms.picture(b"newer")
        )
    with pytest.raises(CaseError, match="no such file"):
        await files.add(
            docket.connection, docket.vault, asset, docket.officer, said,
            rooms.picture(b"newest"), photo.id,
        )  # fmt: skip
    await files.remove(docket.connection, asset, docket.officer, newer, "Lộ biển số")
    found = {one.id: one for one in await files.of_asset(docket.connection, asset)}
    assert found[photo.id].replaced
    assert found[newer].version == 2
    assert found[newer].removed_at is not None
    assert len(found[newer].sha256) == 64
    assert await files.contents(docket.connection, docket.vault, newer) is None
    kept = await files.contents(docket.connection, docket.vault, photo.id)
    assert kept is not None
    assert kept[1] == f"PHOTO{asset}".encode()


async def test_listed_is_once_and_the_debtor_keeps_only_what_is_in_no_lot(docket: Docket) -> None:
    asset = await ready(docket)
    contract = await rooms.offered(
        docket.connection, docket.agency, docket.officer, docket.house, [asset]
    )
    await contracts.take(docket.connection, contract, docket.house, docket.chief)
    session = await docket.one(
        "INSERT INTO auction_session (title, organisation, agency, organisation_id, agency_id)"
        " VALUES ('{}', '{}', '{}', $1, $2) RETURNING id",
        docket.house, docket.agency,
    )  # fmt: skip
    lots = [
        await docket.one(
            "INSERT INTO lot (session_id, position, shard, content) VALUES ($1, $2, 0, '{}')"
            " RETURNING id",
            session, n,
        )
        for n in (1, 2)
    ]  # fmt: skip
    await assets.listed(docket.connection, asset, session, lots[0], docket.chief)
    await assets.listed(docket.connection, asset, session, lots[0], docket.chief)
    with pytest.raises(CaseError):
        await assets.listed(docket.connection, asset, session, lots[1], docket.chief)
    assert await assets.taken(docket.connection, docket.house) == []
    with pytest.raises(CaseError) as error:
        await rights.redeem(docket.connection, asset, docket.officer, "Đã nộp đủ")
    assert error.value.code == "STOP_FIRST"
    count = "SELECT count(*) FROM asset_entry WHERE asset_id = $1 AND kind = 'listed'"
    assert await docket.one(count, asset) == 1


async def test_an_asset_follows_its_lot_and_comes_back_at_the_cut_price(docket: Docket) -> None:
    asset = await ready(docket)
    contract = await rooms.offered(
        docket.connection, docket.agency, docket.officer, docket.house, [asset]
    )
    await contracts.take(docket.connection, contract, docket.house, docket.chief)
    session = await docket.one(
        "INSERT INTO auction_session (title, organisation, agency, organisation_id, agency_id)"
        " VALUES ('{}', '{}', '{}', $1, $2) RETURNING id",
        docket.house, docket.agency,
    )  # fmt: skip
    lot = await docket.one(
        "INSERT INTO lot (session_id, position, shard, content) VALUES ($1, 1, 0, '{}')"
        " RETURNING id",
        session,
    )
    await assets.listed(docket.connection, asset, session, lot, docket.chief)
    owner = await asyncpg.connect(docket.url)

    async def moved(seq: int, kind: str, status: str, body: dict[str, Any]) -> None:
        await owner.execute(
            "INSERT INTO journal (lot_id, seq, kind, body, hash) VALUES ($1, $2, $3, $4, 'x')",
            lot, seq, kind, orjson.dumps(body),
        )  # fmt: skip
        await owner.execute("DELETE FROM lot_head WHERE lot_id = $1", lot)
        await owner.execute(
            "INSERT INTO lot_head (lot_id, shard, seq, hash, phase, status, accepted, refused,"
            " extensions) VALUES ($1, 0, $2, 'x', 'closed', $3, 0, 0, 0)",
            lot, seq, status,
        )  # fmt: skip
        await following.follow(docket.connection)
        # Looked at twice, it is followed once.
        assert await following.follow(docket.connection) == 0

    await moved(1, "lot.listed", "PUBLISHED", {"params": {"starting_price_minor": 400_000_000}})
    assert await state(docket, asset) == "LISTED"
    await moved(2, "lot.failed", "FAILED", {"data": {}})
    assert await state(docket, asset) == "FAILED"
    with pytest.raises(CaseError) as error:
        await papers.value(docket.connection, asset, docket.officer, rooms.worth())
    assert error.value.code == "PRICE_IS_CUT"
    await moved(3, "price.cut", "PRICE_CUT", {"data": {"starting_price_minor": 360_000_000}})
    await owner.close()
    (one,) = await assets.taken(docket.connection, docket.house)
    assert (one.failures, one.cuts, one.previous_start_minor) == (1, 1, 400_000_000)
    assert one.content["starting_price_minor"] == 360_000_000
