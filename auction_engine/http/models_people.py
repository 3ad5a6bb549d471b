"""Bodies of the people part of the API, for its description. Nothing here ends in a log."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from auction_engine.http.models import Model

_Text = Annotated[str, Field(max_length=400)]


class Registration(Model):
    """`terms` is the version agreed to, which GET /terms shows; `identity` a person's number of
    identity or a company's tax code."""

    kind: Literal["PERSON", "COMPANY"]
    name: _Text
    email: _Text
    identity: _Text
    password: Annotated[str, Field(min_length=10, max_length=256)]
    terms: _Text
    phone: _Text | None = None


class LetterSent(Model):
    """A letter was sent to whoever has the address; nothing else is told."""

    t: Literal["letter"]


class LinkToken(Model):
    """What the link in a letter ends with."""

    token: str


class Confirmation(LinkToken):
    """With the password that was chosen when the account was asked for."""

    password: Annotated[str, Field(max_length=256)]


class AddressConfirmed(Model):
    t: Literal["confirmed"]


class EmailAddress(Model):
    email: _Text


class NewPassword(LinkToken):
    password: Annotated[str, Field(min_length=10, max_length=256)]


class PasswordSet(Model):
    """Every session of the account has ended."""

    t: Literal["set"]


class OwnPerson(Model):
    """Bank details are where refunds go."""

    kind: Literal["PERSON", "COMPANY"]
    name: str
    identity: str | None
    email: str | None
    phone: str | None
    born_on: date | None
    address: str | None
    bank: str | None
    bank_account: str | None
    bank_holder: str | None


class OwnAccount(Model):
    """`person` is null for accounts without personal data (colleagues, the demonstration's)."""

    account: int
    role: Literal["bidder", "organisation", "officer", "procurator"]
    lang: Literal["vi", "en"]
    email_confirmed: bool
    identity_proved: bool
    person: OwnPerson | None


class AccountChange(Model):
    """Only the fields that are sent change; an empty text takes one away."""

    phone: _Text | None = None
    born_on: _Text | None = None
    address: _Text | None = None
    bank: _Text | None = None
    bank_account: _Text | None = None
    bank_holder: _Text | None = None
    lang: Literal["vi", "en"] | None = None


class AccountChanged(Model):
    t: Literal["changed"]


class AccountExport(Model):
    """`tables`: for each kind of record the rows that are about the account's owner."""

    format: int
    account: dict[str, Any]
    tables: dict[str, list[dict[str, Any]]]


class Erasure(Model):
    """`sure` must be true: this cannot be taken back."""

    sure: Literal[True]


class AccountErased(Model):
    t: Literal["erased"]
