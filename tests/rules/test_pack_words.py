"""Values of a pack in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from auction_engine.rules.pack_base import Span
from auction_engine.rules.pack_words import (
    amount,
    citation,
    code_text,
    duration_text,
    label,
    percent,
    span_text,
)


@pytest.mark.parametrize(
    ("basis_points", "text"),
    [(500, "5 %"), (10_000, "100 %"), (50, "0.5 %"), (1, "0.01 %"), (0, "0 %"), (30_000, "300 %")],
)
def test_percentages(basis_points: int, text: str) -> None:
    assert percent(basis_points) == text


@pytest.mark.parametrize(
    ("minor", "digits", "text"),
    [
        (50_000_000, 0, "50 000 000 X"),
        (3_000_000, 2, "30 000.00 X"),
        (5, 2, "0.05 X"),
        (999, 0, "999 X"),
    ],
)
def test_amounts(minor: int, digits: int, text: str) -> None:
    assert amount(minor, "X", digits) == text


def test_spans_and_durations() -> None:
    assert span_text(Span(working_days=1)).en == "1 working day"
    assert span_text(Span(working_days=7)).vi == "7 ngày làm việc"
    assert span_text(Span(months=3)).vi == "3 tháng"
    assert duration_text(timedelta(minutes=4, seconds=3)).en == "4 minutes 3 seconds"
    assert duration_text(timedelta(days=1, hours=1)).vi == "1 ngày 1 giờ"


@pytest.mark.parametrize(
    ("reference", "vietnamese"),
    [
        ("Law 01/2016/QH14 Art. 39(1)", "Luật 01/2016/QH14 Điều 39(1)"),
        ("Civil Code 2015 Arts. 147-148", "Bộ luật Dân sự 2015 Điều 147-148"),
        ("Decision 1311/QD-BTP", "Quyết định 1311/QĐ-BTP"),
        ("Joint Circular 11/2016 Art. 5(2)", "Thông tư liên tịch 11/2016 Điều 5(2)"),
        ("SPC Fa Shi [2016] No. 18", "SPC Fa Shi [2016] No. 18"),
    ],
)
def test_citations(reference: str, vietnamese: str) -> None:
    assert (citation(reference).vi, citation(reference).en) == (vietnamese, reference)


def test_the_whole_path_goes_before_its_last_step() -> None:
    assert label("pause_stop.until").en == "Only until"
    assert label("registration.until").en == "Closes"


def test_what_has_no_name_is_an_error() -> None:
    with pytest.raises(KeyError):
        label("nothing.here")
    with pytest.raises(KeyError):
        code_text("NO_SUCH_CODE")
