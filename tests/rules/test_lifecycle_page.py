"""The page of the lifecycle is the table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from auction_engine.rules.lifecycle import ROWS
from auction_engine.rules.lifecycle_page import BESIDE, GROUPS, diagram, page, ways
from auction_engine.rules.lifecycle_words import WHY
from auction_engine.rules.lot import Status

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"
AGAIN = "write it anew: python -m auction_engine.rules.lifecycle_page docs/lifecycle.md"


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), AGAIN


def test_every_row_says_why_in_one_sentence() -> None:
    assert WHY.keys() == {row.event for row in (*BESIDE, *ROWS)}
    for text in WHY.values():
        assert text[0].isupper()
        assert text.count(". ") == 0
        assert text.endswith(".")


def test_the_diagram_has_every_way_from_one_status_to_another() -> None:
    members = {name: set(found) for name, found in GROUPS.items()}
    drawn: set[tuple[str, str]] = set()
    for line in diagram():
        found = re.fullmatch(r"\s*(\w+) --> (\w+): .+", line)
        if found:
            sources = members.get(found[1], {found[1]})
            drawn |= {(source, found[2]) for source in sources if source != found[2]}
    assert drawn == {way for row in (*BESIDE, *ROWS) for way in ways(row)}


def test_every_status_is_drawn_in_one_place() -> None:
    text = "\n".join(diagram())
    for status in get_args(Status):
        assert re.search(rf"\b{status}\b", text), status
    grouped = [status for found in GROUPS.values() for status in found]
    assert len(grouped) == len(set(grouped))


def test_no_arrow_is_drawn_twice() -> None:
    arrows = [line.split(":")[0].strip() for line in diagram() if "-->" in line]
    assert len(arrows) == len(set(arrows))
