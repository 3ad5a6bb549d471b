"""One person's act: sent twice, or again after a crash, it is recorded once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from bidding.harness import QUICK, bid, client_of, journal, recording

from auction_engine.bidding.client import LogUnanswered
from auction_engine.bidding.tasks import end
from auction_engine.desk import exclusive, once
from auction_engine.desk.conducting import Result, hand_over
from auction_engine.desk.once import Acting, Done
from auction_engine.rules.commands import Act, CommandRefused
from auction_engine.settings import Settings

from .bureau import Bureau, bureau_of

HOUR = 3_600_000


def hold(bureau: Bureau, reason: str | None = "a complaint") -> Act:
    """An act that leaves the status as it is: the rules would take it twice."""
    return Act("hold", "AGENCY", bureau.chief, reason, {"ground": "COMPLAINT"})


@pytest.fixture
async def lot(bureau: Bureau) -> int:
    return (await bureau.put_up((-500, HOUR)))[0]


@pytest.fixture
def acting(bureau: Bureau) -> Acting:
    return Acting(bureau.url, bureau.log)


async def test_an_act_is_recorded_with_who_as_what_and_why(
    bureau: Bureau, acting: Acting, lot: int
) -> None:
    done = await acting.do(0, lot, hold(bureau))
    entry = (await journal(bureau.url, lot))[-1]
    assert done == Done(entry["seq"], entry["at_ms"], False)
    assert entry["kind"] == "hold.placed"
    said = {"role": "AGENCY", "reason": "a complaint", "ground": "COMPLAINT"}
    assert entry["data"].items() >= {"by": bureau.chief, **said}.items()


async def test_sent_twice_it_is_one_act(bureau: Bureau, acting: Acting, lot: int) -> None:
    first = await acting.do(0, lot, hold(bureau))
    assert await acting.do(0, lot, hold(bureau)) == first._replace(repeat=True)
    assert await bureau.kinds(lot) == ["hold.placed"]


async def test_sent_by_many_at_once_and_from_two_processes_it_is_one_act(
    bureau: Bureau, acting: Acting, lot: int
) -> None:
    async with client_of(bureau.settings) as other:
        both = (acting, Acting(bureau.url, other))
        asked = [who.do(0, lot, hold(bureau)) for who in both for _ in range(4)]
        answers = await asyncio.gather(*asked)
    assert sorted(answer.repeat for answer in answers) == [False] + [True] * 7
    assert len({(answer.seq, answer.at_ms) for answer in answers}) == 1
    assert await bureau.kinds(lot) == ["hold.placed"]


async def test_other_words_or_another_person_make_another_act(
    bureau: Bureau, acting: Acting, lot: int
) -> None:
    await acting.do(0, lot, hold(bureau))
    for act in (
        hold(bureau, "another complaint"),
        hold(bureau, None),
        Act("hold", "ORGANISATION", bureau.chief, "a complaint", {"ground": "COMPLAINT"}),
        Act("hold", "AGENCY", bureau.second, "a complaint", {"ground": "COMPLAINT"}),
        Act("hold", "AGENCY", bureau.second, "a complaint", {"ground": "LITIGATION"}),
    ):
        assert not (await acting.do(0, lot, act)).repeat
    assert await bureau.kinds(lot) == ["hold.placed"] * 6


async def test_an_empty_reason_is_none(bureau: Bureau, acting: Acting, lot: int) -> None:
    await acting.do(0, lot, hold(bureau, ""))
    assert (await acting.do(0, lot, hold(bureau, None))).repeat


async def test_the_same_after_something_else_is_meant_anew(
    bureau: Bureau, acting: Acting, lot: int
) -> None:
    pause = Act("pause", "AUCTIONEER", bureau.chief, None, {"ground": "AUCTIONEER"})
    resume = Act("resume", "AUCTIONEER", bureau.chief)
    for act in (pause, resume, pause, resume):
        assert not (await acting.do(0, lot, act)).repeat
        assert (await acting.do(0, lot, act)).repeat
    assert await bureau.kinds(lot) == ["lot.paused", "lot.resumed"] * 2


async def test_what_bidders_do_in_between_changes_nothing(
    bureau: Bureau, acting: Acting, lot: int
) -> None:
    """A payment or a hold sent twice is one, though a bidder acted meanwhile; and so for him."""
    an, binh = bureau.bidders
    await bid(bureau.log, an, 1_000, lot=lot)
    await bid(bureau.log, binh, 1_100, lot=lot)
    first = await acting.do(0, lot, hold(bureau))
    withdrawn = await acting.do(0, lot, Act("withdraw_bid", "BIDDER", an))
    await acting.do(0, lot, Act("withdraw_bid", "BIDDER", binh))
    assert await acting.do(0, lot, hold(bureau)) == first._replace(repeat=True)
    again = await acting.do(0, lot, Act("withdraw_bid", "BIDDER", an))
    assert again == withdrawn._replace(repeat=True)
    assert await bureau.kinds(lot) == ["hold.placed", "bid.withdrawn", "bid.withdrawn"]


async def test_bidders_do_not_wait_for_each_other(bureau: Bureau, acting: Acting, lot: int) -> None:
    an, binh = bureau.bidders
    await bid(bureau.log, an, 1_000, lot=lot)
    async with exclusive.connected(bureau.url) as connection:
        for lock in (exclusive.of_lot(lot), exclusive.of_bidder(lot, binh)):
            assert await connection.fetchval("SELECT pg_try_advisory_lock($1)", lock)
        assert not (await acting.do(0, lot, Act("withdraw_bid", "BIDDER", an))).repeat


async def test_the_same_much_later_is_meant_anew(
    bureau: Bureau, acting: Acting, lot: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await acting.do(0, lot, hold(bureau))
    monkeypatch.setattr(once, "_SAME_FOR_MS", 0)
    assert not (await acting.do(0, lot, hold(bureau))).repeat


async def test_what_the_rules_refuse_is_not_recorded(
    bureau: Bureau, acting: Acting, lot: int
) -> None:
    before = await journal(bureau.url, lot)
    for act, code in (
        (Act("announce", "AUCTIONEER", bureau.chief), "WRONG_STATUS"),
        (Act("pause", "AUCTIONEER", bureau.chief, None, {"ground": "MOOD"}), "UNKNOWN_GROUND"),
        (Act("pause", "AUCTIONEER", bureau.chief), "BAD_FIELDS"),
        (Act("dance", "AUCTIONEER", bureau.chief), "UNKNOWN_ACT"),
    ):
        with pytest.raises(CommandRefused) as caught:
            await acting.do(0, lot, act)
        assert caught.value.code == code
    with pytest.raises(CommandRefused) as caught:
        await acting.do(0, 4711, hold(bureau))
    assert caught.value.code == "UNKNOWN_LOT"
    assert await journal(bureau.url, lot) == before


async def test_an_act_whose_answer_was_lost_is_found_again(
    bureau: Bureau, lot: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died, or gave up, after the act was sent: the same sent again is a repeat."""

    class Deaf:
        """Sends and hears nothing."""

        async def probe(self, shard: int) -> float:
            return await bureau.log.probe(shard)

        async def act(self, shard: int, lot: int, act: Act) -> None:
            self.task: Any = asyncio.get_running_loop().create_task(bureau.log.act(shard, lot, act))
            raise LogUnanswered("no answer")

    with pytest.raises(LogUnanswered):
        await Acting(bureau.url, Deaf()).do(0, lot, hold(bureau))  # type: ignore[arg-type]
    assert (await Acting(bureau.url, bureau.log).do(0, lot, hold(bureau))).repeat
    assert await bureau.kinds(lot) == ["hold.placed"]


async def test_bidders_leave_room_for_those_who_conduct(
    bureau: Bureau, lot: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many bidders' acts hang, the auctioneer can pause."""
    hanging = asyncio.Event()

    class Slow:
        probe = bureau.log.probe

        async def act(self, shard: int, lot: int, act: Act) -> None:
            if act.role == "BIDDER":
                await hanging.wait()
            await bureau.log.act(shard, lot, act)

    monkeypatch.setattr(once, "_WAIT_S", 0.5)
    acting = Acting(bureau.url, Slow())  # type: ignore[arg-type]
    other = (await bureau.put_up((-500, HOUR)))[0]
    withdraw = [
        asyncio.create_task(acting.do(0, lot, Act("withdraw_bid", "BIDDER", bidder)))
        for bidder in range(100, 120)
    ]
    await asyncio.sleep(0.1)
    await bureau.reaches(other, "RUNNING")
    pause = Act("pause", "AUCTIONEER", bureau.chief, None, {"ground": "AUCTIONEER"})
    assert not (await acting.do(0, other, pause)).repeat
    hanging.set()
    told = await asyncio.gather(*withdraw, return_exceptions=True)
    assert {type(answer).__name__ for answer in told} <= {"Busy", "CommandRefused"}


async def test_what_is_still_in_the_log_is_waited_for(settings: Settings) -> None:
    """Sent by a process that died while nobody recorded: nothing comes twice."""
    quick = settings.model_copy(update={"limits": QUICK})
    async with recording(quick) as recorder, client_of(quick) as log, bureau_of(quick, log) as own:
        (lot,) = await own.put_up((-500, HOUR))
        await own.reaches(lot, "RUNNING")
        await end([recorder])
        acts = (
            Act("appoint", "ORGANISATION", own.chief, "r", {"auctioneer": own.chief}),
            Act("pause", "AUCTIONEER", own.chief, "r", {"ground": "AUCTIONEER"}),
        )
        lost = [asyncio.create_task(log.act(0, lot, act)) for act in acts]
        await asyncio.sleep(0.2)
        doing = [
            asyncio.create_task(Acting(own.url, log).do(0, lot, acts[1])),
            asyncio.create_task(hand_over(own.desk, own.session, own.chief, own.chief, "r")),
        ]
        await asyncio.sleep(0.3)
        assert not any(task.done() for task in doing)
        async with recording(quick):
            await asyncio.gather(*lost)
            assert (await doing[0]).repeat
            assert await doing[1] == [Result(lot, "already")]
        assert await own.kinds(lot) == ["auctioneer.appointed", "lot.paused"]
