"""A published draw, checked by anyone: the record holds everything `draw.draw` needs.

    {"format": "auction-engine/draw/v1", "lot": 7, "round": 1,
     "commitments": [{"seq": 1, "holder": "ORGANISATION", "commitment": "<64 hex digits>"}],
     "entrants_seq": 40, "entrants": ["B-001", "B-007"],
     "contributions": [{"seq": 43, "bidder": "B-007", "text": "…"}],
     "reveals": [{"seq": 47, "holder": "ORGANISATION", "seed": "<64 hex digits>"}],
     "left_out": [], "order": ["B-007", "B-001"]}

`seq` is the number of the journal entry, which proves what was known when; several entries of a
list may share one. `left_out` names who committed and did not reveal.
"""

from typing import Any

from auction_engine.rules.draw import (
    FORMAT,
    Contribution,
    DrawError,
    Reveal,
    check_entropy,
    check_name,
    check_place,
    draw,
    read_seed,
    sort_entrants,
    verify,
)
from auction_engine.rules.sealing_bytes import HEX_256, Fault, is_whole

_LISTS = (("commitments", "holder"), ("contributions", "bidder"), ("reveals", "holder"))


def check_draw(record: object) -> Fault | None:
    """The first thing wrong in a published draw (JSON as in `docs/protocol/draw.md`), or None.

    BAD_RECORD, BAD_NUMBER, BAD_NAME, BAD_SEED, BAD_ENTROPY, BAD_ENTRANTS: something is not of its
    form. HOLDER_TWICE, COMMITMENT_TWICE, CONTRIBUTED_TWICE, REVEALED_TWICE. OUT_OF_ORDER: a list is
    not in the journal's order. COMMITTED_LATE, CONTRIBUTED_LATE, ENTRANTS_LATE: after others could
    know what it must not depend on. NOT_COMMITTED, WRONG_SEED: a reveal without its commitment.
    NOTHING_REVEALED: the draw must be repeated. WRONG_LEFT_OUT, WRONG_RESULT.
    Never raises for JSON values.
    """
    try:
        _check(record)
    except DrawError as error:
        return Fault(error.code, error.where, str(error))
    return None


def _check(record: Any) -> None:
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise DrawError("BAD_RECORD", "format", f"This is not a record of the form {FORMAT}.")
    check_place(record.get("lot"), record.get("round"))
    lists = {name: _entries(record, name, who) for name, who in _LISTS}
    _check_entrants(record)
    _check_commitments(record)
    _once(record, "contributions", "bidder", "CONTRIBUTED_TWICE")
    for number, entry in enumerate(lists["contributions"]):
        check_entropy(entry.get("text"), f"contributions[{number}]")
    _check_reveals(record)
    _check_times(record)
    seeds = {entry["holder"]: entry["seed"] for entry in lists["reveals"]}
    holders = [entry["holder"] for entry in lists["commitments"]]
    left_out = [holder for holder in holders if holder not in seeds]
    if record.get("left_out") != left_out:
        raise DrawError("WRONG_LEFT_OUT", "left_out", f"Left out were {left_out}.")
    reveals = [Reveal(holder, seeds[holder]) for holder in holders if holder in seeds]
    added = [Contribution(entry["bidder"], entry["text"]) for entry in lists["contributions"]]
    order = list(draw(record["lot"], record["round"], reveals, added, record["entrants"]))
    if record.get("order") != order:
        raise DrawError("WRONG_RESULT", "order", f"The draw gives {order}.")


def _entries(record: dict[str, Any], name: str, who: str) -> list[dict[str, Any]]:
    entries = record.get(name)
    if not isinstance(entries, list):
        raise DrawError("BAD_RECORD", name, "There must be a list here.")
    last = 1
    for number, entry in enumerate(entries):
        where = f"{name}[{number}]"
        if not isinstance(entry, dict) or not is_whole(entry.get("seq"), 1):
            raise DrawError("BAD_RECORD", where, "There must be an entry with its journal number.")
        check_name(entry.get(who), where)
        if entry["seq"] < last:
            raise DrawError("OUT_OF_ORDER", where, "The list is not in the journal's order.")
        last = entry["seq"]
    return entries


def _once(record: dict[str, Any], name: str, field: str, code: str) -> None:
    seen: set[str] = set()
    for number, entry in enumerate(record[name]):
        if entry[field] in seen:
            raise DrawError(code, f"{name}[{number}]", f"This {field} is there already.")
        seen.add(entry[field])


def _check_entrants(record: dict[str, Any]) -> None:
    entrants = record.get("entrants")
    if not isinstance(entrants, list) or not is_whole(record.get("entrants_seq"), 1):
        raise DrawError("BAD_RECORD", "entrants", "There must be a list and its journal number.")
    if sort_entrants(entrants) != entrants:
        raise DrawError("OUT_OF_ORDER", "entrants", "The entrants are not sorted.")


def _check_commitments(record: dict[str, Any]) -> None:
    for number, entry in enumerate(record["commitments"]):
        where, value = f"commitments[{number}]", entry.get("commitment")
        if type(value) is not str or not HEX_256(value):
            raise DrawError("BAD_RECORD", where, "A commitment is 64 hexadecimal digits.")
        if entry["seq"] >= record["entrants_seq"] and entry["holder"] not in record["entrants"]:
            raise DrawError("COMMITTED_LATE", where, "The entrants were already known.")
    _once(record, "commitments", "holder", "HOLDER_TWICE")
    _once(record, "commitments", "commitment", "COMMITMENT_TWICE")


def _check_reveals(record: dict[str, Any]) -> None:
    committed = {entry["holder"]: entry["commitment"] for entry in record["commitments"]}
    _once(record, "reveals", "holder", "REVEALED_TWICE")
    for number, entry in enumerate(record["reveals"]):
        where, holder, seed = f"reveals[{number}]", entry["holder"], entry.get("seed")
        read_seed(seed, where)
        if holder not in committed:
            raise DrawError("NOT_COMMITTED", where, "This holder made no commitment.")
        if not verify(committed[holder], seed, record["lot"], record["round"], holder):
            raise DrawError("WRONG_SEED", where, "This seed is not what was committed to.")


def _check_times(record: dict[str, Any]) -> None:
    if not record["reveals"]:
        raise DrawError("NOTHING_REVEALED", "reveals", "No seed was revealed: commit anew, repeat.")
    first = record["reveals"][0]["seq"]
    if record["entrants_seq"] >= first:
        raise DrawError("ENTRANTS_LATE", "entrants", "A seed was already revealed.")
    for name, code in (("commitments", "COMMITTED_LATE"), ("contributions", "CONTRIBUTED_LATE")):
        for number, entry in enumerate(record[name]):
            if entry["seq"] >= first:
                raise DrawError(code, f"{name}[{number}]", "A seed was already revealed.")
