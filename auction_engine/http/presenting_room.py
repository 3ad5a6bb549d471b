"""What the live room says when it is drawn, worked out for its template."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from auction_engine.http import presenting_life as life
from auction_engine.http.presenting_amounts import DECIMAL_MARK

# Of a lot of which nothing else is said: bids that beat each other by the increment.
PLAIN_RULES: dict[str, Any] = {
    "falls": False,
    "rises": True,
    "automatic": False,
    "withdrawal": None,
    "deposits": "OUTSIDE",
    "increment_rule": "MIN_DELTA",
    "increment_table": [],
}
# A page without script draws itself anew this often, and when the price falls.
_RELOAD_S = 20
_MINOR = re.compile(r"[1-9][0-9]{0,15}").fullmatch

Json = Mapping[str, Any]


def told(page: Json, words: life.Words, lang: str) -> dict[str, Any]:
    """The room's context beside `page`: where the lot and the viewer stand, in words."""
    lot, fall, viewer, you = page["lot"], page["fall"], page["viewer"], page["snapshot"]["you"]
    state = {"life": None, **page["snapshot"]["state"]}
    snapshot = {**page["snapshot"], "state": state}
    turns, outcome = snapshot.get("turns", []), page["outcome"]
    bidder = viewer is not None and viewer["role"] == "bidder"
    name, start_minor = life.course_of(state, turns), lot["starting_price_minor"]
    standing = life.standing_of(snapshot, name, bidder)
    deposit = life.deposit_of(snapshot)
    late = bool(outcome and outcome.get("reason") == "TOO_LATE")
    return {
        "snapshot": snapshot,
        "you": None
        if you is None
        else {"out": None, "maximum_minor": None, "deposit": None, **you},
        "rules": PLAIN_RULES | {"step_minor": lot["increment_minor"], **lot.get("rules", {})},
        "outcome": None if outcome is None else _outcome(outcome, lang),
        "race": life.race(snapshot) if late else None,
        "course": None if name is None else words.course(name, state, start_minor),
        "standing": words.standing(standing, snapshot, start_minor),
        "deposit": None if deposit is None else words.deposit(deposit, you),
        "head": words.head(snapshot, fall),
        "lines": words.lines(snapshot["bids"], turns),
        "accept": _accept(page, words, state),
        "reload_s": _reload_s(state, fall, page["now_ms"]),
    }


def _outcome(outcome: Json, lang: str) -> dict[str, Any]:
    shown = {"nearest": [], "unusual": None, **outcome}
    if shown["unusual"]:
        shown["unusual"] = shown["unusual"].replace(".", DECIMAL_MARK[lang])
    return shown


def _accept(page: Json, words: life.Words, state: Json) -> dict[str, Any]:
    """The button that accepts a falling price: what it says and sends, and if it can be pressed."""
    you, fall, typed = page["snapshot"]["you"], page["fall"], page["typed"]
    if state["phase"] != "open":
        why = "paused" if state["phase"] == "paused" else "not_open"
    else:
        why = "accepted" if you and you["best_minor"] else ""
    step = 0 if fall is None else fall["step"]
    amount = page["lot"]["starting_price_minor"] if fall is None else fall["price_minor"]
    if page["typed_step"] is not None and _MINOR(typed):
        # An acceptance to be sent again says what it said, whatever the price is now.
        step, amount = page["typed_step"], int(typed)
    return {
        "blocked": bool(why),
        "label": words.accept(why, amount),
        "step": step,
        "amount_minor": amount,
    }


def _reload_s(state: Json, fall: Json | None, now_ms: int) -> int:
    """After how many seconds a page without script should be drawn again."""
    if state["phase"] == "scheduled":
        next_ms = state["start_ms"]
    elif fall is not None and fall["until_ms"] is not None:
        next_ms = fall["until_ms"]
    else:
        return _RELOAD_S
    return int(min(_RELOAD_S, max(1, (next_ms - now_ms) // 1000 + 1)))
