"""Reading recorded bids: every row checked before anything is started.

The format is CSV with a header, UTF-8, one row for each bid in the order in which it was made:

    auction_id, item, duration_days, opening_bid_cents, final_price_cents    the same in all rows
                                                                             of an auction
    offset_seconds                                                           since its start
    bidder, bid_cents
"""

import csv
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from auction_engine.errors import AuctionError
from auction_engine.rules.money import MAX_AMOUNT_MINOR

COLUMNS = (
    "auction_id", "item", "duration_days", "opening_bid_cents", "final_price_cents",
    "offset_seconds", "bidder", "bid_cents",
)  # fmt: skip
_OF_THE_AUCTION = ("item", "duration_days", "opening_bid_cents", "final_price_cents")
_TEXT_MAX = 200
_WHOLE = re.compile(r"[0-9]{1,16}", re.ASCII).fullmatch
_DECIMAL = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII).fullmatch


class RecordedBidsError(AuctionError):
    """The file cannot be replayed. The sentence names the line and what to do."""

    exit_status = 2


@dataclass(frozen=True, slots=True)
class RecordedBid:
    """`offset_s`: seconds since the auction's start. `amount_minor`: cents."""

    offset_s: float
    bidder: str
    amount_minor: int


@dataclass(slots=True)
class RecordedLot:
    """One finished auction: `opening_minor` and `published_minor` (its final price) in cents."""

    auction_id: str
    item: str
    duration_days: int
    opening_minor: int
    published_minor: int
    bids: list[RecordedBid] = field(default_factory=list)


def read(path: Path) -> list[RecordedLot]:
    """The auctions in `path`, in order of their first rows. Raises RecordedBidsError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _lots(path, file)
    except OSError as error:
        raise RecordedBidsError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise RecordedBidsError(
            f"{path}, line {_line_of_bad_bytes(path)}: the text is not UTF-8; save the file as "
            f"UTF-8."
        ) from None


def _lots(path: Path, file: TextIO) -> list[RecordedLot]:
    rows = csv.reader(file, strict=True)
    lots: dict[str, RecordedLot] = {}
    first_rows: dict[str, dict[str, str]] = {}
    begins = 1
    try:
        header = _header(next(rows, []))
        begins = rows.line_num + 1
        for fields in rows:
            if fields:  # the csv module gives an empty list for an empty line
                row = _row(header, fields)
                _add(_lot_of(row, lots, first_rows), row)
            begins = rows.line_num + 1
    except csv.Error as error:
        raise RecordedBidsError(
            f"{path}, line {rows.line_num}: this is not CSV ({error}); export the file again."
        ) from None
    except _Wrong as wrong:
        raise RecordedBidsError(f"{path}, line {begins}: {wrong}.") from None
    if not lots:
        raise RecordedBidsError(f"{path}, line 2: there are no bids in this file; add rows.")
    return list(lots.values())


class _Wrong(Exception):
    """What is wrong with a line, and the cure, without the full stop."""


def _header(names: list[str]) -> list[str]:
    if not names:
        raise _Wrong(f"the file is empty; its first line must name the columns {_list(COLUMNS)}")
    if unknown := [name for name in names if name not in COLUMNS]:
        raise _Wrong(f"the column {unknown[0][:40]!r} is not known; the columns are "
                     f"{_list(COLUMNS)}")  # fmt: skip
    if missing := [name for name in COLUMNS if name not in names]:
        raise _Wrong(f"the column {missing[0]} is missing; add it")
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise _Wrong(f"the column {twice} is there twice; remove one")
    return names


def _row(header: list[str], fields: list[str]) -> dict[str, str]:
    if len(fields) != len(header):
        raise _Wrong(f"there are {len(fields)} fields instead of {len(header)}; complete the row")
    return dict(zip(header, fields, strict=True))


def _lot_of(
    row: dict[str, str], lots: dict[str, RecordedLot], first_rows: dict[str, dict[str, str]]
) -> RecordedLot:
    auction_id = _text(row, "auction_id")
    if auction_id in lots:
        first = first_rows[auction_id]
        for name in _OF_THE_AUCTION:
            if row[name] != first[name]:
                raise _Wrong(
                    f"{name} is {row[name][:40]!r}, but {first[name][:40]!r} in the first row of "
                    f"auction {auction_id}; make all rows of an auction agree"
                )
        return lots[auction_id]
    lots[auction_id] = RecordedLot(
        auction_id,
        _text(row, "item"),
        _whole(row, "duration_days"),
        _whole(row, "opening_bid_cents"),
        _whole(row, "final_price_cents"),
    )
    first_rows[auction_id] = row
    return lots[auction_id]


def _add(lot: RecordedLot, row: dict[str, str]) -> None:
    bid = RecordedBid(_offset(row), _text(row, "bidder"), _whole(row, "bid_cents"))
    if lot.bids and bid.offset_s < lot.bids[-1].offset_s:
        raise _Wrong(
            f"offset_seconds {row['offset_seconds']} comes after {lot.bids[-1].offset_s} of the "
            f"same auction; sort the rows of auction {lot.auction_id} by time"
        )
    lot.bids.append(bid)


def _text(row: dict[str, str], name: str) -> str:
    value = row[name]
    if not value or len(value) > _TEXT_MAX or not value.isprintable():
        raise _Wrong(f"{name} must be 1 to {_TEXT_MAX} printable characters; correct it")
    return value


def _whole(row: dict[str, str], name: str) -> int:
    value = row[name]
    if _WHOLE(value) is None or not 1 <= int(value) <= MAX_AMOUNT_MINOR:
        raise _Wrong(
            f"{name} is {value[:40]!r}; it must be a whole number from 1 to {MAX_AMOUNT_MINOR}, "
            f"in digits alone"
        )
    return int(value)


def _offset(row: dict[str, str]) -> float:
    value = row["offset_seconds"]
    if _DECIMAL(value) is None or not math.isfinite(float(value)):
        raise _Wrong(
            f"offset_seconds is {value[:40]!r}; it must be a number of seconds from 0 up, such as "
            f"192753.994"
        )
    return float(value)


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _line_of_bad_bytes(path: Path) -> int:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1
