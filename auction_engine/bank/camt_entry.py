"""One entry of a camt statement: the lines it becomes, and the other party of each.

The direction of money is the entry's mark; a reversal has the mark of what it does, not of what it
undoes (ISO 20022, ReversalIndicator).
"""

from collections.abc import Iterator
from typing import NamedTuple

from auction_engine.bank.errors import shown, wrong
from auction_engine.bank.statement import (
    REVERSED,
    BankLine,
    check_currency,
    plain_account,
    reference,
    tidy,
)
from auction_engine.bank.xml_reading import Element

_NOT_BOOKED = ("PDNG", "INFO", "FUTR")
# Where the amount of one transaction stands: versions since the fourth, then the older ones.
_TRANSACTION_AMOUNTS = ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/CntrValAmt/Amt")
_CHARGES = "Bank charges"


class _Entry(NamedTuple):
    element: Element
    own_account: str
    currency: str
    digits: int
    amount_minor: int


def lines_of(entry: Element, own_account: str, currency: str, digits: int) -> list[BankLine]:
    """The lines of one entry, not yet numbered; none if it is not booked or moves nothing.

    Several transactions are a line each; charges taken from the amount are a line of their own.
    Raises BankFileError: ENTRY_STATUS, ENTRY_SUM, ENTRY_MARK, OTHER_CURRENCY, and for amounts and
    days.
    """
    status = entry.need_words("Sts/Cd", "Sts")
    amount = entry.need("Amt")
    check_currency(amount.currency(), currency, amount)
    whole = signed(entry, amount.minor(digits))
    if status in _NOT_BOOKED or not whole:
        return []
    if status != "BOOK":
        raise wrong(
            "ENTRY_STATUS",
            entry.need("Sts"),
            f"the status {shown(status)} does not say whether this is booked; ask the bank.",
        )
    known = _Entry(entry, own_account, currency, digits, whole)
    details = list(entry.all("NtryDtls/TxDtls"))
    parts = _parts(known, details)
    split = len(parts) > 1
    return [_line(known, part, minor, split) for part, minor in parts if minor]


def _parts(entry: _Entry, details: list[Element]) -> list[tuple[Element | None, int]]:
    """Each transaction and its signed amount, then the charges; together the entry's amount."""
    found = [(detail, _transaction_amount(entry, detail)) for detail in details]
    if not found or all(amount is None for _, amount in found):
        # What cannot be split is one line; whose it is, is known only if there is one transaction.
        return [(details[0] if len(details) == 1 else None, entry.amount_minor)]
    parts: list[tuple[Element | None, int]] = []
    for detail, amount in found:
        if amount is None:
            raise wrong(
                "ENTRY_SUM",
                detail,
                "this transaction has no amount, others of the entry have; ask the bank for the "
                "file again.",
            )
        parts.append((detail, amount))
    total = sum(amount for _, amount in parts)
    if total == entry.amount_minor:
        return parts
    charged = sum(_charges(entry, at) for at in (entry.element, *details))
    if total + charged == entry.amount_minor:
        return [*parts, (None, charged)]
    raise wrong(
        "ENTRY_SUM",
        entry.element,
        f"the transactions come to {total} and the charges to {charged}, but the entry to "
        f"{entry.amount_minor} (in minor units); ask the bank for the file again.",
    )


def _transaction_amount(entry: _Entry, detail: Element) -> int | None:
    for path in _TRANSACTION_AMOUNTS:
        amount = detail.get(path)
        if amount is not None and amount.currency() == entry.currency:
            minor = amount.minor(entry.digits)
            return signed(detail if detail.get("CdtDbtInd") else entry.element, minor)
    return None


def _charges(entry: _Entry, at: Element) -> int:
    """What was taken (negative) or given as charges, in the account's currency."""
    total = 0
    for charge in _charge_records(at):
        amount = charge.need("Amt")
        if amount.currency() == entry.currency:
            minor = amount.minor(entry.digits)
            total += signed(charge, minor) if charge.get("CdtDbtInd") else -minor
    return total


def _charge_records(at: Element) -> Iterator[Element]:
    for charges in at.all("Chrgs"):
        if charges.get("Rcrd"):
            yield from charges.all("Rcrd")
        elif charges.get("Amt"):
            yield charges


def _line(entry: _Entry, detail: Element | None, amount_minor: int, split: bool) -> BankLine:
    at = entry.element
    booked = at.get("BookgDt", "ValDt") or at.need("BookgDt")
    value = at.get("ValDt")
    entry_ref = reference(at.words("AcctSvcrRef"))
    own_ref = reference(detail.words("Refs/AcctSvcrRef")) if detail else None
    returned = _returned(at, detail)
    name, account, bank = _party(entry, detail, amount_minor > 0, returned is not None)
    is_charge = split and detail is None
    return BankLine(
        n=0,
        place=f"line {(detail or at).line}",
        booked_on=booked.day(),
        value_on=value.day() if value else None,
        amount_minor=amount_minor,
        currency=entry.currency,
        # A single transaction is known by its entry, which every kind of message names.
        bank_ref=(own_ref or entry_ref) if split else (entry_ref or own_ref),
        end_to_end=reference(detail.words("Refs/EndToEndId")) if detail else None,
        text=_CHARGES if is_charge else _text(at, detail),
        name=name,
        account=account,
        bank=bank,
        returned=None if is_charge else returned,
        entry_ref=entry_ref if split else None,
        entry_minor=entry.amount_minor if split else None,
    )


def _returned(entry: Element, detail: Element | None) -> str | None:
    if detail is not None and (info := detail.get("RtrInf")) is not None:
        return tidy(info.words("Rsn/Cd", "Rsn/Prtry")) or REVERSED
    return REVERSED if (entry.words("RvslInd") or "").lower() in ("true", "1") else None


def _text(entry: Element, detail: Element | None) -> str:
    words = []
    if detail is not None:
        for path in ("RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/RfrdDocInf/Nb",
                     "RmtInf/Strd/AddtlRmtInf"):  # fmt: skip
            words += [tidy(found.text) for found in detail.all(path)]
        words = words if any(words) else [tidy(detail.words("AddtlTxInf"))]
    return tidy(" ".join(words)) or tidy(entry.words("AddtlNtryInf"))


def _party(
    entry: _Entry, detail: Element | None, paid_in: bool, returned: bool
) -> tuple[str | None, str | None, str | None]:
    """Name, account and bank of the other side.

    What comes back keeps the roles of the payment that was sent, so the sides change place; but
    whoever has our own account is never the other party.
    """
    if detail is None:
        return None, None, None
    sides = ["Dbtr", "Cdtr"] if paid_in != returned else ["Cdtr", "Dbtr"]
    accounts = [_account(detail, side) for side in sides]
    if plain_account(accounts[0] or "") == entry.own_account:
        sides.reverse()
        accounts.reverse()
    side = sides[0]
    name = detail.words(*(f"RltdPties/{who}/{at}" for who in (side, f"Ultmt{side}")
                          for at in ("Nm", "Pty/Nm", "Agt/FinInstnId/Nm")))  # fmt: skip
    bank = detail.words(*(f"RltdAgts/{side}Agt/FinInstnId/{at}"
                          for at in ("BICFI", "BIC", "ClrSysMmbId/MmbId", "Othr/Id")))  # fmt: skip
    return tidy(name) or None, accounts[0], bank


def _account(detail: Element, side: str) -> str | None:
    return detail.words(*(f"RltdPties/{side}Acct/Id/{at}" for at in ("IBAN", "Othr/Id")))


def signed(element: Element, amount_minor: int) -> int:
    """`amount_minor`, negative if `element` is marked as a debit. Raises: ENTRY_MARK."""
    mark = element.need_words("CdtDbtInd")
    if mark not in ("CRDT", "DBIT"):
        raise wrong(
            "ENTRY_MARK",
            element.need("CdtDbtInd"),
            f"the mark is {shown(mark)} instead of CRDT or DBIT; ask the bank for the file again.",
        )
    return amount_minor if mark == "CRDT" else -amount_minor
