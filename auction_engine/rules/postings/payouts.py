"""What the books say of money that leaves: ordered, booked by the bank, refused, or come back.

An order is pending until the bank books or refuses it: money on its way is owed until then.
"""

from auction_engine.rules.postings import chart
from auction_engine.rules.postings.entry import Cause, Entry, Leg, Name, credit, debit


def order_key(payout: int, attempt: int) -> str:
    """The key of an order's entry."""
    return f"order:{payout}-{attempt}"


def end_to_end(payout: int, attempt: int) -> str:
    """What the bank carries with the payment and tells us again (ISO 20022 EndToEndId)."""
    return f"AE-P{payout}-{attempt}"


def payout_of(end_to_end_id: str) -> tuple[int, int] | None:
    """Payout and attempt of an end-to-end id of ours, None for any other."""
    head, dash, rest = end_to_end_id.strip().partition("-P")
    number, dash2, attempt = rest.partition("-")
    if head != "AE" or not dash or not dash2:
        return None
    return (int(number), int(attempt)) if _plain(number) and _plain(attempt) else None


def _plain(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 15


def ordered(book: int, payout: int, attempt: int, owed: Name, amount_minor: int) -> Entry:
    """The bank has been told to pay what is owed on account `owed`."""
    legs = (
        Leg(owed, amount_minor),
        credit("LIAB.TRANSIT", amount_minor, chart.of_payout(payout)),
    )
    return Entry(
        book,
        "payout.ordered",
        order_key(payout, attempt),
        Cause("PAYOUT", payout, attempt),
        legs,
        pending=True,
    )


def booked(book: int, bank: str, line: int, payout: int, attempt: int, amount_minor: int) -> Entry:
    """The bank has paid: a debit on our statement."""
    legs = (
        debit("LIAB.TRANSIT", amount_minor, chart.of_payout(payout)),
        credit(bank, amount_minor),
    )
    return Entry(
        book,
        "payout.booked",
        f"line:{line}/payout:{payout}",
        Cause("LINE", line),
        legs,
        resolves=order_key(payout, attempt),
    )


def refused(book: int, payout: int, attempt: int, owed: Name, amount_minor: int) -> Entry:
    """The bank has not paid: it is owed as before."""
    legs = (
        debit("LIAB.TRANSIT", amount_minor, chart.of_payout(payout)),
        Leg(owed, -amount_minor),
    )
    return Entry(
        book,
        "payout.refused",
        f"refuse:{payout}-{attempt}",
        Cause("PAYOUT", payout, attempt),
        legs,
        resolves=order_key(payout, attempt),
    )


def came_back(book: int, bank: str, line: int, payout: int, owed: Name, amount_minor: int) -> Entry:
    """A payment the bank had booked came back: it is owed again."""
    legs = (debit(bank, amount_minor), Leg(owed, -amount_minor))
    return Entry(book, "payout.came_back", f"line:{line}", Cause("LINE", line), legs)


def came_back_before(book: int, line: int, payout: int, owed: Name, amount_minor: int) -> Entry:
    """It came back before the bank told that it had left, and lay in suspense until then."""
    legs = (debit("LIAB.SUSPENSE", amount_minor, chart.of_line(line)), Leg(owed, -amount_minor))
    key = f"line:{line}/payout:{payout}"
    return Entry(book, "payout.came_back", key, Cause("LINE", line), legs)


def swept(book: int, payout: int, attempt: int, owed: Name, back: Name, amount_minor: int) -> Entry:
    """It failed after what it paid had been undone: nothing is owed to anybody, nor owed back."""
    legs = (Leg(owed, amount_minor), Leg(back, -amount_minor))
    cause = Cause("PAYOUT", payout, attempt)
    return Entry(book, "payout.swept", f"swept:{payout}-{attempt}", cause, legs)
