"""The statistics counted a second time: plain loops over journal bodies and rows of the books.

Nothing of the program's own counting is used here: neither its facts nor its queries, and of the
rules only what a pack says of its time zone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

VIETNAM = "Asia/Ho_Chi_Minh"
ZONES = {"es-boe": "Europe/Madrid"}
FORFEITING = {"ABSENT", "DISQUALIFIED", "REFUSED_MINUTES", "WITHDREW", "REFUSED_WIN"}


@dataclass
class Told:
    """What one journal tells."""

    lot: int
    whose: dict[str, Any]
    zone: str = VIETNAM
    params: dict[str, Any] = field(default_factory=dict)
    outcome: str | None = None
    code: str | None = None
    ended: date | None = None
    price: int | None = None
    awarded: int | None = None
    happened: dict[str, int] = field(default_factory=dict)  # what last, and when (UTC ms)
    dossiers: dict[int, str] = field(default_factory=dict)
    admitted: set[int] = field(default_factory=set)
    everybody: set[int] = field(default_factory=set)
    entered: set[int] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    refusals: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    held: dict[int, tuple[int, str]] = field(default_factory=dict)
    lost: dict[int, tuple[date, str, int]] = field(default_factory=dict)
    winner: int | None = None
    best: dict[str, Any] = field(default_factory=dict)
    next_start: int | None = None
    top_up: int | None = None
    status: str = ""
    why_undone: str | None = None

    def day(self, ms: int) -> date:
        return datetime.fromtimestamp(ms / 1000, UTC).astimezone(ZoneInfo(self.zone)).date()

    def on(self, what: str) -> date | None:
        return self.day(self.happened[what]) if what in self.happened else None

    @property
    def terms(self) -> dict[str, Any]:
        return self.params.get("terms") or {}

    def forfeited(self) -> list[tuple[date, str, int]]:
        if self.status in ("STOPPED", "ANNULLED") and self.why_undone == "TECHNICAL_FAULT":
            return []
        return list(self.lost.values())


def tell(lot: int, whose: dict[str, Any], bodies: Iterable[bytes]) -> Told:
    """Read one journal."""
    told = Told(lot, whose)
    for body in bodies:
        entry = orjson.loads(body)
        _entry(told, entry["kind"], entry, entry["at_ms"])
    return told


def _entry(told: Told, kind: str, entry: dict[str, Any], at: int) -> None:
    data = entry.get("data", {})
    told.status = entry.get("status", told.status)
    if kind in ("lot.drafted", "lot.listed"):
        told.params = entry["params"]
        told.zone = ZONES.get(told.params.get("pack") or "", VIETNAM)
    told.happened[kind] = at
    counted = {"bid.accepted": "bids", "bid.automatic": "bids", "bid.sealed": "sealed",
               "bid.refused": "refused", "lot.extended": "extensions",
               "round.opened": "extensions"}  # fmt: skip
    if kind in counted:
        told.counts[counted[kind]] += 1
    if kind == "bid.automatic":
        told.counts["automatic"] += 1
    if kind == "box.read" and "n" in data:
        told.counts["bids"] += 1
    if kind == "bid.refused":
        told.refusals[entry["reason"]] += 1
    _people(told, kind, entry, data)
    _outcome(told, kind, entry, data, at)
    _after(told, kind, entry, data, at)
    _losses(told, kind, data, at)


def _people(told: Told, kind: str, entry: dict[str, Any], data: dict[str, Any]) -> None:
    if kind == "bidder.registered":
        told.dossiers[data["by"]] = "in"
    elif kind == "registration.refused":
        told.dossiers[data["bidder"]] = "refused"
    elif kind == "registration.withdrawn":
        told.dossiers[data["by"]] = "back"
        told.admitted.discard(data["by"])
    elif kind == "bidder.admitted":
        told.admitted.add(entry["bidder"])
    elif kind in ("bidder.entered", "bid.accepted", "bid.sealed", "maximum.set"):
        told.entered.add(entry["bidder"])
    elif kind == "deposit.held":
        told.held[data["bidder"]] = (data["amount_minor"], data["means"])
    elif kind == "deposit.released":
        told.held.pop(data["bidder"])
    told.everybody |= told.admitted | set(told.dossiers)


def _outcome(told: Told, kind: str, entry: dict[str, Any], data: dict[str, Any], at: int) -> None:
    found: tuple[str | None, str | None] | None = None
    if kind in ("winner.announced", "offer.accepted"):
        best = data if kind == "winner.announced" else told.best
        told.winner, told.price = best["bidder"], best["price_minor"]
        found = "SOLD", None
    elif kind in ("lot.stopped", "round.failed", "incident.decided"):
        undone = entry["status"] == "STOPPED"
        told.why_undone = data.get("ground", "TECHNICAL_FAULT") if undone else None
        found = ("STOPPED", told.why_undone) if undone else (None, None)
    elif kind in ("runner_up.offered", "descent.resumed", "lot.rescheduled"):
        told.best = data
        found = None, None
    elif kind == "lot.closed" and not told.params.get("terms"):
        # Only the bidding is conducted here.
        found = ("FAILED", "NO_BID") if entry["leader"] is None else ("SOLD", None)
        told.price = entry["price_minor"]
    elif kind in ("lot.failed", "lot.withdrawn"):
        found = ("FAILED", data["code"]) if kind == "lot.failed" else ("WITHDRAWN", None)
    if found is not None:
        told.outcome, told.code = found
        sold = told.outcome == "SOLD"
        told.ended = None if told.outcome is None else told.day(at)
        told.awarded, told.price = (at, told.price) if sold else (None, None)


def _after(told: Told, kind: str, entry: dict[str, Any], data: dict[str, Any], at: int) -> None:
    if kind in ("payment.recorded", "payment.covered") and entry["status"] == "PAID":
        told.happened["PAID"] = at
    if kind in ("sale.rescinded", "buyer.rescinded"):
        told.happened["RESCINDED"] = at
    if kind == "price.cut":
        told.next_start = data["starting_price_minor"]
    if kind == "in_kind.taken":
        told.top_up = data["top_up_minor"]
    if kind == "result.annulled":
        told.why_undone = data["ground"]


def _losses(told: Told, kind: str, data: dict[str, Any], at: int) -> None:
    if kind not in LOSING or (kind == "absence.decided" and data["excused"]):
        return
    who, ground = LOSING[kind]
    bidder = told.winner if who == "winner" else data[who]
    grounds = {*told.terms.get("forfeit_grounds", FORFEITING), "PAYMENT_DEFAULT"}
    taker = dict(map(tuple, told.terms.get("forfeit_beneficiaries", ()))).get(ground)
    if bidder is None or ground not in grounds or taker == "NOT_FORFEITED":
        return
    amount = told.terms.get("deposit_minor", 0)
    if told.terms.get("deposits") == "RECORDED":
        amount, means = told.held.get(bidder, (0, "EXEMPT"))
        if means == "EXEMPT":
            return
    told.lost[bidder] = (told.day(at), ground, amount)


# Who loses a deposit by what, and the ground.
LOSING = {
    "bid.withdrawn": ("by", "WITHDREW"),
    "bidder.disqualified": ("bidder", "DISQUALIFIED"),
    "absence.decided": ("bidder", "ABSENT"),
    "minutes.refused": ("winner", "REFUSED_MINUTES"),
    "win.refused": ("winner", "REFUSED_WIN"),
    "payment.defaulted": ("winner", "PAYMENT_DEFAULT"),
}


# --- the books ----------------------------------------------------------------------------------


@dataclass
class Ledger:
    """Everything there is, as rows."""

    lots: list[Told]
    rows: dict[str, list[dict[str, Any]]]

    def of(self, table: str, **wanted: Any) -> list[dict[str, Any]]:
        return [
            row
            for row in self.rows[table]
            if all(row[name] == value for name, value in wanted.items())
        ]


TABLES = (
    "payment_request", "transfer", "payout", "book", "posting", "money_account", "money_act",
    "guarantee", "distribution", "complaint", "complaint_act",
)  # fmt: skip


async def read(connection: Any) -> Ledger:
    """All journals and all rows of the books."""
    lots = []
    for row in await connection.fetch("SELECT * FROM lot ORDER BY id"):
        bodies = [
            one["body"]
            for one in await connection.fetch(
                "SELECT body FROM journal WHERE lot_id = $1 ORDER BY seq", row["id"]
            )
        ]
        session = await connection.fetchrow(
            "SELECT * FROM auction_session WHERE id = $1", row["session_id"]
        )
        content = orjson.loads(row["content"])
        place, said = content.get("place"), content.get("province")
        province = said["vi"] if isinstance(said, dict) else said
        if not province:
            province = place["vi"].split(",")[-1].strip() if place else ""
        whose = {
            "session": session["id"],
            "organisation": str(session["organisation_id"]),
            "agency": str(row["agency_id"] or session["agency_id"]),
            "kind": content.get("kind") or "",
            "province": province,
        }
        if bodies:
            lots.append(tell(row["id"], whose, bodies))
    rows = {
        table: [dict(one) for one in await connection.fetch(f"SELECT * FROM {table}")]
        for table in TABLES
    }
    return Ledger(lots, rows)


# --- figures ------------------------------------------------------------------------------------

# What is counted: (lot, day, value), where a value is what the figure is made of.
Row = tuple[Told, date | None, Any]


def quartiles(values: list[float]) -> list[float] | None:
    """Least, quartiles by linear interpolation, greatest."""
    if not values:
        return None
    ordered = sorted(values)
    found = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        place = share * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        found.append(ordered[low] + (place - low) * (ordered[high] - ordered[low]))
    return found


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


class Recount:
    """All figures of the rows that `keeps` keeps, on the local day `today`."""

    def __init__(self, ledger: Ledger, keeps: Callable[[Told], bool], today: date) -> None:
        self.ledger = ledger
        self.today = today
        self.lots = [told for told in ledger.lots if keeps(told)]
        self.by_lot = {told.lot: told for told in self.lots}
        self.made = self._of_journals() | self._of_books() | self._of_complaints()

    def figures(self, counts: Callable[[Told, date], bool]) -> dict[str, Any]:
        """Every figure of what happened to lots on days that `counts`."""
        found = {}
        for key, (rows, make) in self.made.items():
            found[key] = make(
                [value for told, day, value in rows if day is not None and counts(told, day)]
            )
        return found

    def _of_journals(self) -> dict[str, Any]:
        ended: list[Row] = [(one, one.ended, one) for one in self.lots if one.outcome]
        sold: list[Row] = [row for row in ended if row[0].outcome == "SOLD"]
        made: dict[str, Any] = {
            "ended": (ended, len),
            "sessions": (ended, lambda lots: len({one.whose["session"] for one in lots})),
            "success": (ended, _success),
            "start": (sold, lambda lots: sum(o.params["starting_price_minor"] for o in lots)),
            "final": (sold, lambda lots: sum(one.price for one in lots)),
            "over_start": (
                sold,
                lambda lots: quartiles(
                    [one.price / one.params["starting_price_minor"] for one in lots]
                ),
            ),
        }
        for name in ("sold", "failed", "stopped", "withdrawn"):
            rows = [row for row in ended if row[0].outcome == name.upper()]
            made[name] = (rows, len)
        listed = self._happened("lot.listed")
        made["offered"] = (listed, len)
        made["offered_start"] = (
            listed, lambda lots: sum(one.params["starting_price_minor"] for one in lots)
        )  # fmt: skip
        for name, count in _BIDDING.items():
            made[name] = (ended, lambda lots, count=count: sum(map(count, lots)))
        for name, what in _LATER.items():
            made[name] = (self._happened(what), len)
        paid, delivered = self._happened("PAID"), self._happened("lot.delivered")
        made["to_pay"] = (paid, _times("PAID"))
        made["to_deliver"] = (delivered, _times("lot.delivered"))
        made["paid_to_deliver"] = (delivered, _handover)
        made["cut_by"] = (
            self._happened("price.cut"),
            lambda lots: quartiles(
                [one.next_start / one.params["starting_price_minor"] for one in lots]
            ),
        )
        made["top_up"] = (self._happened("in_kind.taken"), lambda lots: sum(o.top_up for o in lots))
        lost: list[Row] = [
            (one, day, amount) for one in self.lots for day, _, amount in one.forfeited()
        ]
        made |= {"forfeits": (lost, len), "forfeits_minor": (lost, sum)}
        return made

    def _happened(self, what: str) -> list[Row]:
        return [(one, one.on(what), one) for one in self.lots if what in one.happened]

    def _of_books(self) -> dict[str, Any]:
        deposits, refunds = self._deposits(), self._refunds()
        booked = [(lot, on, row) for lot, _, on, row in refunds if on is not None]
        due = [(lot, row["due_on"], (row["due_on"], on)) for lot, _, on, row in refunds]
        shares = self.distributed()
        return {
            "deposits": (deposits, len),
            "deposits_minor": (deposits, sum),
            "guarantees": (self._guarantees(), len),
            "refunds_paid": (booked, len),
            "refunds_minor": (booked, lambda rows: sum(row["amount_minor"] for row in rows)),
            "refunds_due": (due, len),
            "refunds_on_time": (due, lambda rows: sum(map(_in_time, rows))),
            "refunds_late": (due, lambda rows: sum(map(_late, rows))),
            "refunds_overdue": (due, lambda rows: sum(self._overdue(one) for one in rows)),
            "refunds_share": (due, self._refunds_share),
            "distributions": (shares, lambda rows: len({row["transfer"] for row in rows})),
            "distributed": (shares, lambda rows: sum(row["minor"] for row in rows)),
        }

    def _overdue(self, one: tuple[date, date | None]) -> bool:
        return one[1] is None and one[0] < self.today

    def _refunds_share(self, rows: list[tuple[date, date | None]]) -> float | None:
        judged = [one for one in rows if one[1] is not None or self._overdue(one)]
        return _share(sum(map(_in_time, rows)), len(judged))

    def _deposits(self) -> list[Row]:
        held = {row["key"]: row for row in self.ledger.rows["transfer"]}
        return [
            (self.by_lot[row["lot_id"]], held[f"hold:{row['id']}"]["booked_on"],
             row["amount_minor"])
            for row in self.ledger.of("payment_request", purpose="DEPOSIT")
            if row["lot_id"] in self.by_lot and f"hold:{row['id']}" in held
        ]  # fmt: skip

    def _guarantees(self) -> list[Row]:
        requests = {row["id"]: row for row in self.ledger.rows["payment_request"]}
        acts = {row["id"]: row for row in self.ledger.rows["money_act"]}
        found: list[Row] = []
        for row in self.ledger.rows["guarantee"]:
            told = self.by_lot.get(requests[row["request_id"]]["lot_id"])
            if told is not None:
                found.append((told, _local(told, acts[row["act_id"]]["at"]), row))
        return found

    def _refunds(self) -> list[tuple[Told, Any, date | None, dict[str, Any]]]:
        """Payouts of deposits: (lot, nothing, the day the bank booked it, the payout)."""
        houses = {row["id"] for row in self.ledger.of("book", kind="ORGANISATION")}
        orders = {row["key"]: row["id"] for row in self.ledger.rows["transfer"]}
        booked = {
            row["resolves"]: row["booked_on"]
            for row in self.ledger.of("transfer", kind="payout.booked")
        }
        found = []
        for row in self.ledger.of("payout", kind="REFUND"):
            told = self.by_lot.get(row["lot_id"])
            if told is None or row["book_id"] not in houses or row["state"] == "CANCELLED":
                continue
            on = None
            if row["state"] == "BOOKED":
                on = booked[orders[f"order:{row['id']}-{row['attempt']}"]]
            found.append((told, None, on, row))
        return found

    def distributed(self) -> list[Row]:
        """Each share of each distribution: (lot, day, {transfer, code, minor})."""
        accounts = {row["id"]: row["code"] for row in self.ledger.rows["money_account"]}
        found: list[Row] = []
        for transfer in self.ledger.of("transfer", kind="estate.distributed"):
            lot = int(transfer["key"].removeprefix("distribute:lot:").split("/")[0])
            for leg in self.ledger.of("posting", transfer_id=transfer["id"]):
                if leg["amount_minor"] < 0 and lot in self.by_lot:
                    share = {"transfer": transfer["id"], "code": accounts[leg["account_id"]],
                             "minor": -leg["amount_minor"]}  # fmt: skip
                    found.append((self.by_lot[lot], transfer["booked_on"], share))
        return found

    def _of_complaints(self) -> dict[str, Any]:
        filed: list[Row] = []
        decided: dict[str, list[Row]] = {"DECIDED_UPHELD": [], "DECIDED_DENIED": []}
        lots = {}
        for row in self.ledger.rows["complaint"]:
            told = lots[row["id"]] = self.by_lot.get(row["lot_id"])
            if told is not None:
                filed.append((told, _local(told, row["at"]), row))
        for row in self.ledger.rows["complaint_act"]:
            told = lots[row["complaint_id"]]
            if told is not None and row["kind"] in decided:
                decided[row["kind"]].append((told, _local(told, row["at"]), row))
        return {
            "complaints": (filed, len),
            "upheld": (decided["DECIDED_UPHELD"], len),
            "denied": (decided["DECIDED_DENIED"], len),
        }

    def parts(self, counts: Callable[[Told, date], bool]) -> dict[str, dict[str, Any]]:
        """Every breakdown: code to (how many, how much or None)."""
        found: dict[str, dict[str, Any]] = {
            name: {} for name in ("failures", "stops", "refusals", "lost", "shares")
        }
        for name, told, day, code, n, minor in self._pieces():
            if day is not None and counts(told, day):
                before, sum_before = found[name].get(code, (0, None))
                total = None if minor is None else (sum_before or 0) + minor
                found[name][code] = (before + n, total)
        return found

    def _pieces(self) -> Iterator[tuple[str, Told, date | None, str, int, int | None]]:
        """(breakdown, lot, day, code, how many, how much)"""
        for one in self.lots:
            if one.outcome in ("FAILED", "STOPPED"):
                name = "failures" if one.outcome == "FAILED" else "stops"
                yield name, one, one.ended, one.code or "", 1, None
            for reason, n in one.refusals.items():
                yield "refusals", one, one.ended, reason, n, None
            for day, ground, amount in one.forfeited():
                yield "lost", one, day, ground, 1, amount
        for told, day, share in self.distributed():
            yield "shares", told, day, share["code"], 1, share["minor"]


def _local(told: Told, at: datetime) -> date:
    return at.astimezone(ZoneInfo(told.zone)).date()


def _success(lots: list[Told]) -> float | None:
    sold = sum(one.outcome == "SOLD" for one in lots)
    return _share(sold, sold + sum(one.outcome == "FAILED" for one in lots))


def _times(what: str) -> Callable[[list[Told]], list[float] | None]:
    return lambda lots: quartiles(
        [one.happened[what] - one.awarded for one in lots if one.awarded is not None]
    )


def _handover(lots: list[Told]) -> list[float] | None:
    return quartiles([one.happened["lot.delivered"] - one.happened["PAID"] for one in lots])


def _in_time(one: tuple[date, date | None]) -> bool:
    return one[1] is not None and one[1] <= one[0]


def _late(one: tuple[date, date | None]) -> bool:
    return one[1] is not None and one[1] > one[0]


_BIDDING: dict[str, Callable[[Told], int]] = {
    "registered": lambda one: len(one.everybody),
    "turned_away": lambda one: sum(word == "refused" for word in one.dossiers.values()),
    "admitted": lambda one: len(one.admitted),
    "present": lambda one: len(one.entered & one.admitted),
    **{
        name: lambda one, name=name: one.counts[name]  # type: ignore[misc]
        for name in ("bids", "automatic", "sealed", "refused", "extensions")
    },
}
_LATER = {
    "paid": "PAID", "delivered": "lot.delivered", "defaulted": "payment.defaulted",
    "rescinded": "RESCINDED", "annulled": "result.annulled", "cut": "price.cut",
    "offered_in_kind": "in_kind.offered", "taken": "in_kind.taken", "returned": "lot.returned",
}  # fmt: skip
