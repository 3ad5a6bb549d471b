"""What of a journal or a record other systems are told, and in which words.

Only what stands here leaves: an entry of a kind that is not named is told to nobody. Bidders are
their codes; who they are no message says.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

# Type of the event, and what of the entry's data it says.
_TURNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "lot.contracted": ("lot.contracted", ()),
    "lot.withdrawn": ("lot.withdrawn", ()),
    "lot.changed": ("lot.changed", ("what",)),
    "registration.opened": ("lot.registration_opened", ()),
    "registration.closed": ("lot.registration_closed", ()),
    "lot.ready": ("lot.ready", ()),
    "lot.postponed": ("lot.postponed", ("ground",)),
    "lot.rescheduled": ("lot.rescheduled", ("start_ms", "end_ms")),
    "lot.paused": ("lot.paused", ("ground",)),
    "incident.reported": ("lot.incident_reported", ("what",)),
    "incident.decided": ("lot.incident_decided", ("choice",)),
    "lot.resumed": ("lot.resumed", ()),
    "lot.stopped": ("lot.stopped", ("ground",)),
    "bid.withdrawn": ("bid.withdrawn", ("by",)),
    "winner.announced": ("result.announced", ("bidder", "price_minor", "due_ms")),
    "lot.failed": ("result.failed", ("code",)),
    "runner_up.offered": ("result.runner_up_offered", ("bidder", "price_minor", "due_ms")),
    "offer.accepted": ("result.offer_accepted", ()),
    "offer.declined": ("result.offer_declined", ()),
    "result.annulled": ("result.annulled", ("ground",)),
    "payment.recorded": ("payment.recorded", ("amount_minor",)),
    "payment.covered": ("payment.covered", ("due_ms",)),
    "payment.extended": ("payment.extended", ("due_ms",)),
    "payment.defaulted": ("payment.defaulted", ()),
    "sale.rescinded": ("payment.sale_rescinded", ()),
    "buyer.rescinded": ("payment.buyer_rescinded", ()),
    "proceeds.distributed": ("payment.distributed", ()),
    "lot.delivered": ("lot.delivered", ()),
    "title.filed": ("lot.title_filed", ()),
    "file.closed": ("lot.file_closed", ()),
    "hold.placed": ("lot.hold_placed", ("ground",)),
    "hold.released": ("lot.hold_released", ("ground",)),
    "price.cut": ("lot.price_cut", ("starting_price_minor",)),
    "in_kind.offered": ("lot.in_kind_offered", ()),
    "in_kind.taken": ("lot.in_kind_taken", ()),
    "lot.returned": ("lot.returned", ()),
}
_ENTRIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "lot.opened": ("lot.opened", ()),
    "lot.extended": ("lot.extended", ("end_ms", "count", "n")),
    "lot.closed": ("lot.closed", ("leader", "price_minor", "n")),
    "bid.accepted": ("bid.accepted", ("bidder", "amount_minor", "n")),
    "bid.automatic": ("bid.accepted", ("bidder", "amount_minor", "n")),
}
_COMPLAINT = {
    "FILED": "complaint.filed",
    "ACCEPTED": "complaint.accepted",
    "REJECTED_FORMALLY": "complaint.rejected",
    "DECIDED_UPHELD": "complaint.upheld",
    "DECIDED_DENIED": "complaint.denied",
    "WITHDRAWN": "complaint.withdrawn",
}
_PEOPLE = frozenset({"bidder", "leader", "by"})
TEST = "webhook.test"
TYPES: tuple[str, ...] = tuple(
    sorted(
        {"lot.published"}
        | {named for named, _ in (_TURNS | _ENTRIES).values()}
        | set(_COMPLAINT.values())
    )
)
KINDS = frozenset({"lot.listed", *_TURNS, *_ENTRIES})


class Told(NamedTuple):
    """An entry as it is told: its type and data."""

    type: str
    data: dict[str, Any]


def bidders_of(entry: Mapping[str, Any]) -> set[int]:
    """The accounts an entry names that its event would name by code."""
    said = _said(entry)
    return {said[name] for name in _PEOPLE if isinstance(said.get(name), int)}


def of_entry(
    entry: Mapping[str, Any], codes: Mapping[int, str], where: Mapping[str, int]
) -> Told | None:
    """What a decoded entry of a lot's journal is told as, None for nothing.

    `codes` are bidders' codes by account, `where` the lot and its session.
    """
    kind = entry["kind"]
    data: dict[str, Any] = dict(where)
    if kind == "lot.listed":
        params = entry["params"]
        names = ("currency", "minor_digits", "starting_price_minor", "start_ms", "end_ms")
        return Told("lot.published", data | {name: params.get(name) for name in names})
    if kind not in KINDS:
        return None
    named, fields = _ENTRIES[kind] if kind in _ENTRIES else _TURNS[kind]
    said = _said(entry)
    for name in fields:
        if name in _PEOPLE:
            # Somebody without a code is no bidder of this lot, and nobody of whom we tell.
            data["bidder_code"] = codes.get(said.get(name, 0))
        elif name in said:
            data[name] = said[name]
    if kind == "bid.automatic":
        data["automatic"] = True
    if "status" in entry:
        data["status"] = entry["status"]
    return Told(named, data)


def of_complaint(act: Mapping[str, Any]) -> Told:
    """What an act on a complaint is told as: that it is there, never what it says."""
    data = {"lot": act["lot_id"], "session": act["session_id"], "complaint": act["complaint_id"]}
    data |= {"about": act["about"], "state": act["kind"]}
    return Told(_COMPLAINT[act["kind"]], data)


def _said(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    data = entry.get("data")
    return data if isinstance(data, dict) else entry
