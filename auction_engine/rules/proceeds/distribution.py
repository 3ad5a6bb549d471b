"""Who is paid what from the proceeds of a sale, line by line, to the last đồng.

Every step shows what was left before and after it and, where the money did not suffice, how the
rest was divided, so that a statement can be checked with a pencil.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.rules.pack import Pack, is_unverified, reference
from auction_engine.rules.pack_proceeds import Rank
from auction_engine.rules.proceeds.claims import Case, Mode, Stage, check, stage_of
from auction_engine.rules.proceeds.errors import ProceedsError
from auction_engine.rules.proceeds.order import Group, Line, Portion, groups
from auction_engine.rules.proceeds.remainders import shares


@dataclass(frozen=True, slots=True)
class Step:
    """One line: what `party` was owed and got, in minor units.

    `before_minor` and `after_minor` are what was left around this line. Where `pot_minor`, what
    was there for the group, did not reach `owed_minor`, what the group was owed:
    `paid = due * pot // owed + extra`, and `remainder` is what that division left over.
    `claim` is the index of the claim in the case. `rule` is the article, `verified` whether the
    pack's parameter was read.
    """

    line: Line
    party: int
    due_minor: int
    paid_minor: int
    before_minor: int
    after_minor: int
    pot_minor: int
    owed_minor: int
    remainder: int
    extra: int
    path: str
    rule: str
    verified: bool
    claim: int | None = None
    rank: Rank | None = None
    stage: Stage | None = None
    portion: Portion | None = None

    @property
    def short_minor(self) -> int:
        """What stays unpaid of this line."""
        return self.due_minor - self.paid_minor


@dataclass(frozen=True, slots=True)
class Distribution:
    """All steps in order; their payments sum to `estate_minor`, the debtor's surplus included.

    `left_out`: indexes of claims that came after the day of payment.
    """

    pack: str
    mode: Mode
    estate_minor: int
    steps: tuple[Step, ...]
    left_out: tuple[int, ...] = ()

    @property
    def surplus_minor(self) -> int:
        """What the debtor gets back."""
        return sum(step.paid_minor for step in self.steps if step.line == "SURPLUS")

    def paid_on(self, claim: int) -> int:
        """What was paid on one claim, by its index in the case."""
        return sum(step.paid_minor for step in self.steps if step.claim == claim)


def distribute(pack: Pack, estate_minor: int, case: Case) -> Distribution:
    """Distribute `estate_minor` by the pack's order of payment.

    Raises ProceedsError: BAD_ESTATE, BAD_CASE, NO_ORDER, NOT_IN_ORDER, MODE_NOT_IN_ORDER,
    UNKNOWN_RANK, and BANKRUPTCY where bankruptcy law decides and no trustee is named.
    """
    if type(estate_minor) is not int or not 0 <= estate_minor <= MAX_AMOUNT_MINOR:
        raise ProceedsError("BAD_ESTATE", f"{estate_minor!r} is not an amount of minor units.")
    check(case)
    steps: list[Step] = []
    left = estate_minor
    for group in groups(pack, case):
        steps += _pay(group, left)
        left = steps[-1].after_minor
    if left:
        steps.append(_rest(pack, case, left))
    bankrupt = case.mode == "BANKRUPTCY"
    late = tuple(
        number
        for number, claim in enumerate(case.claims)
        if not bankrupt and claim.secured == "NONE" and stage_of(case, claim) is None
    )
    return Distribution(pack.id, case.mode, estate_minor, tuple(steps), late)


def faults(found: Distribution) -> list[str]:
    """What is wrong with a distribution, in words: nothing, if its sums can be believed.

    Checks each line's arithmetic by itself, the chain of what was left, and that no later line was
    paid while an earlier one was short.
    """
    wrong = []
    left = found.estate_minor
    for number, step in enumerate(found.steps):
        at = f"line {number + 1}"
        if step.before_minor != left or step.after_minor != left - step.paid_minor:
            wrong.append(f"{at}: what is left does not follow from the line before")
        left = step.after_minor
        if not 0 <= step.paid_minor <= step.due_minor or left < 0:
            wrong.append(f"{at}: pays less than nothing or more than is owed or there")
        if step.paid_minor != _by_arithmetic(step):
            wrong.append(f"{at}: the division comes to {_by_arithmetic(step)}")
        earlier = (other for other in found.steps[:number] if not _side_by_side(other, step))
        if step.paid_minor and any(other.short_minor for other in earlier):
            wrong.append(f"{at}: is paid while an earlier line is short")
    if left:
        wrong.append(f"{left} are left over")
    return wrong


def _side_by_side(one: Step, other: Step) -> bool:
    place = (one.path, one.line, one.stage, one.portion, one.pot_minor, one.owed_minor)
    return place == (
        other.path, other.line, other.stage, other.portion, other.pot_minor, other.owed_minor
    )  # fmt: skip


def _by_arithmetic(step: Step) -> int:
    if step.pot_minor >= step.owed_minor:
        return step.due_minor
    return step.due_minor * step.pot_minor // step.owed_minor + step.extra


def _pay(group: Group, left: int) -> Sequence[Step]:
    """Pay the debts of a group side by side from what is left."""
    owed = sum(debt.due_minor for debt in group.debts)
    parts = shares(min(left, owed), [debt.due_minor for debt in group.debts])
    steps = []
    before = left
    for debt, part in zip(group.debts, parts, strict=True):
        step = Step(
            line=group.line,
            party=debt.party,
            due_minor=debt.due_minor,
            paid_minor=part.minor,
            before_minor=before,
            after_minor=before - part.minor,
            pot_minor=left,
            owed_minor=owed,
            remainder=part.remainder,
            extra=part.extra,
            path=group.path,
            rule=group.rule,
            verified=group.verified,
            claim=debt.claim,
            rank=group.rank,
            stage=group.stage,
            portion=group.portion,
        )
        before = step.after_minor
        steps.append(step)
    return steps


def _rest(pack: Pack, case: Case, left: int) -> Step:
    """The last line: to the debtor, or all of a bankrupt's estate to the trustee."""
    bankrupt = case.mode == "BANKRUPTCY"
    path = "payment_order.bankruptcy" if bankrupt else "payment_order.surplus"
    return Step(
        line="TRUSTEE" if bankrupt else "SURPLUS",
        party=case.trustee if bankrupt and case.trustee is not None else case.debtor,
        due_minor=left,
        paid_minor=left,
        before_minor=left,
        after_minor=0,
        pot_minor=left,
        owed_minor=left,
        remainder=0,
        extra=0,
        path=path,
        rule=reference(pack, path),
        verified=not is_unverified(pack, path),
    )
