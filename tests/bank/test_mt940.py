"""MT940: what is read of real-looking files, and what is refused at which line."""

from datetime import date

import pytest

from auction_engine.bank.mt940_details import Details, read
from tests.bank.reading import ACCOUNT, EUR, put, refused, sample, taken

DEPOSITS = sample("deposits.mt940")
EURO = sample("euro_numbered.sta")


def one(movement: str, closing: str = "C261122VND1500,") -> str:
    """A statement that begins with 1000 đồng on 22 November 2026."""
    return (
        f":20:A\r\n:25:{ACCOUNT}\r\n:28C:1\r\n:60F:C261122VND1000,\r\n"
        f":61:{movement}\r\n:62F:{closing}\r\n"
    )


def test_pages_in_swift_blocks_across_the_year() -> None:
    first, second = taken(DEPOSITS, account=ACCOUNT)
    assert (first.number, first.opening_minor, first.closing_minor) == (
        "365/1", 1_250_000_000, 1_400_000_000,
    )  # fmt: skip
    assert first.lines == ((
        1, "line 6", date(2026, 12, 31), date(2026, 12, 30), 150_000_000, "VND", "FT26365001122",
        None,
        "NGUYEN THI HONG NHUNG CHUYEN TIEN DAT TRUOC LO 12 MA 7KQ2M4 THEO QUY CHE CUOC DAU GIA",
        None, None, None, None, None, None,
    ),)  # fmt: skip
    back, undone = second.lines
    assert second.left_out == 1
    assert back[2:9] == (
        date(2027, 1, 1), date(2026, 12, 31), -50_000_000, "VND", "FT26365001199", "REFUND-5-1",
        "TAI KHOAN DONG",
    )  # fmt: skip
    assert (back.name, back.returned) == ("PHAM MINH TUAN", "AC04")
    assert (undone.booked_on, undone.value_on) == (date(2026, 12, 31), date(2027, 1, 1))
    assert (undone.amount_minor, undone.returned) == (2_500, "RVSL")


def test_numbered_details_in_euro() -> None:
    (found,) = taken(EURO, EUR, account="532013000")
    assert found.account == "532013000"
    assert (found.opening_minor, found.closing_minor) == (-10_050, 189_940)
    first, fee = found.lines
    assert first[4:13] == (
        200_000, "EUR", "2026033112345", "INV-2026/17", "Kaution Los 4 der Versteigerung",
        "MUELLER + SOEHNE GMBH", "FR1420041010050500013M02606", "PSSTFRPPXXX", None,
    )  # fmt: skip
    assert (fee.amount_minor, fee.text) == (-10, "ENTGELT")


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], Details()),
        (["NOP TIEN", "LO 3"], Details("NOP TIEN LO 3")),
        (["X" * 65, "Y"], Details("X" * 65 + "Y")),
        (["12? 34"], Details("12? 34")),
        (["/a/ and /REMI/ inside"], Details("/a/ and /REMI/ inside")),
        (["166~00CREDIT~20A b~21c~32N"], Details("A bc", "N")),
        (["166?00CREDIT?20why?34AC04"], Details("why", returned="AC04")),
        (["/CNTP/VN123/BFTVVNVX/A B/HUE///REMI/USTD//LO 12/EREF/NOTPROVIDED/"],
         Details("LO 12", "A B", "VN123", "BFTVVNVX")),
        (["/TRTP/SEPA/IBAN/NL02/BIC/ABNANL2A/NAME/J. de V/REMI/a/b", "/EREF/X-1"],
         Details("a/b", "J. de V", "NL02", "ABNANL2A", "X-1")),
        (["/ORDP//NAME/TRAN VAN DUC/REMI/LO 13"], Details("LO 13", "TRAN VAN DUC")),
    ],
)  # fmt: skip
def test_the_three_manners_of_field_86(lines: list[str], found: Details) -> None:
    assert read(lines) == found


@pytest.mark.parametrize(
    ("movement", "day", "minor"),
    [
        ("261122C500,NTRFNONREF", date(2026, 11, 22), 500),
        ("2611221121C500,NTRFNONREF", date(2026, 11, 21), 500),
        ("2612310101C500,NTRFNONREF", date(2027, 1, 1), 500),
        ("2701011231C500,NTRFNONREF", date(2026, 12, 31), 500),
        ("2803010229CD500,00NTRFNONREF", date(2028, 2, 29), 500),
        ("2611221122RD500NTRFNONREF", date(2026, 11, 22), 500),
    ],
)
def test_entry_days_marks_and_funds_codes(movement: str, day: date, minor: int) -> None:
    (line,) = taken(one(movement))[0].lines
    assert (line.booked_on, line.amount_minor) == (day, minor)


@pytest.mark.parametrize(
    ("movement", "code"),
    [
        ("261122X500,NTRFNONREF", "MT940_FIELD"),
        ("261122C1.500,25NTRFNONREF", "MT940_FIELD"),
        ("261122C1e3,NTRFNONREF", "MT940_FIELD"),
        ("261122C500,", "MT940_FIELD"),
        ("", "MT940_FIELD"),
        ("٢61122C500,NTRFNONREF", "MT940_FIELD"),
        ("261122C500,5NTRFNONREF", "AMOUNT_DECIMALS"),
        ("261122C999999999999999,NTRFNONREF", "BALANCE_MISMATCH"),
        ("261122C9007199254740992,NTRFNONREF", "MT940_FIELD"),
        ("260231C500,NTRFNONREF", "BAD_DATE"),
        ("261322C500,NTRFNONREF", "BAD_DATE"),
        ("2611220230C500,NTRFNONREF", "BAD_DATE"),
        ("261122C501,NTRFNONREF", "BALANCE_MISMATCH"),
    ],
)
def test_movements_that_are_wrong(movement: str, code: str) -> None:
    refused(one(movement), code, "line 6" if code == "BALANCE_MISMATCH" else "line 5")


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        (":25:BFTVVNVX/0071000123456\n", "", "MT940_ORDER", "line 3"),
        (":25:BFTVVNVX/0071000123456\n", ":25:\n", "MT940_FIELD", "line 3"),
        (":28C:365/1\n", "", "MT940_ORDER", "line 4"),
        (":60F:C261230VND1250000000,\n", "", "MT940_ORDER", "line 5"),
        ("QUY CHE\n", ":61 la so nha\n", "MT940_STRAY", "line 8"),
        ("QUY CHE\n", ":61:la so nha\n", "MT940_FIELD", "line 8"),
        ("QUY CHE\n", ":99:la gi\n", "MT940_FIELD", "line 8"),
        ("{4:\n:20", "{4:\nxin chao\n:20", "MT940_STRAY", "line 2"),
        (":62M:C261231VND1400000000,\n-}", "-}", "MT940_ORDER", "line 12"),
        (":62M:C261231VND1400000000,", ":62M:C261231VND1400000001,", "BALANCE_MISMATCH", "line 10"),
        (":62M:C261231VND1400000000,", ":62M:C261231USD1400000000,", "OTHER_CURRENCY", "line 10"),
        (":60M:C261231VND1400000000,", ":60M:C261231VND1,", "BALANCE_GAP", "line 16"),
        ("KHONG CO", "\x07", "CONTROL_CHARACTER", "line 25"),
    ],
)  # fmt: skip
def test_files_that_are_wrong(old: str, new: str, code: str, place: str) -> None:
    refused(put(DEPOSITS, old, new), code, place)


def test_a_file_cut_off_gives_nothing() -> None:
    lines = EURO.decode().splitlines(keepends=True)
    for kept in range(2, 10):
        last = max(n for n, line in enumerate(lines[:kept], 1) if line.startswith(":"))
        refused("".join(lines[:kept]), "MT940_CUT", f"line {last}", EUR)
    refused(EURO[:-10], "MT940_FIELD", "line 10", EUR)


def test_another_account_and_currency() -> None:
    assert "0071000123457" in refused(DEPOSITS, "OTHER_ACCOUNT", "", account="0071000123457").text
    refused(EURO, "OTHER_CURRENCY", "line 4")


def test_thousands_of_movements() -> None:
    movement = "261122C1,NTRFNONREF\r\n:86:" + "?" * 500
    many = one(f"{movement}\r\n:61:" * 19_999 + movement, "C261122VND21000,")
    assert len(taken(many)[0].lines) == 20_000
