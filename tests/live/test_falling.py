"""The falling price as pages compute it: `tests/vectors/descending.json` holds what the rules say.

The same file is checked by the script's tests. `python tests/live/test_falling.py` writes it anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auction_engine.live import course
from auction_engine.rules import descending
from auction_engine.rules.commands import Act, Admit, Bid, Command, ListLot, Tick
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply, decide
from auction_engine.rules.params import LotParams
from auction_engine.rules.parts import Descent
from auction_engine.rules.terms import Terms

FILE = Path(__file__).resolve().parents[1] / "vectors" / "descending.json"
START_MS, EVERY_MS = 1_795_318_200_000, 15_000
AN, BINH = 1, 2
LINEAR = Descent("LINEAR", EVERY_MS, floor_minor=500, step_minor=50)


def on(descent: Descent, *commands: tuple[int, Command]) -> LotState:
    """A lot from 1,000 downwards after `commands`, each at ms after the opening."""
    params = LotParams(
        currency="VND", minor_digits=0, starting_price_minor=1_000, increment_minor=1,
        start_ms=START_MS, end_ms=None, method="DESCENDING", descent=descent,
        terms=Terms(min_participants=1, single_bidder="ALWAYS"),
    )  # fmt: skip
    state: LotState | None = None
    listing = (
        (-5_000, ListLot(params)),
        (-4_000, Admit(AN, "B-001")),
        (-4_000, Admit(BINH, "B-002")),
    )
    for after_ms, command in (*listing, *commands):
        for event in decide(state, command, START_MS + after_ms):
            state = apply(state, event)
    assert state is not None
    return state


def accept(step: int, price_minor: int) -> Bid:
    return Bid(AN, "0f8fad5b-d9cb-469f-a165-70867728950e", price_minor, step=step)


PAUSE = Act("pause", "AUCTIONEER", 9, data={"ground": "AUCTIONEER"})
RESUME = Act("resume", "AUCTIONEER", 9)
WITHDRAW = Act("withdraw_bid", "BIDDER", AN)
OPEN = (0, Tick())
SCENES: dict[str, LotState] = {
    "linear": on(LINEAR, OPEN),
    "a last step that is smaller": on(
        Descent("LINEAR", EVERY_MS, floor_minor=470, step_minor=150), OPEN
    ),
    "percent of the start": on(
        Descent("PERCENT_OF_START", EVERY_MS, floor_minor=601, step_bp=333), OPEN
    ),
    "percent of the previous": on(
        Descent("PERCENT_OF_PREVIOUS", EVERY_MS, floor_minor=400, step_bp=1_250), OPEN
    ),
    "a table": on(Descent("TABLE", EVERY_MS, prices=(990, 700, 699, 1)), OPEN),
    "not open yet": on(LINEAR),
    "paused in the third step": on(LINEAR, OPEN, (37_250, PAUSE)),
    "resumed after a pause": on(LINEAR, OPEN, (37_250, PAUSE), (99_999, RESUME)),
    "accepted in the second step": on(LINEAR, OPEN, (20_000, accept(1, 950))),
    "an acceptance withdrawn": on(
        LINEAR, OPEN, (20_000, accept(1, 950)), (64_321, WITHDRAW)
    ),
    "fallen to the floor": on(LINEAR, OPEN, (400_000, Tick())),
}  # fmt: skip


def moments(state: LotState) -> Iterator[int]:
    """On, just before and between the steps, before the opening and long after the end."""
    begun_ms = START_MS if state.life.falling is None else state.life.falling.from_ms
    yield from (begun_ms - 60_000, begun_ms - 1)
    for n in range(13):
        yield from (begun_ms + n * EVERY_MS + ms for ms in (0, 7_500, EVERY_MS - 1))
    yield begun_ms + 86_400_000


def scene(name: str) -> dict[str, Any]:
    """The state as a page gets it, and for some moments the step and the price that stand."""
    state = SCENES[name]
    life = course.life(state)
    return {
        "name": name,
        "state": {
            "phase": state.phase,
            "price_minor": state.price_minor,
            "start_ms": state.params.start_ms,
            "life": {key: life[key] for key in ("method", "since_ms", "falling")},
        },
        "at": [
            [at_ms, shown["step"], shown["price_minor"]]
            for at_ms in moments(state)
            for shown in (course.falling_at(state, at_ms),)
        ],
    }


@pytest.mark.parametrize("name", SCENES)
def test_the_vectors_are_what_the_rules_say(name: str) -> None:
    written = {entry["name"]: entry for entry in json.loads(FILE.read_text("utf-8"))}
    assert written.keys() == SCENES.keys()
    assert written[name] == scene(name)


@pytest.mark.parametrize("name", SCENES)
def test_a_page_shows_the_price_that_an_acceptance_would_get(name: str) -> None:
    state = SCENES[name]
    for at_ms in moments(state):
        shown = course.falling_at(state, at_ms)
        if state.leader is not None:
            assert shown["price_minor"] == state.price_minor
            assert (shown["until_ms"], shown["coming"]) == (None, [])
            continue
        assert shown["price_minor"] == descending.price_at(state, at_ms)
        for coming in shown["coming"] if state.phase == "open" else ():
            assert descending.price_at(state, coming["at_ms"]) == coming["price_minor"]
        if state.phase == "open" and at_ms >= START_MS and shown["coming"]:
            until_ms = shown["until_ms"]
            assert until_ms == shown["coming"][0]["at_ms"]
            assert descending.price_at(state, until_ms - 1) == shown["price_minor"]
            assert descending.price_at(state, until_ms) < shown["price_minor"]


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(scene(name), separators=(",", ":")) for name in SCENES)
    FILE.write_text(f"[\n{lines}\n]\n", "utf-8")
