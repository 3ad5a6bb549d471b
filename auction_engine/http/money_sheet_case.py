"""A sheet begun from the case of the property: who owes, who is owed what, in which rank.

What the agency has entered in its case is not typed again. The officer still says from which
account, whose costs and taxes, and since when; claims paid by another sale are corrected by hand.
"""

from typing import Any

from auction_engine.desk.cases import parties
from auction_engine.desk.cases.parties import Party
from auction_engine.http import presenting_amounts as amounts
from auction_engine.http.money import Desk
from auction_engine.http.money_sheet_form import Form, Row, blank

_CLAIMS = ("CREDITOR", "SECURED")


async def begun(desk: Desk, lot: int) -> Form:
    """The form with the parties of the lot's case in it; an empty one where there is no case."""
    form = blank()
    found = await desk.connection.fetchrow("SELECT id, case_id FROM asset WHERE lot_id = $1", lot)
    if found is None:
        return form
    people = [
        one
        for one in await parties.of_case(desk.connection, desk.web.vault, found["case_id"])
        if one.left_at is None and one.asset_id in (None, found["id"])
    ]
    debtors = [one for one in people if one.kind == "DEBTOR"]
    creditors = [one for one in people if one.kind in _CLAIMS]
    if not debtors or not creditors:
        return form
    form.rows["parties"] = [
        Row(number=str(n), name=one.name, role="DEBTOR" if one.kind == "DEBTOR" else "CREDITOR")
        for n, one in enumerate((*debtors, *creditors), 1)
    ]
    form.rows["claims"] = [
        _claim(desk, n, one)
        for n, one in enumerate(creditors, len(debtors) + 1)
        if one.claim_minor and one.currency == desk.book.currency
    ] or [Row()]
    return form


def _claim(desk: Desk, number: int, one: Party) -> Row:
    assert one.claim_minor is not None
    asked: Any = one.requested_on
    row = Row(
        party=str(number),
        rank=one.rank or "OTHER",
        principal=amounts.number(one.claim_minor, desk.book.minor_digits, desk.ask.lang),
        requested_on="" if asked is None else asked.isoformat(),
    )
    if one.kind == "SECURED":
        # Who has not asked for enforcement is paid from the security all the same.
        row["secured"] = "OUTSIDER" if asked is None else "JUDGMENT_CREDITOR"
    return row
