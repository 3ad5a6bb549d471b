"""The pages of the rule packs are the packs."""

from __future__ import annotations

from pathlib import Path

import pytest

from auction_engine.rules import packs
from auction_engine.rules.pack import Pack
from auction_engine.rules.pack_page import page, rows, table, with_table

DOCS = Path(__file__).parents[2] / "docs" / "rules"
AGAIN = "write them anew: python -m auction_engine.rules.pack_page docs/rules"


@pytest.mark.parametrize("pack", packs.every(), ids=packs.ids())
def test_the_committed_page_is_current(pack: Pack) -> None:
    assert (DOCS / f"{pack.id}.md").read_text("utf-8") == page(pack), AGAIN


def test_the_list_in_the_readme_is_current() -> None:
    text = (DOCS / "README.md").read_text("utf-8")
    assert with_table(text) == text, AGAIN
    assert table() in text


def test_there_is_no_page_without_a_pack() -> None:
    assert {path.stem for path in DOCS.glob("*.md")} == {"README", *packs.ids()}


def test_values_are_in_words_with_their_source_and_doubts() -> None:
    text = page(packs.load("vn-enforcement-2026-07"))
    assert "| Ít nhất · At least | 5 % | Luật 01/2016/QH14 Điều 39(1) · Law 01/2016/QH14" in text
    assert "7 ngày làm việc · 7 working days [2]" in text
    assert "\n2. `posting`: " in text
    assert "rate 0.01 %" in text


@pytest.mark.parametrize("pack", packs.every(), ids=packs.ids())
def test_every_parameter_and_value_has_a_name(pack: Pack) -> None:
    for section in type(pack).model_fields:
        if section in ("id", "family", "title", "legal_basis", "sources", "unverified"):
            continue
        if getattr(pack, section) is not None:
            for _, name, words in rows(section, pack):
                assert name.vi
                assert words.vi
