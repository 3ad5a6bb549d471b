"""Lists as files people work on with: CSV and Excel, from one description of a table.

CSV is UTF-8 with a byte order mark, so that Excel reads its letters, with semicolons in Vietnamese
and commas in English: what Excel of that language expects. Numbers are plain digits with the
language's decimal mark, days and times ISO. A text that a spreadsheet would run as a formula gets
an apostrophe in front. Excel files have real numbers and days, and nothing in them is run.
"""

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, Literal, NamedTuple, Protocol

import xlsxwriter  # type: ignore[import-untyped]
from starlette.responses import Response, StreamingResponse

from auction_engine.http.presenting import ZONE
from auction_engine.http.problems import Problem

Kind = Literal["text", "money", "day", "moment", "number", "share", "decimal"]
# Excel takes 1,048,576; nobody reads a hundred thousand.
MOST_ROWS = 100_000
_CHUNK = 64 * 1024
_CELL = 32_000  # Excel takes 32,767 letters in a cell
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")
_WIDTHS = {
    "money": 18, "day": 12, "moment": 20, "number": 10, "text": 24, "share": 12, "decimal": 12,
}  # fmt: skip
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Column(NamedTuple):
    """One column; `width` in letters."""

    title: str
    kind: Kind = "text"
    width: int = 0


class Table(NamedTuple):
    """A list. `facts` go on the title sheet: what it is of, when it was made, by whose clock."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]
    facts: Sequence[tuple[str, str]] = ()


class Book(Protocol):
    """What amounts are in."""

    @property
    def currency(self) -> str: ...
    @property
    def minor_digits(self) -> int: ...


def answer(wanted: str, tables: Sequence[Table], book: Book, lang: str) -> Response:
    """The file asked for: `csv` has the first table, `xlsx` all. Raises Problem 400."""
    name = tables[0].name
    if wanted == "csv":
        return StreamingResponse(
            _chunks(csv_text(tables[0], book, lang)),
            media_type="text/csv; charset=utf-8",
            headers=_attached(f"{name}.csv"),
        )
    if wanted == "xlsx":
        return StreamingResponse(
            _workbook(tables, book), media_type=XLSX, headers=_attached(f"{name}.xlsx")
        )
    raise Problem(400, "BAD_MESSAGE", "`format` is csv or xlsx.")


def _attached(filename: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{filename}"'}


# --- CSV ----------------------------------------------------------------------------------------


def csv_text(table: Table, book: Book, lang: str) -> Iterator[str]:
    """The lines of the file, the byte order mark first."""
    line = io.StringIO()
    writer = csv.writer(line, delimiter=";" if lang == "vi" else ",", lineterminator="\r\n")

    def written(cells: Iterable[Any]) -> str:
        line.seek(0)
        line.truncate()
        writer.writerow(cells)
        return line.getvalue()

    yield "\N{ZERO WIDTH NO-BREAK SPACE}"
    yield written(harmless(_head(column, book)) for column in table.columns)
    for n, row in enumerate(table.rows):
        if n == MOST_ROWS:
            yield written(["…"])
            break
        yield written(
            _cell(value, column.kind, book, lang)
            for value, column in zip(row, table.columns, strict=True)
        )


def _head(column: Column, book: Book) -> str:
    return f"{column.title} ({book.currency})" if column.kind == "money" else column.title


def _cell(value: Any, kind: Kind, book: Book, lang: str) -> str:
    if value is None:
        return ""
    if kind == "money":
        return _decimal(value, book.minor_digits, "," if lang == "vi" else ".")
    if kind == "moment":
        return f"{value.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"
    if kind == "day":
        return str(value.isoformat())
    if kind in ("share", "decimal"):
        return f"{value:.4f}".replace(".", "," if lang == "vi" else ".")
    return str(value) if kind == "number" else harmless(str(value))


def _decimal(minor: int, digits: int, mark: str) -> str:
    sign, whole = ("-" if minor < 0 else ""), abs(minor)
    if not digits:
        return f"{sign}{whole}"
    units, rest = divmod(whole, 10**digits)
    return f"{sign}{units}{mark}{rest:0{digits}d}"


def harmless(text: str) -> str:
    """A text as no spreadsheet runs it."""
    return f"'{text}" if text.lstrip(" ").startswith(_RUNS) or text.startswith(_RUNS) else text


async def _chunks(lines: Iterator[str]) -> AsyncIterator[bytes]:
    waiting, size = [], 0
    for line in lines:
        waiting.append(line.encode())
        size += len(waiting[-1])
        if size >= _CHUNK:
            yield b"".join(waiting)
            waiting, size = [], 0
            await asyncio.sleep(0)  # a long list must not hold up the bids
    yield b"".join(waiting)


# --- Excel --------------------------------------------------------------------------------------


async def _workbook(tables: Sequence[Table], book: Book) -> AsyncIterator[bytes]:
    with tempfile.TemporaryFile() as file:
        await asyncio.to_thread(write_workbook, file, tables, book)
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def write_workbook(file: Any, tables: Sequence[Table], book: Book) -> None:
    """Write the tables to `file`: a title sheet, then a sheet each."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
        "default_date_format": "yyyy-mm-dd",
    }
    with xlsxwriter.Workbook(file, options) as workbook:
        looks = _looks(workbook, book)
        _title_sheet(workbook, tables[0], looks)
        for table in tables:
            _sheet(workbook, table, book, looks)


def _looks(workbook: Any, book: Book) -> dict[str, Any]:
    decimals = "." + "0" * book.minor_digits if book.minor_digits else ""
    plain = {"valign": "top"}
    return {
        "title": workbook.add_format({"bold": True, "font_size": 16}),
        "name": workbook.add_format({"font_color": "#5D5850", "valign": "top"}),
        "head": workbook.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "bg_color": "#EFE9DF"}
        ),
        "text": workbook.add_format({**plain, "text_wrap": True}),
        "number": workbook.add_format(plain),
        "money": workbook.add_format({**plain, "num_format": f"#,##0{decimals}"}),
        "share": workbook.add_format({**plain, "num_format": "0.0%"}),
        "decimal": workbook.add_format({**plain, "num_format": "#,##0.0"}),
        "day": workbook.add_format({**plain, "num_format": "dd/mm/yyyy"}),
        "moment": workbook.add_format({**plain, "num_format": "dd/mm/yyyy hh:mm:ss"}),
    }


def _title_sheet(workbook: Any, table: Table, looks: dict[str, Any]) -> None:
    sheet = workbook.add_worksheet("i")
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 60)
    sheet.write_string(0, 0, table.title[:_CELL], looks["title"])
    for n, (name, value) in enumerate(table.facts, 2):
        sheet.write_string(n, 0, name[:_CELL], looks["name"])
        sheet.write_string(n, 1, value[:_CELL], looks["text"])


def _sheet(workbook: Any, table: Table, book: Book, looks: dict[str, Any]) -> None:
    sheet = workbook.add_worksheet(table.name[:31])
    for n, column in enumerate(table.columns):
        sheet.set_column(n, n, column.width or _WIDTHS[column.kind])
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    for n, column in enumerate(table.columns):
        sheet.write_string(0, n, _head(column, book), looks["head"])
    for at, row in enumerate(table.rows, 1):
        if at > MOST_ROWS:
            sheet.write_string(at, 0, "…")
            break
        for n, (value, column) in enumerate(zip(row, table.columns, strict=True)):
            _put(sheet, at, n, value, column.kind, book, looks)
    sheet.autofilter(0, 0, max(1, min(len(_sized(table)), MOST_ROWS)), len(table.columns) - 1)


def _sized(table: Table) -> Sequence[Any]:
    return table.rows if isinstance(table.rows, Sequence) else ()


def _put(
    sheet: Any, at: int, n: int, value: Any, kind: Kind, book: Book, looks: dict[str, Any]
) -> None:
    if value is None:
        return
    look = looks[kind]
    if kind == "money":
        sheet.write_number(at, n, _figure(value, book.minor_digits), look)
    elif kind in ("number", "share", "decimal"):
        sheet.write_number(at, n, value, look)
    elif kind == "moment":
        assert isinstance(value, datetime)
        sheet.write_datetime(
            at, n, value.astimezone(ZONE).replace(tzinfo=None, microsecond=0), look
        )
    elif kind == "day":
        assert isinstance(value, date)
        sheet.write_datetime(at, n, value, look)
    else:
        sheet.write_string(at, n, str(value)[:_CELL], look)


def _figure(minor: int, digits: int) -> int | float:
    # Excel keeps 15 digits: amounts below 2^53 are exact as long as they have no decimals.
    return minor / 10**digits if digits else minor
