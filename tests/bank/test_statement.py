"""By what a movement is known again, and whose account it is."""

from datetime import date

import pytest

from auction_engine.bank.statement import (
    BankLine,
    BankStatement,
    fingerprint,
    fingerprints,
    reference,
    same_account,
    tidy,
)

LINE = BankLine(
    1, "line 5", date(2026, 11, 20), None, 500, "VND", "FT1", None, "Lô 12", "An", "9", None, None
)
STATEMENT = BankStatement("camt.053", "1", "007 1", "VND", None, None, None, None, (LINE,), 0)


def known_by(line: BankLine, ordinal: int = 1, statement: BankStatement = STATEMENT) -> str:
    return fingerprint(statement, line, ordinal)


def test_with_a_reference_of_the_bank_only_account_day_amount_and_it_count() -> None:
    other = LINE._replace(n=7, place="row 1", text="x", name=None, account=None, end_to_end="E",
                          value_on=date(2026, 1, 1))  # fmt: skip
    notified = STATEMENT._replace(format="camt.054", account="00-71", number=None)
    assert known_by(other, 1, notified) == known_by(LINE)
    for field, value in {
        "bank_ref": "FT2", "amount_minor": -500, "currency": "EUR", "booked_on": date(2026, 11, 21),
    }.items():  # fmt: skip
        assert known_by(LINE._replace(**{field: value})) != known_by(LINE), field
    assert known_by(LINE, 2) != known_by(LINE)
    assert known_by(LINE, 1, STATEMENT._replace(account="0072")) != known_by(LINE)


def test_without_one_the_other_party_and_the_text_count() -> None:
    bare = LINE._replace(bank_ref=None)
    assert known_by(bare._replace(text="LÔ  12", name="AN", account=" 9 ")) == known_by(bare)
    for field, value in {"text": "Lô 13", "name": "Bình", "account": "8"}.items():
        assert known_by(bare._replace(**{field: value})) != known_by(bare), field
    assert known_by(bare) != known_by(LINE)


def test_equal_payments_of_one_file_are_numbered_through_all_its_statements() -> None:
    pages = [STATEMENT._replace(lines=(LINE, LINE)), STATEMENT]
    first, second = fingerprints(pages)
    assert [*first, *second] == [known_by(LINE, n) for n in (1, 2, 3)]
    # A later file that has all of them knows the two that were there before.
    assert fingerprints([STATEMENT._replace(lines=(LINE,) * 3)])[0][:2] == first


def test_parts_do_not_run_into_each_other() -> None:
    one = LINE._replace(bank_ref=None, name="ab", text="c")
    assert known_by(one) != known_by(one._replace(name="a", text="bc"))
    assert known_by(one, 11) != known_by(one._replace(text="c1"), 1)


@pytest.mark.parametrize("text", [None, "", " ", "NONREF", "NotProvided", "-"])
def test_no_reference(text: str | None) -> None:
    assert reference(text) is None


def test_texts_are_composed_and_single_spaced() -> None:
    assert tidy(" Nguye\u0302\u0303n \n\t Va\u0306n ") == "Nguyễn Văn"


@pytest.mark.parametrize(
    ("given", "expected", "same"),
    [
        ("0071000123456", "007 1000-123456", True),
        ("BFTVVNVX/0071000123456", "0071000123456", True),
        ("0071000123456/VND", "0071000123456", True),
        ("de89 3704", "DE893704", True),
        ("10071000123456", "0071000123456", False),
        ("", "0071", False),
        ("-", "", False),
    ],
)
def test_accounts(given: str, expected: str, same: bool) -> None:
    assert same_account(given, expected) is same
