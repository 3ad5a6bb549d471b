"""What a judgment and a request must say, field by field; the first thing a sender reads of us.

Every fault is found at once and named by its path. What a sender wrote is never quoted back: it is
about people. Amounts are minor units, days local ISO dates.
"""

import base64
import hashlib
import unicodedata
from datetime import date
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from auction_engine.desk.intake.record import Fault, IntakeError
from auction_engine.identity import personal

MOST_MINOR = 2**53 - 1
MOST_PAPERS, MOST_PAPER_BYTES = 5, 2 * 1024 * 1024
_FIRST, _LAST = date(1990, 1, 1), date(2200, 1, 1)


def _clean(text: str) -> str:
    """One spelling of the letters; nothing that cannot be seen but line ends."""
    if any(not letter.isprintable() and letter != "\n" for letter in text):
        raise PydanticCustomError("text", "It has letters that cannot be printed.")
    return unicodedata.normalize("NFC", text)


def _one_line(text: str) -> str:
    if "\n" in text:
        raise PydanticCustomError("text", "It is one line.")
    return _clean(text)


def _day(day: date) -> date:
    if not _FIRST <= day <= _LAST:
        raise PydanticCustomError("day", "It is no day of our time.")
    return day


_Strip = StringConstraints(strip_whitespace=True, min_length=1)
Line = Annotated[str, _Strip, Field(max_length=300), AfterValidator(_one_line)]
Paragraph = Annotated[str, _Strip, Field(max_length=8_000), AfterValidator(_clean)]
Day = Annotated[date, AfterValidator(_day)]
Minor = Annotated[int, Field(ge=0, le=MOST_MINOR)]
# In which order creditors are paid (Law 106/2025 Art. 54(1)).
Rank = Literal["LABOUR_MAINTENANCE_INJURY", "COURT_FEE", "FINES_STATE", "INSURANCE", "OTHER"]


class Part(BaseModel):
    """Strict: what is not asked for is an error, and so is a number given as a text."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Party(Part):
    """Somebody named in a judgment or a request. `identity`: number of identity, or tax code."""

    kind: Literal["PERSON", "COMPANY"]
    name: Line
    identity: Annotated[str, Field(max_length=40)] | None = None
    address: Line | None = None
    phone: Line | None = None
    email: Line | None = None

    @field_validator("identity")
    @classmethod
    def _number(cls, value: str | None, info: Any) -> str | None:
        if value is None or "kind" not in info.data:
            return value
        try:
            return personal.number(info.data["kind"], value)
        except personal.Wrong:
            raise PydanticCustomError("identity", "It is no number of identity.") from None


class Named(Party):
    """A party to a judgment, and on which side."""

    role: Literal["CREDITOR", "DEBTOR", "CO_OWNER", "SECURED", "RELATED"]


class Claim(Part):
    """What is to be performed: money of a rank, or something else in words.

    `creditor` says which of a judgment's `parties` it is owed to, from 0; null where there is but
    one creditor, or where it is owed to the State.
    """

    text: Line
    amount_minor: Minor | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    rank: Rank = "OTHER"
    creditor: Annotated[int, Field(ge=0, lt=200)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.amount_minor is None) != (self.currency is None):
            raise PydanticCustomError("claim", "An amount has a currency, and a currency one.")
        return self


class Paper(Part):
    """A file, as base64 (RFC 4648 §4), with the SHA-256 of its bytes in hexadecimal digits."""

    name: Line
    media_type: Literal["application/pdf"]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    data: Annotated[str, Field(max_length=MOST_PAPER_BYTES * 4 // 3 + 4)]

    @model_validator(mode="after")
    def _as_said(self) -> Self:
        try:
            body = base64.b64decode(self.data, validate=True)
        except ValueError:
            raise PydanticCustomError("paper", "Its data is not base64.") from None
        if not body.startswith(b"%PDF-"):
            raise PydanticCustomError("paper", "Its data is not a PDF.")
        if hashlib.sha256(body).hexdigest() != self.sha256:
            raise PydanticCustomError("paper", "Its checksum is not that of its data.")
        return self


Papers = Annotated[tuple[Paper, ...], Field(max_length=MOST_PAPERS, strict=False)]


class Cited(Part):
    """A judgment or award as it is cited."""

    court: Line
    number: Line
    issued_on: Day


class Judgment(Cited):
    """A judgment or decision that is transferred for enforcement."""

    agency: Annotated[int, Field(gt=0, lt=2**53)]
    kind: Literal[
        "CIVIL", "MARRIAGE", "COMMERCIAL", "LABOUR", "CRIMINAL", "ADMINISTRATIVE", "BANKRUPTCY",
        "ARBITRATION",
    ]  # fmt: skip
    effective_on: Day
    summary: Paragraph
    parties: Annotated[tuple[Named, ...], Field(min_length=1, max_length=200, strict=False)]
    claims: Annotated[tuple[Claim, ...], Field(min_length=1, max_length=200, strict=False)]
    papers: Papers = ()

    @model_validator(mode="after")
    def _sides(self) -> Self:
        if not any(one.role == "DEBTOR" for one in self.parties):
            raise PydanticCustomError("parties", "Nobody among the parties is the debtor.")
        if self.effective_on < self.issued_on:
            raise PydanticCustomError("days", "It is in force before it was issued.")
        owed = {n for n, one in enumerate(self.parties) if one.role in ("CREDITOR", "SECURED")}
        if any(one.creditor is not None and one.creditor not in owed for one in self.claims):
            raise PydanticCustomError("creditor", "A claim's `creditor` is no creditor's place.")
        return self


class Request(Part):
    """A creditor's request to enforce a judgment. `number` is its number at the sender."""

    agency: Annotated[int, Field(gt=0, lt=2**53)]
    number: Line
    made_on: Day
    judgment: Cited
    requester: Party
    debtors: Annotated[tuple[Party, ...], Field(min_length=1, max_length=50, strict=False)]
    claims: Annotated[tuple[Claim, ...], Field(min_length=1, max_length=200, strict=False)]
    known_assets: Paragraph | None = None
    papers: Papers = ()

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.requester.identity is None:
            raise PydanticCustomError("requester", "The requester's number of identity is needed.")
        if any(one.creditor is not None for one in self.claims):
            raise PydanticCustomError("creditor", "In a request every claim is the requester's.")
        return self


Document = Judgment | Request
_MODELS: dict[str, type[Judgment] | type[Request]] = {"JUDGMENT": Judgment, "REQUEST": Request}


def read(kind: str, said: bytes) -> Document:
    """The document in its JSON. Raises IntakeError INVALID with every fault."""
    model, under = _MODELS[kind], kind.lower()
    try:
        return model.model_validate_json(said)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
    places = [one["loc"] for one in found]
    faults = [
        Fault(
            ".".join((under, *map(str, one["loc"]))),
            one["type"].upper(),
            one["msg"].removeprefix("Value error, "),
        )
        for one in found
        # A list is not too short because everything in it is wrong.
        if one["type"] != "too_short"
        or not any(
            place != one["loc"] and place[: len(one["loc"])] == one["loc"] for place in places
        )
    ]
    raise IntakeError("INVALID", "Something in the message is not as it must be.", faults)


def without_papers(document: Document) -> dict[str, Any]:
    """What the register keeps: everything but the bytes of the papers."""
    left_out = {"papers": {"__all__": {"data"}}}
    return document.model_dump(mode="json", exclude=left_out, exclude_none=True)


def kept(kind: str, said: bytes) -> Document:
    """What the register keeps of a document, without its papers."""
    return _MODELS[kind].model_validate_json(orjson.dumps(orjson.loads(said) | {"papers": []}))


def papers_kept(said: bytes) -> list[dict[str, str]]:
    """The papers of a document as the register keeps them: name, media_type, sha256."""
    return list(orjson.loads(said).get("papers", ()))
