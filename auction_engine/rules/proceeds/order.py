"""In which order the lines of a distribution follow each other: the law as a list of groups.

The debts in one group are paid side by side; a group is paid only when all before it are.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from auction_engine.rules.pack import Pack, is_unverified, reference
from auction_engine.rules.pack_proceeds import PaymentOrder, Rank
from auction_engine.rules.proceeds.claims import Case, Claim, Item, Stage, stage_of
from auction_engine.rules.proceeds.errors import ProceedsError

Line = Literal[
    "OUTSIDER",
    "ENFORCEMENT_COSTS",
    "RENT_1Y",
    "TRANSFER_TAXES_FEES",
    "JUDGMENT_COURT_FEE",
    "SECURED",
    "RANK",
    "TRUSTEE",
    "SURPLUS",
]
Portion = Literal["PRINCIPAL", "LATE_INTEREST"]


class Debt(NamedTuple):
    """What one party is owed in a group; `claim` is the index of the claim it is part of."""

    party: int
    due_minor: int
    claim: int | None = None


class Group(NamedTuple):
    """Debts paid side by side. `path` is the parameter of the pack, `rule` its article."""

    line: Line
    debts: tuple[Debt, ...]
    path: str
    rule: str
    verified: bool
    rank: Rank | None = None
    stage: Stage | None = None
    portion: Portion | None = None


def groups(pack: Pack, case: Case) -> Iterator[Group]:
    """The groups of a case in their order; groups in which nothing is owed are left out.

    Raises ProceedsError: NO_ORDER, NOT_IN_ORDER, MODE_NOT_IN_ORDER, BANKRUPTCY, UNKNOWN_RANK.
    """
    order = pack.payment_order
    if order is None:
        raise ProceedsError("NO_ORDER", f"{pack.id} does not say who is paid in which order.")
    _refuse_unknown(order, case)
    found = {"NORMAL": _normal, "BAD_DEBT": _bad_debt, "BANKRUPTCY": _bankruptcy}[case.mode]
    for group in found(pack, order, case):
        debts = tuple(debt for debt in group.debts if debt.due_minor)
        if order.pro_rata:
            yield from [group._replace(debts=debts)] if debts else []
        else:
            yield from (group._replace(debts=(debt,)) for debt in debts)


def _refuse_unknown(order: PaymentOrder, case: Case) -> None:
    asked = {
        "ENFORCEMENT_COSTS": bool(case.costs),
        "RENT_1Y": case.rent_minor > 0,
        "TRANSFER_TAXES_FEES": bool(case.taxes),
    }
    for line in sorted(
        name for name, given in asked.items() if given and name not in order.off_top
    ):
        raise ProceedsError("NOT_IN_ORDER", f"This pack takes no {line} off the proceeds.")
    allowed = {"BAD_DEBT": order.bad_debt, "BANKRUPTCY": order.bankruptcy}
    if case.mode in allowed and allowed[case.mode] is None:
        raise ProceedsError("MODE_NOT_IN_ORDER", f"This pack says nothing of {case.mode}.")


def _group(pack: Pack, path: str, line: Line, debts: tuple[Debt, ...]) -> Group:
    full = f"payment_order.{path}"
    return Group(line, debts, full, reference(pack, full), not is_unverified(pack, full))


def _normal(pack: Pack, order: PaymentOrder, case: Case) -> Iterator[Group]:
    """Law 106/2025 Art. 54(1)-(3); Law 26/2008 Art. 47(1)-(3)."""
    # Who holds a mortgage and is no judgment creditor is paid before anything of the Article.
    if order.secured_creditor_first:
        yield from _secured(pack, order, case, "OUTSIDER")
    yield from _off_top(pack, order, case)
    if order.secured_creditor_first:
        yield from _secured(pack, order, case, "JUDGMENT_CREDITOR")
    yield from _ranks(pack, order, case)


def _bad_debt(pack: Pack, order: PaymentOrder, case: Case) -> Iterator[Group]:
    """Art. 54(4): the rent stays first, then the Credit Institutions Law.

    The Article says no more. That the costs of the sale come before the creditor, and taxes after
    him, is how that law treats the collateral of bad debts; the pack marks it unverified.
    """
    tops = {group.line: group for group in _off_top(pack, order, case)}
    path = "bad_debt"
    for line in ("RENT_1Y", "ENFORCEMENT_COSTS"):
        if line in tops:
            yield _group(pack, path, tops[line].line, tops[line].debts)
    for group in _secured(pack, order, case, "OUTSIDER", "JUDGMENT_CREDITOR"):
        if group.line == "SECURED":
            full = f"payment_order.{path}"
            yield group._replace(path=full, rule=reference(pack, full), verified=False)
    if "TRANSFER_TAXES_FEES" in tops:
        yield tops["TRANSFER_TAXES_FEES"]
    yield _group(pack, path, "JUDGMENT_COURT_FEE", _court_fees(case.claims))
    yield from _ranks(pack, order, case)


def _bankruptcy(pack: Pack, order: PaymentOrder, case: Case) -> Iterator[Group]:
    """Art. 54(5): bankruptcy law decides; all of it is handed to the trustee (`distribution`)."""
    if case.trustee is None:
        rule = reference(pack, "payment_order.bankruptcy")
        text = f"Bankruptcy law decides who is paid ({rule}): the proceeds go to the trustee."
        raise ProceedsError("BANKRUPTCY", text)
    yield from ()  # nothing comes before the trustee


def _off_top(pack: Pack, order: PaymentOrder, case: Case) -> Iterator[Group]:
    debts = {
        "ENFORCEMENT_COSTS": _items(case.costs),
        "RENT_1Y": (Debt(case.debtor, case.rent_minor),),
        "TRANSFER_TAXES_FEES": _items(case.taxes),
    }
    for number, line in enumerate(order.off_top):
        yield _group(pack, f"off_top.{number}", line, debts[line])


def _items(items: tuple[Item, ...]) -> tuple[Debt, ...]:
    return tuple(Debt(item.payee, item.amount_minor) for item in items)


def _secured(pack: Pack, order: PaymentOrder, case: Case, *kinds: str) -> Iterator[Group]:
    """Secured claims by their place, each place after the court fee of its judgment."""
    secured = [(n, claim) for n, claim in enumerate(case.claims) if claim.secured in kinds]
    for place in sorted({claim.place for _, claim in secured}):
        here = [(n, claim) for n, claim in secured if claim.place == place]
        line: Line = "OUTSIDER" if kinds == ("OUTSIDER",) else "SECURED"
        if line == "SECURED":
            fees = _court_fees(tuple(claim for _, claim in here))
            yield _group(pack, "secured_creditor_first", "JUDGMENT_COURT_FEE", fees)
        group = _group(pack, "secured_creditor_first", line, ())
        yield from _portions(pack, order, group, here)


def _court_fees(claims: tuple[Claim, ...]) -> tuple[Debt, ...]:
    return _items(tuple(claim.court_fee for claim in claims if claim.court_fee is not None))


def _ranks(pack: Pack, order: PaymentOrder, case: Case) -> Iterator[Group]:
    """All ranks from what the coercive decision brought, then all again from what is left."""
    first = order.secured_creditor_first or case.mode == "BAD_DEBT"
    stages: tuple[Stage, ...] = ("CUTOFF", "PAYMENT")
    for stage in stages:
        for number, rank in enumerate(order.ranks):
            here = [
                (n, claim)
                for n, claim in enumerate(case.claims)
                if not (first and claim.secured != "NONE")
                and stage_of(case, claim) == stage
                and rank_of(order, claim) == rank
            ]
            group = _group(pack, f"ranks.{number}", "RANK", ())._replace(rank=rank, stage=stage)
            yield from _portions(pack, order, group, here)


def rank_of(order: PaymentOrder, claim: Claim) -> Rank:
    """The claim's rank in this order; where it has no rank of its own it is one of the others.

    Raises ProceedsError UNKNOWN_RANK where the pack has none for others either.
    """
    rank: Rank = claim.rank
    if claim.secured != "NONE" and "SECURED" in order.ranks:
        rank = "SECURED"
    if rank in order.ranks:
        return rank
    if "OTHER" not in order.ranks:
        raise ProceedsError("UNKNOWN_RANK", f"This pack has no rank for {claim.rank}.")
    return "OTHER"


def _portions(
    pack: Pack, order: PaymentOrder, group: Group, claims: list[tuple[int, Claim]]
) -> Iterator[Group]:
    """The claims of a group: principal first, late interest after it (Decree 152/2026 Art. 29(1)).

    The late interest of a rank comes before the principal of the next one.
    """
    if order.late_interest is None:
        debts = tuple(Debt(claim.party, claim.total_minor, n) for n, claim in claims)
        yield group._replace(debts=debts)
        return
    principal = tuple(Debt(claim.party, claim.principal_minor, n) for n, claim in claims)
    yield group._replace(debts=principal, portion="PRINCIPAL")
    late = tuple(Debt(claim.party, claim.late_interest_minor, n) for n, claim in claims)
    rule = reference(pack, "payment_order.late_interest")
    yield group._replace(debts=late, portion="LATE_INTEREST", rule=f"{group.rule}; {rule}")
