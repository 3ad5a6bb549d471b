"""Reading samples, and what a refused file must say."""

from pathlib import Path
from typing import Any

import pytest

from auction_engine.bank.csv_profile import CsvProfile
from auction_engine.bank.errors import BankFileError
from auction_engine.bank.sniffing import read
from auction_engine.bank.statement import BankStatement

FILES = Path(__file__).parent / "files"
VND: dict[str, Any] = {"currency": "VND", "minor_digits": 0}
EUR: dict[str, Any] = {"currency": "EUR", "minor_digits": 2}
ACCOUNT = "0071000123456"


def sample(name: str) -> bytes:
    return (FILES / name).read_bytes()


def taken(
    data: bytes | str,
    money: dict[str, Any] = VND,
    account: str | None = None,
    profile: CsvProfile | None = None,
) -> list[BankStatement]:
    data = data.encode() if isinstance(data, str) else data
    return read(data, "sao-ke.dat", account=account, profile=profile, **money)


def refused(
    data: bytes | str,
    code: str,
    place: str,
    money: dict[str, Any] = VND,
    account: str | None = None,
    profile: CsvProfile | None = None,
) -> BankFileError:
    """The error for `data`; nothing of the file is returned, because an exception returns nothing.

    The sentence names the file, the place and a cure.
    """
    with pytest.raises(BankFileError) as caught:
        taken(data, money, account, profile)
    error = caught.value
    assert (error.code, error.place) == (code, place), error.sentence
    assert error.sentence.startswith("sao-ke.dat, " + (f"{place}: " if place else ""))
    assert ";" in error.text or ":" in error.text
    assert error.text.endswith(".")
    return error


def put(data: bytes, old: str, new: str, count: int = 1) -> bytes:
    """`data` with `old` replaced; it must be there."""
    assert old.encode() in data
    return data.replace(old.encode(), new.encode(), count)
