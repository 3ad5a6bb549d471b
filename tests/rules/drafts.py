"""A movable of an enforcement case, ready to be published for Monday, 19 October 2026."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from auction_engine.rules import calendar as days
from auction_engine.rules import packs
from auction_engine.rules.draft import Draft, Notice
from auction_engine.rules.pack import Pack
from auction_engine.rules.publication import check

HANOI = "Asia/Ho_Chi_Minh"
MILLION = 1_000_000
MINUTE_MS = 60_000
NEW: Pack = packs.load("vn-enforcement-2026-07")


def at(year: int, month: int, day: int, clock: str, zone: str = HANOI) -> int:
    return days.at_time_ms(date(year, month, day), clock, zone)


OPENING = at(2026, 10, 19, "09:00")
DRAFT = Draft(
    category="ENFORCEMENT",
    movable=True,
    starting_price_minor=1_000 * MILLION,
    increment_minor=50 * MILLION,
    deposit_minor=200 * MILLION,
    opening_ms=OPENING,
    end_ms=OPENING + 30 * MINUTE_MS,
    valuation_minor=1_000 * MILLION,
    valuation_expires_on=date(2026, 12, 31),
    service_contract_on=date(2026, 9, 22),
    posting_on=date(2026, 10, 5),
    posting_proof="photograph",
    notices=(
        Notice(date(2026, 10, 5), ("NATIONAL_PORTAL", "PRINTED_PAPER"), "clip 1"),
        Notice(date(2026, 10, 8), ("NATIONAL_PORTAL",), "clip 2"),
    ),
    viewing_on=(date(2026, 10, 12), date(2026, 10, 13)),
    registration_open_ms=at(2026, 10, 5, "08:00"),
    registration_close_ms=at(2026, 10, 14, "17:00"),
    deposit_open_ms=at(2026, 10, 5, "08:00"),
    deposit_close_ms=at(2026, 10, 14, "17:00"),
    pause_stop_clause=True,
)


def draft(**changes: Any) -> Draft:
    return replace(DRAFT, **changes)


def codes(pack: Pack = NEW, **changes: Any) -> list[tuple[str, str]]:
    """Path and code of everything the check finds about the changed draft."""
    return [(finding.path, finding.code) for finding in check(pack, draft(**changes))]
