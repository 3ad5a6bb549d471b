"""Cases of proceeds for tests: amounts in đồng, written out so that sums can be done by hand."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, get_args

from auction_engine.rules import packs
from auction_engine.rules.pack import Pack
from auction_engine.rules.pack_proceeds import Rank
from auction_engine.rules.proceeds.claims import Case, Claim, Item

NEW: Pack = packs.load("vn-enforcement-2026-07")
MIDDLE: Pack = packs.load("vn-enforcement-2025")
OLD: Pack = packs.load("vn-enforcement-2017")
MILLION = 1_000_000

# Parties
DEBTOR, HOUSE, VALUER, TAX, COURT, BANK, WORKER, CHILD, INSURER, SELLER, LATE, LENDER = range(1, 13)

COERCIVE = date(2026, 8, 3)
PAYMENT = date(2026, 12, 28)
CASE = Case(debtor=DEBTOR, coercive_on=COERCIVE, payment_on=PAYMENT)


def claim(party: int, rank: Rank, principal: int, **more: Any) -> Claim:
    """A claim in đồng, requested before the coercive decision unless said."""
    return Claim(party, rank, principal, more.pop("requested_on", date(2026, 7, 1)), **more)


def case(*claims: Claim, **more: Any) -> Case:
    return replace(CASE, claims=claims, **more)


def anything(chance: random.Random, pack: Pack) -> Case:
    """A random case that this pack can distribute."""
    assert pack.payment_order is not None
    top = pack.payment_order.off_top
    ranks = [rank for rank in get_args(Rank) if rank != "SECURED"]
    claims = []
    for number in range(chance.randint(0, 9)):
        secured = chance.choice(["NONE"] * 5 + ["JUDGMENT_CREDITOR", "OUTSIDER"])
        fee = None
        if secured == "JUDGMENT_CREDITOR" and chance.random() < 0.5:
            fee = Item(COURT, some(chance))
        claims.append(
            Claim(
                party=20 + number // 2,
                rank=chance.choice(ranks),
                principal_minor=some(chance),
                requested_on=PAYMENT + timedelta(chance.randint(-200, 5)),
                late_interest_minor=some(chance) // 4,
                of_this_agency=chance.random() < 0.8,
                secured=secured,  # type: ignore[arg-type]
                place=chance.randint(1, 2),
                court_fee=fee,
                owes_fee=chance.random() < 0.8,
            )
        )
    return replace(
        CASE,
        claims=tuple(claims),
        costs=tuple(Item(HOUSE + n, some(chance) // 9) for n in range(chance.randint(0, 2))),
        rent_minor=some(chance) if chance.random() < 0.3 else 0,
        taxes=(Item(TAX, some(chance)),)
        if "TRANSFER_TAXES_FEES" in top and chance.random() < 0.5
        else (),
        mode="BAD_DEBT"
        if pack.payment_order.bad_debt is not None and chance.random() < 0.1
        else "NORMAL",
    )


def some(chance: random.Random) -> int:
    """A sum of any size, often tiny, sometimes 0."""
    return chance.randrange(0, 10 ** chance.randint(1, 11))
