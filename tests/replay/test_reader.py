"""Every way in which a file of recorded bids can be wrong: the line, the reason, the cure."""

from pathlib import Path

import pytest

from auction_engine.replay.reader import COLUMNS, RecordedBidsError, read

HEADER = ",".join(COLUMNS)
ROW = "7,Lathe,3,9900,17750,12.5,ann,10000"


def write(path: Path, *lines: str | bytes, end: bytes = b"\n") -> Path:
    file = path / "bids.csv"
    file.write_bytes(b"".join((x if isinstance(x, bytes) else x.encode()) + end for x in lines))
    return file


def changed(**values: str) -> str:
    fields = dict(zip(COLUMNS, ROW.split(","), strict=True))
    return ",".join((fields | values).values())


def test_reads_lots_in_order_of_their_first_rows(tmp_path):
    file = write(
        tmp_path,
        HEADER,
        ROW,
        changed(auction_id="x-1", item='"Press, hydraulic"', offset_seconds="0"),
        changed(offset_seconds="12.5", bidder="bob", bid_cents="9007199254740991"),
    )
    first, second = read(file)
    assert (first.auction_id, first.item, first.duration_days) == ("7", "Lathe", 3)
    assert (first.opening_minor, first.published_minor) == (9900, 17750)
    assert [(b.offset_s, b.bidder, b.amount_minor) for b in first.bids] == [
        (12.5, "ann", 10000),
        (12.5, "bob", 2**53 - 1),
    ]
    assert second.item == "Press, hydraulic"


def test_takes_what_spreadsheets_write(tmp_path):
    shuffled = [*COLUMNS[3:], *COLUMNS[:3]]
    fields = dict(zip(COLUMNS, ROW.split(","), strict=True))
    file = write(
        tmp_path,
        "\ufeff" + ",".join(shuffled),
        ",".join(fields[name] for name in shuffled),
        "",
        end=b"\r\n",
    )
    (lot,) = read(file)
    assert lot.item == "Lathe"
    assert lot.bids[0].amount_minor == 10000


WRONG = {
    "unknown column": ([HEADER + ",colour", ROW + ",red"], 1, "'colour' is not known"),
    "missing column": (
        [HEADER.replace(",bidder", ""), ROW.replace(",ann", "")], 1, "column bidder is missing",
    ),
    "column twice": ([HEADER + ",bidder", ROW + ",ann"], 1, "bidder is there twice"),
    "no header": ([ROW], 1, "is not known; the columns are auction_id,"),
    "header alone": ([HEADER], 2, "no bids in this file; add rows"),
    "field missing": ([HEADER, ROW, ROW.rpartition(",")[0]], 3, "7 fields instead of 8"),
    "field too many": ([HEADER, ROW + ",1"], 2, "9 fields instead of 8"),
    "unsorted": (
        [HEADER, ROW, changed(offset_seconds="12.4")], 3, "sort the rows of auction 7 by time",
    ),
    "unsorted, apart": (
        [HEADER, ROW, changed(auction_id="8", offset_seconds="1"), changed(offset_seconds="3")],
        4, "comes after 12.5",
    ),
    "other opening": ([HEADER, ROW, changed(opening_bid_cents="9901")], 3, "opening_bid_cents is"),
    "other final": ([HEADER, ROW, changed(final_price_cents="1")], 3, "make all rows of an"),
    "other item": ([HEADER, ROW, changed(item="Boat")], 3, "item is 'Boat', but 'Lathe'"),
    "other duration": ([HEADER, ROW, changed(duration_days="5")], 3, "duration_days is '5'"),
    "no bidder": ([HEADER, changed(bidder="")], 2, "bidder must be 1 to 200"),
    "control character": ([HEADER, changed(item="a\x1b[31m")], 2, "printable characters"),
    "not UTF-8": ([HEADER, ROW, changed(item="Ti\u1ec1n").encode("utf-16-le")], 3, "not UTF-8"),
    "open quote": ([HEADER, ROW, '"7,Lathe'], 3, "not CSV"),
    "latin-1": ([HEADER, b"7,caf\xe9,3,9900,17750,1,ann,10000"], 2, "save the file as UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_file(tmp_path, case):
    lines, line, why = WRONG[case]
    file = write(tmp_path, *lines)
    with pytest.raises(RecordedBidsError) as caught:
        read(file)
    assert caught.value.exit_status == 2
    assert f"{file}, line {line}: " in caught.value.sentence
    assert why in caught.value.sentence
    assert "\n" not in caught.value.sentence


@pytest.mark.parametrize(
    "number",
    ["-1", "+1", "0", "", "1.0", "1e3", "NaN", "inf", " 1", "1_000", "1,5", "٣", "0x10",
     "9007199254740992", "9" * 400, "true"],
)  # fmt: skip
@pytest.mark.parametrize("column", ["bid_cents", "opening_bid_cents", "final_price_cents"])
def test_wrong_amount(tmp_path, column, number):
    row = changed(**{"auction_id": "8", column: f'"{number}"'})
    file = write(tmp_path, HEADER, ROW, row)
    with pytest.raises(RecordedBidsError, match=rf"line 3: {column} is .* from 1 to 9007199254"):
        read(file)


@pytest.mark.parametrize("number", ["-0.5", "nan", "inf", "1e3", "", "1.", ".5", "9" * 400, "1 "])
def test_wrong_time(tmp_path, number):
    file = write(tmp_path, HEADER, changed(offset_seconds=number))
    with pytest.raises(RecordedBidsError, match=r"line 2: offset_seconds is .* from 0 up"):
        read(file)


def test_empty_file(tmp_path):
    with pytest.raises(RecordedBidsError, match="line 1: the file is empty"):
        read(write(tmp_path))


def test_no_file(tmp_path):
    with pytest.raises(RecordedBidsError, match="cannot be read: No such file"):
        read(tmp_path / "nothing.csv")
    with pytest.raises(RecordedBidsError, match="cannot be read: Is a directory"):
        read(tmp_path)
