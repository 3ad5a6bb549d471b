from __future__ import annotations

import json

import pytest

from auction_engine.rules.money import MAX_AMOUNT_MINOR, AmountError, check_amount_minor


@pytest.mark.parametrize("value", [1, 2, 1_000_000_000, 2**53 - 2, 2**53 - 1])
def test_whole_numbers_of_the_minor_unit_pass_unchanged(value: int) -> None:
    assert check_amount_minor(value) is value


def test_the_largest_amount_is_exact_as_a_double() -> None:
    assert int(float(MAX_AMOUNT_MINOR)) == MAX_AMOUNT_MINOR
    assert float(MAX_AMOUNT_MINOR + 1) == float(MAX_AMOUNT_MINOR + 2)


@pytest.mark.parametrize(
    "text",
    [
        "1.0",
        "1e3",
        "1E9",
        "0.5",
        "NaN",
        "Infinity",
        "-Infinity",
        "true",
        "false",
        '"1000"',
        '"١٠٠٠"',
        "null",
        "[1]",
        "{}",
    ],
)
def test_what_is_not_an_integer_is_refused(text: str) -> None:
    with pytest.raises(AmountError) as caught:
        check_amount_minor(json.loads(text))
    assert caught.value.code == "BAD_AMOUNT_NOT_INTEGER"


@pytest.mark.parametrize("value", [0, -1, -(2**53), -(10**30)])
def test_nothing_and_less_is_refused(value: int) -> None:
    with pytest.raises(AmountError) as caught:
        check_amount_minor(value)
    assert caught.value.code == "BAD_AMOUNT_NOT_POSITIVE"


@pytest.mark.parametrize("value", [2**53, 2**53 + 1, 2**63, 10**400])
def test_amounts_a_double_cannot_hold_are_refused(value: int) -> None:
    with pytest.raises(AmountError) as caught:
        check_amount_minor(value)
    assert caught.value.code == "BAD_AMOUNT_TOO_LARGE"
