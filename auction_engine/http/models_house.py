"""The models of questions about a lot in the API."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from auction_engine.http.models import Model, Whole


class Said(Model):
    """A text in one language or both."""

    vi: str | None = Field(None, max_length=1000)
    en: str | None = Field(None, max_length=1000)


class PublishedQuestion(Model):
    """A question and its answer, in the organisation's words, without names."""

    id: Whole
    question: Said
    answer: Said
    at_ms: Whole
    corrected: bool = Field(description="The answer was put right since it was first published.")


class PublishedQuestions(Model):
    lot: Whole
    questions: list[PublishedQuestion]


class NewQuestion(Model):
    key: UUID = Field(description="Drawn by the sender: the same key is the same question.")
    question: str = Field(min_length=10, max_length=1000)


class QuestionAsked(Model):
    t: Literal["asked"]
    question: Whole


class DeskQuestion(Model):
    """A question as the organisation sees it; who asked is told to nobody."""

    id: Whole
    lot: Whole
    lang: Literal["vi", "en"]
    asked: str
    state: Literal["OPEN", "ANSWERED", "DECLINED"]
    question: Said
    answer: Said
    reason: str | None
    version: Whole
    at_ms: Whole


class DeskQuestions(Model):
    questions: list[DeskQuestion]


class QuestionDecision(Model):
    do: Literal["answer", "decline"]
    version: Whole
    question: Said | None = None
    answer: Said | None = None
    reason: str | None = Field(None, max_length=500)


class Colleague(Model):
    id: Whole
    name: str
    duties: list[str]
    card: str | None = Field(description="Number of the auctioneer's card on record.")
    card_until: str | None = Field(description="Its last day.")


class Staff(Model):
    staff: list[Colleague]


class DutiesSet(Model):
    duties: list[str] = Field(description="All duties from now on.")
    seen: list[str] = Field(description="The duties that were seen before.")
    reason: str = Field(min_length=1, max_length=300)


class RegistrantCounts(Model):
    """How many dossiers a lot has in each state; who they are of is sealed."""

    lot: Whole
    counts: dict[str, Whole]
    waiting: bool = Field(description="A first key waits for a second.")
    open_until_ms: Whole | None = Field(description="Until when the list is open to who asks.")
