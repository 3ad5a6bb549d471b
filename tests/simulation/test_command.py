"""`auction-engine simulate`, as a person calls it."""

from __future__ import annotations

import re

import pytest

from auction_engine.errors import SettingsError
from auction_engine.simulation import command, many
from auction_engine.simulation.run import Result, simulate
from auction_engine.simulation.world import Violation

LOTS = 6


def test_one_seed_shows_what_happened(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(seed=4, lots=LOTS) == 0
    said = capsys.readouterr().out
    assert "kept every promise" in said
    assert f"SHA-256 {simulate(4, LOTS).digest}" in said


def test_verbose_shows_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(seed=4, lots=LOTS, verbose=True) == 0
    said = capsys.readouterr().out
    assert re.search(r"^ +\d+\.\d{4}  bidder +\d+ bids ", said, re.MULTILINE)
    assert "lot.listed" in said


def test_many_seeds_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(seeds="0..3", lots=LOTS) == 0
    said = capsys.readouterr().out
    for words in ("seeds", "lots per second", "bids sent", "faults", "kept every promise"):
        assert words in said


def test_the_first_bad_seed_is_named_with_its_cure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def some(first: int, last: int, lots: int, processes: int):  # type: ignore[no-untyped-def]
        good = [Result(seed, lots=lots) for seed in range(first, 7)]
        bad = [Result(seed, broken=[Violation("a promise", "not kept")]) for seed in (7, 8)]
        yield good
        yield bad
        raise AssertionError("nothing is asked for after a bad seed")

    monkeypatch.setattr(many, "_chunks", some)
    assert command.run(seeds="0..99", lots=LOTS) == 1
    said = capsys.readouterr().out
    assert "Seed 7 breaks a promise" in said
    assert "a promise\n    not kept" in said
    assert f"auction-engine simulate --seed 7 --lots {LOTS} --verbose" in said


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"seed": 1, "seeds": "1..2"},
        {"seed": -1},
        {"seeds": "5"},
        {"seeds": "a..b"},
        {"seeds": "9..3"},
        {"seeds": "1..2", "verbose": True},
        {"seed": 1, "lots": 0},
        {"seed": 1, "lots": 100_000},
    ],
)
def test_senseless_options_are_refused_in_one_sentence(options: dict) -> None:  # type: ignore[type-arg]
    with pytest.raises(SettingsError) as refused:
        command.run(**options)
    assert refused.value.sentence.endswith(".")
