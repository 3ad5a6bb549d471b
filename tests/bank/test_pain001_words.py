"""Letters for SWIFT, accounts and banks."""

from __future__ import annotations

import pytest

from auction_engine.bank.accounts import AccountError, account_kind, bank_kind
from auction_engine.bank.latin import SWIFT, LatinError, latin

# Each vowel of Vietnamese with each tone, and đ.
VIETNAMESE = "aàáảãạ ăằắẳẵặ âầấẩẫậ eèéẻẽẹ êềếểễệ iìíỉĩị oòóỏõọ ôồốổỗộ ơờớởỡợ uùúủũụ ưừứửữự yỳýỷỹỵ đ"
PLAIN = "aaaaaa aaaaaa aaaaaa eeeeee eeeeee iiiiii oooooo oooooo oooooo uuuuuu uuuuuu yyyyyy d"


def test_every_letter_of_vietnamese_has_a_latin_one() -> None:
    assert latin(VIETNAMESE) == PLAIN
    assert latin(VIETNAMESE.upper()) == PLAIN.upper()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Đỗ Thị Ánh", "Do Thi Anh"),
        ("Straße", "Strasse"),
        ("Łódź & Øre", "Lodz + Ore"),
        ("“Sông Lam” – 2", "'Song Lam' - 2"),
        ("ＡＢＣ", "ABC"),
        ("a/b-c?d:e(f).,'+ 1", "a/b-c?d:e(f).,'+ 1"),
    ],
)
def test_words_in_latin(text: str, written: str) -> None:
    assert latin(text) == written
    assert set(latin(text)) <= SWIFT


@pytest.mark.parametrize("character", ["王", "Я", "€", "\n", "\x00", "\u200b"])
def test_what_has_no_letter_is_never_left_out(character: str) -> None:
    with pytest.raises(LatinError) as caught:
        latin(f"An{character}h")
    assert caught.value.character == character


# Examples of the IBAN registry.
@pytest.mark.parametrize(
    "iban",
    [
        "DE89370400440532013000",
        "FR1420041010050500013M02606",
        "GB29NWBK60161331926819",
        "HN88CABF00000000000250005469",
        "MT84MALT011000012345MTLCAST001S",
        "NL91ABNA0417164300",
        "NO9386011117947",
    ],
)
def test_an_iban_is_known_and_each_wrong_digit_of_it_found(iban: str) -> None:
    assert account_kind(iban) == "IBAN"
    for place in range(4, len(iban)):
        if iban[place].isdigit():
            changed = iban[:place] + str((int(iban[place]) + 1) % 10) + iban[place + 1 :]
            with pytest.raises(AccountError, match="check digits"):
                account_kind(changed)
    with pytest.raises(AccountError, match="characters"):
        account_kind(iban + "0")
    with pytest.raises(AccountError, match="capitals"):
        account_kind(iban.lower())


@pytest.mark.parametrize(
    "number", ["1", "0011001932418", "VQRQACLNP2680", "V3CAS6262723924", "01-0902-68389", "9" * 34]
)
def test_other_accounts_are_plain_numbers(number: str) -> None:
    assert account_kind(number) == "NUMBER"


@pytest.mark.parametrize(
    "text", ["", " ", "1 2", "9" * 35, "-1", "1-", "12\n", "１２３", "tài khoản"]
)
def test_what_is_no_account(text: str) -> None:
    with pytest.raises(AccountError):
        account_kind(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("BFTVVNVX", "BIC"),
        ("BFTVVNVX012", "BIC"),
        ("970415", "CLEARING"),
        ("01203001", "CLEARING"),
        ("12345678", "CLEARING"),
    ],
)
def test_banks(text: str, kind: str) -> None:
    assert bank_kind(text) == kind


@pytest.mark.parametrize("text", ["", "12", "BFTVVN", "bftvvnvx", "BFTVVNVX01", "970415\n"])
def test_what_is_no_bank(text: str) -> None:
    with pytest.raises(AccountError):
        bank_kind(text)
