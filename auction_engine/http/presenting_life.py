"""Where a lot and its viewer stand, in words: what the room says before any script runs.

The same rules as `web/ts/course.ts`, `standing.ts` and `ledger.ts`, which keep the page up to date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

LINES = 40
_AWAITED = frozenset({"reserve.awaited", "keys.awaited", "draw.awaited", "draw.overdue"})
_TONES = {
    "stands": ("PAUSED", "INCIDENT", "POSTPONED", "resumed", "drawing", "draw.overdue"),
    "over": (
        "FAILED",
        "STOPPED",
        "WITHDRAWN",
        "ANNULLED",
        "RESCINDED",
        "RESCINDED_BY_BUYER",
        "PAYMENT_DEFAULT",
        "RETURNED_BLOCKED",
    ),
    "awarded": (
        "ANNOUNCED",
        "AWAIT_PAYMENT",
        "PAID",
        "DELIVERED",
        "TITLE_FILED",
        "PROCEEDS_DISTRIBUTED",
        "CLOSED",
    ),
}

_UNSOLD = ("PRICE_CUT", "IN_KIND_OFFER", "TAKEN_BY_CREDITOR")
# What the winner has to do himself; after it the course tells what others do.
_TO_DO = ("ANNOUNCED", "AWAIT_PAYMENT")
# Banners that the rules have the words for: the group of their texts, and where the code stands.
_RULED = {
    "PAUSED": ("pause", "ground"),
    "INCIDENT": ("pause", "ground"),
    "POSTPONED": ("postponement", "ground"),
    "STOPPED": ("stop", "ground"),
    "FAILED": ("failure", "failure"),
}

Json = Mapping[str, Any]


def course_of(state: Json, turns: list[dict[str, Any]]) -> str | None:
    """The name of the banner that tells where the lot stands in its life; None for none."""
    life, phase = state.get("life"), state["phase"]
    if life is None:
        return None
    if phase == "scheduled":
        return "POSTPONED" if life["status"] == "POSTPONED" else None
    if phase == "paused":
        return "INCIDENT" if life["ground"] == "INCIDENT" else "PAUSED"
    if phase == "open":
        return _course_open(state, life, turns)
    if life["status"] != "BIDDING_CLOSED":
        return str(life["status"])
    awaited = next((turn["kind"] for turn in turns if turn["kind"] in _AWAITED), None)
    return None if life["due_ms"] is None and awaited != "draw.overdue" else awaited


def _course_open(state: Json, life: Json, turns: list[dict[str, Any]]) -> str | None:
    if life["method"] == "DESCENDING" and state["price_minor"] is not None:
        return "drawing"
    if turns and turns[0]["kind"] == "descent.resumed":
        return "resumed"
    if life["round"]:
        return "round"
    sealed = life["method"] == "SEALED"
    if life["stage"]:
        return "stage_sealed" if sealed else "stage"
    return "sealed" if sealed else None


def tone_of(course: str) -> str:
    """Which shape goes with a banner."""
    return next((tone for tone, names in _TONES.items() if course in names), "goes-on")


def standing_of(snapshot: Json, course: str | None, bidder: bool) -> str:
    """The name of the banner that tells where the viewer stands."""
    state, you = snapshot["state"], snapshot["you"] or {}
    if you.get("out"):
        return "out"
    if state["phase"] == "closed":
        return _standing_closed(snapshot, course, bidder)
    falls = (state.get("life") or {}).get("method") == "DESCENDING"
    if state["phase"] == "scheduled":
        return "scheduled_fall" if falls else "scheduled"
    if not bidder:
        return "watching_fall" if falls else "watching"
    if not you.get("admitted"):
        return "awaiting_admission" if has_deposit(you) else "not_admitted"
    return _standing_open(state, you, falls)


def has_deposit(you: Json) -> bool | None:
    """Whether the viewer's deposit is held; None where the lot keeps no record of deposits."""
    deposit = you.get("deposit")
    return None if deposit is None else bool(deposit["state"] == "HELD")


def deposit_of(snapshot: Json) -> str | None:
    """The name of the sentence about the viewer's deposit beside the form to bid; None for none."""
    you = snapshot["you"] or {}
    held = has_deposit(you)
    if held is None or you.get("out") or snapshot["state"]["phase"] == "closed":
        return None
    if held:
        return "held" if you["deposit"]["amount_minor"] else "exempt"
    return "missing" if you.get("admitted") else "needed"


def _standing_open(state: Json, you: Json, falls: bool) -> str:
    """Of an admitted bidder while bids are possible, or paused."""
    life = state.get("life") or {}
    sealed, allowed = life.get("method") == "SEALED", life.get("in_round")
    if falls and you["best_minor"]:
        return "accepted"
    lacks = has_deposit(you) is False
    if you["leading"] and not sealed:
        return "leading_automatic" if you.get("maximum_minor") and not lacks else "leading"
    if lacks:
        return "no_deposit"
    if allowed is not None and you["code"] not in allowed:
        return "not_in_round"
    if falls:
        return "ready"
    if sealed:
        return "boxed" if you.get("sealed") else "not_boxed"
    return "outbid" if you["best_minor"] else "no_bid"


def _standing_closed(snapshot: Json, course: str | None, bidder: bool) -> str:
    state, you = snapshot["state"], snapshot["you"] or {}
    life = state.get("life") or {}
    falls = life.get("method") == "DESCENDING"
    if course is None and not state["n"]:
        return "closed_empty"
    if course in _TONES["over"] or course in _UNSOLD:
        return "over"
    if bidder and you.get("admitted"):
        if life.get("winner") is not None and life["winner"] == you["code"]:
            return "winner" if course in _TO_DO else "bought"
        if you["leading"]:
            if course == "RUNNER_UP_OFFERED":
                return "offered"
            return "first" if falls else "won"
        if (ran := race(snapshot)) is not None and ran["own"]:
            return "late" if ran["ms"] else "late_tie"
        if course is not None and you["best_minor"]:
            return "lost"
    if course is None:
        return "closed_fall" if falls else "closed"
    return "over"


def leading(snapshot: Json) -> dict[str, Any] | None:
    """The bid that stands, if it is among those at hand."""
    leader = snapshot["state"]["leader"]
    for bid in snapshot["bids"]:
        if bid["code"] == leader and not bid.get("void"):
            return dict(bid)
    return None


def race(snapshot: Json) -> dict[str, Any] | None:
    """Who accepted a falling price first, and the first acceptance after that; None if none came.

    `own`: whether the later one was the viewer's own.
    """
    first, state = leading(snapshot), snapshot["state"]
    falling = (state.get("life") or {}).get("falling")
    if first is None or falling is None:
        return None
    own = next(
        (
            bid["at_ms"]
            for bid in (snapshot["you"] or {"refused": []})["refused"]
            if bid["reason"] == "TOO_LATE" and bid["amount_minor"] == state["price_minor"]
        ),
        None,
    )
    later = falling.get("late_ms") if own is None else own
    if later is None:
        return None
    return {
        "code": first["code"],
        "first_ms": first["at_ms"],
        "own_ms": later,
        "ms": later - first["at_ms"],
        "own": own is not None,
    }


def lines_of(
    bids: list[dict[str, Any]], turns: list[dict[str, Any]], most: int
) -> Iterator[dict[str, Any]]:
    """The record's lines, newest first: {"bid"} or {"turn"}, turns where they happened."""
    shown = bids[:most]
    oldest = 0 if len(shown) == len(bids) else shown[-1]["seq"]
    rest = [turn for turn in turns if turn["seq"] > oldest]
    for bid in shown:
        while rest and rest[0]["seq"] > bid["seq"]:
            yield {"turn": rest.pop(0)}
        yield {"bid": {"automatic": False, "void": False, **bid}}
    for turn in rest:
        yield {"turn": turn}


class Words:
    """The sentences of one page, in its language."""

    def __init__(
        self,
        text: Callable[..., str],
        has: Callable[[str], bool],
        money: Callable[[int], str],
        time: Callable[..., str],
        date: Callable[[int], str],
        span: Callable[[int], str],
    ) -> None:
        self._text = text
        self._has = has
        self._money = money
        self._time = time
        self._date = date
        self._span = span

    def coded(self, group: str, code: str, other: str = "OTHER", /, **values: Any) -> str:
        """The text of a code; that of `other` when there is none for it yet."""
        key = f"live.{group}.{code}"
        return self._text(key if self._has(key) else f"live.{group}.{other}", **values)

    def _rule(self, group: str, code: object) -> str | None:
        """The rules' own sentences for a code, if they have any."""
        key = f"rules.{group}.{code}"
        return self._text(key) if self._has(key) else None

    def _moment(self, ms: int | None) -> str:
        if ms is None:
            return "–"
        return self._text("live.moment", time=self._time(ms), date=self._date(ms))

    def _sum(self, minor: int | None) -> str:
        return "–" if minor is None else self._money(minor)

    def course(self, name: str, state: Json, start_minor: int) -> dict[str, str]:
        """The banner of this name (`course_of`)."""
        life = state["life"]
        since = life["since_ms"]
        values = {
            "code": life["winner"] or state["leader"] or "–",
            "price": self._sum(_price(state, start_minor)),
            "time": "–" if since is None else self._time(since),
            "due": self._moment(life["due_ms"]),
            "end": "–" if state["end_ms"] is None else self._time(state["end_ms"]),
            "round": life["round"],
            "stage": life["stage"] + 1,
            "stages": life["stages"],
        }
        group, code = _RULED.get(name, ("status", None))
        text = self._rule(group, life[code]) if code else None
        if text is None and not self._has(f"live.course.{name}.text"):
            text = self._rule("status", name)
        return {
            "tone": tone_of(name),
            "title": self.coded("course", name, "other", **values),
            "text": text or self.coded("course", f"{name}.text", "other.text", **values),
        }

    def standing(self, name: str, snapshot: Json, start_minor: int) -> dict[str, str]:
        """The banner of this name (`standing_of`)."""
        state, you = snapshot["state"], snapshot["you"] or {}
        life = state.get("life") or {}
        ran, first = race(snapshot), leading(snapshot)
        values = {
            "first": "–" if first is None else self._time(first["at_ms"], True),
            "own": "–" if ran is None else self._time(ran["own_ms"], True),
            "ms": 0 if ran is None else ran["ms"],
            "minimum": self._sum(state["minimum_minor"]),
            "price": self._sum(_price(state, start_minor)),
            "maximum": self._sum(you.get("maximum_minor")),
            "time": self._time(state["start_ms"]),
            "due": self._moment(life.get("due_ms")),
            "code": state["leader"] or "–",
        }
        raced = ""
        if name == "first" and ran is not None:
            raced = ".raced" if ran["ms"] else ".tied"
        if name == "out":
            text = self._rule("forfeit", you.get("forfeit")) or self.coded("out", you["out"])
        else:
            text = self._text(f"live.standing.{name}.text{raced}", **values)
        title = self._text(f"live.standing.{name}", **values)
        return {"kind": name, "title": title, "text": text}

    def deposit(self, name: str, you: Json) -> dict[str, str]:
        """The sentence about the viewer's deposit of this name (`deposit_of`)."""
        deposit = you["deposit"]
        amount, needed = (self._money(deposit[f"{n}_minor"]) for n in ("amount", "needed"))
        return {
            "kind": name,
            "text": self._text(f"live.deposit.{name}", amount=amount, needed=needed),
        }

    def accept(self, blocked: str, amount_minor: int) -> str:
        """What the button says that accepts a price; `blocked` names why it cannot be pressed."""
        if blocked:
            return self._text(f"live.bid.{blocked}")
        return self._text("live.accept.act", amount=self._money(amount_minor))

    def turn(self, turn: Json) -> str:
        """What happened, as one sentence."""
        end, ground, code = turn.get("end_ms"), turn.get("ground"), turn.get("code")
        values = {
            "code": turn.get("bidder", "–"),
            "codes": ", ".join(turn.get("bidders", ())),
            "price": self._sum(turn.get("price_minor", turn.get("amount_minor"))),
            "time": "–" if end is None else self._time(end),
            "start": self._moment(turn.get("start_ms")),
            "due": self._moment(turn.get("due_ms")),
            "span": self._span(turn.get("by_ms", 0)),
            "ground": self.coded("ground", ground) if ground else "",
            "why": self._rule("failure", code) or "",
            "what": self.coded("change", turn["what"]) if _is_change(turn) else "",
            "round": turn.get("round", 0),
            "stage": turn.get("stage", 0) + 1,
        }
        choice = turn.get("choice")
        kind = f"{turn['kind']}.{choice}" if choice else turn["kind"]
        if not self._has(f"live.turn.{kind}"):
            return self._rule("event", turn["kind"]) or self._text("live.turn.other")
        return self._text(f"live.turn.{kind}", **values)

    def lines(
        self, bids: list[dict[str, Any]], turns: list[dict[str, Any]], most: int = LINES
    ) -> list[Any]:
        """The record's lines with their words, of at most `most` bids."""
        lines = []
        for line in lines_of(bids, turns, most):
            turn = line.get("turn")
            if turn is None:
                lines.append({"turn": None, **line})
            else:
                own = ("reason",) if _is_change(turn) else ("what", "reason")
                said = [turn[name] for name in own if turn.get(name)]
                lines.append({"turn": turn, "text": self.turn(turn), "said": said})
        return lines

    def head(self, snapshot: Json, fall: Json | None) -> dict[str, Any]:
        """What stands beside price and clock."""
        state, last = snapshot["state"], leading(snapshot)
        taken = state["price_minor"] is not None
        if last is not None and taken:
            by = self._text(
                "live.price.by",
                n=last["n"],
                code=last["code"],
                time=self._time(last["at_ms"], True),
            )
        elif fall is not None:
            steps = len(state["life"]["falling"]["prices_minor"])
            by = self._text("live.price.step", n=fall["step"] + 1, of=steps)
        else:
            by = self._text("live.price.none")
        moved = ""
        round_ = (state.get("life") or {}).get("round", 0)
        if state["extensions"] and not round_:
            moved = self._text(
                "live.clock.moved",
                n=state["extended_by"] or state["n"],
                times=state["extensions"],
                time=self._time(state["end_ms"]),
            )
        return {
            "price": _price_kind(state, fall),
            "by": by,
            "moved": moved,
            "end_ms": end_of(state, last),
        }


def _is_change(turn: Json) -> bool:
    """Whether `what` is a code and not the words of those who conduct the sale."""
    return bool(turn["kind"] == "lot.changed" and turn.get("what"))


def _price(state: Json, start_minor: int) -> int:
    """The winner's price, the recorded one, or the one from which bidding begins or goes on."""
    life = state.get("life") or {}
    falling = life.get("falling")
    begins = start_minor if falling is None else falling["prices_minor"][falling["step"]]
    # Without a winner an award is one that was refused, and no longer counts.
    award = life["award_minor"] if life.get("winner") else None
    known = (award, state["price_minor"], begins)
    return int(next(price for price in known if price is not None))


def _price_kind(state: Json, fall: Json | None) -> str:
    phase, taken = state["phase"], state["price_minor"] is not None
    if fall is not None:
        kinds = {"scheduled": "first", "open": "falling", "paused": "still", "closed": "last"}
        return "accepted" if taken else kinds[phase]
    if phase == "closed" and state["n"]:
        return "final"
    return "recorded" if taken else "start"


def end_of(state: Json, last: Json | None) -> int | None:
    """When the lot ends or has ended (UTC ms); None where the auctioneer closes."""
    falling = (state.get("life") or {}).get("falling")
    end_ms: int | None = state["end_ms"]
    if falling is None:
        return end_ms
    if state["phase"] == "closed" and state["price_minor"] is not None:
        return None if last is None else int(last["at_ms"])
    if end_ms is not None:
        return end_ms
    left = len(falling["prices_minor"]) - falling["step"]
    return int(falling["from_ms"] + left * falling["interval_ms"])
