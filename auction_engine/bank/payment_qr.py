"""A code to pay by: EMVCo's merchant-presented QR in the VietQR profile of NAPAS (format 1.5.2).

A transfer of a fixed amount in đồng to one account; every bank's app in Vietnam reads it. The
reference is what the statement will say, so it has only what banks let through.
"""

import re
from html import escape
from typing import TypedDict

import segno

from auction_engine.errors import AuctionError
from auction_engine.rules.money import AmountError, check_amount_minor

MAX_REFERENCE = 25
# Four modules of white around the code, as ISO/IEC 18004 wants.
_QUIET = 4
_GUID = "A000000727"
_TO_ACCOUNT = "QRIBFTTA"
_DONG = "704"
_MAX_AMOUNT_DIGITS = 13
_MAX_PAYLOAD = 512

_BIN = re.compile(r"[0-9]{6}", re.ASCII).fullmatch
_ACCOUNT = re.compile(r"[0-9A-Za-z]{1,19}", re.ASCII).fullmatch
_REFERENCE = re.compile(r"[0-9A-Za-z]+(?: [0-9A-Za-z]+)*", re.ASCII).fullmatch
_WORDS = re.compile(r"[!-~]+(?: [!-~]+)*", re.ASCII).fullmatch
_AMOUNT = re.compile(r"[1-9][0-9]{0,12}", re.ASCII).fullmatch

_ROOT = frozenset("00 01 38 52 53 54 58 59 60 61 62 63".split())
_TRANSFER = frozenset("00 01 02".split())
_HOLDER = frozenset("00 01".split())
_ADDITIONAL = frozenset("01 02 03 04 05 06 07 08".split())


class QrError(AuctionError):
    """A code that cannot be made or read. `code` is stable."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Transfer(TypedDict):
    """What a code asks for. `amount_minor` is None, the texts are empty, where it says nothing."""

    bank_bin: str
    account: str
    amount_minor: int | None
    reference: str
    bill: str
    merchant: str
    city: str


def check_reference_charset(reference: str) -> str:
    """`reference` if every bank carries it unchanged.

    1 to 25 letters A–Z, digits and single inner spaces. Raises QrError: BAD_REFERENCE.
    """
    if len(reference) > MAX_REFERENCE or not _REFERENCE(reference):
        raise QrError(
            "BAD_REFERENCE",
            f"A payment reference has 1 to {MAX_REFERENCE} letters A–Z, digits and single spaces"
            f" between them; {reference[:40]!r} does not.",
        )
    return reference


def payload(
    bank_bin: str,
    account: str,
    amount_minor: int,
    reference: str,
    *,
    merchant: str | None = None,
    city: str | None = None,
) -> str:
    """The text of the code: pay `amount_minor` đồng to `account` at `bank_bin`, for `reference`.

    `bank_bin`: the bank's six digits at NAPAS. `merchant` (up to 25 characters) and `city` (15) in
    ASCII, for apps that show them. Raises QrError: BAD_BANK, BAD_ACCOUNT, BAD_AMOUNT,
    BAD_REFERENCE, BAD_MERCHANT, BAD_CITY.
    """
    holder = _field("00", _checked_bank(bank_bin)) + _field("01", _checked_account(account))
    parts = [
        _field("00", "01"),
        # 12: for one payment; 11 would be a code without an amount.
        _field("01", "12"),
        _field("38", _field("00", _GUID) + _field("01", holder) + _field("02", _TO_ACCOUNT)),
        _field("53", _DONG),
        _field("54", _checked_amount(amount_minor)),
        _field("58", "VN"),
    ]
    if merchant is not None:
        parts.append(_field("59", _checked_words("BAD_MERCHANT", "merchant's name", merchant, 25)))
    if city is not None:
        parts.append(_field("60", _checked_words("BAD_CITY", "city", city, 15)))
    parts.append(_field("62", _field("08", check_reference_charset(reference))))
    text = "".join(parts) + "6304"
    return text + f"{crc16(text.encode()):04X}"


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE: polynomial 0x1021, begun with 0xFFFF, nothing reflected."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ (0x1021 if crc & 0x8000 else 0)
        crc &= 0xFFFF
    return crc


def parse(text: str) -> Transfer:
    """What the code `text` asks for, if it is a VietQR transfer to an account in đồng.

    Strict: unknown or repeated fields, wrong lengths and a wrong checksum are refused. Raises
    QrError: NOT_A_CODE, BAD_CHECKSUM, OTHER_PROFILE, and those of `payload`.
    """
    if len(text) > _MAX_PAYLOAD or not text.isascii() or not text.startswith("000201"):
        raise QrError("NOT_A_CODE", "This is not an EMVCo payment code; scan it again.")
    if text[-8:-4] != "6304" or text[-4:] != f"{crc16(text[:-4].encode()):04X}":
        raise QrError("BAD_CHECKSUM", "The code's checksum is wrong; scan it again.")
    fields = _fields(text, _ROOT)
    if list(fields)[-1] != "63":
        raise QrError("NOT_A_CODE", "The code does not end with its checksum; scan it again.")
    transfer = _fields(fields.get("38", ""), _TRANSFER)
    found = (transfer.get("00"), transfer.get("02"), fields.get("53"), fields.get("58"))
    if found != (_GUID, _TO_ACCOUNT, _DONG, "VN"):
        raise QrError("OTHER_PROFILE", "This code is not a VietQR transfer to an account in đồng.")
    holder = _fields(transfer.get("01", ""), _HOLDER)
    additional = _fields(fields.get("62", ""), _ADDITIONAL)
    amount = fields.get("54")
    if amount is not None and not _AMOUNT(amount):
        raise QrError("BAD_AMOUNT", "The code's amount is not a whole number of đồng.")
    reference = additional.get("08", "")
    return Transfer(
        bank_bin=_checked_bank(holder.get("00", "")),
        account=_checked_account(holder.get("01", "")),
        amount_minor=None if amount is None else int(amount),
        reference=check_reference_charset(reference) if reference else "",
        bill=additional.get("01", ""),
        merchant=fields.get("59", ""),
        city=fields.get("60", ""),
    )


def svg(text: str, *, title: str) -> str:
    """The picture of the code `text`, to be put into a page; `title` says what it is.

    Black on its own white ground, quiet zone included, so that it can be read on any page. Raises
    QrError as `parse`: a code that nobody could pay by is not drawn.
    """
    parse(text)
    code = segno.make_qr(text, error="m")
    size = len(code.matrix) + 2 * _QUIET
    drawn = "".join(_runs(row, line) for line, row in enumerate(code.matrix, _QUIET))
    name = escape(title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" role="img"'
        f' aria-label="{name}" shape-rendering="crispEdges"><title>{name}</title>'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d="{drawn}"/></svg>'
    )


def _runs(row: bytearray, line: int) -> str:
    """The dark modules of a row as rectangles, neighbours together."""
    runs = re.finditer(rb"\x01+", bytes(row))
    return "".join(
        f"M{run.start() + _QUIET} {line}h{len(run[0])}v1h-{len(run[0])}z" for run in runs
    )


def _field(tag: str, value: str) -> str:
    return f"{tag}{len(value):02d}{value}"


def _fields(text: str, known: frozenset[str]) -> dict[str, str]:
    """The fields of `text`, none twice, none unknown, nothing left over."""
    fields: dict[str, str] = {}
    while text:
        tag, length = text[:2], text[2:4]
        size = int(length) if length.isdigit() else 0
        value = text[4 : 4 + size]
        if tag not in known or tag in fields or not value or len(value) != size:
            raise QrError("NOT_A_CODE", f"The code's field {tag!r} is unknown, twice or cut off.")
        fields[tag] = value
        text = text[4 + size :]
    return fields


def _checked_bank(bank_bin: str) -> str:
    if not _BIN(bank_bin):
        raise QrError("BAD_BANK", f"A bank has six digits at NAPAS; {bank_bin[:20]!r} has not.")
    return bank_bin


def _checked_account(account: str) -> str:
    if not _ACCOUNT(account):
        raise QrError(
            "BAD_ACCOUNT",
            f"An account has 1 to 19 letters A–Z and digits, no spaces; {account[:40]!r} has not.",
        )
    return account


def _checked_amount(amount_minor: int) -> str:
    try:
        digits = str(check_amount_minor(amount_minor))
    except AmountError as error:
        raise QrError("BAD_AMOUNT", str(error)) from None
    if len(digits) > _MAX_AMOUNT_DIGITS:
        raise QrError("BAD_AMOUNT", f"A code has at most {_MAX_AMOUNT_DIGITS} digits of đồng.")
    return digits


def _checked_words(code: str, what: str, text: str, most: int) -> str:
    if len(text) > most or not _WORDS(text):
        raise QrError(
            code,
            f"The {what} in a code has 1 to {most} ASCII characters and single inner spaces;"
            f" {text[:40]!r} has not.",
        )
    return text
