"""Sessions conducted through the real log: once, whatever is repeated, and by whom and why."""

from __future__ import annotations

import asyncio
import contextlib

import asyncpg
import pytest
from bidding.harness import journal, query

from auction_engine.desk import conducting, exclusive, session_record
from auction_engine.desk.conducting import Result, conduct, hand_over, pause, plan_session, resume
from auction_engine.desk.conductor import Conductor
from auction_engine.desk.session_record import UnknownSession
from auction_engine.ledger import store
from auction_engine.rules.session_plan import SessionError

from .bureau import Bureau, Died, dying

HOUR = 3_600_000


def outcomes(results: list[Result]) -> list[str]:
    return [result.outcome for result in results]


# --- plans ----------------------------------------------------------------------------------


async def test_a_plan_is_kept_with_who_and_why_and_a_later_one_takes_its_place(
    bureau: Bureau,
) -> None:
    first, second = await bureau.put_up((HOUR, 2 * HOUR), (HOUR, 2 * HOUR))
    for order in ("PARALLEL", "SEQUENTIAL"):
        plan = bureau.plan(order, second, first)
        await plan_session(bureau.desk, bureau.session, plan, bureau.chief, f"as {order}")
    record = await session_record.read(bureau.desk.engine, bureau.session)
    assert record.plan == bureau.plan("SEQUENTIAL", second, first)
    assert (record.planned_by, record.paused) == (bureau.chief, None)
    assert list(record.lots) == [first, second]
    assert await bureau.entries() == [
        ("plan", bureau.chief, "as PARALLEL"), ("plan", bureau.chief, "as SEQUENTIAL"),
    ]  # fmt: skip


async def test_a_plan_that_does_not_fit_names_the_lot(bureau: Bureau) -> None:
    (lot,) = await bureau.put_up((HOUR, 2 * HOUR))
    desk, session = bureau.desk, bureau.session
    with pytest.raises(SessionError, match="lot 4711: it is not in this session"):
        await plan_session(desk, session, bureau.plan("PARALLEL", lot, 4711), bureau.chief)
    (open_ended,) = await bureau.describe(1)
    await bureau.put_up_one(open_ended, 1, None, closed_by="AUCTIONEER")  # type: ignore[arg-type]
    plan = bureau.plan("SEQUENTIAL", open_ended)
    with pytest.raises(SessionError, match=f"lot {open_ended}: nothing bounds its end"):
        await plan_session(desk, bureau.session, plan, bureau.chief)
    for missing in (0, 4711):
        with pytest.raises(UnknownSession):
            await plan_session(desk, missing, bureau.plan("PARALLEL", lot), bureau.chief)


async def test_the_record_of_a_session_only_grows(bureau: Bureau) -> None:
    (lot,) = await bureau.put_up((HOUR, 2 * HOUR))
    plan = bureau.plan("PARALLEL", lot)
    await plan_session(bureau.desk, bureau.session, plan, bureau.chief)
    for connection in (await store.connect(bureau.url), await asyncpg.connect(bureau.url)):
        for statement in ("UPDATE session_entry SET reason = ''", "DELETE FROM session_entry"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        await connection.close()


async def test_entries_written_at_once_are_numbered_without_a_gap(bureau: Bureau) -> None:
    await bureau.describe(1)
    write = [
        session_record.write(
            bureau.desk.engine, bureau.session, "pause", bureau.chief, None, {"lots": [n]}
        )
        for n in range(4)
    ]
    assert sorted(await asyncio.gather(*write)) == [1, 2, 3, 4]
    record = await session_record.read(bureau.desk.engine, bureau.session)
    assert record.paused == {0, 1, 2, 3}


# --- turns and stops ------------------------------------------------------------------------


async def test_lots_in_turn_never_overlap_though_the_first_lasts_longer(bureau: Bureau) -> None:
    first, second = await bureau.put_up((-1000, 1200), (2000, 2600))
    plan = bureau.plan("SEQUENTIAL", first, second)
    await plan_session(bureau.desk, bureau.session, plan, bureau.chief)
    conductor = asyncio.create_task(Conductor(bureau.desk, look_s=0.05).run())
    try:
        await bureau.reaches(first, "RUNNING")
        await bureau.act(first, "pause", ground="AUCTIONEER")
        await bureau.reaches(second, "POSTPONED")
        await bureau.act(first, "resume")
        await bureau.reaches(second, "RUNNING")
        assert await bureau.status(first) == "FAILED"  # nobody bid
        await bureau.reaches(second, "FAILED")
    finally:
        conductor.cancel()
        await asyncio.gather(conductor, return_exceptions=True)
    assert await bureau.kinds(second) == ["lot.postponed", "lot.rescheduled"]
    entries = {e["kind"]: e for e in await journal(bureau.url, second)}
    over_ms = next(
        e["at_ms"] for e in await journal(bureau.url, first) if e["kind"] == "lot.failed"
    )
    postponed, new = entries["lot.postponed"]["data"], entries["lot.rescheduled"]["data"]
    assert (postponed["by"], postponed["ground"]) == (bureau.chief, "TURN")
    assert postponed["reason"] == f"→ {first}"
    assert new["start_ms"] >= over_ms + plan.gap_ms
    assert new["start_ms"] >= entries["lot.rescheduled"]["at_ms"] + plan.notice_ms // 2
    assert entries["lot.opened"]["at_ms"] >= new["start_ms"]


async def test_v19_through_the_log(bureau: Bureau) -> None:
    """Lots of 1,500, 800 and 300 for a case of 1,700 and costs of 50: the third is stopped."""
    small, big, middle = await bureau.put_up((HOUR, 2 * HOUR), (-500, 700), (2500, 3500))
    plan = bureau.plan(
        "ORDER_BY_VALUE", (small, 300, "X"), (big, 1500, "X"), (middle, 800, "X"),
        cases=[("X", 1700, 50)], lead_ms=100,
    )  # fmt: skip
    await plan_session(bureau.desk, bureau.session, plan, bureau.chief)
    await bureau.sell(big, 1500)
    assert await conduct(bureau.desk, bureau.session) == []
    await bureau.sell(middle, 1300)
    assert await conduct(bureau.desk, bureau.session) == [Result(small, "done")]
    assert await conduct(bureau.desk, bureau.session) == []
    stopped = (await journal(bureau.url, small))[-1]
    assert stopped["kind"] == "lot.stopped"
    assert stopped["data"] == {
        "by": bureau.chief, "role": "ORGANISATION", "ground": "ENOUGH_PROCEEDS",
        "reason": "Law 106/2025 Art. 84(2)đ; Decree 62/2015 Art. 27(3)",
    }  # fmt: skip


async def test_a_session_without_a_plan_is_left_to_its_clock(bureau: Bureau) -> None:
    await bureau.put_up((-500, HOUR), (500, HOUR))
    assert await conduct(bureau.desk, bureau.session) == []
    with pytest.raises(UnknownSession):
        await conduct(bureau.desk, 4711)


async def test_what_the_rules_refuse_is_told_and_holds_nothing_up(bureau: Bureau) -> None:
    first, second, third = await bureau.put_up((-500, HOUR), (900, HOUR), (900, HOUR))
    plan = bureau.plan("SEQUENTIAL", first, second, third)
    await plan_session(bureau.desk, bureau.session, plan, bureau.chief)
    await bureau.reaches(first, "RUNNING")
    before = await conduct(bureau.desk, bureau.session)
    assert before == [Result(second, "done"), Result(third, "done")]
    await bureau.act(first, "appoint", "ORGANISATION", auctioneer=bureau.second)
    (told, *rest) = await pause(bureau.desk, bureau.session, bureau.chief, None)
    assert (told.lot, told.outcome, told.code) == (first, "refused", "NOT_THE_AUCTIONEER")
    assert outcomes(rest) == ["done", "done"]


async def test_a_pause_that_every_lot_refuses_did_not_happen(bureau: Bureau) -> None:
    (lot,) = await bureau.put_up((-500, HOUR))
    await bureau.reaches(lot, "RUNNING")
    await bureau.act(lot, "appoint", "ORGANISATION", auctioneer=bureau.second)
    results = await pause(bureau.desk, bureau.session, bureau.chief, None)
    assert outcomes(results) == ["refused"]
    record = await session_record.read(bureau.desk.engine, bureau.session)
    assert record.paused is None
    assert outcomes(await pause(bureau.desk, bureau.session, bureau.second, None)) == ["done"]
    record = await session_record.read(bureau.desk.engine, bureau.session)
    assert record.paused == {lot}


# --- the whole session ----------------------------------------------------------------------


async def test_a_session_stands_still_and_goes_on(bureau: Bureau) -> None:
    lots = await bureau.put_up((-500, HOUR), (-500, HOUR), (HOUR, 2 * HOUR))
    await bureau.reaches(lots[0], "RUNNING")
    await bureau.reaches(lots[1], "RUNNING")
    results = await pause(bureau.desk, bureau.session, bureau.chief, "fire alarm")
    assert results == [Result(lot, "done") for lot in lots]
    assert await bureau.statuses() == ["PAUSED", "PAUSED", "POSTPONED"]
    again = await pause(bureau.desk, bureau.session, bureau.chief, "fire alarm")
    assert again == [Result(lot, "already") for lot in lots]
    paused = (await journal(bureau.url, lots[0]))[-1]["data"]
    assert (paused["by"], paused["role"], paused["reason"]) == (
        bureau.chief, "AUCTIONEER", "fire alarm",
    )  # fmt: skip
    results = await resume(bureau.desk, bureau.session, bureau.second, "all clear")
    assert results == [Result(lot, "done") for lot in lots]
    assert await bureau.statuses() == ["RUNNING", "RUNNING", "PUBLISHED"]
    again = await resume(bureau.desk, bureau.session, bureau.second, None)
    assert again == [Result(lot, "already") for lot in lots]
    assert await bureau.entries() == [
        ("pause", bureau.chief, "fire alarm"), ("resume", bureau.second, "all clear"),
    ]  # fmt: skip
    published, _, moved = [
        e for e in await journal(bureau.url, lots[2])
        if e["kind"] in ("lot.listed", "lot.postponed", "lot.rescheduled")
    ]  # fmt: skip
    assert moved["data"]["start_ms"] >= published["params"]["start_ms"]


async def test_what_was_paused_by_itself_is_resumed_by_itself(bureau: Bureau) -> None:
    first, second, third = await bureau.put_up((-500, HOUR), (-500, HOUR), (HOUR, 2 * HOUR))
    await bureau.reaches(second, "RUNNING")
    await bureau.act(first, "pause", ground="AUCTIONEER")
    await bureau.act(third, "postpone", "ORGANISATION", ground="TECHNICAL_FAULT")
    results = await pause(bureau.desk, bureau.session, bureau.chief, None)
    assert results == [
        Result(first, "already"), Result(second, "done"), Result(third, "already"),
    ]  # fmt: skip
    results = await resume(bureau.desk, bureau.session, bureau.chief, None)
    assert outcomes(results) == ["refused", "done", "refused"]
    assert {result.code for result in results} == {"OTHER_GROUND", None}
    assert await bureau.statuses() == ["PAUSED", "RUNNING", "POSTPONED"]


async def test_another_auctioneer_takes_over_what_is_not_over(bureau: Bureau) -> None:
    first, second, third = await bureau.put_up((-500, 900), (-500, HOUR), (HOUR, 2 * HOUR))
    await bureau.reaches(first, "FAILED")
    await bureau.reaches(second, "RUNNING")
    results = await hand_over(
        bureau.desk, bureau.session, bureau.second, bureau.chief, "after ten hours"
    )
    assert results == [Result(second, "done"), Result(third, "done")]
    with pytest.raises(Exception, match="Another auctioneer"):
        await bureau.act(second, "pause", ground="AUCTIONEER")
    again = await hand_over(bureau.desk, bureau.session, bureau.second, bureau.chief, None)
    assert outcomes(again) == ["already", "already"]
    assert await bureau.entries() == [("hand_over", bureau.chief, "after ten hours")]
    for nobody in (bureau.bidders[0], 4711):
        with pytest.raises(SessionError, match="no auctioneer"):
            await hand_over(bureau.desk, bureau.session, nobody, bureau.chief, None)


# --- twice, at once, half-way ---------------------------------------------------------------


async def test_asked_by_many_at_once_it_happens_once(bureau: Bureau) -> None:
    lots = await bureau.put_up(*[(-500, HOUR)] * 4, (HOUR, 2 * HOUR))
    for lot in lots[:4]:
        await bureau.reaches(lot, "RUNNING")
    asked = [pause(bureau.desk, bureau.session, bureau.chief, None) for _ in range(3)]
    every = sorted(outcomes(results) for results in await asyncio.gather(*asked))
    assert every == [["already"] * 5, ["already"] * 5, ["done"] * 5]
    for lot in lots[:4]:
        assert await bureau.kinds(lot) == ["lot.paused"]
    assert await bureau.kinds(lots[4]) == ["lot.postponed"]
    asked = [resume(bureau.desk, bureau.session, bureau.chief, None) for _ in range(3)]
    await asyncio.gather(*asked)
    for lot in lots[:4]:
        assert await bureau.kinds(lot) == ["lot.paused", "lot.resumed"]
    assert await bureau.kinds(lots[4]) == ["lot.postponed", "lot.rescheduled"]


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("after", [1, 2, 3])
async def test_what_a_dead_process_left_undone_the_next_call_does(
    bureau: Bureau, after: int, sent: bool
) -> None:
    lots = await bureau.put_up((-500, HOUR), (-500, HOUR), (HOUR, 2 * HOUR))
    await bureau.reaches(lots[0], "RUNNING")
    await bureau.reaches(lots[1], "RUNNING")
    for ask, kinds in (
        (pause, [["lot.paused"], ["lot.paused"], ["lot.postponed"]]),
        (
            resume,
            [
                ["lot.paused", "lot.resumed"],
                ["lot.paused", "lot.resumed"],
                ["lot.postponed", "lot.rescheduled"],
            ],
        ),
    ):
        with pytest.raises(Died):
            await ask(dying(bureau.desk, after, sent), bureau.session, bureau.chief, "x")
        results = await ask(bureau.desk, bureau.session, bureau.chief, "x")
        assert {result.outcome for result in results} <= {"done", "already"}
        assert [await bureau.kinds(lot) for lot in lots] == kinds
    assert [kind for kind, _, _ in await bureau.entries()] == ["pause", "resume"]


async def test_conductors_in_many_processes_are_as_one(bureau: Bureau) -> None:
    lots = await bureau.put_up((-500, HOUR), *[(2_000, HOUR)] * 4)
    plan = bureau.plan("SEQUENTIAL", *lots, lead_ms=5_000)
    await plan_session(bureau.desk, bureau.session, plan, bureau.chief)
    await bureau.reaches(lots[0], "RUNNING")
    await asyncio.gather(*(Conductor(bureau.desk).look() for _ in range(4)))
    for _ in range(2):
        with contextlib.suppress(exclusive.Busy):
            assert await conduct(bureau.desk, bureau.session) == []
    for lot in lots[1:]:
        assert await bureau.kinds(lot) == ["lot.postponed"]


async def test_a_session_somebody_is_at_is_busy_and_free_when_he_dies(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bureau.put_up((-500, HOUR))
    monkeypatch.setattr(conducting, "_WAIT_S", 0.2)
    async with exclusive.connected(bureau.url) as connection:
        async with exclusive.alone(connection, exclusive.of_session(bureau.session), 0):
            with pytest.raises(exclusive.Busy):
                await pause(bureau.desk, bureau.session, bureau.chief, None)
            held = await query(
                bureau.url,
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'",
            )
            assert held
            await asyncio.sleep(0.1)
            assert outcomes(await pause(bureau.desk, bureau.session, bureau.chief, None)) == [
                "done"
            ]
