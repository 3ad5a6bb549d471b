"""What is given by mistake is named for what it is."""

import gzip
import io
import zipfile
from typing import Any

import pytest

from auction_engine.bank import sniffing
from auction_engine.bank.errors import BankFileError
from tests.bank.reading import ACCOUNT, EUR, VND, refused, sample, taken


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (archive(), "Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "Excel"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
        (gzip.compress(sample("deposits_053_v02.xml")), "gzip"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\r\n<!DOCTYPE HTML>\n<html>", "web page"),
        ("\ufeff<html lang='vi'>Phiên đã hết".encode(), "web page"),
    ],
)
def test_other_files(data: bytes, what: str) -> None:
    assert what in refused(data, "WRONG_FORMAT", "").text


@pytest.mark.parametrize("data", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"\xff\xfe\n\0", bytes(9)])
def test_nothing(data: bytes) -> None:
    refused(data, "EMPTY_FILE", "")


def test_too_much() -> None:
    refused(b"," * (sniffing.MAX_BYTES + 1), "FILE_TOO_LARGE", "")
    refused(b"," * sniffing.MAX_BYTES, "CSV_BROKEN", "row 1")
    refused(b"<a>" + b"<b/>" * 1_000_001, "XML_TOO_LARGE", "line 1")


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (b"hello", "CSV_HEADER", ""),
        (b"a,b\n1,2\n", "CSV_HEADER", ""),
        (b'"', "CSV_BROKEN", "row 1"),
        (b"<html", "WRONG_FORMAT", ""),
        (b"<Document>", "XML_BROKEN", "line 1"),
        (b":20:\n", "MT940_CUT", "line 1"),
        (b"{1:F01X}{4:\n-}", "MT940_CUT", "line 1"),
        (b"Date,Amount\n2026-01-01", "ROW_CELLS", "row 2"),
    ],
)
def test_pieces(data: bytes, code: str, place: str) -> None:
    refused(data, code, place)


@pytest.mark.parametrize(
    ("name", "kind", "money"),
    [
        ("deposits_053_v02.xml", "camt.053", VND),
        ("deposits_054_v08.xml", "camt.054", VND),
        ("euro_053_v04.xml", "camt.053", EUR),
        ("deposits.mt940", "mt940", VND),
        ("euro_numbered.sta", "mt940", EUR),
        ("deposits_vn.csv", "csv", VND),
    ],
)
def test_formats_are_known_by_what_is_in_them(name: str, kind: str, money: dict[str, Any]) -> None:
    data = sample(name)
    assert {one.format for one in taken(data, money)} == {kind}
    other = VND if money is EUR else EUR
    with pytest.raises(BankFileError) as caught:
        taken(data, other)
    assert caught.value.code == "OTHER_CURRENCY"


def test_xml_in_utf_16_is_xml() -> None:
    text = sample("deposits_053_v02.xml").decode().replace("UTF-8", "UTF-16")
    assert taken(text.encode("utf-16"), account=ACCOUNT) == taken(sample("deposits_053_v02.xml"))


def test_the_end_of_a_table_is_enough_for_no_balance() -> None:
    text = "Ngày,Số tiền\n"
    (found,) = taken(text, account=ACCOUNT)
    assert (found.account, found.lines, found.opening_minor) == (ACCOUNT, (), None)
