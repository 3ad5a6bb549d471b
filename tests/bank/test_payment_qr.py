"""Codes to pay by: against published codes, drawn and read again by others' readers."""

from __future__ import annotations

import io
import re
from typing import Any
from xml.etree import ElementTree

import cemacqr
import pytest
import resvg_py
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from auction_engine.bank.payment_qr import (
    QrError,
    check_reference_charset,
    crc16,
    parse,
    payload,
    svg,
)
from auction_engine.rules.money import MAX_AMOUNT_MINOR

# vietqr.io, documentation of its API.
VACCINE = (
    "00020101021238560010A0000007270126000697041501121133666688880208QRIBFTTA"
    "53037045405790005802VN62220818Ung Ho Quy Vac Xin63043ACF"
)
# The readme of subiz/vietqr.
FLOOD = (
    "00020101021238570010A00000072701270006970415011300110019324180208QRIBFTTA"
    "530370454061200005802VN62170813ung ho lu lut6304C15C"
)
# NAPAS, QR format 1.5.2: its example of a transfer with an amount.
NAPAS = (
    "00020101021238570010A00000072701270006970403011300110123456780208QRIBFTTA"
    "530370454061800005802VN62340107NPS68690819thanh toan don hang63042E2E"
)
# The same document's example without an amount: its checksum is right, but the account of 13
# digits is said to have 12.
NAPAS_STATIC = (
    "00020101021138570010A00000072701270006970403011200110123456780208QRIBFTTA53037045802VN6304F4E5"
)
# A code without an amount, from giautm/emvqr-go.
STATIC = (
    "00020101021138560010A0000007270126000697041501121133666688880208QRIBFTTA53037045802VN6304F443"
)
# EMVCo, QR Code Specification for Payment Systems 1.1, annex B.
EMVCO = (
    "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN"
    "5914BEST TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.72530315655020162330304"
    "12340603***0708A60086670902ME91320016A0112233449988770708123456786304A13A"
)

GOOD: dict[str, Any] = {
    "bank_bin": "970415",
    "account": "113366668888",
    "amount_minor": 79_000,
    "reference": "Ung Ho Quy Vac Xin",
}

TRANSFERS = st.fixed_dictionaries(
    {
        "bank_bin": st.from_regex(r"[0-9]{6}", fullmatch=True),
        "account": st.from_regex(r"[0-9A-Za-z]{1,19}", fullmatch=True),
        "amount_minor": st.integers(1, 10**13 - 1),
        "reference": st.from_regex(r"[0-9A-Z]{1,8}( [0-9A-Z]{1,7}){0,2}", fullmatch=True),
        "merchant": st.none() | st.from_regex(r"[A-Z]{1,12} [A-Z]{1,12}", fullmatch=True),
        "city": st.none() | st.from_regex(r"[A-Z]{1,15}", fullmatch=True),
    }
)


def refused(text: str) -> QrError:
    with pytest.raises(QrError) as caught:
        parse(text)
    return caught.value


def seen(picture: str, side: int, ground: str = "white") -> list[str]:
    """What another reader sees in `picture`, drawn by another program on a page of `ground`."""
    drawn = resvg_py.svg_to_bytes(svg_string=picture, width=side)
    image = Image.open(io.BytesIO(bytes(drawn))).convert("RGBA")
    page = Image.new("RGBA", (side * 2, side * 2), ground)
    page.paste(image, (side // 2, side // 2), image)
    return [code.text for code in zxingcpp.read_barcodes(page.convert("L"))]


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        ("", 0xFFFF),
        # The check value of CRC-16/CCITT-FALSE in the catalogues.
        ("123456789", 0x29B1),
        *((text[:-4], int(text[-4:], 16)) for text in (VACCINE, FLOOD, NAPAS, NAPAS_STATIC)),
        (EMVCO[:-4], 0xA13A),
    ],
)
def test_the_checksum_is_that_of_the_published_codes(data: str, crc: int) -> None:
    assert crc16(data.encode()) == crc


def test_published_codes_are_made_letter_by_letter() -> None:
    assert payload(**GOOD) == VACCINE
    assert payload("970415", "0011001932418", 120_000, "ung ho lu lut") == FLOOD


def test_published_codes_are_read() -> None:
    empty = {"bill": "", "merchant": "", "city": ""}
    assert parse(VACCINE) == GOOD | empty
    assert parse(NAPAS) == {
        "bank_bin": "970403",
        "account": "0011012345678",
        "amount_minor": 180_000,
        "reference": "thanh toan don hang",
        "bill": "NPS6869",
        "merchant": "",
        "city": "",
    }
    assert parse(STATIC)["amount_minor"] is None
    assert refused(NAPAS_STATIC).code == "NOT_A_CODE"


@settings(max_examples=200, deadline=None)
@given(TRANSFERS)
def test_an_independent_emv_reader_finds_the_same_fields(transfer: dict[str, Any]) -> None:
    text = payload(**transfer)
    code = cemacqr.parse_payload(text)
    assert code.crc_ok
    assert code.point_of_initiation == "12"
    assert (code.currency, code.country_code) == ("704", "VN")
    assert code.amount == str(transfer["amount_minor"])
    assert (code.merchant_name, code.merchant_city) == (transfer["merchant"], transfer["city"])
    assert code.get_in("38", "00") == "A000000727"
    holder = cemacqr.parse_tlv(code.get_in("38", "01"))
    assert [(item.tag, item.value) for item in holder] == [
        ("00", transfer["bank_bin"]),
        ("01", transfer["account"]),
    ]
    assert code.get_in("38", "02") == "QRIBFTTA"
    assert code.get_in("62", "08") == transfer["reference"]
    read = parse(text)
    assert {name: read[name] for name in ("merchant", "city")} == {  # type: ignore[literal-required]
        name: transfer[name] or "" for name in ("merchant", "city")
    }
    assert {name: read[name] for name in GOOD} == {name: transfer[name] for name in GOOD}  # type: ignore[literal-required]


@settings(max_examples=40, deadline=None)
@given(TRANSFERS)
def test_another_reader_sees_the_code_that_is_drawn(transfer: dict[str, Any]) -> None:
    text = payload(**transfer)
    assert seen(svg(text, title="Pay"), 320) == [text]


@pytest.mark.parametrize("ground", ["white", "black", "#777", "#b00"])
@pytest.mark.parametrize("side", [180, 500, 1_200])
def test_it_can_be_read_on_any_page_at_any_size(side: int, ground: str) -> None:
    assert seen(svg(VACCINE, title="Pay"), side, ground) == [VACCINE]


def test_the_picture_has_a_name_a_quiet_zone_and_its_own_ground() -> None:
    picture = svg(VACCINE, title='Pay <79 000> & "go"')
    root = ElementTree.fromstring(picture)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == 'Pay <79 000> & "go"'
    title, ground, code = root
    assert title.text == 'Pay <79 000> & "go"'
    size = int(root.attrib["viewBox"].split()[2])
    assert ground.attrib == {"fill": "#fff", "d": f"M0 0h{size}v{size}H0z"}
    assert code.attrib["fill"] == "#000"
    runs = [tuple(map(int, run)) for run in re.findall(r"M(\d+) (\d+)h(\d+)v1h", code.attrib["d"])]
    left, top = min(run[0] for run in runs), min(run[1] for run in runs)
    right = max(run[0] + run[2] for run in runs)
    bottom = max(run[1] + 1 for run in runs)
    assert (left, top, right, bottom) == (4, 4, size - 4, size - 4)
    # A policy without inline styles and scripts lets it through.
    assert "style" not in picture
    assert "script" not in picture


def test_a_code_nobody_could_pay_by_is_not_drawn() -> None:
    with pytest.raises(QrError):
        svg(VACCINE[:-1] + "0", title="Pay")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"bank_bin": "97041"}, "BAD_BANK"),
        ({"bank_bin": "97041a"}, "BAD_BANK"),
        ({"bank_bin": "９７０４１５"}, "BAD_BANK"),
        ({"account": ""}, "BAD_ACCOUNT"),
        ({"account": "1" * 20}, "BAD_ACCOUNT"),
        ({"account": "0011 0019"}, "BAD_ACCOUNT"),
        ({"amount_minor": 0}, "BAD_AMOUNT"),
        ({"amount_minor": -1}, "BAD_AMOUNT"),
        ({"amount_minor": True}, "BAD_AMOUNT"),
        ({"amount_minor": 79_000.0}, "BAD_AMOUNT"),
        ({"amount_minor": 10**13}, "BAD_AMOUNT"),
        ({"amount_minor": MAX_AMOUNT_MINOR}, "BAD_AMOUNT"),
        ({"reference": ""}, "BAD_REFERENCE"),
        ({"reference": "X" * 26}, "BAD_REFERENCE"),
        ({"reference": "Đặt trước"}, "BAD_REFERENCE"),
        ({"reference": "DT-12"}, "BAD_REFERENCE"),
        ({"reference": " DT12"}, "BAD_REFERENCE"),
        ({"reference": "DT  12"}, "BAD_REFERENCE"),
        ({"reference": "DT12\n"}, "BAD_REFERENCE"),
        ({"merchant": ""}, "BAD_MERCHANT"),
        ({"merchant": "X" * 26}, "BAD_MERCHANT"),
        ({"merchant": "Sông Lam"}, "BAD_MERCHANT"),
        ({"city": "X" * 16}, "BAD_CITY"),
    ],
)
def test_what_a_code_cannot_carry_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(QrError) as caught:
        payload(**(GOOD | change))
    assert caught.value.code == code
    assert caught.value.sentence


def test_a_reference_that_passes_is_the_same_one() -> None:
    assert check_reference_charset("DT12B7 93") == "DT12B7 93"


def with_checksum(text: str) -> str:
    return text + f"{crc16(text.encode()):04X}"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "NOT_A_CODE"),
        ("https://example.com", "NOT_A_CODE"),
        (EMVCO, "NOT_A_CODE"),
        (VACCINE[:-4] + "3acf", "BAD_CHECKSUM"),
        (VACCINE.replace("79000", "79001"), "BAD_CHECKSUM"),
        (VACCINE + " ", "BAD_CHECKSUM"),
        (with_checksum("00020101021253037045802VN6304"), "OTHER_PROFILE"),
        (with_checksum(VACCINE[:-4].replace("QRIBFTTA", "QRIBFTTC")), "OTHER_PROFILE"),
        (with_checksum(VACCINE[:-4].replace("5303704", "5303840")), "OTHER_PROFILE"),
        (with_checksum(VACCINE[:-4].replace("540579000", "5405790.5")), "BAD_AMOUNT"),
        (with_checksum(VACCINE[:-4].replace("540579000", "540507900")), "BAD_AMOUNT"),
        (with_checksum(VACCINE[:-8] + "580258" + "6304"), "NOT_A_CODE"),
        (with_checksum(VACCINE[:-8] + "9902XX6304"), "NOT_A_CODE"),
        (with_checksum(VACCINE[:-8] + "59006304"), "NOT_A_CODE"),
        (with_checksum(VACCINE[:-8] + "59086304"), "NOT_A_CODE"),
    ],
)
def test_what_is_no_code_of_this_kind_is_refused(text: str, code: str) -> None:
    assert refused(text).code == code


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(VACCINE) - 1), st.characters(max_codepoint=126, min_codepoint=32))
def test_one_wrong_character_anywhere_is_found(at: int, character: str) -> None:
    changed = VACCINE[:at] + character + VACCINE[at + 1 :]
    if changed != VACCINE:
        refused(changed)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=80), st.booleans())
def test_any_text_is_read_or_refused(text: str, whole: bool) -> None:
    if whole:
        text = with_checksum(f"000201{text.encode('ascii', 'ignore').decode()}6304")
    refused(text)
