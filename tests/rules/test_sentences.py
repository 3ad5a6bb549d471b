"""Every reason, refusal, failure, ground, status and event has its sentences in both languages."""

from __future__ import annotations

import ast
import json
import re
import string
from pathlib import Path
from typing import get_args

import pytest

import auction_engine.rules
from auction_engine.rules import grounds, guards, opening
from auction_engine.rules.events import BY_KIND, TURNS, Reason
from auction_engine.rules.lot import Status
from auction_engine.rules.sealing import UnreadableReason
from auction_engine.rules.terms import FORFEIT_GROUNDS

ROOT = Path(__file__).resolve().parents[2]
LANGS = ("vi", "en")
TEXTS: dict[str, dict[str, str]] = {
    lang: json.loads((ROOT / "web" / "locales" / f"rules.{lang}.json").read_text("utf-8"))
    for lang in LANGS
}
# What a sentence may name; whoever shows it gives these.
NAMED = {
    "rules.reason.BELOW_START": {"minimum"},
    "rules.reason.BELOW_MIN_INCREMENT": {"minimum"},
    "rules.reason.BELOW_OWN_MAXIMUM": {"minimum"},
    "rules.reason.STALE_PRICE": {"price"},
}


def codes() -> set[str]:
    """Every code a CommandRefused of the rules is raised with, and the recorder's own."""
    found = {"BAD_COMMAND"} | {c for _, c, _ in (guards.GUARDS | opening.GUARDS).values()}
    for path in Path(auction_engine.rules.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "CommandRefused":
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found.add(first.value)
    return found


def faults() -> set[str]:
    """Why a box that was opened does not count."""
    own = {"NOT_ABOVE_TIE", "BELOW_START", "BELOW_MIN_INCREMENT", "NOT_ON_STEP"}
    return set(get_args(UnreadableReason)) | own


GROUPS: dict[str, set[str]] = {
    "reason": set(get_args(Reason)),
    "refusal": codes(),
    "failure": set(grounds.FAILURES),
    "pause": {*grounds.PAUSE_GROUNDS, "INCIDENT"},
    "postponement": {*grounds.POSTPONEMENTS, *grounds.NOT_OPENED},
    "change": set(grounds.CHANGES),
    "stop": {*grounds.STOP_GROUNDS, "TECHNICAL_FAULT"},
    "disqualification": set(grounds.DISQUALIFICATIONS),
    "annulment": set(grounds.ANNULMENTS),
    "hold": set(grounds.HOLDS),
    "forfeit": {*FORFEIT_GROUNDS, "PAYMENT_DEFAULT"},
    "incident": {"CONTINUE", "ANNUL"},
    "box": faults(),
    "status": set(get_args(Status)),
    "event": {*BY_KIND, *TURNS},
}


@pytest.mark.parametrize("lang", LANGS)
def test_nothing_is_missing_and_nothing_is_left_over(lang: str) -> None:
    expected = {f"rules.{group}.{code}" for group, members in GROUPS.items() for code in members}
    assert expected - TEXTS[lang].keys() == set()
    assert TEXTS[lang].keys() - expected == set()


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("key", TEXTS["vi"])
def test_a_text_stands_by_itself(key: str, lang: str) -> None:
    """What happened and what to do, in whole sentences: nothing is put together from pieces."""
    text = TEXTS[lang][key]
    assert placeholders(text) == NAMED.get(key, set())
    assert text == text.strip()
    assert "  " not in text
    assert text[0].isupper()
    assert text.endswith(".")
    sentences = re.split(r"(?<=[.;!?])\s+", text)
    assert len(sentences) >= 2, "it says what happened, but not what to do or what comes next"
    assert len(text) <= 240


def test_the_languages_are_two() -> None:
    vietnamese = re.compile(
        "[ăâđêôơưáàảãạấầẩẫậắằẳẵặéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ]", re.I
    )
    for key, text in TEXTS["vi"].items():
        assert vietnamese.search(text), key
        assert not vietnamese.search(TEXTS["en"][key]), key
    assert list(TEXTS["vi"]) == list(TEXTS["en"]), "in one order, so that they can be compared"


@pytest.mark.parametrize("lang", LANGS)
def test_no_code_is_shown_to_people(lang: str) -> None:
    for key, text in TEXTS[lang].items():
        assert not re.search(r"\b[A-Z]{2,}_[A-Z_]+\b|\b[a-z]+\.[a-z]+\b", text), key


@pytest.mark.parametrize("lang", LANGS)
def test_different_things_are_said_differently(lang: str) -> None:
    for group in ("reason", "refusal", "failure", "stop", "event"):
        texts = [text for key, text in TEXTS[lang].items() if key.startswith(f"rules.{group}.")]
        assert len(texts) == len(set(texts)), group
