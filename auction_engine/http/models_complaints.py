"""The models of complaints in the API."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from auction_engine.desk.complaints import record
from auction_engine.http.desk_json import Kept, Number
from auction_engine.http.models import Model, Whole
from auction_engine.rules.complaints import State, Waits

Addressee = Literal["ORGANISATION", "AGENCY"]
Grounds = Annotated[str, Field(max_length=record.MOST_GROUNDS), Kept]
Remedy = Annotated[str, Field(max_length=record.MOST_REMEDY), Kept]
Reason = Annotated[str, Field(max_length=record.MOST_REASON), Kept]


class NewComplaint(Model):
    """A complaint about a lot, or about a bid or an act by the number `seq` of its entry.

    The same `key` again is the same complaint.
    """

    key: UUID
    lot: Number
    addressee: Addressee
    known_on: Annotated[date, Field(description="When one learned of it.")]
    grounds: Grounds
    remedy: Remedy
    about: Literal["LOT", "BID", "ACT"] = "LOT"
    seq: Annotated[int, Field(gt=0, lt=2**31)] | None = None


class Withdrawal(Model):
    reason: Reason = ""


class Appeal(Model):
    reason: Reason


class ComplaintAnswer(Model):
    """What a body does with a complaint; decisions need everything, `authority` the second."""

    kind: Literal[
        "ACCEPTED",
        "REJECTED_FORMALLY",
        "DECIDED_UPHELD",
        "DECIDED_DENIED",
        "SECOND_UPHELD",
        "SECOND_DENIED",
    ]
    reason: Reason = ""
    published: Annotated[str, Field(max_length=record.MOST_PUBLISHED), Kept] = ""
    articles: Annotated[str, Field(max_length=record.MOST_ARTICLES), Kept] = ""
    authority: Annotated[str, Field(max_length=record.MOST_AUTHORITY), Kept] = ""


class Joining(Model):
    token: Annotated[str, Field(max_length=100)]
    representative: Annotated[bool, Field(description="To be one who speaks for all.")] = False


class ComplaintHead(Model):
    """A complaint in a list. `due_on`: by when its body takes the next step."""

    id: Whole
    number: str
    lot: Whole
    addressee: Addressee
    about: Literal["LOT", "BID", "ACT"]
    seq: Whole | None
    known_on: date
    file_by: date | None
    late: bool
    filed_at: str
    state: State
    since: str
    due_on: date | None


class Complaints(Model):
    complaints: list[ComplaintHead]


class ComplaintTurn(Model):
    """A step in a complaint's life. `published` is what everybody reads of a decision."""

    n: Whole
    at: str
    kind: State
    reason: str
    published: str | None
    articles: str | None
    authority: str | None
    decide_by: date | None


class ComplaintPaper(Model):
    n: Whole
    name: str
    media_type: str
    sha256: str
    size: Whole


class ComplaintGroup(Model):
    """How many have joined; it is a group from five people on."""

    people: Whole
    representatives: Whole
    is_one: bool


class WholeComplaint(ComplaintHead):
    """A complaint with grounds, course and papers. `waits`: what waits for its end now."""

    grounds: str
    remedy: str
    turns: list[ComplaintTurn]
    papers: list[ComplaintPaper]
    waits: list[Waits]
    group: ComplaintGroup | None


class OwnWholeComplaint(WholeComplaint):
    """One's own; `token` is for those who are to join."""

    may_withdraw: bool
    may_appeal_until: date | None
    token: str | None
    link: str | None


class ComplaintMember(Model):
    name: str
    representative: bool


class DeskComplaint(WholeComplaint):
    """A complaint as the body addressed sees it."""

    filer: str
    members: list[ComplaintMember]


class ComplaintInvitation(Model):
    """What one would join."""

    number: str
    lot: Whole
    addressee: Addressee
    open: bool
    group: ComplaintGroup
    grounds: str
    remedy: str
    may_represent: bool


class JoinedHead(ComplaintHead):
    member: Whole


class JoinedComplaints(Model):
    joined: list[JoinedHead]


class JoinedComplaint(WholeComplaint):
    """A complaint one has joined."""

    member: Whole
    representative: bool
    left: bool
    may_leave: bool
