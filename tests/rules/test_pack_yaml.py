"""YAML with one meaning only."""

from __future__ import annotations

from datetime import date

import pytest

from auction_engine.rules.strict_yaml import YamlError, load


def test_words_numbers_and_dates_are_what_they_look_like() -> None:
    text = "at: 17:00\ncountry: NO\non: yes\nn: 50_000\nzero: 010\ng: 1.5\nh: ~\nd: 2026-07-01\n"
    assert load(text) == {
        "at": "17:00",
        "country": "NO",
        "on": "yes",
        "n": 50_000,
        "zero": "010",
        "g": 1.5,
        "h": None,
        "d": date(2026, 7, 1),
    }
    assert load("a: true\nb: false\nc: -3\nd: True") == {
        "a": True,
        "b": False,
        "c": -3,
        "d": "True",
    }


@pytest.mark.parametrize(
    ("text", "line", "match"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "`a` is given twice, first in line 1"),
        ("a:\n  - {b: 1, b: 2}\n", 2, "`b` is given twice"),
        ("a: [1\n", 2, "expected"),
        ("a: &x 1\nb: *x\n", 2, "aliases"),
        ("a: !!python/object/apply:os.getcwd []\n", 1, "constructor"),
        ("a: 1\n---\nb: 2\n", 2, "another document"),
        ("? [1, 2]\n: 3\n", 1, "single word"),
        ("a: \x07\n", 0, "not YAML"),
        ("a: 2026-13-45\n", 0, "not YAML"),
        ("[" * 5_000, 0, "not YAML"),
    ],
)
def test_what_is_refused(text: str, line: int, match: str) -> None:
    with pytest.raises(YamlError, match=match) as caught:
        load(text)
    assert caught.value.line == line


def test_the_same_key_in_two_places_is_fine() -> None:
    assert load("a: {x: 1}\nb: {x: 2}\n") == {"a": {"x": 1}, "b": {"x": 2}}
