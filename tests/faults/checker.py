"""Invariants of a run, from what clients saw and what the ledger holds; no code of the product.

`check` returns the sentences that do not hold. It reads journals on its own, so that a slip in the
program's rules cannot hide itself.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from .bidders import History

Journal = dict[int, list[dict[str, Any]]]  # lot: entries in the order of seq


def check(history: History, journal: Journal) -> list[str]:
    wrong: list[str] = []
    bids = {
        (e["bidder"], e["bid_id"]): e
        for entries in journal.values()
        for e in entries
        if e["kind"].startswith("bid.")
    }
    _acknowledged(history, bids, wrong)
    _sent(history, journal, bids, wrong)
    _order(history, bids, wrong)
    for lot, entries in journal.items():
        _sequence(lot, entries, wrong)
        _sale(lot, entries, wrong)
    _epochs(journal, wrong)
    _views(history, journal, wrong)
    return wrong


def _acknowledged(history: History, bids: dict[Any, Any], wrong: list[str]) -> None:
    """1 and 2: what was acknowledged is in the ledger, the same, and was always told the same."""
    for key, bid in history.bids.items():
        row = bids.get(key)
        for _, answer in bid.answers:
            if row is None:
                wrong.append(f"acknowledged but not in the ledger: {answer}")
                break
            kind = "bid.accepted" if answer["t"] == "recorded" else "bid.refused"
            names = ["lot", "seq", "at_ms", "amount_minor"]
            names += ["n"] if kind == "bid.accepted" else ["reason", "minimum_minor"]
            if row["kind"] != kind or any(row[name] != answer[name] for name in names):
                wrong.append(f"acknowledged {answer}, recorded {row}")
        if bid.error is not None:
            wrong.append(f"answered with {bid.error}: {bid}")
        if not bid.answers and bid.error is None:
            wrong.append(f"never answered: {bid}")


def _sent(history: History, journal: Journal, bids: dict[Any, Any], wrong: list[str]) -> None:
    """2: every bid of the ledger was sent, with this body; one row each."""
    rows = sum(e["kind"].startswith("bid.") for entries in journal.values() for e in entries)
    if rows != len(bids):
        wrong.append(f"{rows - len(bids)} rows repeat a bid_id")
    for key, row in bids.items():
        bid = history.bids.get(key)
        if bid is None or (bid.lot, bid.amount_minor) != (row["lot"], row["amount_minor"]):
            wrong.append(f"recorded but never sent: {row}")


def _order(history: History, bids: dict[Any, Any], wrong: list[str]) -> None:
    """4: acknowledged before another was sent means recorded before it."""
    moments: list[tuple[int, int, int, int, int]] = []  # when, 0 heard / 1 sent, lot, seq, at_ms
    for key, bid in history.bids.items():
        row = bids.get(key)
        if row is not None:
            moments.append((bid.first_ns, 1, bid.lot, row["seq"], row["at_ms"]))
            if bid.answers:
                moments.append((bid.answers[0][0], 0, bid.lot, row["seq"], row["at_ms"]))
    newest: dict[int, tuple[int, int]] = {}
    for _, sent, lot, seq, at_ms in sorted(moments):
        known = newest.get(lot, (0, 0))
        if sent and (seq <= known[0] or at_ms < known[1]):
            wrong.append(f"lot {lot}: entry {seq} was sent after {known} was acknowledged")
        elif not sent:
            newest[lot] = max(known, (seq, at_ms))


def _sequence(lot: int, entries: list[dict[str, Any]], wrong: list[str]) -> None:
    """3: 1..n without a gap, in the order of the log."""
    if [e["seq"] for e in entries] != list(range(1, len(entries) + 1)):
        wrong.append(f"lot {lot}: the sequence has a gap")
    for one, other in pairwise(entries):
        if _log(one) > _log(other) or one["epoch"] > other["epoch"]:
            wrong.append(f"lot {lot}: entry {other['seq']} goes back in time or epoch")


def _epochs(journal: Journal, wrong: list[str]) -> None:
    """3: once an epoch has written, no earlier one does: over the whole shard."""
    everything = sorted((e for entries in journal.values() for e in entries), key=_log)
    for one, other in pairwise(everything):
        if one["epoch"] > other["epoch"]:
            wrong.append(f"epoch {other['epoch']} wrote {other} after epoch {one['epoch']}")
            return


def _sale(lot: int, entries: list[dict[str, Any]], wrong: list[str]) -> None:
    """5 and 6: each accepted bid raises the price by the increment, in the window; one result."""
    params = entries[0]["params"]
    price, leader, number, end_ms, closed = None, None, 0, params["end_ms"], False
    for e in entries:
        if e["kind"] == "bid.accepted":
            least = params["starting_price_minor"]
            least = least if price is None else price + params["increment_minor"]
            number += 1
            if closed or e["at_ms"] >= end_ms or e["amount_minor"] < least or e["n"] != number:
                wrong.append(f"lot {lot}: must not have been accepted: {e}")
            if e["bidder"] == leader:
                wrong.append(f"lot {lot}: accepted against himself: {e}")
            price, leader = e["amount_minor"], e["bidder"]
        elif e["kind"] == "lot.closed":
            if closed or e["at_ms"] < end_ms or (e["leader"], e["price_minor"]) != (leader, price):
                wrong.append(f"lot {lot}: a wrong result: {e}")
            closed = True


def _views(history: History, journal: Journal, wrong: list[str]) -> None:
    """11: each frame tells what the journal says at its position; no gap without a snapshot."""
    states = {lot: _told(entries) for lot, entries in journal.items()}
    place: dict[tuple[str, int], int] = {}
    for viewer, frame in history.frames:
        lot, seq = frame["lot"], frame["seq"]
        told = {name: frame["state"][name] for name in ("phase", "price_minor", "leader", "n")}
        if lot not in states or seq >= len(states[lot]) or states[lot][seq] != told:
            wrong.append(f"{viewer} was shown {told} at entry {seq} of lot {lot}")
            continue
        here = place.get((viewer, lot))
        if frame["t"] == "update":
            if here is not None and frame["from"] > here:
                wrong.append(f"{viewer} missed entries {here + 1} to {frame['from']} of lot {lot}")
            listed = [b["seq"] for b in frame["bids"]]
            accepted = [
                e["seq"] for e in journal[lot][frame["from"] : seq] if e["kind"] == "bid.accepted"
            ]
            if (
                listed != accepted[::-1][: len(listed)]
                or len(accepted) != len(listed) + frame["omitted"]
            ):
                wrong.append(f"{viewer} was shown bids {listed}, not {accepted}")
        place[viewer, lot] = seq


def _told(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What may be shown after each entry, by its number; none before the first."""
    state: dict[str, Any] = {"phase": "scheduled", "price_minor": None, "leader": None, "n": 0}
    codes: dict[int, str] = {}
    told = [dict(state)]
    for e in entries:
        if e["kind"] == "bidder.admitted":
            codes[e["bidder"]] = e["code"]
        elif e["kind"] == "bid.accepted":
            state |= {"price_minor": e["amount_minor"], "leader": codes[e["bidder"]], "n": e["n"]}
        elif e["kind"] in ("lot.opened", "lot.closed"):
            state["phase"] = e["kind"].removeprefix("lot.").replace("opened", "open")
        told.append(dict(state))
    return told


def _log(entry: dict[str, Any]) -> tuple[int, int]:
    ms, _, n = entry["log"].partition("-")
    return int(ms), int(n)
