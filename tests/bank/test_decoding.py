"""Encodings are proved by the bytes, or the line is named."""

import codecs
import unicodedata

import pytest

from auction_engine.bank.decoding import decode
from auction_engine.bank.errors import BankFileError

TEXT = "Nguyễn Thị Hồng Nhung, ông Đặng ở Huế, bà Hường: phường Ơ\n"


def windows_1258(text: str) -> bytes:
    """Letters with a tone as their vowel and the tone's own mark, as Windows writes them."""
    out = ""
    for letter in text:
        parts = unicodedata.normalize("NFD", letter)
        tones = "".join(mark for mark in parts if mark in "\u0300\u0301\u0303\u0309\u0323")
        base = "".join(mark for mark in parts if mark not in tones)
        out += unicodedata.normalize("NFC", base) + tones
    return out.encode("windows-1258")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode(encoding: str, form: str) -> None:
    text = unicodedata.normalize(form, TEXT)  # type: ignore[arg-type]
    assert decode(text.encode(encoding)) == TEXT


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_known_by_its_zeros(encoding: str) -> None:
    assert decode(f"{TEXT}plain text after it".encode(encoding)) == f"{TEXT}plain text after it"


def test_windows_text_by_its_tones() -> None:
    assert decode(windows_1258(TEXT)) == TEXT
    western = "Müller à Città, così però più ß, naïve €\n"
    assert decode(western.encode("windows-1252")) == western
    assert decode(western.encode("windows-1252"), "windows-1252") == western


def test_bytes_that_are_both_are_refused_unless_the_encoding_is_given() -> None:
    data = b"first\nS\xe3o Jo\xe3o\n"
    with pytest.raises(BankFileError) as caught:
        decode(data)
    assert (caught.value.code, caught.value.place) == ("ENCODING_AMBIGUOUS", "line 2")
    assert decode(data, "windows-1252").endswith("São João\n")
    assert decode(data, "windows-1258").endswith("Săo Joăo\n")


@pytest.mark.parametrize(
    ("data", "encoding", "code", "place"),
    [
        (TEXT.encode() * 2 + b"M\xfcller\n", None, "ENCODING_MIXED", "line 3"),
        (windows_1258(TEXT) + TEXT.encode(), None, "ENCODING_MIXED", "line 1"),
        (b"a\nb\xfc \x8d\x81\n", None, "ENCODING_BROKEN", "line 2"),
        (codecs.BOM_UTF8 + b"a\n\nb\xff", None, "ENCODING_BROKEN", "line 3"),
        ("ab\ncd\n".encode("utf-16") + b"\x00", None, "ENCODING_BROKEN", "line 3"),
        (codecs.BOM_UTF16_LE + b"a\0\n\0\x00\xd8b\0", None, "ENCODING_BROKEN", "line 2"),
        (b"a\xfc", "utf-8", "ENCODING_BROKEN", "line 1"),
        (b"ab", "latin", "ENCODING_UNKNOWN", ""),
        (b"a\nb\x00c", None, "CONTROL_CHARACTER", "line 2"),
        (b"a\n\n\x1b[31m", None, "CONTROL_CHARACTER", "line 3"),
    ],
)
def test_broken_text(data: bytes, encoding: str | None, code: str, place: str) -> None:
    with pytest.raises(BankFileError) as caught:
        decode(data, encoding)
    assert (caught.value.code, caught.value.place) == (code, place)


def test_a_letter_with_thousands_of_marks_takes_no_time() -> None:
    heap = "a" + "\u0323\u0301" * 2_000_000
    assert decode(heap.encode()) == heap
    few = "a" + "\u0323\u0301" * 10
    assert decode(few.encode()) == unicodedata.normalize("NFC", few)
