"""The models of a house, of sealed lists and of questions about a lot in the API."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from auction_engine.http.desk_json import Kept, Number
from auction_engine.http.models import Model, Whole

Line = Annotated[str, Field(max_length=300), Kept]


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


class NewRelation(Model):
    """Whom one is related to; PARTY is a lot's party and needs `lot` and `note`, others `number`.

    The same `key` again is the same relation.
    """

    key: UUID
    kind: Literal["SELF", "SPOUSE", "PARENT", "CHILD", "SIBLING", "OTHER", "PARTY"]
    name: Line = ""
    number: Line = Field("", description="Of the identity document.")
    note: Line = ""
    lot: Number | None = None


class Relation(Model):
    """A relation one has declared."""

    id: UUID
    kind: str
    name: str
    number: str
    note: str
    lot: Whole | None
    at: str


class Relations(Model):
    relations: list[Relation]


class RelationEnd(Model):
    relation: UUID


class NewInvitation(Model):
    """A colleague to be; a second letter to the same address replaces the first."""

    name: Line
    email: Line
    duties: list[str]
    lang: Literal["vi", "en"] = "vi"


class InvitationOff(Model):
    invitation: UUID


class Invitation(Model):
    """An invitation nobody has taken yet."""

    id: UUID
    name: str
    email: str
    duties: list[str]
    until: str


class Invitations(Model):
    invitations: list[Invitation]


class HouseAct(Model):
    """What was done in the house, by whom and why."""

    at: str
    who: str
    subject: str | None
    kind: str
    reason: str | None
    body: dict[str, Any]


class HouseActs(Model):
    acts: list[HouseAct]


class Leaving(Model):
    reason: Line


class NewCard(Model):
    number: Line
    until: Annotated[date, Field(description="The card's last day.")]


class CountedLot(Model):
    """A lot of the house and how many dossiers it has in each state."""

    lot: Whole
    title: dict[str, str]
    status: str
    counts: dict[str, Whole]


class CountedLots(Model):
    lots: list[CountedLot]


class Key(Model):
    reason: Line


class Registrant(Model):
    """One of those who take part; `principal` where somebody acts for another."""

    dossier: Whole
    account: Whole
    number: str
    state: str
    name: str
    id_number: str
    phone: str
    principal: str


class Registrants(Model):
    """The opened list; everybody on it can see who has read it."""

    lot: Whole
    registrants: list[Registrant]
