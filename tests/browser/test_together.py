"""Everybody together, each at the own screen, from the seized flat to the creditors' money.

An agency lists a flat and a lorry; an organisation takes them on, prepares a session by the law's
dates, and a second person publishes it; twelve people register and pay; an auctioneer conducts,
with an incident on the lorry and a bid withdrawn on the flat; minutes, payment, delivery and
distribution follow. A procurator watches it live and reads the record at the end. Weeks pass in
between, by a clock that moves for all of them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from auction_engine.ledger.verify import verify
from auction_engine.story import plot
from browser import together_agency as agency
from browser import together_house as house
from browser import together_room as room
from browser.together import HOUR_MS, Together, together
from browser.whole_way import Person

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),
]
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
HER = "Nguyễn Thị Hòa"
TREASURER, CASHIERS, TREASURERS = "officer", ("maker", "chief"), ("officer", "head")


def _home() -> Path:
    """A directory that the servers' own user can read in."""
    home = Path(tempfile.mkdtemp(prefix="auction-together-"))
    home.chmod(0o755)
    return home


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(chromium: Browser) -> AsyncIterator[Together]:
    home = _home()
    try:
        async with together(home, chromium) as world:
            yield world
    finally:
        shutil.rmtree(home, ignore_errors=True)


async def test_everybody_together(world: Together) -> None:
    await agency.lists(world)
    await house.takes_on(world)
    await house.prepares(world)
    await house.publishes(world)
    await house.appoints(world)
    await house.name_accounts(world)
    her = await _gets_in(world)
    await _bids(world, her)
    await _is_sold(world, her)
    await _is_wound_up(world)
    await _has_been_watched(world)


async def _gets_in(world: Together) -> Person:
    """Registration and deposits, on a day when both are taken."""
    terms = (await world.params(world.lot))["terms"]
    await world.passes(terms["registration_open_ms"] + HOUR_MS)
    await world.is_now(world.lot, "REGISTRATION_OPEN")
    await world.is_now(world.truck, "REGISTRATION_OPEN")
    her = await world.person("vi", HER, "hoa@example.test", "079200012345", **PHONE)
    await room.register(world, her)
    count = await room.pay_deposits(world, her)
    cashier = world.desk(CASHIERS[0])
    await house.brings_statement(world, cashier, "/desk/money", world.bank)
    held = "SELECT count(*) = $1 FROM journal WHERE kind = 'deposit.held'"
    await world.ask(held, count)
    await house.admits(world, count)
    return her


async def _bids(world: Together, her: Person) -> None:
    """The session itself: conducted, watched, interrupted, gone on with."""
    start_ms = (await world.params(world.lot))["start_ms"]
    await world.passes(start_ms - HOUR_MS)
    await _signs_in(world, her)
    await house.makes_ready(world)
    await house.opens_the_console(world)
    board = await room.watches(world)
    hers = await room.enter(world, her)
    world.clock.move_to(start_ms - 1_000)
    await world.is_now(world.lot, "RUNNING")
    await world.is_now(world.truck, "RUNNING")
    await house.greets(world)
    await room.bid(world, hers)
    await house.sees_the_price(board, world.lot, agency.FLAT_MINOR + 6 * room.STEP)
    await house.reports_the_incident(world)
    await agency.decides_on_the_incident(world)
    await room.withdraws(world)
    await room.wins(world, hers)
    await house.sees_the_price(board, world.lot, room.AWARD)
    await house.sees_the_price(world.desk("auctioneer"), world.lot, room.AWARD)
    await room.sees_the_standstill(world)


async def _signs_in(world: Together, her: Person) -> None:
    told = {"login": her.mail, "password": room.way.PASSWORD}
    assert (await her.page.context.request.post("/api/login", data=told)).status == 200


async def _is_sold(world: Together, her: Person) -> None:
    """The clock ends it; announced, written down, signed by three, paid."""
    await world.passes((await world.params(world.lot))["end_ms"] + 1_000)
    await _signs_in(world, her)
    await world.is_now(world.lot, "LEADER_DETERMINED")
    await house.announces(world)
    await house.signs_the_minutes(world)
    await room.signs(world, her)
    await world.is_now(world.lot, "AWAIT_PAYMENT")
    await room.pays(world, her, room.AWARD)


async def _is_wound_up(world: Together) -> None:
    """Losers are paid back, the sale's money goes from one house to the other and to its owners."""
    await house.states_costs(world)
    # Ten losers, three of the lorry; the earnest money; what was lost, for costs and the state.
    await world.ask("SELECT count(*) = 10 + 3 + 1 + 2 FROM payout WHERE state = 'DUE'")
    order = await house.pays_all(world, "/desk/money", CASHIERS, world.bank)
    for amount, text in world.bank.paid_to(order, plot.TREASURY.account):
        world.treasury.receive(world.clock.today(), amount, text, plot.ESCROW)
    back = [world.bank.paid_to(order, one.customer.account) for one in world.bidders]
    withdrew, *others = back
    assert withdrew == []
    assert all(sum(amount for amount, _ in one) >= plot.DEPOSIT for one in others)
    cashier, treasurer = world.desk(CASHIERS[0]), world.desk(TREASURER)
    await house.brings_statement(world, cashier, "/desk/money", world.bank)
    await house.brings_statement(world, treasurer, "/agency/money", world.treasury)
    await world.is_now(world.lot, "PAID")
    await agency.delivers(world)
    await agency.distributes(world)
    await house.pays_all(world, "/agency/money", TREASURERS, world.treasury)
    await house.brings_statement(world, treasurer, "/agency/money", world.treasury)
    await agency.closes_the_file(world)
    assert (world.bank.balance_minor, world.treasury.balance_minor) == (0, 0)


async def _has_been_watched(world: Together) -> None:
    """What the procurator reads is all of it, in order, and who is behind a code by warrant."""
    await room.learns_who_won(world, HER)
    kinds = await room.reads_the_record(world)
    told = Counter(kinds)
    assert (told["bidder.registered"], told["deposit.held"], told["bidder.admitted"]) == (12,) * 3
    assert (told["bid.accepted"], told["bid.withdrawn"], told["minutes.signed"]) == (7, 1, 3)
    end = [
        "lot.closed", "leader.determined", "winner.announced", "payment.recorded",
        "lot.delivered", "title.filed", "proceeds.distributed", "file.closed",
    ]  # fmt: skip
    assert [kind for kind in kinds if kind in end] == end
    report = await verify(world.instance.settings.database_url or "")
    assert (report.problem, report.lots) == (None, 2)
