"""A bank's file of whatever format: known by its content, never by its name."""

import re

from auction_engine.bank import camt, csv_lines, mt940
from auction_engine.bank.csv_profile import CsvProfile
from auction_engine.bank.errors import BankFileError, shown, wrong
from auction_engine.bank.statement import BankStatement, same_account, too_many

# A day of ten thousand payments as camt.053 is some 15 MB; nobody uploads more by intention.
MAX_BYTES = 20_000_000
_HEAD = 4_000
_BINARY = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook (.xlsx)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)
_HTML = re.compile(r"\s*(<!doctype\s+html|<html)", re.IGNORECASE).match
_MT940 = re.compile(r"\s*(\{1:|:20:)|.*?^:20:.*?^:25:", re.DOTALL | re.MULTILINE).match


def read(
    data: bytes,
    filename: str,
    *,
    currency: str,
    minor_digits: int,
    account: str | None,
    profile: CsvProfile | None = None,
) -> list[BankStatement]:
    """All statements in `data`, or BankFileError and nothing.

    `filename` is only named in errors. `currency` (with its `minor_digits` decimals) and `account`
    are those of the account the file is meant for; statements of another are refused. The
    statements carry `account` as it is given here. `profile` fixes how the bank's CSV is written.
    Raises BankFileError: EMPTY_FILE, FILE_TOO_LARGE, WRONG_FORMAT, OTHER_ACCOUNT, and what `camt`,
    `mt940` and `csv_lines` raise.
    """
    try:
        statements = _read(data, currency, minor_digits, account, profile)
        too_many(sum(len(statement.lines) for statement in statements), "")
        return [_of(statement, account) for statement in statements]
    except BankFileError as error:
        raise BankFileError(*error.problems, more=error.more, filename=filename) from None


def _read(
    data: bytes, currency: str, digits: int, account: str | None, profile: CsvProfile | None
) -> list[BankStatement]:
    _check_size(data)
    for begins, what in _BINARY:
        if data.startswith(begins):
            raise _wrong_format(what)
    head = _head(data)
    if _HTML(head):
        raise _wrong_format("a web page, perhaps of a session that had ended")
    if head.lstrip().startswith("<"):
        return camt.read(data, currency=currency, minor_digits=digits)
    if _MT940(head):
        return mt940.read(data, currency=currency, minor_digits=digits)
    return csv_lines.read(
        data, currency=currency, minor_digits=digits, account=account, profile=profile
    )


def _check_size(data: bytes) -> None:
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf\xfe\xff"):
        raise wrong("EMPTY_FILE", "", "the file is empty; fetch it from the bank again.")
    if len(data) > MAX_BYTES:
        raise wrong(
            "FILE_TOO_LARGE",
            "",
            f"the file has {len(data):,} bytes, more than {MAX_BYTES:,}; ask the bank for shorter "
            f"periods.",
        )


def _head(data: bytes) -> str:
    """The beginning, with all that ASCII letters need: zero bytes of UTF-16 are dropped."""
    head = data[:_HEAD].translate(None, b"\0\x01\x03").decode("latin-1")
    return head.removeprefix("ï»¿").removeprefix("ÿþ").removeprefix("þÿ")


def _wrong_format(what: str) -> BankFileError:
    return wrong(
        "WRONG_FORMAT",
        "",
        f"this is {what}, not a statement; ask the bank for camt.053, camt.054 or MT940, or save "
        f"the table as CSV (UTF-8).",
    )


def _of(statement: BankStatement, account: str | None) -> BankStatement:
    if account is None or not statement.account:
        return statement
    if not same_account(statement.account, account):
        raise wrong(
            "OTHER_ACCOUNT",
            "",
            f"the statement is of account {shown(statement.account)}, not {shown(account)}; choose "
            f"the file of the right account.",
        )
    return statement._replace(account=account)
