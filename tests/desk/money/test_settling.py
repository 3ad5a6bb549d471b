"""Each fate of a deposit, from the journal into the books and out of the bank."""

from __future__ import annotations

import pytest

from auction_engine.clients.bank import Customer
from auction_engine.desk.money import guarantees, holders, suspense
from auction_engine.rules.postings.entry import Name

from .house import CLOSES_MS, DAY_MS, DEPOSIT, END_MS, MILLION, PAID_ON, START_MS, House, Sale

WEEK_MS = 7 * DAY_MS


async def nothing_left(desk: House, *sales: Sale) -> dict[str, int]:
    """What was paid out once everybody did what is due; nothing else is left anywhere."""
    await desk.settled(*sales)
    assert await desk.left() == {}
    await desk.check()
    await desk.verified()
    return await desk.paid()


async def costs(desk: House, sale: Sale, millions: int = 12) -> None:
    await holders.state_costs(
        desk.connection, desk.organisation, sale.lot, millions * MILLION, desk.people["clerk"],
        "Invoices",
    )  # fmt: skip


async def test_losers_are_refunded_and_the_winners_deposit_becomes_the_price(desk: House) -> None:
    sale = await (await desk.sale()).sold()
    await desk.check()
    await sale.earnest_arrives()
    await sale.pay_price(500 * MILLION, 350 * MILLION)
    assert (await sale.state()).status == "PAID"
    await sale.delivered()
    await desk.settled(sale)
    assert await desk.left() == {
        "BANK.AGENCY[]": 1_050 * MILLION,
        f"LIAB.ESTATE[lot:{sale.lot}]": -1_050 * MILLION,
    }
    await desk.check()
    await desk.verified()


async def test_asking_again_and_again_numbers_nothing(desk: House) -> None:
    sale = await desk.sale(3)
    for _ in range(5):
        await sale.look()
    await desk.sale(3)
    row = await desk.connection.fetchrow(
        "SELECT count(*) AS n, max(id) AS last FROM payment_request"
    )
    assert row["n"] == row["last"] == 6


async def test_a_bidder_who_may_go_after_a_change_gets_the_deposit_back(desk: House) -> None:
    sale = await desk.sale()
    await sale.deposited()
    await sale.act("change", what="QUANTITY")
    await sale.act("withdraw_registration", sale.bidders[0])
    await sale.keep()
    await desk.settled(sale)
    assert await desk.paid() == {"REFUND A": 200}
    await desk.check()


async def test_a_refused_dossier_gets_its_deposit_back(desk: House) -> None:
    sale = await desk.sale()
    await sale.pay(*sale.bidders)
    await desk.hear()
    await sale.keep()
    await sale.act("refuse_registration", bidder=sale.bidders[2], reason="Papers are missing.")
    await desk.settled(sale)
    assert await desk.paid() == {"REFUND C": 200}


async def test_a_bidder_refused_before_the_lot_knew_of_his_deposit(desk: House) -> None:
    sale = await desk.sale()
    await sale.pay(sale.bidders[2])
    await desk.hear()
    await sale.act("refuse_registration", bidder=sale.bidders[2], reason="Papers are missing.")
    assert await nothing_left(desk, sale) == {"REFUND C": 200}


@pytest.mark.parametrize("excused", [True, False])
async def test_absence_waits_for_its_decision(desk: House, excused: bool) -> None:
    sale = await desk.sale()
    await sale.deposited()
    a, b, c = sale.bidders
    await sale.opened(a, b)
    await sale.announced((a, 1_000), (b, 1_050))
    await costs(desk, sale)
    await sale.keep()
    await desk.check()
    assert await desk.balance("LIAB.DEPOSIT", f"lot:{sale.lot}/bidder:{c}") == DEPOSIT
    await sale.signed()
    until = (await sale.state()).life.claims_until_ms
    assert until is not None
    await sale.tick(until + 1)
    await sale.act("decide_absence", bidder=c, excused=excused)
    await sale.keep()
    await desk.pay_all(desk.escrow)
    await desk.hear()
    paid = await desk.paid()
    assert paid.get("REFUND C", 0) == (200 if excused else 0)
    assert (paid.get("COSTS"), paid.get("BUDGET")) == ((None, None) if excused else (12, 188))
    await desk.check()


@pytest.mark.parametrize("what", ["DISQUALIFIED", "WITHDREW"])
async def test_lost_while_the_bidding_runs(desk: House, what: str) -> None:
    sale = await desk.sale()
    await sale.deposited()
    a, b, c = sale.bidders
    await sale.opened()
    for who, millions in ((a, 1_000), (b, 1_050), (c, 1_100)):
        await sale.bid(who, millions)
    if what == "WITHDREW":
        await sale.act("withdraw_bid", c)
    else:
        await sale.act("disqualify", bidder=c, ground="COLLUSION", reason="Messages.")
    await sale.keep()
    # Nothing moves until the auction's costs are stated: they are paid first.
    assert await desk.balance("LIAB.DEPOSIT", f"lot:{sale.lot}/bidder:{c}") == DEPOSIT
    await costs(desk, sale)
    await sale.keep()
    await desk.check()
    await sale.tick(END_MS)
    await sale.act("announce", role="AUCTIONEER")
    await sale.signed()
    await sale.earnest_arrives()
    paid = await desk.paid()
    assert paid == {"REFUND A": 200, "COSTS": 12, "BUDGET": 188, "REMITTANCE": 200}
    await desk.check()


async def test_costs_are_covered_once_also_when_their_payment_fails(desk: House) -> None:
    sale = await desk.sale(4)
    await sale.deposited()
    a, b, c, d = sale.bidders
    await sale.opened()
    for who, millions in ((a, 1_000), (b, 1_050), (c, 1_100), (d, 1_150)):
        await sale.bid(who, millions)
    await costs(desk, sale, 250)
    await sale.act("withdraw_bid", c)
    await sale.keep()
    desk.escrow.closed.add("7111000000")
    await desk.pay_all(desk.escrow)
    (failed,) = await desk.due(desk.organisation, "FAILED")
    assert failed["kind"] == "COSTS"
    # 50 of 250 are still uncovered, however often the 200 are credited again.
    await sale.act("withdraw_bid", d)
    await sale.keep()
    key = f"lot:{sale.lot}"
    assert await desk.balance("PAYABLE.AUCTION_COST", key) == 250 * MILLION
    assert await desk.balance("PAYABLE.STATE_BUDGET", key) == 150 * MILLION


async def test_the_refuser_loses_and_the_runner_up_buys(desk: House) -> None:
    sale = await desk.sale()
    await sale.deposited()
    a, b, _ = sale.bidders
    await sale.opened()
    await sale.announced((b, 1_050), (a, 1_100))
    await costs(desk, sale)
    await sale.act("refuse_win", a)
    await sale.keep()
    assert await desk.balance("LIAB.DEPOSIT", f"lot:{sale.lot}/bidder:{b}") == DEPOSIT
    await sale.act("accept_offer", b)
    await sale.signed()
    await sale.earnest_arrives()
    assert await desk.paid() == {"REFUND C": 200, "COSTS": 12, "BUDGET": 188, "REMITTANCE": 200}
    await sale.pay_price()
    assert (await sale.state()).status == "PAID"
    await desk.check()


async def test_the_minutes_are_refused(desk: House) -> None:
    sale = await desk.sale()
    await sale.deposited()
    await sale.opened()
    await sale.announced()
    await costs(desk, sale, 0)
    winner = await sale.winner()
    await sale.act("refuse_minutes", winner)
    assert await nothing_left(desk, sale) == {"REFUND A": 200, "REFUND C": 200, "BUDGET": 200}


async def _default(sale: Sale) -> None:
    due = (await sale.state()).life.due_ms
    assert due is not None
    await sale.tick(due + 1)
    assert (await sale.state()).status == "PAYMENT_DEFAULT"


async def test_default_after_the_earnest_money_has_arrived(desk: House) -> None:
    sale = await (await desk.sale()).sold()
    await sale.earnest_arrives()
    await sale.pay_price(300 * MILLION)
    await _default(sale)
    await sale.keep()
    await desk.settled(sale)
    assert await desk.paid() == {
        "REFUND A": 200, "REFUND C": 200, "REFUND B": 300, "REMITTANCE": 200
    }  # fmt: skip
    assert (await desk.left())[f"PAYABLE.FORFEITED[lot:{sale.lot}]"] == -DEPOSIT
    await desk.check()


@pytest.mark.parametrize("rescinded", [False, True])
async def test_default_before_anybody_has_looked(desk: House, rescinded: bool) -> None:
    sale = await (await desk.sale()).sold()
    await _default(sale)
    if rescinded:
        await sale.act("rescind", role="AGENCY", reason="Not paid.")
        await sale.act("cut_price", role="AGENCY", starting_price_minor=950 * MILLION)
    await sale.keep()
    await sale.earnest_arrives()
    await desk.settled(sale)
    assert await desk.paid() == {"REFUND A": 200, "REFUND C": 200, "REMITTANCE": 200}
    assert await desk.left() == {
        "BANK.AGENCY[]": DEPOSIT,
        f"PAYABLE.FORFEITED[lot:{sale.lot}]": -DEPOSIT,
    }


async def test_default_while_the_earnest_money_is_on_its_way(desk: House) -> None:
    sale = await (await desk.sale()).sold()
    await sale.keep()
    await sale.pay_price(300 * MILLION)
    await _default(sale)
    await sale.keep()
    # Nothing goes back before it is known what is lost.
    assert await desk.balance("LIAB.PURCHASE_PRICE", f"lot:{sale.lot}", desk.agency) > 0
    await sale.earnest_arrives()
    await desk.settled(sale)
    assert (await desk.paid())["REFUND B"] == 300
    await desk.check()


async def test_a_beneficiary_for_whom_there_is_no_deposit_to_lose(desk: House) -> None:
    changes = {"forfeit_beneficiaries": (("PAYMENT_DEFAULT", "STATE_BUDGET_AFTER_COSTS"),)}
    sale = await (await desk.sale(**changes)).sold()
    await sale.earnest_arrives()
    await _default(sale)
    paid = await nothing_left(desk, sale)
    assert paid == {"REFUND A": 200, "REFUND C": 200, "REMITTANCE": 200, "BUDGET": 200}


@pytest.mark.parametrize("earnest_first", [True, False])
async def test_the_buyer_rescinds(desk: House, earnest_first: bool) -> None:
    sale = await (await desk.sale()).sold()
    await sale.keep()
    if earnest_first:
        await sale.earnest_arrives()
    await sale.pay_price()
    due = (await sale.state()).life.due_ms
    assert due is not None
    await sale.tick(due + DAY_MS)
    await sale.act("buyer_rescinds", await sale.winner())
    await sale.keep()
    paid = await nothing_left(desk, sale)
    assert paid == {"REFUND A": 200, "REFUND C": 200, "REMITTANCE": 200, "REFUND B": 1_050}


async def _annul(sale: Sale, ground: str = "COURT") -> None:
    await sale.act("annul", role="COURT", reason="Judgment 7", ground=ground)


async def test_annulled_before_the_contract(desk: House) -> None:
    sale = await desk.sale()
    await sale.deposited()
    await sale.opened()
    await sale.announced()
    await sale.keep()
    await _annul(sale)
    assert await nothing_left(desk, sale) == {"REFUND A": 200, "REFUND B": 200, "REFUND C": 200}


async def test_annulled_while_the_earnest_money_is_on_its_way(desk: House) -> None:
    sale = await (await desk.sale()).sold()
    await sale.keep()
    await _annul(sale)
    paid = await nothing_left(desk, sale)
    assert paid == {"REFUND A": 200, "REFUND C": 200, "REMITTANCE": 200, "REFUND B": 200}


async def test_annulled_when_the_price_is_there_and_the_earnest_money_not_yet(desk: House) -> None:
    sale = await (await desk.sale()).sold()
    await sale.keep()
    await sale.pay_price()
    await _annul(sale)
    await sale.keep()
    paid = await nothing_left(desk, sale)
    assert paid["REFUND B"] == 1_050


async def test_annulled_after_the_delivery(desk: House) -> None:
    sale = await (await desk.sale()).sold()
    await sale.earnest_arrives()
    await sale.pay_price()
    await sale.delivered()
    await _annul(sale)
    assert (await nothing_left(desk, sale))["REFUND B"] == 1_050


async def test_earnest_money_that_arrives_after_the_delivery_joins_the_estate(desk: House) -> None:
    sale = await (await desk.sale()).sold()
    await sale.keep()
    await sale.pay_price()
    await sale.delivered()
    await sale.earnest_arrives()
    assert await desk.balance("LIAB.ESTATE", f"lot:{sale.lot}", desk.agency) == 1_050 * MILLION


async def test_what_a_technical_fault_undid_is_given_back_to_who_had_lost_it(desk: House) -> None:
    sale = await desk.sale()
    await sale.deposited()
    a, b, c = sale.bidders
    await sale.opened()
    for who, millions in ((a, 1_000), (b, 1_050), (c, 1_100)):
        await sale.bid(who, millions)
    await costs(desk, sale)
    await sale.act("withdraw_bid", c)
    await sale.keep()
    await sale.act("report_incident", role="ORGANISATION", what="Bids were lost.")
    await sale.act("decide_incident", role="AGENCY", choice="ANNUL")
    await sale.keep()
    assert await nothing_left(desk, sale) == {"REFUND A": 200, "REFUND B": 200, "REFUND C": 200}


async def test_a_fault_found_when_the_lost_deposit_has_been_paid_out(desk: House) -> None:
    sale = await desk.sale()
    await sale.deposited()
    a, b, c = sale.bidders
    await sale.opened()
    for who, millions in ((a, 1_000), (b, 1_050), (c, 1_100)):
        await sale.bid(who, millions)
    await costs(desk, sale)
    await sale.act("withdraw_bid", c)
    await sale.keep()
    await desk.pay_all(desk.escrow)  # ordered, and told of later
    await sale.act("report_incident", role="ORGANISATION", what="Bids were lost.")
    await sale.act("decide_incident", role="AGENCY", choice="ANNUL")
    await sale.keep()
    owed = f"lot:{sale.lot}/party:0"
    assert await desk.balance("RECEIVABLE.ANNULLED", owed) == DEPOSIT
    # One of the two fails: what did not leave is not owed back, and not sent again.
    (cost,) = [
        row for row in await desk.due(desk.organisation, "ORDERED") if row["kind"] == "COSTS"
    ]
    await desk.hear()
    end_to_end = f"AE-P{cost['id']}-1"
    desk.escrow._move(PAID_ON, 12 * MILLION, end_to_end, "returned", sale.customer(c))
    await desk.hear()
    await sale.keep()
    assert await desk.balance("RECEIVABLE.ANNULLED", owed) == 188 * MILLION
    desk.escrow.receive(PAID_ON, 188 * MILLION, "tra lai", Customer("KHO BAC", "7111000000"))
    assert (await desk.hear()).suspense == {"UNKNOWN": 1}
    (line,) = await desk.connection.fetch("SELECT line_id FROM suspense WHERE closed_at IS NULL")
    taken = await suspense.make_good(
        desk.connection, desk.organisation, line["line_id"], Name("RECEIVABLE.ANNULLED", owed),
        desk.people["clerk"], "Letter of the treasury",
    )  # fmt: skip
    assert taken == 188 * MILLION
    paid = await nothing_left(desk, sale)
    assert (paid["REFUND A"], paid["REFUND B"], paid["REFUND C"]) == (200, 200, 200)


async def test_stopped_and_held_again_the_lot_knows_that_deposits_went_back(desk: House) -> None:
    sale = await desk.sale()
    await sale.deposited()
    await sale.opened()
    await sale.act("stop", ground="NOT_FIT_FOR_AUCTION", role="AGENCY", reason="Register.")
    await sale.keep()
    assert (await sale.state()).life.deposits == {}
    await sale.act("reschedule", start_ms=START_MS + WEEK_MS, end_ms=END_MS + WEEK_MS)
    await sale.keep()
    assert (await sale.state()).life.deposits == {}
    assert await nothing_left(desk, sale) == {"REFUND A": 200, "REFUND B": 200, "REFUND C": 200}


async def test_what_the_bank_took_back_is_not_told_again_nor_refunded(desk: House) -> None:
    sale = await desk.sale()
    await sale.deposited()
    a = sale.bidders[0]
    await sale.act(
        "release_deposit", bidder=a, ground="BANK_REVERSAL", reason="The bank reversed it."
    )
    await sale.keep()
    assert a not in (await sale.state()).life.deposits
    await sale.opened(*sale.bidders[1:])
    await sale.announced((sale.bidders[1], 1_000), (sale.bidders[2], 1_050))
    await sale.signed()
    await sale.keep()
    assert [row["payee"] for row in await desk.due(desk.organisation)] == [sale.bidders[1], 0]
    await desk.check()


async def _guaranteed(desk: House, sale: Sale, who: int) -> None:
    await guarantees.accept(
        desk.connection, desk.organisation, (await sale.request(who)).id, "Ngan hang Ben Tre",
        "BL-1", PAID_ON, desk.people["clerk"], "The original is in the file",
    )  # fmt: skip


async def test_a_guarantee_is_given_back_to_who_did_not_win(desk: House) -> None:
    sale = await desk.sale()
    a, b, c = sale.bidders
    await _guaranteed(desk, sale, c)
    await sale.deposited(a, b)
    await sale.admit(c)
    await sale.opened()
    await sale.announced()
    await sale.keep()
    key = f"lot:{sale.lot}/bidder:{c}"
    assert await desk.balance("MEMO.GUARANTEE", key) == 0
    assert (
        await desk.connection.fetchval(
            "SELECT count(*) FROM transfer WHERE kind = 'guarantee.ended'"
        )
        == 1
    )
    assert "REFUND C" not in await desk.paid()


async def test_a_guarantee_is_called_when_the_deposit_is_lost(desk: House) -> None:
    sale = await desk.sale()
    a, b, c = sale.bidders
    await _guaranteed(desk, sale, c)
    await sale.deposited(a, b)
    await sale.admit(c)
    await sale.opened()
    await sale.announced((b, 1_000), (c, 1_050))
    await costs(desk, sale)
    await sale.act("refuse_win", c)
    await sale.keep()
    key = f"lot:{sale.lot}/bidder:{c}"
    assert await desk.balance("MEMO.GUARANTEE", key) == DEPOSIT
    await sale.pay(c)  # the bank that vouched pays, under the same reference
    assert (await desk.hear()).allocated == 1
    await sale.keep()
    assert await desk.balance("MEMO.GUARANTEE", key) == 0
    await desk.settled(sale)
    assert (await desk.paid())["BUDGET"] == 188
    await desk.check()


async def test_a_guaranteed_buyer_who_defaults_gets_his_part_back(desk: House) -> None:
    sale = await desk.sale()
    a, b, c = sale.bidders
    await _guaranteed(desk, sale, c)
    await sale.deposited(a, b)
    await sale.admit(c)
    await sale.opened()
    await sale.announced((b, 1_000), (c, 1_050))
    await sale.signed()
    await sale.keep()
    await sale.pay_price(400 * MILLION)
    await _default(sale)
    await desk.settled(sale)
    assert (await desk.paid())["REFUND C"] == 400
    await sale.pay(c)
    await desk.hear()
    await desk.settled(sale)
    assert (await desk.left())[f"PAYABLE.FORFEITED[lot:{sale.lot}]"] == -DEPOSIT
    assert (await desk.paid())["REFUND C"] == 400
    await desk.check()


async def test_after_the_last_day_of_registration_a_deposit_is_late(desk: House) -> None:
    sale = await desk.sale()
    await sale.tick(CLOSES_MS)
    request = await sale.request(sale.bidders[0])
    assert request.due_on is not None
    await sale.pay(sale.bidders[0], day=request.due_on)
    await sale.pay(sale.bidders[1], day=request.due_on.replace(day=request.due_on.day + 1))
    found = await desk.hear()
    assert (found.allocated, found.suspense) == (1, {"LATE": 1})
