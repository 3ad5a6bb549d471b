"""How a bank writes its CSV, as far as the organisation has fixed it, and the names of columns."""

import unicodedata
from collections.abc import Mapping
from typing import Literal, NamedTuple

Role = Literal[
    "booked_on", "value_on", "amount", "credit", "debit", "mark", "balance", "currency",
    "bank_ref", "end_to_end", "text", "name", "account", "bank", "own_account",
]  # fmt: skip
DateOrder = Literal["DMY", "MDY", "YMD"]

ROLES: tuple[Role, ...] = (
    "booked_on", "value_on", "amount", "credit", "debit", "mark", "balance", "currency",
    "bank_ref", "end_to_end", "text", "name", "account", "bank", "own_account",
)  # fmt: skip
# Longer cells are texts, not names of columns.
_NAME_CHARACTERS = 80
DELIMITERS = (",", ";", "\t", "|")


class CsvProfile(NamedTuple):
    """What is given is not detected. `columns`: role → the column's name, or its number from 1.

    `header_row`: the row of the names, from 1; 0 if there is none, and then all columns are given
    by number. With `columns`, only those are read. `decimal_mark` is "." or ",".
    """

    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    columns: Mapping[str, str | int] | None = None
    decimal_mark: str | None = None
    date_order: DateOrder | None = None


# As `plain` writes them: without tones, signs and capitals. None of a Vietnamese bank's names is
# also an English one, so the names tell the language, and with it the order of day and month.
_VIETNAMESE: dict[Role, str] = {
    "booked_on": "ngay giao dich|ngay gd|ngay hach toan|ngay ghi so|ngay|thoi gian giao dich"
    "|ngay phat sinh|ngay gio giao dich",
    "value_on": "ngay hieu luc|ngay gia tri",
    "amount": "so tien|so tien giao dich|so tien gd",
    "credit": "so tien ghi co|ghi co|phat sinh co|ps co|co|tien vao|so tien co|phat sinh tang",
    "debit": "so tien ghi no|ghi no|phat sinh no|ps no|no|tien ra|so tien no|phat sinh giam",
    "mark": "no co|ghi no ghi co|dau",
    "balance": "so du|so du sau giao dich|so du cuoi|so du luy ke",
    "currency": "loai tien|tien te|don vi tien te|loai tien te",
    "bank_ref": "so tham chieu|so but toan|ma giao dich|so ct|so chung tu|ma tham chieu|so gd"
    "|so giao dich",
    "end_to_end": "ma doi soat|ma lenh",
    "text": "dien giai|noi dung|noi dung giao dich|mo ta|noi dung chi tiet|mo ta giao dich"
    "|noi dung thanh toan|chi tiet giao dich",
    "name": "ten nguoi chuyen|ten doi ung|ten tai khoan doi ung|don vi chuyen|nguoi chuyen"
    "|ten nguoi huong|ten don vi doi ung|ten nguoi chuyen nguoi huong|doi tac",
    "account": "tai khoan doi ung|so tai khoan doi ung|tk doi ung|so tk doi ung"
    "|tai khoan nguoi chuyen|so tai khoan nguoi chuyen",
    "bank": "ngan hang doi ung|ngan hang chuyen|ten ngan hang doi ung|ngan hang",
    "own_account": "so tai khoan|tai khoan",
}
_ENGLISH: dict[Role, str] = {
    "booked_on": "transaction date|booking date|date|posting date|trans date|tran date|entry date"
    "|buchungstag",
    "value_on": "value date|effective date|valuta",
    "amount": "amount|transaction amount|betrag",
    "credit": "credit|credit amount|deposit|deposits|paid in|money in|cr|cr amount",
    "debit": "debit|debit amount|withdrawal|withdrawals|paid out|money out|dr|dr amount",
    "mark": "credit debit|debit credit|dr cr|cr dr|d c|c d",
    "balance": "balance|running balance|closing balance|account balance",
    "currency": "currency|ccy",
    "bank_ref": "reference|reference number|bank reference|transaction id|transaction reference"
    "|ref no|reference no|transaction no",
    "end_to_end": "end to end id|end to end reference|customer reference|payment reference",
    "text": "description|details|narrative|remarks|transaction details|remittance information"
    "|particulars|memo|verwendungszweck",
    "name": "counterparty|counterparty name|name|payer|remitter|beneficiary|payer name"
    "|remitter name",
    "account": "counterparty account|account of counterparty|counter account|payer account"
    "|remitter account|offset account",
    "bank": "counterparty bank|remitter bank|payer bank|bank|bic",
    "own_account": "account number|account|account no|own account",
}


def _by_name(names: dict[Role, str]) -> dict[str, Role]:
    return {name: role for role, listed in names.items() for name in listed.split("|")}


VIETNAMESE: dict[str, Role] = _by_name(_VIETNAMESE)
ENGLISH: dict[str, Role] = _by_name(_ENGLISH)


def plain(name: str) -> str:
    """A column's name without tones, signs and capitals; what is in brackets is dropped."""
    name = name[:_NAME_CHARACTERS].partition("(")[0].replace("đ", "d").replace("Đ", "D")
    letters = unicodedata.normalize("NFD", name.casefold())
    letters = "".join(sign for sign in letters if not unicodedata.combining(sign))
    return " ".join("".join(sign if sign.isalnum() else " " for sign in letters).split())


def roles_of(names: list[str]) -> dict[Role, int]:
    """Role → index of the column, for the names that are known.

    A name may have both languages, `Ngày giao dịch / Transaction date` or over two lines. Of two
    columns of one role none is taken, except that the first of several texts is.
    """
    found: dict[Role, int] = {}
    twice: set[Role] = set()
    for index, name in enumerate(names):
        role = _role(name)
        if role in found and role != "text":
            twice.add(role)
        elif role is not None and role not in found:
            found[role] = index
    return {role: index for role, index in found.items() if role not in twice}


def is_vietnamese(names: list[str]) -> bool:
    """Whether a column has a Vietnamese name."""
    return any(plain(part) in VIETNAMESE for name in names for part in _halves(name))


def _role(name: str) -> Role | None:
    if len(name) > _NAME_CHARACTERS:
        return None
    for part in _halves(name):
        known = plain(part)
        if role := VIETNAMESE.get(known) or ENGLISH.get(known):
            return role
    return None


def _halves(name: str) -> list[str]:
    return [name, *name.replace("\n", "/").split("/")]
