"""The models of oversight in the API."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from auction_engine.desk.oversight import record
from auction_engine.desk.oversight.findings_reading import Kind, State
from auction_engine.http.desk_json import Kept, Number
from auction_engine.http.models import Model, Texts, Whole

Text = Annotated[str, Field(max_length=record.MOST_TEXT), Kept]
Reason = Annotated[str, Field(max_length=record.MOST_REASON), Kept]
Articles = Annotated[str, Field(max_length=record.MOST_ARTICLES), Kept]


class OverseenSession(Model):
    """A session with listed lots; how many of them are open, paused, over."""

    session: Whole
    title: Texts
    organisation: Texts
    agency: Texts
    lots: list[Whole]
    open: Whole
    paused: Whole
    closed: Whole


class OverseenStandstill(Model):
    """A pause, an incident, a stop or a hold, or the end of one, as the journal has it."""

    lot: Whole
    seq: Whole
    kind: str
    at_ms: Whole
    ground: str | None
    reason: str | None
    role: str | None = Field(description="As what somebody acted; null for the clock.")


class Overseen(Model):
    """What is going on."""

    sessions: list[OverseenSession]
    standstills: list[OverseenStandstill]
    complaints_open: Whole
    findings_waiting: Whole


class RecordHead(Model):
    """The last entry."""

    seq: Whole
    hash: str


class RecordEntry(Model):
    """An entry: its very bytes as text, or why they are withheld."""

    seq: Whole
    kind: str
    hash: str = Field(description="SHA-256 of the hash before and the body, hexadecimal.")
    body: str | None = None
    withheld: Literal["MAXIMUM"] | None = None


class LotRecord(Model):
    """A lot's whole record."""

    format: str
    lot: Whole
    genesis: str
    head: RecordHead
    how_to_verify: Texts
    entries: list[RecordEntry]
    made_ms: Whole


class FindingHead(Model):
    """A finding in a list."""

    id: Whole
    number: str
    at: str
    kind: Kind
    articles: str
    body: Texts
    session: Whole | None
    lot: Whole | None
    seq: Whole | None
    state: State
    answer_by: date
    late: bool


class Findings(Model):
    """Findings."""

    findings: list[FindingHead]


class FindingTurn(Model):
    """A step in a finding's life: an answer, or what the procurator makes of it."""

    n: Whole
    at: str
    kind: State
    text: str
    answer_by: date | None


class WholeFinding(FindingHead):
    """A finding with its text and every step."""

    text: str
    turns: list[FindingTurn]


class NewFinding(Model):
    """A finding about a lot, an entry of its record, or a session; `key` is the caller's own."""

    key: UUID
    kind: Kind
    side: Literal["ORGANISATION", "AGENCY"]
    articles: Articles
    text: Text
    working_days: Annotated[int, Field(ge=0, le=1_000, description="For the answer.")]
    session: Number | None = None
    lot: Number | None = None
    seq: Annotated[int, Field(gt=0, lt=2**31)] | None = None


class FindingAct(Model):
    """What the procurator makes of an answer; RETURNED needs text and working days."""

    kind: Literal["RETURNED", "SETTLED", "WITHDRAWN"]
    text: Text = ""
    working_days: Annotated[int, Field(ge=0, le=1_000)] | None = None


class FindingAnswer(Model):
    text: Text


class NewWarrant(Model):
    """A warrant; the same `key` again is the same warrant."""

    key: UUID
    number: Annotated[str, Field(max_length=record.MOST_NUMBER), Kept]
    authority: Annotated[str, Field(max_length=record.MOST_AUTHORITY), Kept]
    issued_on: date
    valid_from: date
    valid_until: date
    reason: Reason
    lots: list[Number]


class WarrantEnd(Model):
    reason: Reason


class WarrantHead(Model):
    """A warrant of the procurator who asks. `readings`: how often somebody was read by it."""

    id: Whole
    number: str
    authority: str
    issued_on: date
    valid_from: date
    valid_until: date
    at: str
    ended_at: str | None
    state: Literal["ENDED", "COMING", "VALID", "EXPIRED"]
    lots: list[Whole]
    readings: Whole


class Warrants(Model):
    warrants: list[WarrantHead]


class WarrantReading(Model):
    """That somebody was read: when, of which lot, by which code."""

    at: str
    lot: Whole
    code: str


class WholeWarrant(WarrantHead):
    """A warrant with its reason and what was read by it, the newest first."""

    reason: str
    read: list[WarrantReading]


class BehindCode(Model):
    """Who goes by a code in a lot, as given at registration."""

    code: str
    account: Whole
    name: str
    identity: str | None


class BehindCodes(Model):
    lot: Whole
    people: list[BehindCode]
