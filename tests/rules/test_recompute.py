"""The commands for anybody: a published record is checked, a pair of keys made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auction_engine import recompute
from auction_engine.errors import AuctionError
from auction_engine.rules.published import records
from auction_engine.rules.sealing_keys import public_key_of
from tests.rules.lots import A, B
from tests.rules.rounds import HOLDERS, SEEDS_FROM, tied


@pytest.fixture(scope="module")
def published() -> list[dict[str, Any]]:
    play = tied(A, B)
    for holder in HOLDERS:
        play.reveal(holder, SEEDS_FROM)
    return records(play.entries)


def _file(folder: Path, record: object) -> Path:
    file = folder / "record.json"
    file.write_text(json.dumps(record), encoding="utf-8")
    return file


def test_a_right_record_is_said_to_be_right(
    published: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sealed, draw = published
    assert recompute.sealed(_file(tmp_path, sealed)) == 0
    assert "Each of the 2 boxes" in capsys.readouterr().out
    assert recompute.draw(_file(tmp_path, draw)) == 0
    assert capsys.readouterr().out == f"The draw gives {', '.join(draw['order'])}.\n"


def test_a_wrong_record_is_named_with_its_place(
    published: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sealed, draw = json.loads(json.dumps(published))
    sealed["bids"][1]["amount_minor"] += 1
    assert recompute.sealed(_file(tmp_path, sealed)) == 1
    assert capsys.readouterr().out.startswith("WRONG_AMOUNT at bids[1]: ")
    draw["order"].reverse()
    assert recompute.draw(_file(tmp_path, draw)) == 1
    assert capsys.readouterr().out.startswith("WRONG_RESULT at order: ")


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, "\ufffe"])
def test_what_is_no_json_is_one_sentence(content: str, tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(AuctionError, match="is not JSON"):
        recompute.draw(file)


def test_a_file_that_is_not_there_or_too_large_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AuctionError, match="cannot be read: No such file"):
        recompute.sealed(tmp_path / "missing.json")
    large = tmp_path / "large.json"
    with large.open("wb") as out:
        out.truncate(17 * 1024 * 1024)
    with pytest.raises(AuctionError, match="larger than any record"):
        recompute.sealed(large)


def test_new_keys_are_a_pair_and_never_the_same() -> None:
    first, second = recompute.new_keys(), recompute.new_keys()
    public, private = (line.split()[-1] for line in first.splitlines())
    assert public_key_of(private) == public
    assert first != second
