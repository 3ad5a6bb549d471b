"""The page of components leaves nothing out."""

from __future__ import annotations

import json
import re

import pytest

from auction_engine.http import design
from auction_engine.http.presenting import WEB, presenter

TEXTS = {lang: json.loads((WEB / "locales" / f"{lang}.json").read_text()) for lang in ("vi", "en")}
TEXTS["vi"] |= json.loads((WEB / "locales" / "room.vi.json").read_text())


def test_every_state_of_the_banner_is_there_with_its_mark() -> None:
    said = {m[1] for key in TEXTS["vi"] if (m := re.fullmatch(r"live\.standing\.([a-z_]+)", key))}
    assert said | {"out"} == set(design.STANDINGS)
    marks = (WEB / "templates" / "marks.svg.html").read_text()
    for kind in design.STANDINGS:
        assert f'"{kind}"' in marks or f"mark-{kind}" in marks


def test_every_colour_of_the_tokens_is_there() -> None:
    tokens = (WEB / "styles" / "tokens.css").read_text()
    named = set(re.findall(r"--([a-z-]+): (?:#[0-9a-f]{6}|currentColor)", tokens))
    assert named == set(design.COLOURS)


def test_no_colour_is_named_outside_the_tokens() -> None:
    for sheet in (WEB / "styles").rglob("*.css"):
        if sheet.name != "tokens.css":
            assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?![-\w])", sheet.read_text()) == [], sheet.name


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_part_has_a_name_and_a_use(lang: str) -> None:
    for name in design.PARTS:
        assert presenter().text(lang, f"design.{name}")
        assert len(presenter().text(lang, f"design.{name}.use")) > 20
