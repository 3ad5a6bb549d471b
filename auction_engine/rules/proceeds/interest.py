"""Who the interest belongs to that a bank pays on money that waits.

Days of interest run from the day the money was put in (counted) to the day it is taken out (not
counted). Everything is divided by largest remainder: nothing is lost, nothing is made.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from auction_engine.rules.pack_proceeds import Parking
from auction_engine.rules.proceeds.errors import ProceedsError
from auction_engine.rules.proceeds.remainders import share


class Held(NamedTuple):
    """A deposit that lay in an account for so many days."""

    amount_minor: int
    days: int


class TermInterest(NamedTuple):
    """A term deposit's interest by whom it belongs to, and the days by which it was divided."""

    estate_minor: int
    buyer_minor: int
    days_in_time: int
    days_late: int


def by_deposit(interest_minor: int, held: Sequence[Held]) -> list[int]:
    """The interest of an escrow account for each deposit, by amount and days (Art. 39(4)-(5)).

    Raises ProceedsError NOTHING_HELD if there is interest and nothing lay there.
    """
    weights = [deposit.amount_minor * deposit.days for deposit in held]
    if interest_minor and not any(weights):
        raise ProceedsError("NOTHING_HELD", "There is interest, but nothing lay in the account.")
    return share(interest_minor, weights)


def by_term(
    rule: Parking | None,
    interest_minor: int,
    since: date,
    until: date,
    deliver_by: date,
    *,
    annulled: bool = False,
) -> TermInterest:
    """Whose the interest of a term deposit is that ran from `since` to `until`.

    What arises in the time for delivery, its last day `deliver_by` included, is added to the
    estate; what arises after it belongs to the buyer, and all of it does if the result is annulled
    (Decree 152/2026 Art. 30(7); Decree 62/2015 Art. 27(4)). A term that straddles the day is
    divided by days. Raises ProceedsError: NO_PARKING, BAD_DAYS.
    """
    if rule is None:
        raise ProceedsError("NO_PARKING", "Under this pack no money is put into term deposits.")
    days = (until - since).days
    if days <= 0 or interest_minor < 0:
        raise ProceedsError("BAD_DAYS", "A term deposit lies for a day at least, and earns.")
    # The day after the last day in time is the first that is late.
    in_time = min(days, max(0, (deliver_by - since).days + 1))
    if annulled:
        return TermInterest(0, interest_minor, in_time, days - in_time)
    estate, buyer = share(interest_minor, [in_time, days - in_time])
    return TermInterest(estate, buyer, in_time, days - in_time)
