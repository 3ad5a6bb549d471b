"""The demonstration on a running program: sessions, robots, restarts, one at a time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from house import House, running_house
from sqlalchemy import select, text, update

from auction_engine.bidding.client import LogUnanswered
from auction_engine.bidding.tasks import end
from auction_engine.demo import assets, auctioneer, director, plan, stage
from auction_engine.demo.cashier import Cashier
from auction_engine.demo.director import keep_going
from auction_engine.demo.people import ROBOTS, ensure_logins, ensure_robots
from auction_engine.identity import bodies
from auction_engine.identity.accounts import find_by_login
from auction_engine.identity.demo_logins import DEMO_LOGINS
from auction_engine.identity.passwords import Passwords
from auction_engine.ledger.database import transaction
from auction_engine.ledger.schema import Account
from auction_engine.ledger.verify import verify
from auction_engine.rules.params import Extension

HEADS = """
    SELECT s.id AS session, l.id AS lot, h.phase, h.accepted, h.refused, s.demo
    FROM auction_session s JOIN lot l ON l.session_id = s.id
    LEFT JOIN lot_head h ON h.lot_id = l.id ORDER BY l.id
"""
KINDS = "SELECT lot_id, kind, count(*) AS n FROM journal GROUP BY lot_id, kind"


@pytest.fixture
async def empty_house(settings) -> AsyncIterator[House]:
    """A running program without any lot; its settings name the port it listens on."""
    async with running_house(settings, lots=0) as house:
        port = urlsplit(house.base).port
        house.settings = house.settings.model_copy(update={"port": port})
        yield house


@pytest.fixture
def short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two lots that close within seconds, in place of eight within a quarter of an hour."""
    monkeypatch.setattr(plan, "CLOSINGS_S", (7, 9))
    monkeypatch.setattr(plan, "EXTENSION", Extension(1_000, 1_000, 2))
    monkeypatch.setattr(plan, "STEP_MS", 400)
    monkeypatch.setattr(plan, "FALLS_AFTER_S", 2)
    monkeypatch.setattr(auctioneer, "_PAUSE_S", 0.2)


@contextlib.asynccontextmanager
async def directed(house: House) -> AsyncIterator[None]:
    """The demonstration's process, in this one."""
    task = asyncio.create_task(keep_going(house.settings, results_s=0.5))
    try:
        yield
        assert not task.done(), task
    finally:
        await end([task])


async def rows(house: House, query: str) -> list[Any]:
    async with house.engine.connect() as connection:
        return list((await connection.execute(text(query))).all())


async def until(house: House, query: str, true: Any, timeout_s: float = 45) -> list[Any]:
    deadline = asyncio.get_running_loop().time() + timeout_s
    while True:
        found = await rows(house, query)
        if true(found):
            return found
        assert asyncio.get_running_loop().time() < deadline, found
        await asyncio.sleep(0.1)


async def test_sessions_follow_each_other_with_robots_bidding(empty_house, short_windows):
    async with directed(empty_house):
        heads = await until(
            empty_house, HEADS, lambda found: len({row.session for row in found}) >= 2
        )
    first = [row for row in heads if row.session == heads[0].session]
    assert len(first) == 2
    assert all(row.demo and row.phase == "closed" and row.accepted > 0 for row in first)
    robots = await rows(empty_house, "SELECT id FROM account WHERE robot")
    assert len(robots) == ROBOTS
    bids = await rows(
        empty_house,
        "SELECT DISTINCT a.robot FROM journal j JOIN account a ON a.id = j.bidder"
        " WHERE j.kind = 'bid.accepted'",
    )
    assert [row.robot for row in bids] == [True]
    report = await verify(empty_house.settings.database_url)
    assert report.clean, report.problem


async def test_a_restart_finds_the_running_session(empty_house):
    async with directed(empty_house):
        before = await until(
            empty_house, KINDS, lambda f: sum(r.n for r in f if r.kind == "bid.accepted") > 1
        )
    async with directed(empty_house):
        bids = sum(row.n for row in before if row.kind == "bid.accepted")
        after = await until(
            empty_house, KINDS, lambda f: sum(r.n for r in f if r.kind == "bid.accepted") > bids + 1
        )
    heads = await rows(empty_house, HEADS)
    assert len(heads) == 8
    assert len({row.session for row in heads}) == 1
    admitted = {(r.lot_id, r.n) for r in before if r.kind == "bidder.admitted"}
    assert admitted == {(r.lot_id, r.n) for r in after if r.kind == "bidder.admitted"}


async def test_two_at_once_make_one_session(empty_house):
    async with directed(empty_house), directed(empty_house):
        await until(empty_house, HEADS, lambda found: len(found) >= 8)
        await asyncio.sleep(2.5)
        sessions = await rows(empty_house, "SELECT id FROM auction_session")
    assert len(sessions) == 1


async def test_the_second_takes_over_when_the_first_ends(empty_house):
    first = contextlib.AsyncExitStack()
    await first.enter_async_context(directed(empty_house))
    await until(empty_house, HEADS, lambda found: len(found) >= 8)
    async with directed(empty_house):
        await asyncio.sleep(1.5)
        await first.aclose()
        before = await rows(empty_house, KINDS)
        bids = sum(row.n for row in before if row.kind == "bid.accepted")
        await until(
            empty_house, KINDS, lambda f: sum(r.n for r in f if r.kind == "bid.accepted") > bids
        )
        assert len(await rows(empty_house, "SELECT id FROM auction_session")) == 1


async def test_goes_on_after_postgresql_cut_every_connection(empty_house, servers, database_name):
    async with directed(empty_house):
        await until(empty_house, HEADS, lambda found: len(found) >= 8)
        servers.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE application_name = 'auction-demo' AND datname = '{database_name}'"
        )
        before = await rows(empty_house, KINDS)
        bids = sum(row.n for row in before if row.kind == "bid.accepted")
        await until(
            empty_house, KINDS, lambda f: sum(r.n for r in f if r.kind == "bid.accepted") > bids
        )
        locks = await rows(
            empty_house,
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"
            f" AND (classid::bigint << 32) | objid::bigint = {director._LOCK}",
        )
        assert len(locks) == 1


async def test_a_session_left_half_made_is_completed(empty_house, monkeypatch):
    """The process ended after the lots were described, before any was put up."""
    house = empty_house
    people, robots = await ensure_logins(house.engine), await ensure_robots(house.engine)
    cashier = Cashier(house.settings.database_url or "", house.log, people)
    person = cashier.bidder

    async def not_answered(*_: object) -> None:
        raise LogUnanswered("The log did not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(stage.listing, "put_up", not_answered)
        with pytest.raises(LogUnanswered):
            await stage.current_or_next(house.engine, house.log, 1, cashier, robots)
    made = await rows(house, HEADS)
    assert [row.phase for row in made] == [None] * 8
    lots = await stage.current_or_next(house.engine, house.log, 1, cashier, robots)
    assert [lot.lot for lot in lots] == [row.lot for row in made]
    phases = ["open"] * 8
    phases[plan.FALLING_AT - 1] = "scheduled"
    assert [row.phase for row in await rows(house, HEADS)] == phases
    admitted = await rows(
        house, f"SELECT lot_id FROM journal WHERE kind = 'bidder.admitted' AND bidder = {person}"
    )
    assert sorted(row.lot_id for row in admitted) == [row.lot for row in made]


async def test_a_session_whose_time_is_over_is_followed_by_another(
    empty_house, servers, database_name
):
    """An hour went by with the program stopped before anything of the session was put up."""
    house = empty_house
    people, robots = await ensure_logins(house.engine), await ensure_robots(house.engine)
    cashier = Cashier(house.settings.database_url or "", house.log, people)
    stale = await stage._begin(house.engine, 1)
    servers.execute(
        "UPDATE auction_session SET created_at = created_at - interval '1 hour'",
        database=database_name,
    )
    lots = await stage.current_or_next(house.engine, house.log, 1, cashier, robots)
    assert len(lots) == 8
    assert not {lot.lot for lot in lots} & {lot.lot for lot in stale}


async def test_logins_get_their_published_passwords(empty_house):
    engine, passwords = empty_house.engine, Passwords()
    people = await ensure_logins(engine)
    assert sorted(people) == sorted(entry.login for entry in DEMO_LOGINS)
    for entry in DEMO_LOGINS:
        account, hashed = await find_by_login(engine, entry.login)
        assert account.role == entry.role
        assert await passwords.verify(hashed, entry.password)
    async with transaction(engine) as connection:
        await connection.execute(
            update(Account).where(Account.id == people["demo.bidder"]).values(password_hash=None)
        )
    assert await ensure_logins(engine) == people
    _, hashed = await find_by_login(engine, DEMO_LOGINS[0].login)
    assert await passwords.verify(hashed, DEMO_LOGINS[0].password)


async def test_people_work_for_the_house_and_the_agency_with_most_sold(empty_house):
    """Also those made before accounts belonged to anybody; other agencies have two of their own."""
    engine = empty_house.engine
    people = await ensure_logins(engine)
    async with transaction(engine) as connection:
        await connection.execute(
            update(Account).where(Account.id.in_(people.values())).values(body_id=None)
        )
    await ensure_logins(engine)
    houses = {house.id: house for house in await bodies.every(engine)}
    for entry in DEMO_LOGINS:
        account, _ = await find_by_login(engine, entry.login)
        wanted = {"organisation": assets.organisation(), "officer": assets.agencies()[0]}
        assert (houses[account.body].name if account.body else None) == wanted.get(entry.role)
    staff = await bodies.staff(engine)
    for house in houses.values():
        assert sum(one.body == house.id for one in staff) == 2, house
    assert {house.name["vi"] for house in houses.values() if house.kind == "AGENCY"} == {
        name["vi"] for name in assets.agencies()
    }


async def test_robots_cannot_sign_in(empty_house):
    robots = await ensure_robots(empty_house.engine)
    assert robots == await ensure_robots(empty_house.engine)
    async with empty_house.engine.connect() as connection:
        found = await connection.execute(
            select(Account.password_hash, Account.role).where(Account.id.in_(robots))
        )
        assert set(found.all()) == {(None, "bidder")}


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "ws://127.0.0.1:8000/live"),
        ("0.0.0.0", "ws://127.0.0.1:8000/live"),
        ("::", "ws://[::1]:8000/live"),
    ],
)
def test_robots_find_the_gateway_of_this_machine(settings, host, address):
    changed = settings.model_copy(update={"host": host, "port": 8000})
    assert director.live_url(changed) == address
