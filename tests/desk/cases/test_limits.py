"""Until when a prior right is used and paid, whenever that is entered."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import docket as rooms
import pytest

from auction_engine.desk.cases import assets, limits, parties, rights
from auction_engine.desk.cases.record import CaseError

from .conftest import Docket

pytestmark = pytest.mark.asyncio(loop_scope="module")
DAY = timedelta(days=1)


async def a_right(docket: Docket, received: str, failures: int = 0) -> tuple[int, rights.Priority]:
    """An asset after so many failed auctions, and a co-owner's right since a notice received."""
    case = await rooms.a_case(docket.connection, docket.vault, docket.agency, docket.officer)
    co_owner = await a_co_owner(docket, case)
    data = rooms.asset_data()
    asset = await assets.create_asset(docket.connection, case, docket.officer, data)
    await docket.connection.execute("UPDATE asset SET failures = $2 WHERE id = $1", asset, failures)
    await rooms.tell(
        docket.connection, case, docket.officer, co_owner, asset, "PRIORITY", channel="BY_HAND",
        given_on=received, received_on=received,
    )  # fmt: skip
    (right,), _ = await rights.of_asset(docket.connection, asset)
    return asset, right


async def a_co_owner(docket: Docket, case: int) -> int:
    return int(
        await parties.add(
            docket.connection, docket.vault, case, docket.officer,
            {"kind": "CO_OWNER", "name": "Người đồng sở hữu hư cấu"},
        )
    )  # fmt: skip


async def settle(docket: Docket, asset: int, right: int, to: str, on: date | None = None) -> Any:
    return await rights.settle_priority(
        docket.connection, asset, docket.officer, right, to, "x", on
    )


async def refused(docket: Docket, *settled: Any) -> tuple[str, str]:
    with pytest.raises(CaseError) as error:
        await settle(docket, *settled)
    return error.value.code, error.value.path


async def test_what_was_done_in_time_counts_when_it_is_entered_later(docket: Docket) -> None:
    asset, right = await a_right(docket, rooms.ago(40))
    today = date.fromisoformat(rooms.ago(0))
    assert right.pay_by < today
    for late in (None, right.until_on + DAY):
        assert await refused(docket, asset, right.id, "CLAIMED", late) == ("TOO_LATE", "on")
    assert await refused(docket, asset, right.id, "CLAIMED", today + DAY) == ("IN_FUTURE", "on")
    await settle(docket, asset, right.id, "CLAIMED", right.until_on)
    for late in (None, right.pay_by + DAY):
        assert await refused(docket, asset, right.id, "BOUGHT", late) == ("TOO_LATE", "on")
    await settle(docket, asset, right.id, "BOUGHT", right.pay_by)
    assert await docket.one("SELECT state FROM asset WHERE id = $1", asset) == "SOLD"


async def test_what_was_not_done_in_time_has_lapsed(docket: Docket) -> None:
    asset, right = await a_right(docket, rooms.ago(40))
    await settle(docket, asset, right.id, "LAPSED")
    assert await refused(docket, asset, right.id, "CLAIMED", right.until_on) == ("MOVED_ON", "")


async def test_in_a_later_round_it_lasts_until_before_the_next_opening(docket: Docket) -> None:
    asset, right = await a_right(docket, rooms.ago(40), failures=1)
    assert right.round == 2
    found = await docket.connection.fetchrow("SELECT * FROM asset WHERE id = $1", asset)
    assert await limits.last_day(docket.connection, found, "priority_later") is None
    # No opening is announced yet: it can neither lapse nor come too late.
    assert await refused(docket, asset, right.id, "LAPSED") == ("TOO_EARLY", "")
    await settle(docket, asset, right.id, "CLAIMED")


async def test_who_did_not_use_it_before_the_first_auction_has_it_again(docket: Docket) -> None:
    asset, right = await a_right(docket, rooms.ago(40))
    assert await refused(docket, asset, right.id, "CLAIMED", None) == ("TOO_LATE", "on")
    await docket.connection.execute("UPDATE asset SET failures = 1 WHERE id = $1", asset)
    await settle(docket, asset, right.id, "CLAIMED")
