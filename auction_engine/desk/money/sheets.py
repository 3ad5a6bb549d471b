"""The sheet of a case: who takes part in the proceeds of a lot, on what ground, and where to pay.

What an agency's accountant fills in before a distribution is computed. Amounts are minor units.
"""

from datetime import date
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from auction_engine.desk.money.record import MoneyError
from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.rules.pack_proceeds import Rank
from auction_engine.rules.proceeds.claims import Case, Claim, Item, Mode, Security

_Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT_MINOR, strict=True)]
_Number = Annotated[int, Field(ge=1, le=9_999, strict=True)]
_Words = Annotated[str, Field(min_length=1, max_length=140)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Party(_Part):
    """Somebody who is paid. `number` is the party's in this case."""

    number: _Number
    name: _Words
    role: Literal["CREDITOR", "DEBTOR", "PAYEE"] = "CREDITOR"
    account: str | None = None
    bank: str | None = None


class Amount(_Part):
    """An amount for a party."""

    payee: _Number
    amount_minor: _Amount


class ClaimLine(_Part):
    """A claim as it is entered; see `rules.proceeds.claims.Claim`."""

    party: _Number
    rank: Rank
    principal_minor: _Amount
    late_interest_minor: _Amount = 0
    requested_on: date
    of_this_agency: bool = True
    secured: Security = "NONE"
    place: Annotated[int, Field(ge=1)] = 1
    court_fee: Amount | None = None
    owes_fee: bool = True


class Sheet(_Part):
    """The whole sheet. Every party named anywhere is in `parties`."""

    parties: Annotated[tuple[Party, ...], Field(min_length=1, max_length=500)]
    debtor: _Number
    coercive_on: date
    payment_on: date
    claims: Annotated[tuple[ClaimLine, ...], Field(max_length=1_000)] = ()
    costs: tuple[Amount, ...] = ()
    rent_minor: _Amount = 0
    taxes: tuple[Amount, ...] = ()
    mode: Mode = "NORMAL"
    trustee: _Number | None = None
    base_salary_minor: _Amount | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        numbers = [party.number for party in self.parties]
        if len(set(numbers)) != len(numbers):
            raise ValueError("two parties have the same number")
        named = {self.debtor, *(claim.party for claim in self.claims)}
        named |= {item.payee for item in (*self.costs, *self.taxes)}
        named |= {claim.court_fee.payee for claim in self.claims if claim.court_fee is not None}
        named |= set() if self.trustee is None else {self.trustee}
        if missing := sorted(named - set(numbers)):
            raise ValueError(f"party {missing[0]} is not in the list of parties")
        return self

    def case(self) -> Case:
        """What the rules need of it."""
        return Case(
            debtor=self.debtor,
            coercive_on=self.coercive_on,
            payment_on=self.payment_on,
            claims=tuple(_claim(line) for line in self.claims),
            costs=tuple(Item(one.payee, one.amount_minor) for one in self.costs),
            rent_minor=self.rent_minor,
            taxes=tuple(Item(one.payee, one.amount_minor) for one in self.taxes),
            mode=self.mode,
            trustee=self.trustee,
        )

    def party(self, number: int) -> Party:
        """The party of this number."""
        return next(party for party in self.parties if party.number == number)


class TakingSheet(Sheet):
    """The same for a creditor who takes the property: who, and whether the others agree."""

    taker: _Number
    others_agree: bool = False

    @model_validator(mode="after")
    def _taker_known(self) -> Self:
        if all(claim.party != self.taker for claim in self.claims):
            raise ValueError("only a creditor with a claim may take the property")
        return self


def _claim(line: ClaimLine) -> Claim:
    fee = line.court_fee
    return Claim(
        party=line.party,
        rank=line.rank,
        principal_minor=line.principal_minor,
        requested_on=line.requested_on,
        late_interest_minor=line.late_interest_minor,
        of_this_agency=line.of_this_agency,
        secured=line.secured,
        place=line.place,
        court_fee=None if fee is None else Item(fee.payee, fee.amount_minor),
        owes_fee=line.owes_fee,
    )


def read(data: Any) -> Sheet:
    """The sheet in plain data. Raises MoneyError BAD_SHEET naming the first wrong field."""
    return _read(Sheet, data)


def read_taking(data: Any) -> TakingSheet:
    """The sheet of a creditor who takes the property. Raises MoneyError BAD_SHEET."""
    return _read(TakingSheet, data)


_S = TypeVar("_S", bound=Sheet)


def _read(kind: type[_S], data: Any) -> _S:
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "the sheet"
        raise MoneyError("BAD_SHEET", f"{where}: {first['msg']}.") from None
