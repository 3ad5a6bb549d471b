"""A creditor takes the property in kind: computed, approved by another, paid, told to the lot."""

from __future__ import annotations

from typing import Any

import pytest

from auction_engine.clients.bank import Customer
from auction_engine.desk.money import taking
from auction_engine.desk.money.record import MoneyError
from auction_engine.desk.reading import Lots

from .house import CLOSES_MS, END_MS, MILLION, ORDERED_ON, START_MS, House, Sale


async def offered(desk: House, **changes: Any) -> Sale:
    """Nobody bid, after the second cut: creditors may take it at 1,000 million."""
    sale = await desk.sale(0, cuts=2, failures=2, **changes)
    await sale.tick(CLOSES_MS)
    state = await sale.state()
    if state.status == "REGISTRATION_CLOSED":
        await sale.act("make_ready")
        await sale.tick(START_MS)
        await sale.tick(END_MS)
    await sale.act("offer_in_kind", role="AGENCY")
    return sale


def sheet(**changes: Any) -> dict[str, Any]:
    """Costs of 25, wages of 180 before him, his own claim of 1,200 million."""
    on = ORDERED_ON.isoformat()
    party = {"account": "1", "bank": "VCBKVNVX"}
    return {
        "parties": [
            {"number": 1, "name": "Debtor", "role": "DEBTOR", **party},
            {"number": 2, "name": "Worker", **party},
            {"number": 3, "name": "Creditor", **party},
            {"number": 4, "name": "Valuer", "role": "PAYEE", **party},
        ],
        "debtor": 1,
        "coercive_on": on,
        "payment_on": on,
        "costs": [{"payee": 4, "amount_minor": 25 * MILLION}],
        "claims": [
            {"party": 2, "rank": "LABOUR_MAINTENANCE_INJURY", "principal_minor": 180 * MILLION,
             "requested_on": on, "owes_fee": False},
            {"party": 3, "rank": "OTHER", "principal_minor": 1_200 * MILLION, "requested_on": on},
        ],
        "taker": 3,
        "others_agree": True,
    } | changes  # fmt: skip


async def approved(desk: House, sale: Sale, **changes: Any) -> int:
    number = await taking.prepare(
        desk.connection, desk.lots, sale.lot, sheet(**changes), desk.people["officer"]
    )
    await taking.approve(desk.connection, Lots(), number, desk.people["head"])
    return number


async def refused(code: str, work: Any) -> None:
    with pytest.raises(MoneyError) as caught:
        await work
    assert caught.value.code == code


async def test_he_pays_in_what_is_others_and_his_claim_is_set_off(desk: House) -> None:
    sale = await offered(desk)
    await approved(desk, sale)
    request = await sale.request(3, "TOP_UP")
    # 795 of his 1,200 million are set off; of them 3 % is the enforcement fee.
    fee = 795 * MILLION * 3 // 100
    assert request.amount_minor == (25 + 180) * MILLION + fee
    await sale.keep()
    assert (await sale.state()).status == "IN_KIND_OFFER"
    desk.treasury.receive(
        ORDERED_ON, request.amount_minor, request.reference, Customer("CREDITOR", "1")
    )
    await desk.hear(desk.treasury)
    await sale.keep()
    state = await sale.state()
    assert state.status == "TAKEN_BY_CREDITOR"
    await desk.settled(sale)
    assert await desk.left() == {}
    rows = await desk.connection.fetch(
        "SELECT kind, sum(amount_minor)::bigint AS minor FROM payout GROUP BY kind ORDER BY kind"
    )
    assert {row["kind"]: row["minor"] for row in rows} == {
        "BUDGET": fee, "COSTS": 25 * MILLION, "CREDITOR": 180 * MILLION,
    }  # fmt: skip
    await desk.check()
    await desk.verified()


async def test_a_price_within_the_costs_is_free(desk: House) -> None:
    sale = await offered(desk)
    await approved(desk, sale, costs=[{"payee": 4, "amount_minor": 1_000 * MILLION}])
    await sale.keep()
    assert (await sale.state()).status == "TAKEN_BY_CREDITOR"
    assert await desk.left() == {}
    await desk.verified()


async def test_two_people_once_and_only_when_offered(desk: House) -> None:
    sale = await offered(desk)
    officer, head = desk.people["officer"], desk.people["head"]
    number = await taking.prepare(desk.connection, desk.lots, sale.lot, sheet(), officer)
    await refused("SAME_PERSON", taking.approve(desk.connection, Lots(), number, officer))
    other = await taking.prepare(desk.connection, desk.lots, sale.lot, sheet(), officer)
    await taking.approve(desk.connection, Lots(), number, head)
    await taking.approve(desk.connection, Lots(), number, head)
    await refused("DISTRIBUTED", taking.approve(desk.connection, Lots(), other, head))
    await refused("UNKNOWN_DISTRIBUTION", taking.approve(desk.connection, Lots(), 10**6, head))
    sold = await (await desk.sale()).sold()
    await refused("NOT_OFFERED", taking.compute(desk.connection, desk.lots, sold.lot, sheet()))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"others_agree": False}, "NEEDS_CONSENT"),
        ({"taker": 2, "others_agree": False}, "NEEDS_CONSENT"),
        ({"taker": 1}, "BAD_SHEET"),
        ({"taker": 9}, "BAD_SHEET"),
    ],
)
async def test_what_the_rules_refuse(desk: House, changes: dict[str, Any], code: str) -> None:
    sale = await offered(desk)
    await refused(code, taking.compute(desk.connection, desk.lots, sale.lot, sheet(**changes)))
