"""Every word the money's pages ask for is there, and files say what is in them."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple, get_args

import openpyxl
import pytest

from auction_engine.desk.money import matching, payouts, reading, reading_lot
from auction_engine.http import exports, presenting
from auction_engine.http.exports import Column, Table
from auction_engine.http.money_suspense import REASONS
from auction_engine.rules.commands import Role
from auction_engine.rules.pack_proceeds import Rank
from auction_engine.rules.postings.entry import CauseKind
from auction_engine.rules.proceeds.claims import Mode, Security, Stage
from auction_engine.rules.proceeds.due_words import State
from auction_engine.rules.proceeds.order import Line, Portion

ROOT = Path(__file__).resolve().parents[2]
TEXTS = {lang: presenting.load_texts(ROOT / "web", lang) for lang in ("vi", "en")}
SOURCES = [
    *(ROOT / "web" / "templates" / "money").glob("*.html"),
    *(ROOT / "auction_engine" / "http").glob("money*.py"),
]


def test_every_text_the_pages_of_the_money_ask_for_exists() -> None:
    asked: set[str] = set()
    for file in SOURCES:
        asked |= set(re.findall(r'\bt\("([\w.]+)"[,)]', file.read_text("utf-8")))
    assert len(asked) > 200
    assert asked - TEXTS["vi"].keys() == set()


@pytest.mark.parametrize(
    ("start", "names"),
    [
        ("money.reason.", REASONS),
        ("money.reason.", get_args(matching.Reason)),
        ("money.line.", (*reading.LINE_STATES, "BOOKED")),
        ("money.purpose.", get_args(matching.Purpose)),
        ("money.payout.", get_args(payouts.Kind)),
        ("money.payout.state.", get_args(payouts.State)),
        ("money.actor.", get_args(Role)),
        ("money.cause.", get_args(CauseKind)),
        ("money.due.state.", get_args(State)),
        ("money.step.", get_args(Line)),
        ("money.rank.", get_args(Rank)),
        ("money.portion.", get_args(Portion)),
        ("money.stage.", get_args(Stage)),
        ("money.mode.", get_args(Mode)),
        ("money.secured.", get_args(Security)),
        ("money.follow.", ("WHOLE", "OVERPAID", "SHORT", "PART", "SEND")),
        ("money.error.", ("PAID_ALREADY", "NOT_EXPECTED", "LATE")),
        ("money.deposit.", ("WAITING", "SHORT", "GUARANTEE", *reading_lot._WHERE.values())),
        ("deposit.problem.", ("LATE", "DUPLICATE", "OVERPAID", "NOT_EXPECTED")),
    ],
)
def test_every_code_has_its_words(start: str, names: tuple[str, ...]) -> None:
    assert names
    assert [name for name in names if f"{start}{name}" not in TEXTS["vi"]] == []


def kinds(name: str, pattern: str) -> set[str]:
    """What the program's sources name so."""
    found: set[str] = set()
    for file in (ROOT / "auction_engine" / name).rglob("*.py"):
        found |= set(re.findall(pattern, file.read_text("utf-8")))
    return found


def test_every_kind_of_transfer_and_act_has_its_words() -> None:
    transfers = kinds("rules/postings", r'"((?:line|deposit|guarantee|earnest|interest|price|'
                      r"top_up|sale|result|annulled|estate|in_kind|payout|auction_fee|dossier_fee)"
                      r'\.[a-z_]+)"')  # fmt: skip
    assert len(transfers) > 20
    assert [one for one in sorted(transfers) if f"money.transfer.{one}" not in TEXTS["vi"]] == []
    acts = kinds("desk/money", r'\bact\(\s*connection, (?:book|where\.\w+), account, "([\w.]+)"')
    assert len(acts) > 8
    assert [one for one in sorted(acts) if f"money.act.{one}" not in TEXTS["vi"]] == []


class Money(NamedTuple):
    currency: str
    minor_digits: int


COLUMNS = (
    Column("Text"), Column("Sum", "money"), Column("Day", "day"), Column("At", "moment"),
    Column("N", "number"),
)  # fmt: skip
AT = datetime(2026, 3, 1, 17, 30, tzinfo=UTC)  # the second of March in Vietnam


def table(*rows: tuple[object, ...]) -> Table:
    return Table("list", "A list", COLUMNS, rows, (("Book", "=1+1"),))


def test_csv_has_the_marks_of_its_language() -> None:
    found = table(("Đỗ; x, y", -150, date(2026, 3, 1), AT, 7), (None, None, None, None, None))
    vi = "".join(exports.csv_text(found, Money("EUR", 2), "vi"))
    assert vi.startswith("\ufeffText;Sum (EUR);Day;At;N\r\n")
    assert '"Đỗ; x, y";-1,50;2026-03-01;2026-03-02 00:30:00;7\r\n;;;;\r\n' in vi
    en = "".join(exports.csv_text(found, Money("EUR", 2), "en"))
    assert '"Đỗ; x, y",-1.50,2026-03-01' in en


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "  =1", '=cmd|"/c"!A1']
)
def test_no_spreadsheet_runs_what_somebody_wrote(text: str) -> None:
    assert exports.harmless(text) == f"'{text}"
    assert exports.harmless(f"x{text}") == f"x{text}"
    file = io.BytesIO()
    exports.write_workbook(file, [table((text, 1, None, None, None))], Money("VND", 0))
    title, sheet = openpyxl.load_workbook(file).worksheets
    assert sheet["A2"].data_type == "s"
    assert title["B3"].data_type == "s"


def test_excel_has_real_numbers_and_days() -> None:
    file = io.BytesIO()
    rows = [("a", 9_007_199_254_740_991, date(2026, 3, 1), AT, 7), ("b", -5, None, None, None)]
    exports.write_workbook(file, [table(*rows)], Money("VND", 0))
    sheet = openpyxl.load_workbook(file).worksheets[1]
    text, amount, day, at, number = (cell.value for cell in sheet[2])
    assert (text, amount, number) == ("a", 9_007_199_254_740_991, 7)
    assert day.date() == date(2026, 3, 1)
    assert at.isoformat() == "2026-03-02T00:30:00"
    assert sheet["B2"].number_format == "#,##0"
    assert sheet["B3"].value == -5
    assert sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["D"].width > sheet.column_dimensions["C"].width
    assert sheet.auto_filter.ref == "A1:E3"


def test_a_list_without_end_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST_ROWS", 2)
    found = table(*[("a", 1, None, None, None)] * 3)
    assert "".join(exports.csv_text(found, Money("VND", 0), "en")).endswith("a,1,,,\r\n…\r\n")
    file = io.BytesIO()
    exports.write_workbook(file, [found], Money("VND", 0))
    assert openpyxl.load_workbook(file).worksheets[1]["A4"].value == "…"
