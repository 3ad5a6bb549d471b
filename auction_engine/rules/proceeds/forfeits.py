"""To whom a lost deposit goes, as credits in the book it lies in."""

from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.rules.postings import chart
from auction_engine.rules.postings.chart import BookKind
from auction_engine.rules.postings.entry import Leg, credit
from auction_engine.rules.proceeds.errors import ProceedsError

# Beneficiary, then the account that takes all of it; the key is the lot's.
_WHOLE: dict[BookKind, dict[str, str]] = {
    "ORGANISATION": {
        "OWNER": "PAYABLE.OWNER",
        "ENFORCEMENT_AGENCY": "PAYABLE.AGENCY",
        "ESTATE": "PAYABLE.AGENCY",  # it is the agency that distributes the estate
    },
    "AGENCY": {"ENFORCEMENT_AGENCY": "PAYABLE.FORFEITED", "ESTATE": "LIAB.ESTATE"},
}


def split(
    beneficiary: str,
    lot: int,
    amount_minor: int,
    costs_outstanding_minor: int = 0,
    book: BookKind = "ORGANISATION",
    costs_payee: int | None = None,
) -> tuple[Leg, ...]:
    """Credits that sum to the lost deposit.

    STATE_BUDGET_AFTER_COSTS: first the auction costs that are still unpaid, the rest to the State
    budget (Law 01/2016 Art. 39(8), Decree 152/2026 Art. 65(4)). All others get the whole:
    ENFORCEMENT_AGENCY (Art. 65(5)), OWNER (Art. 39(8)), ESTATE. In an agency's book the costs are
    due to the party `costs_payee`. Raises ProceedsError: BAD_AMOUNT; NOT_FORFEITED for a ground on
    which nothing is lost; NO_ACCOUNT where this book has no place for it; NO_PAYEE.
    """
    if not 0 < amount_minor <= MAX_AMOUNT_MINOR or costs_outstanding_minor < 0:
        raise ProceedsError("BAD_AMOUNT", "A deposit is above zero, costs are not below it.")
    if beneficiary == "NOT_FORFEITED":
        raise ProceedsError("NOT_FORFEITED", "On this ground no deposit is lost.")
    if beneficiary == "STATE_BUDGET_AFTER_COSTS":
        costs = min(amount_minor, costs_outstanding_minor)
        legs = [_costs(book, lot, costs, costs_payee)] if costs else []
        if amount_minor > costs:
            legs.append(credit("PAYABLE.STATE_BUDGET", amount_minor - costs, chart.of_lot(lot)))
        return tuple(legs)
    if beneficiary not in _WHOLE[book]:
        text = f"The book of {book} has no account for {beneficiary}."
        raise ProceedsError("NO_ACCOUNT", text)
    return (credit(_WHOLE[book][beneficiary], amount_minor, chart.of_lot(lot)),)


def _costs(book: BookKind, lot: int, costs_minor: int, payee: int | None) -> Leg:
    if book == "ORGANISATION":
        return credit("PAYABLE.AUCTION_COST", costs_minor, chart.of_lot(lot))
    if payee is None:
        raise ProceedsError("NO_PAYEE", "In an agency's book somebody must be owed the costs.")
    return credit("PAYABLE.COSTS", costs_minor, chart.of_party(lot, payee))
