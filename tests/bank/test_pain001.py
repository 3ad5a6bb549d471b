"""Batches as files: what is in them, and what is never written."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from importlib import resources
from typing import Any

import pytest
import xmlschema
from lxml import etree

from auction_engine.bank import pain001
from auction_engine.bank.batch import MAX_FAULTS
from auction_engine.bank.pain001 import Batch, BatchError, Payment, decimal, write
from auction_engine.rules.money import MAX_AMOUNT_MINOR

from .batches import ANH, BATCH, JAN, read_back

SCHEMA = resources.files("auction_engine.bank") / "schemas" / "pain.001.001.09.xsd"


@pytest.fixture(scope="module")
def schema() -> xmlschema.XMLSchema:
    """The same schema in a validator that shares no code with the product's (libxml2)."""
    return xmlschema.XMLSchema(SCHEMA.read_text())


def refused(batch: Batch, **options: Any) -> BatchError:
    with pytest.raises(BatchError) as caught:
        write(batch, **options)
    return caught.value


def test_the_schema_is_the_one_whose_origin_is_noted() -> None:
    noted = "05440a7e84f695e7dbc6677082f43623cd7393881b76a5e8d648ae21d7d728e3"
    assert hashlib.sha256(SCHEMA.read_bytes()).hexdigest() == noted


def test_a_batch_says_the_same_to_another_reader(schema: xmlschema.XMLSchema) -> None:
    data = write(BATCH)
    schema.validate(data.decode())
    message = read_back(data)
    assert message.counts == ("2", "2")
    assert message.sums == (Decimal(12_250_000), Decimal(12_250_000))
    anh, jan = message.payments
    assert anh[:4] == ("LOT12-B7-R1", "5000000", "VND", "Đỗ Thị Ánh")
    assert anh[4:] == (None, "0011001932418", "BFTVVNVX", None, "Hoàn trả tiền đặt trước, lô 12")
    assert jan[4:8] == ("NL91ABNA0417164300", None, "ABNANL2A", None)


def test_the_head_is_as_given() -> None:
    root = read_back(write(BATCH)).root
    names = {"p": pain001.NAMESPACE}
    at = {
        "p:GrpHdr/p:MsgId": "B20261122-1",
        "p:GrpHdr/p:CreDtTm": "2026-11-22T08:30:00Z",
        "p:GrpHdr/p:InitgPty/p:Nm": "Công ty Đấu giá hợp danh Sông Lam",
        "p:PmtInf/p:PmtMtd": "TRF",
        # Otherwise the statement would show one sum, and no payment could be found in it.
        "p:PmtInf/p:BtchBookg": "false",
        "p:PmtInf/p:ReqdExctnDt/p:Dt": "2026-11-23",
        "p:PmtInf/p:DbtrAcct/p:Id/p:Othr/p:Id": "113366668888",
        "p:PmtInf/p:DbtrAcct/p:Ccy": "VND",
        "p:PmtInf/p:DbtrAgt/p:FinInstnId/p:ClrSysMmbId/p:MmbId": "970415",
        # What is owed arrives whole.
        "p:PmtInf/p:ChrgBr": "DEBT",
    }
    for path, text in at.items():
        assert root.findtext(f"p:CstmrCdtTrfInitn/{path}", None, names) == text, path


@pytest.mark.parametrize(
    ("minor", "digits", "text"),
    [
        (1, 0, "1"),
        (5_000_000, 0, "5000000"),
        (1, 2, "0.01"),
        (150_025, 2, "1500.25"),
        (500_000, 2, "5000.00"),
        (1, 4, "0.0001"),
        (MAX_AMOUNT_MINOR, 2, "90071992547409.91"),
    ],
)
def test_an_amount_has_its_currencys_decimals(minor: int, digits: int, text: str) -> None:
    assert decimal(minor, digits) == text
    batch = BATCH._replace(
        currency="EUR", minor_digits=digits, payments=(JAN._replace(amount_minor=minor),)
    )
    message = read_back(write(batch))
    assert message.payments[0].amount == text
    assert message.sums == (Decimal(text), Decimal(text))


def test_the_same_batch_gives_the_same_bytes() -> None:
    assert write(BATCH) == write(BATCH._replace(payments=(ANH, JAN)))
    assert write(BATCH) != write(BATCH._replace(payments=(JAN, ANH)))


def test_a_decomposed_name_is_written_composed() -> None:
    decomposed = unicodedata.normalize("NFD", "Đỗ Thị Ánh")
    assert decomposed != "Đỗ Thị Ánh"
    batch = BATCH._replace(payments=(ANH._replace(name=decomposed),))
    assert read_back(write(batch)).payments[0].name == "Đỗ Thị Ánh"


def test_in_latin_nothing_is_beyond_the_swift_set(schema: xmlschema.XMLSchema) -> None:
    data = write(BATCH, latin=True)
    schema.validate(data.decode())
    assert data.isascii()
    anh = read_back(data).payments[0]
    assert (anh.name, anh.text) == ("Do Thi Anh", "Hoan tra tien dat truoc, lo 12")


def test_marks_of_xml_in_a_name_stay_a_name(schema: xmlschema.XMLSchema) -> None:
    name = 'A & B <Nm>"C"</Nm>'
    data = write(BATCH._replace(payments=(ANH._replace(name=name),)))
    schema.validate(data.decode())
    assert [payment.name for payment in read_back(data).payments] == [name]


LONG_ID = "X" * 36
BAD_PAYMENTS: list[tuple[str, dict[str, Any], str]] = [
    ("end_to_end", {"end_to_end": ""}, "EMPTY"),
    ("end_to_end", {"end_to_end": LONG_ID}, "TOO_LONG"),
    ("end_to_end", {"end_to_end": "Lô-12"}, "BAD_ID"),
    ("end_to_end", {"end_to_end": "/12"}, "BAD_ID"),
    ("end_to_end", {"end_to_end": "1//2"}, "BAD_ID"),
    ("end_to_end", {"end_to_end": "12 7"}, "BAD_ID"),
    ("end_to_end", {"end_to_end": "12\n"}, "BAD_ID"),
    ("amount_minor", {"amount_minor": 0}, "BAD_AMOUNT"),
    ("amount_minor", {"amount_minor": -5}, "BAD_AMOUNT"),
    ("amount_minor", {"amount_minor": True}, "BAD_AMOUNT"),
    ("amount_minor", {"amount_minor": 5.0}, "BAD_AMOUNT"),
    ("amount_minor", {"amount_minor": MAX_AMOUNT_MINOR + 1}, "BAD_AMOUNT"),
    ("name", {"name": ""}, "EMPTY"),
    ("name", {"name": "   "}, "EMPTY"),
    ("name", {"name": " Ánh"}, "BAD_CHARACTER"),
    ("name", {"name": "Á\tnh"}, "BAD_CHARACTER"),
    ("name", {"name": "Á\u0000nh"}, "BAD_CHARACTER"),
    ("name", {"name": "Á\u00a0nh"}, "BAD_CHARACTER"),
    ("name", {"name": "Á\u202enh"}, "BAD_CHARACTER"),
    ("name", {"name": "Á\u200bnh"}, "BAD_CHARACTER"),
    ("name", {"name": "Á\ud800nh"}, "BAD_CHARACTER"),
    ("name", {"name": "Á" * 141}, "TOO_LONG"),
    ("text", {"text": ""}, "EMPTY"),
    ("text", {"text": "lô\n12"}, "BAD_CHARACTER"),
    ("text", {"text": "x" * 141}, "TOO_LONG"),
    ("account", {"account": ""}, "BAD_ACCOUNT"),
    ("account", {"account": "0011 0019"}, "BAD_ACCOUNT"),
    ("account", {"account": "NL92ABNA0417164300"}, "BAD_ACCOUNT"),
    ("bank", {"bank": ""}, "BAD_BANK"),
    ("bank", {"bank": "Vietcombank"}, "BAD_BANK"),
]


@pytest.mark.parametrize(("field", "change", "code"), BAD_PAYMENTS)
def test_a_bad_payment_is_named_with_the_cure(
    field: str, change: dict[str, Any], code: str
) -> None:
    error = refused(BATCH._replace(payments=(JAN, ANH._replace(**change))))
    (fault,) = [fault for fault in error.faults if fault.payment is not None]
    assert (fault.code, fault.payment, fault.field) == (code, 1, field)
    assert fault.end_to_end == change.get("end_to_end", ANH.end_to_end)
    assert str(fault).startswith("Payment 2 (")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"payments": ()}, "NO_PAYMENTS", "payments"),
        ({"message_id": ""}, "EMPTY", "message_id"),
        ({"message_id": LONG_ID}, "TOO_LONG", "message_id"),
        ({"debtor_name": ""}, "EMPTY", "debtor_name"),
        ({"debtor_account": "1 2"}, "BAD_ACCOUNT", "debtor_account"),
        ({"debtor_bank": "?"}, "BAD_BANK", "debtor_bank"),
        ({"currency": "đồng"}, "BAD_CURRENCY", "currency"),
        ({"minor_digits": 5}, "BAD_CURRENCY", "minor_digits"),
        ({"created_at": datetime(2026, 11, 22, 8)}, "BAD_TIME", "created_at"),  # noqa: DTZ001
        (
            {"created_at": datetime(2026, 11, 22, 8, tzinfo=timezone(timedelta(hours=7)))},
            "BAD_TIME",
            "created_at",
        ),
        ({"requested_on": date(2026, 11, 20)}, "BAD_DATE", "requested_on"),
        ({"requested_on": datetime(2026, 11, 23, tzinfo=UTC)}, "BAD_DATE", "requested_on"),
        ({"charges": "OURS"}, "BAD_CHARGES", "charges"),
    ],
)
def test_a_bad_batch_is_refused(change: dict[str, Any], code: str, field: str) -> None:
    error = refused(BATCH._replace(**change))
    (fault,) = error.faults
    assert (fault.code, fault.payment, fault.field) == (code, None, field)
    assert error.sentence.startswith("The batch: ")


def test_an_end_to_end_id_is_there_once() -> None:
    error = refused(BATCH._replace(payments=(ANH, JAN, JAN._replace(end_to_end=ANH.end_to_end))))
    (fault,) = error.faults
    assert (fault.code, fault.payment, fault.end_to_end) == ("DUPLICATE_ID", 2, ANH.end_to_end)


def test_a_sum_that_is_no_amount_is_refused() -> None:
    most = (ANH._replace(amount_minor=MAX_AMOUNT_MINOR - JAN.amount_minor), JAN)
    assert read_back(write(BATCH._replace(payments=most))).sums[0] == MAX_AMOUNT_MINOR
    over = (most[0], JAN._replace(amount_minor=JAN.amount_minor + 1))
    assert refused(BATCH._replace(payments=over)).code == "SUM_TOO_LARGE"


def test_what_has_no_latin_letter_is_refused_only_in_latin() -> None:
    batch = BATCH._replace(payments=(ANH._replace(name="王芳"),))
    assert read_back(write(batch)).payments[0].name == "王芳"
    error = refused(batch, latin=True)
    assert (error.code, error.faults[0].field) == ("NOT_LATIN", "name")


def test_the_limit_is_that_of_what_is_written() -> None:
    batch = BATCH._replace(payments=(ANH._replace(name="ß" * 71),))
    write(batch)
    assert refused(batch, latin=True).code == "TOO_LONG"


def test_all_faults_are_told_up_to_a_limit() -> None:
    bad = tuple(Payment(f"P{number}", 0, "Ánh", "1", "970415", "x") for number in range(MAX_FAULTS))
    error = refused(BATCH._replace(payments=bad))
    assert [fault.payment for fault in error.faults] == list(range(MAX_FAULTS))
    assert not error.more
    error = refused(BATCH._replace(payments=(*bad, ANH._replace(name=""))))
    assert len(error.faults) == MAX_FAULTS
    assert error.more


def test_a_file_that_does_not_fit_the_schema_is_not_handed_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The fault is put in: between checking and writing nobody else could."""
    document = pain001._document

    def without_day(batch: Batch) -> etree._Element:
        root = document(batch)
        day = root.find(f".//{{{pain001.NAMESPACE}}}ReqdExctnDt")
        assert day is not None
        day.clear()
        return root

    monkeypatch.setattr(pain001, "_document", without_day)
    error = refused(BATCH)
    assert error.code == "SCHEMA"
    assert "ReqdExctnDt" in error.sentence
