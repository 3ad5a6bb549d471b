"""The models of oversight in the API."""

from datetime import date
from typing import Literal

from pydantic import Field

from auction_engine.desk.oversight.findings_reading import Kind, State
from auction_engine.http.models import Model, Texts, Whole


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
