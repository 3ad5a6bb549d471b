"""The models of judgments and requests that come in, in the API."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from auction_engine.desk.intake.record import Ground, Kind, State
from auction_engine.http.models import Model, Texts, Whole


class IntakeFault(Model):
    """What is wrong at one place of a message."""

    path: str = Field(description="Such as `judgment.parties.0.name`; empty for the whole.")
    code: str
    text: str


class IntakeProblem(Model):
    """Why a message was not received; `faults` has everything that is wrong in it."""

    t: Literal["error"]
    code: str
    text: str
    faults: list[IntakeFault]


class IntakeReceipt(Model):
    """That a message was received whole and valid, and when."""

    receipt: str = Field(description="A compact JWS by one of the keys at /api/intake/keys.")
    order_number: str = Field(description="The order number in the agency's register.")
    received_ms: Whole
    repeat: bool = Field(description="It had been received before; the receipt is the first one.")


class IntakeAnswer(Model):
    """What became of a message."""

    answer: str = Field(description="A compact JWS by one of the keys at /api/intake/keys.")


class IntakeKeys(Model):
    """A JWK Set (RFC 7517): the keys this installation signs with, the newest last."""

    keys: list[dict[str, Any]]


class IntakeAgency(Model):
    id: Whole
    name: Texts


class IntakeDoor(Model):
    """What a sender needs to know."""

    audience: str = Field(description="What `aud` must be.")
    algorithms: list[str]
    most_bytes: Whole
    keys: list[dict[str, Any]]
    agencies: list[IntakeAgency]


class IntakeLine(Model):
    """A line of the register."""

    id: Whole
    order_number: str
    kind: Kind
    sender: str
    issuer: str
    number: str
    issued_on: str
    received_ms: Whole
    answer_by: str | None
    state: State
    decided_ms: Whole | None
    ground: Ground | None
    case: Whole | None
    case_number: str | None
    parties: list[str]


class IntakeRegister(Model):
    """Lines of the register, the newest first, fifty a page."""

    lines: list[IntakeLine]
    count: Whole
    page: Whole


class IntakePaper(Model):
    n: Whole
    name: str
    media_type: str
    sha256: str


class IntakeCase(Model):
    id: Whole
    number: str


class IntakeWhole(Model):
    """A line with everything. `document` is what the sender said."""

    model_config = ConfigDict(extra="forbid")

    line: IntakeLine
    document: dict[str, Any]
    papers: list[IntakePaper]
    reason: str
    receipt: str
    sha256: str
    jti: str
    kid: str
    signature: Literal["GOOD", "BAD"]
    together: list[IntakeLine]
    cases: list[IntakeCase] = Field(description="Open cases of the same judgment.")


class NewIntakeDecision(Model):
    """Accept it as a new case, add it to a case, or refuse it.

    ACCEPT needs number, title, decision_number, decision_on, opened_on; JOIN needs case; REFUSE
    needs ground and reason.
    """

    decision: Literal["ACCEPT", "JOIN", "REFUSE"]
    number: str | None = None
    title: Texts | None = None
    decision_number: str | None = None
    decision_on: str | None = None
    opened_on: str | None = None
    case: Whole | None = None
    add_parties: bool | None = None
    ground: Ground | None = None
    reason: str | None = None


class IntakeDecided(Model):
    """What was done. `repeat`: it had been done before."""

    state: State
    at_ms: Whole
    case: Whole | None
    repeat: bool
