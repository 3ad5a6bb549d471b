"""Any batch: a file that two validators take and another reader adds up alike, or an error."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import resources

import pytest
import xmlschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auction_engine.bank.pain001 import Batch, BatchError, Payment, write
from auction_engine.rules.money import MAX_AMOUNT_MINOR

from .batches import BATCH, read_back

SCHEMA = xmlschema.XMLSchema(
    (resources.files("auction_engine.bank") / "schemas" / "pain.001.001.09.xsd").read_text()
)
VISIBLE = st.characters(categories=("L", "M", "N", "P", "S"))
LETTERS = st.sampled_from("aăâbcdđeêghiklmnoôơpqrstuưvxyÁẢẠẮỂỘỨ &<>\"'")
WORDS = st.text(VISIBLE | LETTERS, min_size=1, max_size=40).map(str.strip).filter(bool)
ACCOUNTS = st.from_regex(r"[0-9]{6,19}", fullmatch=True) | st.sampled_from(
    ["NL91ABNA0417164300", "DE89370400440532013000", "VQRQACLNP2680"]
)
BANKS = st.sampled_from(["BFTVVNVX", "970415", "01203001", "ABNANL2A"])
PAYMENTS = st.builds(
    Payment,
    end_to_end=st.from_regex(r"[0-9A-Za-z+-]{1,35}", fullmatch=True),
    amount_minor=st.integers(1, MAX_AMOUNT_MINOR // 20),
    name=WORDS,
    account=ACCOUNTS,
    bank=BANKS,
    text=WORDS,
)
BATCHES = st.builds(
    Batch,
    message_id=st.from_regex(r"[0-9A-Za-z]{1,35}", fullmatch=True),
    created_at=st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    requested_on=st.just(date(2100, 1, 1)),
    debtor_name=WORDS,
    debtor_account=ACCOUNTS,
    debtor_bank=BANKS,
    currency=st.sampled_from(["VND", "EUR", "KWD"]),
    minor_digits=st.integers(0, 4),
    payments=st.lists(
        PAYMENTS, min_size=1, max_size=20, unique_by=lambda payment: payment.end_to_end
    ).map(tuple),
    charges=st.sampled_from(["DEBT", "SHAR", "SLEV", "CRED"]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(BATCHES)
def test_any_good_batch_is_valid_and_adds_up(batch: Batch) -> None:
    data = write(batch)
    SCHEMA.validate(data.decode())
    message = read_back(data)
    count = str(len(batch.payments))
    assert message.counts == (count, count)
    total = Decimal(sum(payment.amount_minor for payment in batch.payments))
    expected = total.scaleb(-batch.minor_digits)
    assert message.sums == (expected, expected)
    assert sum(Decimal(payment.amount) for payment in message.payments) == expected
    for asked, seen in zip(batch.payments, message.payments, strict=True):
        assert seen.end_to_end == asked.end_to_end
        assert Decimal(seen.amount).scaleb(batch.minor_digits) == asked.amount_minor
        assert asked.account in (seen.iban, seen.number)
        assert asked.bank in (seen.bic, seen.clearing)
        assert seen.currency == batch.currency
        assert seen.name == unicodedata.normalize("NFC", asked.name)
        assert seen.text == unicodedata.normalize("NFC", asked.text)
    assert write(batch) == data


@settings(max_examples=300, deadline=None)
@given(
    st.builds(Payment, st.text(), st.integers(), st.text(), st.text(), st.text(), st.text()),
    st.booleans(),
)
def test_anything_else_is_an_error_and_no_file(payment: Payment, latin: bool) -> None:
    try:
        data = write(BATCH._replace(payments=(*BATCH.payments, payment)), latin=latin)
    except BatchError as error:
        assert error.faults  # noqa: PT017
        assert error.code != "SCHEMA"  # noqa: PT017
    else:
        SCHEMA.validate(data.decode())


@pytest.mark.parametrize("count", [1, 5_000])
def test_a_file_of_many_payments_is_whole(count: int) -> None:
    payments = tuple(
        Payment(f"P{number}", number + 1, "Đỗ Thị Ánh", "0011001932418", "970436", "Hoàn trả")
        for number in range(count)
    )
    message = read_back(write(BATCH._replace(payments=payments)))
    assert message.counts[0] == str(count)
    assert message.sums[0] == count * (count + 1) // 2
