"""ISO 20022 statements (camt.053) and notifications (camt.054), every version since the second.

Our own reader, because `pycamt` 1.1.1 takes pending entries, other namespaces and amounts such as
NaN, and does not compare a batch with its entry or the lines with the balances.
"""

from auction_engine.bank import camt_entry
from auction_engine.bank.statement import (
    BankLine,
    BankStatement,
    check,
    check_currency,
    plain_account,
    tidy,
    too_many,
)
from auction_engine.bank.xml_reading import Element, parse

ROOTS = {"camt.053": "BkToCstmrStmt", "camt.054": "BkToCstmrDbtCdtNtfctn"}
_STATEMENTS = {"camt.053": "Stmt", "camt.054": "Ntfctn"}
_OPENING = ("OPBD", "PRCD")
_CLOSING = ("CLBD",)


def read(data: bytes, *, currency: str, minor_digits: int) -> list[BankStatement]:
    """The statements in `data`; `minor_digits` are the currency's decimals.

    Raises BankFileError, as `xml_reading.parse` and `values`, and: OTHER_CURRENCY,
    BALANCE_MISMATCH, ENTRY_SUM, ENTRY_STATUS, ENTRY_MARK, TOO_MANY_LINES.
    """
    document = parse(data, roots=ROOTS)
    name = _STATEMENTS[document.kind]
    document.body.need(name)
    return [
        _statement(document.kind, element, currency, minor_digits)
        for element in document.body.all(name)
    ]


def _statement(kind: str, element: Element, currency: str, digits: int) -> BankStatement:
    account = element.need("Acct")
    if (of_account := account.get("Ccy")) is not None:
        check_currency(account.need_words("Ccy"), currency, of_account)
    number = tidy(account.need_words("Id/IBAN", "Id/Othr/Id"))
    opening = _balance(element, _OPENING, currency, digits)
    closing = _balance(element, _CLOSING, currency, digits)
    lines, left_out = _lines(element, plain_account(number), currency, digits)
    from_day, to_day = element.get("FrToDt/FrDtTm"), element.get("FrToDt/ToDtTm")
    first, last = from_day or _day_of(opening), to_day or _day_of(closing)
    statement = BankStatement(
        format=kind,
        number=element.words("ElctrncSeqNb", "LglSeqNb", "Id"),
        account=number,
        currency=currency,
        from_on=first.day() if first else None,
        to_on=last.day() if last else None,
        opening_minor=opening[1] if opening else None,
        closing_minor=closing[1] if closing else None,
        lines=tuple(lines),
        left_out=left_out,
    )
    return check(statement, closing[0] if closing else element)


def _lines(
    element: Element, own_account: str, currency: str, digits: int
) -> tuple[list[BankLine], int]:
    lines: list[BankLine] = []
    left_out = 0
    for entry in element.all("Ntry"):
        found = camt_entry.lines_of(entry, own_account, currency, digits)
        left_out += not found
        for line in found:
            lines.append(line._replace(n=len(lines) + 1))
        too_many(len(lines), entry)
    return lines, left_out


def _balance(
    element: Element, codes: tuple[str, ...], currency: str, digits: int
) -> tuple[Element, int] | None:
    for code in codes:
        for balance in element.all("Bal"):
            if balance.words("Tp/CdOrPrtry/Cd") == code:
                amount = balance.need("Amt")
                check_currency(amount.currency(), currency, amount)
                return balance, camt_entry.signed(balance, amount.minor(digits))
    return None


def _day_of(balance: tuple[Element, int] | None) -> Element | None:
    return balance[0].get("Dt") if balance else None
