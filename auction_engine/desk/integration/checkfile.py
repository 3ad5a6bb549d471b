"""A file of cases, looked at where nobody waits for it: `python -m ... FORM TODAY < file > frames`.

A file of thousands takes seconds to read, and what somebody else wrote may be made to take more: so
a process of its own does it, behind everything else, with bounded memory and time. It needs no
ledger and no keys. What is found goes out in frames (see `frames`), each behind its length.
"""

import os
import resource
import sys
from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson

from auction_engine.desk.cases import assets, disclosing, record
from auction_engine.desk.cases.checks import Reader
from auction_engine.desk.cases.parties import NewParty
from auction_engine.desk.cases.record import CaseError
from auction_engine.desk.integration import casefile
from auction_engine.desk.integration.casefile import Item, Read, Wrong

# Faults that are listed one by one; beyond them only their number is told.
MOST_LISTED = 5_000
LENGTH_BYTES = 4
# Assets in a frame: what is written in one go, while bids wait for a millisecond or two.
_SOME = 50
_MEMORY_BYTES = 2_000 * 1024 * 1024
_CPU_S = 240
Frame = dict[str, Any]


def frames(form: str, body: bytes, today: date) -> Iterator[Frame]:
    """What is in the file `body`, checked by the readers of `desk.cases`.

    `head`: how much there is, and which numbers and references it names, with their places; `some`:
    cases and assets ready to be written, no more of them once something is wrong; `end`: faults.
    """
    found = casefile.read(form, body)
    wrong = list(found.wrong)
    numbers, references = _named(found, wrong)
    yield {
        "t": "head", "assets": found.assets, "cases": len(found.cases),
        "numbers": [[said, *place] for said, place in numbers.items()],
        "references": [[said, *place] for said, place in references.items()],
    }  # fmt: skip
    done, cases, rows = 0, list[Any](), list[Any]()
    for n, (case, own) in enumerate(found.cases):
        cases += _case(n, case, today, wrong)
        for item in own:
            rows += _asset(n, item, today, wrong)
            done += 1
            if done % _SOME == 0:
                yield _some(done, cases, rows, wrong)
                cases, rows = [], []
    yield _some(done, cases, rows, wrong)
    faults = [list(one) for one in sorted(wrong)[:MOST_LISTED]]
    yield {"t": "end", "wrong": len(wrong), "faults": faults}


def _some(done: int, cases: list[Any], rows: list[Any], wrong: list[Wrong]) -> Frame:
    # What will not be kept need not be written.
    kept = ([], []) if wrong else (cases, rows)
    return {"t": "some", "done": done, "cases": kept[0], "assets": kept[1]}


_Places = dict[str, tuple[int, str]]


def _named(file: Read, wrong: list[Wrong]) -> tuple[_Places, _Places]:
    """Case numbers and references with their rows and columns; those named twice are wrong."""
    numbers, references = _Places(), _Places()
    for case, own in file.cases:
        cure = "This case is in the file twice; put its assets together."
        _once(numbers, case, "number", cure, wrong)
        cure = "This reference is in the file twice; each asset has its own."
        for asset in own:
            _once(references, asset, "reference", cure, wrong)
    return numbers, references


def _once(seen: _Places, item: Item, name: str, cure: str, wrong: list[Wrong]) -> None:
    given = item.data.get(name)
    said = given.strip() if isinstance(given, str) else ""
    column = f"{item.prefix}{name}"
    if said in seen:
        wrong.append(Wrong(item.row, column, "TWICE", cure))
    elif said:
        seen[said] = (item.row, column)


def _faults(item: Item, error: CaseError) -> list[Wrong]:
    return [
        Wrong(item.row, f"{item.prefix}{fault.path}", fault.code, fault.cure)
        for fault in error.faults
    ]


def _case(n: int, item: Item, today: date, wrong: list[Wrong]) -> list[Any]:
    """The case as a row to write, `n` its number in the file; nothing where it has faults."""
    reader = Reader(item.data)
    case = assets.read_case(reader, today)
    try:
        reader.done()
    except CaseError as error:
        wrong += _faults(item, error)
        return []
    assert case.opened_on is not None
    return [
        {
            "n": n, "place": [item.row, f"{item.prefix}number"], "number": case.number,
            "title": record.dumped(case.title), "judgment": record.dumped(case.judgment),
            "decision": record.dumped(case.decision), "opened_on": case.opened_on,
            "parties": [_party(one) for one in case.parties],
        }
    ]  # fmt: skip


def _party(one: NewParty) -> dict[str, Any]:
    return one._asdict() | {"contact": record.dumped(one.contact) if one.contact else None}


def _asset(case: int, item: Item, today: date, wrong: list[Wrong]) -> list[Any]:
    """The asset as a row to write, with what follows of its papers (`papers.write_...`)."""
    reader = Reader(item.data)
    asset = assets.read_asset(reader, today)
    try:
        reader.done()
    except CaseError as error:
        wrong += _faults(item, error)
        return []
    content, told = dict(asset.content), asset.disclosure
    if told is not None:
        content["disclosure"] = disclosing.lines(told, asset.movable)
    if asset.valuation is not None:
        content["currency"] = asset.valuation["currency"]
        content["starting_price_minor"] = asset.valuation["amount_minor"]
    return [
        {
            "case": case, "reference": asset.reference, "kind": asset.kind,
            "movable": asset.movable, "content": record.dumped(content),
            "entered": record.dumped(assets.entered(asset)),
            "disclosure": None if told is None else record.dumped(told),
            "valuation": asset.valuation,
        }
    ]  # fmt: skip


def main() -> int:
    """Read standard input, write frames to standard output."""
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    form, today = sys.argv[1], date.fromisoformat(sys.argv[2])
    for frame in frames(form, sys.stdin.buffer.read(), today):
        data = orjson.dumps(frame)
        sys.stdout.buffer.write(len(data).to_bytes(LENGTH_BYTES) + data)
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
