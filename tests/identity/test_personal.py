from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auction_engine.identity import passwords_rules
from auction_engine.identity.personal import (
    Personal,
    Wrong,
    checked,
    email,
    faults,
    initials,
    masked,
    masked_email,
    number,
)

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("typed", "one"),
    [
        (" An@Example.COM ", "An@example.com"),
        ("an.nguyen+dau@thư.example", "an.nguyen+dau@xn--th-jha1k.example"),
        ("ａｎ@example.com", "an@example.com"),
    ],
)
def test_addresses_have_one_spelling(typed: str, one: str) -> None:
    assert email(typed).rpartition("@")[0] == one.rpartition("@")[0]
    assert email(typed).isascii()


@pytest.mark.parametrize(
    "typed",
    [
        "", "an", "an@", "@example.com", "an@localhost", "a n@example.com", "an@exa mple.com",
        "an@example.com\r\nBcc: x@y.zz", "an@-example.com", "an..b@example.com", ".an@example.com",
        "an@example.com,b@example.com", "<an@example.com>", "x" * 65 + "@example.com",
        "an@" + "x" * 64 + ".com", "án@example.com", "an@example.com\0",
    ],
)  # fmt: skip
def test_what_is_no_address(typed: str) -> None:
    with pytest.raises(Wrong):
        email(typed)


@given(st.text(max_size=300))
def test_any_text_is_an_address_or_refused(typed: str) -> None:
    try:
        found = email(typed)
    except Wrong:
        return
    assert email(found) == found
    assert not set(found) & set("\r\n <>,")


@pytest.mark.parametrize("typed", ["079200012345", "079 200 012 345", "079.200.012-345"])
def test_a_citizens_number(typed: str) -> None:
    assert number("PERSON", typed) == "079200012345"


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("PERSON", "012345678"),  # cards of nine digits ended with 2024
        ("PERSON", "979200012345"),
        ("PERSON", "000200012345"),
        ("PERSON", "0300588569"),
        ("COMPANY", "079200012345"),
        ("COMPANY", "0300588568"),
        ("COMPANY", "03005885690"),
        ("PERSON", ""),
        ("PERSON", "x"),
    ],
)
def test_what_is_no_number(kind: str, typed: str) -> None:
    with pytest.raises(Wrong):
        number(kind, typed)  # type: ignore[arg-type]


def test_tax_codes_have_a_check_digit() -> None:
    assert number("COMPANY", "0300588569") == "0300588569"
    assert number("COMPANY", "0300588569-001") == "0300588569001"
    right = [digit for digit in "0123456789" if _is_code(f"030058856{digit}")]
    assert right == ["9"]


def _is_code(typed: str) -> bool:
    try:
        number("COMPANY", typed)
    except Wrong:
        return False
    return True


def test_foreign_numbers_have_letters() -> None:
    assert number("PERSON", "c01 234 567") == "C01234567"
    assert number("COMPANY", "HRB 12345") == "HRB12345"


def test_everything_wrong_is_found_at_once() -> None:
    wrong = Personal(
        "PERSON", " ", "1", "x", "x", date(2015, 1, 1), "x" * 301, None, "1", "\u202e\u0000"
    )
    assert [one.field for one in faults(wrong, TODAY)] == [
        "name", "identity", "email", "phone", "born_on", "address", "bank_account", "bank_holder",
    ]  # fmt: skip
    with pytest.raises(Wrong):
        checked(wrong, TODAY)


def test_of_age_on_the_day_itself() -> None:
    born = Personal("PERSON", "An", born_on=date(2008, 11, 22))
    assert faults(born, TODAY) == []
    assert [one.code for one in faults(born, date(2026, 11, 21))] == ["minor"]
    # A company has no age.
    company = Personal("COMPANY", "An", born_on=date(2026, 1, 1))
    assert faults(company, TODAY) == []


def test_no_repr_says_who_it_is() -> None:
    person = Personal("PERSON", "Nguyễn Văn An", "079200012345", "an@example.com", "0901")
    assert repr(person) == "Personal(kind='PERSON')"


def test_what_is_shown_of_it() -> None:
    assert initials("Nguyễn Văn An") == "N. V. A."
    assert initials("") == "—"
    assert masked("079200012345").endswith("•345")
    assert "0792" not in masked("079200012345")
    assert masked("12") == "••••"
    assert masked_email("anh@example.com") == "a•••@example.com"


def test_json_there_and_back() -> None:
    person = Personal("COMPANY", "An", "0300588569", born_on=date(1990, 1, 2), bank="VCB")
    assert Personal.from_json(person.to_json()) == person
    assert Personal.from_json(person.to_json() | {"later": 1}) == person


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short1234", "short"),
        ("x" * 257, "long"),
        ("aaaaaaaaaa", "plain"),
        ("abababababab", "plain"),
        ("1234567890", "plain"),
        ("0987654321", "plain"),
        ("qwertyuiop", "plain"),
        ("abcdefghijkl", "plain"),
        ("password2026", "common"),
        ("Matkhau@123456", "common"),
        ("P@ssw0rd!!!!", "common"),
        ("mật khẩu 123", "common"),
        ("anhyeuem123", "common"),
        ("nguyenvanan79!", "own"),
        ("an.nguyen.2026", "own"),
        ("079200012345", "own"),
    ],
)
def test_passwords_that_are_refused(password: str, code: str) -> None:
    with pytest.raises(Wrong) as caught:
        passwords_rules.check(password, "Nguyễn Văn An", "an.nguyen@example.com", "079 200 012 345")
    assert caught.value.code == code


@pytest.mark.parametrize(
    "password", ["mưa rơi trên mái tôn", "correct horse battery", "tK9#vLp2!x", "cà phê sữa đá 7h"]
)
def test_passwords_that_are_taken(password: str) -> None:
    passwords_rules.check(password, "Nguyễn Văn An", "an@example.com", "079200012345", None)
