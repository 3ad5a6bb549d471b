"""What stands above a CSV's table: whose account it is, and in which currency."""

import re
from collections.abc import Iterator

from auction_engine.bank.csv_profile import Role, plain
from auction_engine.bank.csv_table import Table
from auction_engine.bank.errors import wrong
from auction_engine.bank.statement import check_currency, same_account, tidy

_ACCOUNT = frozenset(
    "so tai khoan|tai khoan|so tk|account number|account no|account|iban".split("|")
)
_CURRENCY = frozenset("loai tien|loai tien te|tien te|don vi tien te|currency|ccy".split("|"))
_AMOUNTS: tuple[Role, ...] = ("amount", "credit", "debit", "balance")
_CODE = re.compile(r"[A-Z]{3}", re.ASCII).fullmatch
_BRACKETS = re.compile(r"\(([A-Z]{3})\)", re.ASCII).search


def check(table: Table, currency: str, account: str | None) -> str | None:
    """The account named above the table; None if there is none.

    Only a label and its value count: `Số tài khoản: 0071...` in one cell or two. Raises
    BankFileError: OTHER_CURRENCY, OTHER_ACCOUNT.
    """
    named: str | None = None
    for place, label, value in _labelled(table):
        if label in _CURRENCY and _CODE(value):
            check_currency(value, currency, place)
        elif label in _ACCOUNT and any(sign.isdigit() for sign in value):
            # A name or the currency may follow the number.
            number = re.split(r"\s+[-–(]\s*|\s+(?=[^\W\d_])", value)[0]
            if account is not None and not same_account(number, account):
                raise wrong(
                    "OTHER_ACCOUNT",
                    place,
                    f"the account is {number!r}, not {account!r}; choose the file of the right "
                    f"account.",
                )
            named = named or number
    for role in _AMOUNTS:
        index = table.columns.get(role)
        if index is not None and index < len(table.names):
            if found := _BRACKETS(table.names[index]):
                check_currency(found[1], currency, f"row {table.header_row}")
    return named


def _labelled(table: Table) -> Iterator[tuple[str, str, str]]:
    for row in table.before:
        cells = [tidy(cell) for cell in row.cells if cell]
        for index, cell in enumerate(cells):
            label, colon, value = cell.partition(":")
            if colon and value.strip():
                yield f"row {row.n}", plain(label), value.strip()
            elif index + 1 < len(cells):
                yield f"row {row.n}", plain(label), cells[index + 1].lstrip(": ")
