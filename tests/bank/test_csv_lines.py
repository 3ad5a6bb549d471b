"""CSV: what banks' tables become, and every row that cannot be read by its number."""

import codecs
from datetime import date

import pytest

from auction_engine.bank.csv_lines import MAX_PROBLEMS
from auction_engine.bank.csv_profile import CsvProfile
from tests.bank.reading import ACCOUNT, EUR, put, refused, sample, taken

DEPOSITS = sample("deposits_vn.csv")
HEAD = "Ngày giao dịch,Số tiền ghi có,Số tiền ghi nợ,Diễn giải,Số tham chiếu\n"
ROW = "21/11/2026,500000,,LO 12,FT1\n"


def test_a_vietnamese_table_with_a_preamble_sums_and_a_remark() -> None:
    (found,) = taken(DEPOSITS, account=ACCOUNT)
    assert found[:8] == (
        "csv", None, ACCOUNT, "VND", None, None, 1_250_000_000, 1_350_002_500,
    )  # fmt: skip
    assert [(line.n, line.place, line.booked_on, line.amount_minor) for line in found.lines] == [
        (1, "row 6", date(2026, 11, 5), 150_000_000),
        (2, "row 7", date(2026, 11, 5), -50_000_000),
        (3, "row 8", date(2026, 11, 6), 2_500),
    ]
    first, second, third = found.lines
    assert (first.bank_ref, first.name) == ("FT26309001122", "NGUYỄN THỊ HỒNG NHUNG")
    assert first.text == "DAT TRUOC LO 12, MA 7KQ2M4"
    assert second.text == '=HYPERLINK("http://x")'
    assert third.bank_ref is None


def test_an_english_table_newest_first_in_utf_16() -> None:
    (found,) = taken(sample("euro_utf16.csv"), EUR)
    assert found.account == "DE89370400440532013000"
    assert [line[:6] for line in found.lines] == [
        (1, "row 3", date(2026, 3, 30), date(2026, 3, 31), 200_000, "EUR"),
        (2, "row 2", date(2026, 3, 31), date(2026, 3, 31), -10, "EUR"),
    ]
    assert found.lines[0].name == "Müller & Söhne GmbH"


def test_vietnamese_windows_text_with_tabs() -> None:
    lines = taken(sample("vn_1258.csv"))[0].lines
    assert [line.text for line in lines] == [
        "Nguyễn Văn Đặng nộp tiền đặt trước lô 3",
        "Trả lại tiền cho bà Hường",
    ]


@pytest.mark.parametrize(
    ("cell", "minor"),
    [
        ("1234567", 1_234_567), ("1.234.567", 1_234_567), ('"1,234,567"', 1_234_567),
        ("1 234 567", 1_234_567), ("1\u202f234\u00a0567", 1_234_567), ("1.500", 1_500),
        ('"1,500"', 1_500), ("1500.00", 1_500), ('"1.234.567,00"', 1_234_567),
        ('"1,234,567.00"', 1_234_567), ("1'234'567.00", 1_234_567), ("1.500.000 VND", 1_500_000),
        ("1.500.000đ", 1_500_000), ("₫1.500.000", 1_500_000), ("+5", 5), ("0005", 5),
    ],
)  # fmt: skip
def test_numbers_of_a_currency_without_decimals(cell: str, minor: int) -> None:
    (line,) = taken(f"{HEAD}21/11/2026,{cell},,x,y\n")[0].lines
    assert line.amount_minor == minor


@pytest.mark.parametrize(
    ("cell", "minor"),
    [
        ("1.234,5", 123_450), ("1,234.56", 123_456), ("-1,234", -123_400), ("0,10-", -10),
        ("(12.50)", -1_250), ("\u221212.50", -1_250), ("1 234 567,00", 123_456_700),
        ("€ 5", 500), ("5 EUR", 500), ("12.5", 1_250),
    ],
)  # fmt: skip
def test_signed_numbers_of_a_currency_with_cents(cell: str, minor: int) -> None:
    (line,) = taken(f"Date;Amount\n2026-11-21;{cell}\n", EUR)[0].lines
    assert line.amount_minor == minor


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1e6", "AMOUNT_NOT_A_NUMBER"), ("NaN", "AMOUNT_NOT_A_NUMBER"),
        ("1.23.456", "AMOUNT_NOT_A_NUMBER"), ("1.2345.678", "AMOUNT_NOT_A_NUMBER"),
        ("=5+5", "AMOUNT_NOT_A_NUMBER"), ("--5", "AMOUNT_NOT_A_NUMBER"),
        ("(5)-", "AMOUNT_NOT_A_NUMBER"), ("٣", "AMOUNT_NOT_A_NUMBER"), (".", "AMOUNT_NOT_A_NUMBER"),
        ("5 USD", "OTHER_CURRENCY"), ("$5", "OTHER_CURRENCY"), ("1500.50", "AMOUNT_DECIMALS"),
        ("-5", "AMOUNT_NEGATIVE"), ("9007199254740992", "AMOUNT_TOO_LARGE"),
        ("9" * 300, "AMOUNT_NOT_A_NUMBER"), ("", "AMOUNT_MISSING"),
    ],
)  # fmt: skip
def test_numbers_that_are_none(cell: str, code: str) -> None:
    refused(f"{HEAD}21/11/2026,{cell},,x,y\n", code, "row 2, column Số tiền ghi có")


def test_the_file_must_agree_with_itself_on_numbers() -> None:
    refused(f'{HEAD}21/11/2026,1.500,,x,y\n21/11/2026,"1,500",,x,y\n', "NUMBERS_MIXED",
            "row 3, column Số tiền ghi có")  # fmt: skip
    dinar = {"currency": "KWD", "minor_digits": 3}
    text = "Date;Amount\n2026-11-21;1.500\n"
    refused(text, "NUMBERS_AMBIGUOUS", "row 2, column Amount", dinar)
    assert taken(text, dinar, profile=CsvProfile(decimal_mark="."))[0].lines[0].amount_minor == 1500
    proved = taken(text + "2026-11-21;0,500\n2026-11-21;1.000,000\n", dinar)
    assert [line.amount_minor for line in proved[0].lines] == [1_500_000, 500, 1_000_000]


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["2026-11-21", "2026/11/2"], [(11, 21), (11, 2)]),
        (["21.11.2026", "02.11.2026 08:00"], [(11, 21), (11, 2)]),
        (["11/21/2026 8:00 PM", "11/02/2026"], [(11, 21), (11, 2)]),
        (["2026-11-21T08:00:00", "2026-11-20"], [(11, 21), (11, 20)]),
        (["05/05/2026"], [(5, 5)]),
    ],
)
def test_days(cells: list[str], days: list[tuple[int, int]]) -> None:
    text = "Date;Amount\n" + "".join(f"{cell};1\n" for cell in cells)
    found = taken(text, profile=CsvProfile())[0].lines
    assert sorted(line.booked_on for line in found) == sorted(date(2026, *day) for day in days)


def test_a_day_that_may_be_a_month_is_refused_but_not_in_vietnamese() -> None:
    text = "Date;Amount\n05/11/2026;1\n"
    refused(text, "DATES_AMBIGUOUS", "row 2, column Date")
    for order, day in (("DMY", date(2026, 11, 5)), ("MDY", date(2026, 5, 11))):
        profile = CsvProfile(date_order=order)  # type: ignore[arg-type]
        assert taken(text, profile=profile)[0].lines[0].booked_on == day
    vietnamese = text.replace("Date", "Ngày giao dịch")
    assert taken(vietnamese)[0].lines[0].booked_on == date(2026, 11, 5)
    refused("Date;Amount\n13/11/2026;1\n11/13/2026;1\n", "DATES_MIXED", "row 3, column Date")
    for bad in ("31/02/2026", "21/11/26", "21 Nov", "2026-13-40", "1/1/1", "21-11/2026"):
        refused(f"Ngày;Số tiền\n{bad};1\n", "BAD_DATE", "row 2, column Ngày")


def test_all_bad_rows_are_listed_and_nothing_is_taken() -> None:
    text = HEAD + ROW + "x,1,,a,b\n" + ROW + "21/11/2026,1,1,a,b\n21/11/2026,1\n21/11/2026,0,,a,b\n"
    error = refused(text, "BAD_DATE", "row 3, column Ngày giao dịch")
    assert [(one.code, one.place) for one in error.problems] == [
        ("BAD_DATE", "row 3, column Ngày giao dịch"),
        ("AMOUNT_TWICE", "row 5, column Số tiền ghi có"),
        ("ROW_CELLS", "row 6"),
    ]
    assert error.sentence.endswith("(2 more like this.)")
    many = refused(HEAD + "x,1,,a,b\n" * 200, "BAD_DATE", "row 2, column Ngày giao dịch")
    assert len(many.problems) == MAX_PROBLEMS
    assert many.more
    assert len(taken(HEAD + ROW + "21/11/2026,0,,a,b\n")[0].lines) == 1
    assert taken(HEAD + ROW + "21/11/2026,0,,a,b\n")[0].left_out == 1


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        ("1.400.000.000", "1.400.000.001", "BALANCE_MISMATCH", "row 7"),
        (",1.250.000.000,", ",1.250.000.001,", "BALANCE_MISMATCH", "row 5"),
        ("cuối kỳ,,,,,1.350.002.500", "cuối kỳ,,,,,1.350.002.501", "BALANCE_MISMATCH", "row 10"),
        ("50.000.000,150.002.500", "50.000.000,150.002.501", "TOTAL_MISMATCH",
         "row 9, column Số tiền ghi có"),
        ("cộng,,,50.000.000", "cộng,,,50.000.001", "TOTAL_MISMATCH",
         "row 9, column Số tiền ghi nợ"),
        ("Ngày giao dịch", "Ngày nào đó", "CSV_HEADER", ""),
        ("Số tiền ghi có", "Ghi nợ", "CSV_HEADER", ""),
        ('"DAT TRUOC LO 12, MA 7KQ2M4"', "DAT TRUOC LO 12, MA 7KQ2M4", "ROW_CELLS", "row 6"),
        ('"DAT TRUOC', 'a"DAT" TRUOC', "ROW_CELLS", "row 6"),
        ('7KQ2M4"', '7KQ2M4"x', "CSV_BROKEN", "row 6"),
        ('7KQ2M4"', "7KQ2M4", "CSV_BROKEN", "row 6"),
    ],
)  # fmt: skip
def test_tables_that_are_wrong(old: str, new: str, code: str, place: str) -> None:
    refused(put(DEPOSITS, old, new), code, place)


def test_newest_first_with_balances_of_one_day() -> None:
    text = "Ngày,Số tiền,Số dư\n21/11/2026,-30,120\n21/11/2026,50,150\n21/11/2026,100,100\n"
    (found,) = taken(text)
    assert [line.amount_minor for line in found.lines] == [100, 50, -30]
    assert (found.opening_minor, found.closing_minor) == (0, 120)


def test_other_currencies_and_accounts_in_columns() -> None:
    text = "Date,Amount,Currency,Account number\n2026-11-21,5,VND,111\n2026-11-21,5,VND,111\n"
    assert taken(text)[0].account == "111"
    assert taken(text, account="1-1-1")[0].account == "1-1-1"
    refused(text, "OTHER_ACCOUNT", "row 2, column Account number", account="222")
    refused(text.replace("VND,111\n2", "VND,333\n2"), "OTHER_ACCOUNT",
            "row 3, column Account number")  # fmt: skip
    refused(text.replace("VND", "EUR", 1), "OTHER_CURRENCY", "row 2, column Currency")


@pytest.mark.parametrize(
    ("row", "account", "code"),
    [
        ("Số tài khoản: 0071000123456", "0071000123456", None),
        ("Số tài khoản;0071000123456 - CÔNG TY A", "0071000123456", None),
        ("Account No: VN/0071000123456 (VND);;", "0071000123456", None),
        ("Số tài khoản: 0071000123456", "0071000999999", "OTHER_ACCOUNT"),
        ("Tài khoản;;0071000123456", "0071000999999", "OTHER_ACCOUNT"),
        ("Địa chỉ: số 5 đường Huế;Tên: An", "0071000999999", None),
        ("Loại tiền: VND", None, None),
        ("x;Currency;EUR", None, "OTHER_CURRENCY"),
        ("Loại tiền: EUR", None, "OTHER_CURRENCY"),
    ],
)
def test_what_stands_above_the_table(row: str, account: str | None, code: str | None) -> None:
    text = f"Ngân hàng\n{row}\n\nNgày;Số tiền\n21/11/2026;5\n"
    if code is not None:
        refused(text, code, "row 2", account=account)
        return
    (found,) = taken(text, account=account)
    assert found.account == (account or "")
    assert len(found.lines) == 1


def test_the_account_and_the_currency_of_the_file_itself() -> None:
    text = "Số tài khoản: 007 1\nNgày;Số tiền (VND)\n21/11/2026;5\n"
    assert taken(text)[0].account == "007 1"
    refused(text, "OTHER_CURRENCY", "row 2", EUR)


def test_a_profile_fixes_what_would_be_guessed() -> None:
    text = "Wann|Was|Wie|Nummer\n05/11/2026|1.500|C|A\n06/11/2026|500|Nợ|B\n"
    profile = CsvProfile(
        delimiter="|", columns={"booked_on": "wann", "amount": 2, "mark": "Wie", "bank_ref": 4},
        date_order="MDY", decimal_mark=",", header_row=1, encoding="utf-8",
    )  # fmt: skip
    lines = taken(text, profile=profile)[0].lines
    assert [(one.booked_on, one.amount_minor, one.bank_ref) for one in lines] == [
        (date(2026, 5, 11), 1_500, "A"),
        (date(2026, 6, 11), -500, "B"),
    ]
    refused(text.replace("|C|", "|?|"), "ENTRY_MARK", "row 2, column Wie", profile=profile)
    bare = text.partition("\n")[2]
    numbers = profile._replace(header_row=0, columns={"booked_on": 1, "amount": 2})
    assert len(taken(bare, profile=numbers)[0].lines) == 2
    refused(bare, "PROFILE", "", profile=profile._replace(header_row=0))
    for bad in (
        profile._replace(delimiter="!"), profile._replace(decimal_mark="'"),
        profile._replace(columns={"amount": 1}),
        profile._replace(columns={"booked_on": 0, "amount": 1}),
        profile._replace(columns={"booked_on": 1, "amount": 1, "nothing": 2}),
    ):  # fmt: skip
        refused(text, "PROFILE", "", profile=bad)
    refused(text, "ENCODING_UNKNOWN", "", profile=profile._replace(encoding="ebcdic"))


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + (HEAD + ROW).encode(), (HEAD + ROW).encode("utf-16"),
        (HEAD + ROW).encode("utf-16-le"), codecs.BOM_UTF16_BE + (HEAD + ROW).encode("utf-16-be"),
        (HEAD + ROW).replace("\n", "\r\n").encode(), (HEAD + ROW).replace("\n", "\r").encode(),
        ("sep=,\n" + HEAD + "\n" + ROW).encode(), (HEAD + ROW).replace(",", "\t").encode(),
        (HEAD + "Date,Credit,Debit,Description,Reference\n" + ROW).encode(),
        (HEAD.upper() + ROW).encode(),
    ],
)  # fmt: skip
def test_the_same_table_in_many_dresses(data: bytes) -> None:
    (line,) = taken(data)[0].lines
    assert line[2:9] == (date(2026, 11, 21), None, 500_000, "VND", "FT1", None, "LO 12")


def test_thousands_of_rows() -> None:
    assert len(taken(HEAD + ROW * 20_000)[0].lines) == 20_000
    refused(HEAD + ROW * 50_001, "TOO_MANY_LINES", "")
    refused(HEAD + ROW * 100_000, "TOO_MANY_LINES", "row 51001")
