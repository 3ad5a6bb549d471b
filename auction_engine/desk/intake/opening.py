"""From a message to a case: who is owed what, who owes, which judgment."""

from collections.abc import Iterable, Iterator
from typing import Any

from auction_engine.desk.intake.documents import Claim, Document, Judgment, Party

# Owed to nobody named: court fees and fines are the State's.
_STATE = "Ngân sách nhà nước"
_STATE_RANKS = ("COURT_FEE", "FINES_STATE")


def judgment_of(document: Document) -> dict[str, str]:
    """The judgment as a case cites it."""
    cited = document if isinstance(document, Judgment) else document.judgment
    return {"number": cited.number, "court": cited.court, "on": cited.issued_on.isoformat()}


def parties_of(document: Document) -> list[dict[str, Any]]:
    """The parties as a case has them (`desk.cases.parties`): a creditor once for each rank."""
    if isinstance(document, Judgment):
        return [*_of_judgment(document)]
    asked = {"requested_on": document.made_on.isoformat()}
    made = [*_creditor(document.requester, "CREDITOR", document.claims, asked)]
    return made + [_party(one, "DEBTOR") for one in document.debtors]


def _of_judgment(document: Judgment) -> Iterator[dict[str, Any]]:
    owed = [n for n, one in enumerate(document.parties) if one.role in ("CREDITOR", "SECURED")]
    only = owed[0] if len(owed) == 1 else None
    whose: dict[int | None, list[Claim]] = {}
    for claim in document.claims:
        public = claim.rank in _STATE_RANKS
        named = claim.creditor if claim.creditor is not None or public else only
        whose.setdefault(named, []).append(claim)
    for n, one in enumerate(document.parties):
        if n in owed:
            yield from _creditor(one, one.role, whose.get(n, ()), {})
        else:
            yield _party(one, one.role)
    for claim_rank in _STATE_RANKS:
        found = [claim for claim in whose.get(None, ()) if claim.rank == claim_rank]
        if found:
            state = Party(kind="COMPANY", name=_STATE)
            yield from _creditor(state, "CREDITOR", found, {})


def _party(party: Party, kind: str) -> dict[str, Any]:
    contact = {
        name: value
        for name in ("address", "phone", "email")
        if (value := getattr(party, name)) is not None
    }
    return {"kind": kind, "name": party.name, "contact": contact}


def _creditor(
    party: Party, kind: str, claims: Iterable[Claim], more: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """A creditor for each rank and currency of the claims; without any, once in the last rank."""
    sums: dict[tuple[str, str | None], int] = {}
    for claim in claims:
        key = (claim.rank, claim.currency)
        sums[key] = sums.get(key, 0) + (claim.amount_minor or 0)
    for (rank, currency), amount in (sums or {("OTHER", None): 0}).items():
        money = {} if currency is None else {"claim_minor": amount, "currency": currency}
        yield {**_party(party, kind), "rank": rank, **money, **more}
