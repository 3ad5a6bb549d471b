"""When a complaint must be filed, taken up and decided, checked by hand on the calendar."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from auction_engine.rules import packs
from auction_engine.rules.complaints import NEXT, holds, limit
from auction_engine.rules.pack import from_data
from auction_engine.rules.pack_errors import PackError

NEW = packs.load("vn-enforcement-2026-07")
PLATES = packs.load("vn-plates")


@pytest.mark.parametrize(
    ("addressee", "step", "since", "day"),
    [
        ("AGENCY", "FILE", date(2026, 10, 1), date(2026, 11, 2)),  # 31/10 is a Saturday
        ("AGENCY", "FILE", date(2026, 10, 5), date(2026, 11, 4)),
        ("AGENCY", "ACCEPT", date(2026, 10, 9), date(2026, 10, 16)),  # a Friday, five working days
        ("AGENCY", "DECIDE", date(2026, 10, 5), date(2026, 11, 4)),
        ("ORGANISATION", "FILE", date(2026, 7, 1), date(2026, 9, 29)),
        ("ORGANISATION", "ACCEPT", date(2026, 10, 5), date(2026, 10, 15)),
        ("ORGANISATION", "DECIDE", date(2026, 10, 5), date(2026, 11, 4)),
    ],
)
def test_the_days_under_the_law_since_july_2026(
    addressee: Any, step: Any, since: date, day: date
) -> None:
    found = limit(NEW, addressee, step, since)
    assert found is not None
    assert found.day == day
    assert found.rule.startswith("Law 26/2008" if addressee == "AGENCY" else "Law 02/2011")
    assert not found.verified  # nobody has read the chapter that rules it


def test_where_the_pack_knows_no_such_body_there_is_no_limit() -> None:
    assert limit(PLATES, "AGENCY", "FILE", date(2026, 10, 1)) is None
    assert limit(None, "ORGANISATION", "FILE", date(2026, 10, 1)) is None
    assert limit(packs.load("es-boe"), "ORGANISATION", "FILE", date(2026, 10, 1)) is None


def test_a_section_names_somebody_who_hears_complaints() -> None:
    data = NEW.model_dump(mode="json", exclude_none=True) | {"complaints": {}}
    with pytest.raises(PackError, match=r"complaints\.organisation"):
        from_data(data, "x")


def test_what_is_over_stays_over() -> None:
    assert {state for state, follows in NEXT.items() if not follows} == {
        "REJECTED_FORMALLY", "WITHDRAWN", "SECOND_UPHELD", "SECOND_DENIED",
    }  # fmt: skip
    assert "DECIDED_UPHELD" not in NEXT["FILED"]  # nothing is decided that was not taken up
    assert NEXT["DECIDED_DENIED"] == ("APPEALED",)


def test_what_waits_is_the_packs_and_the_bidding_never_does() -> None:
    assert holds(NEW, "ORGANISATION") == {
        "ANNOUNCEMENT": "ACCEPTED", "PAYOUT": "ACCEPTED", "DISTRIBUTION": "ACCEPTED",
        "SINGLE_BIDDER": "FILED",
    }  # fmt: skip
    assert holds(None, "AGENCY") == {}
    spain = packs.load("es-boe")
    assert spain.complaints is None
    assert set(holds(spain, "AGENCY")) <= {"SINGLE_BIDDER"}
    for pack in packs.every():
        for addressee in ("ORGANISATION", "AGENCY"):
            assert "BIDDING" not in holds(pack, addressee)


def test_the_second_instance_has_days_of_its_own() -> None:
    found = limit(NEW, "AGENCY", "APPEAL", date(2026, 10, 5))
    again = limit(NEW, "AGENCY", "DECIDE_AGAIN", date(2026, 10, 5))
    assert found is not None
    assert again is not None
    assert (found.day, again.day) == (date(2026, 11, 4), date(2026, 11, 19))
    assert limit(PLATES, "AGENCY", "APPEAL", date(2026, 10, 5)) is None
