"""Bodies of the JSON API about a session's console, announcements and minutes."""

from typing import Annotated, Any, Literal

from pydantic import Field

from auction_engine.http.models import LotState, Model, Whole


class Present(Model):
    """People, as counts only."""

    here: Annotated[int, Field(description="Bidders who follow the lot now.")]
    entered: Annotated[int, Field(description="Bidders who have ever come into the room.")]
    admitted: Annotated[int, Field(description="Admitted and not out.")]
    watching: Annotated[int, Field(description="Connections that follow it, onlookers too.")]


class ConsoleLot(Model):
    lot: Whole
    status: str
    seq: Whole
    state: LotState
    present: Present
    refusals: Annotated[dict[str, int], Field(description="Refused bids by reason.")]
    acts: Annotated[list[str], Field(description="What is urgent and open; `close` by hand.")]
    more: Annotated[int, Field(description="How many other acts are open to the account.")]
    minutes: Annotated[bool, Field(description="Whether minutes can be drawn up.")]
    auctioneer: str | None


class HandOverOffer(Model):
    """The session is offered to a colleague, who has not answered yet."""

    by: Annotated[int, Field(description="The account that offers it.")]
    by_name: str
    to: Annotated[int, Field(description="The account it is offered to.")]
    at_ms: Whole
    reason: str | None


class Console(Model):
    session: Whole
    next_end_ms: int | None
    offer: HandOverOffer | None
    lots: list[ConsoleLot]


class ClosingByHand(Model):
    reason: Annotated[str | None, Field(max_length=2_000, description="Why just now.")] = None


class AnnouncementText(Model):
    vi: Annotated[str | None, Field(max_length=600)] = None
    en: Annotated[str | None, Field(max_length=600)] = None


class NewAnnouncement(Model):
    """An announcement to the rooms; the same `key` again is the same announcement."""

    key: Annotated[str, Field(description="A UUID of the sender's own.")]
    text: AnnouncementText
    lots: Annotated[
        list[int] | None, Field(description="Empty or missing: all of the session.")
    ] = None


class AnnouncementDone(Model):
    t: Literal["done"]
    session: Whole
    n: Annotated[int, Field(description="The entry of the session's record.")]


class Announcement(Model):
    n: int
    at_ms: int
    text: dict[str, str]


class LotAnnouncements(Model):
    lot: Whole
    said: Annotated[list[Announcement], Field(description="Newest first.")]


class HouseSignature(Model):
    as_: Annotated[Literal["AUCTIONEER", "RECORDER", "WINNER"], Field(alias="as")]
    name: Annotated[str, Field(description="Of the house's two; of the winner the code.")]
    at: str


class FactualRecord(Model):
    seq: Whole
    at_ms: int
    who: str
    reason: str | None


class LotMinutes(Model):
    """The minutes of how the lot's auction last ended."""

    lot: Whole
    seq: Annotated[int, Field(description="The entry of the journal they tell of.")]
    drawn: Annotated[bool, Field(description="False: as they would be; not drawn up yet.")]
    sha256: str
    document: dict[str, Any]
    signatures: list[HouseSignature]
    factual_records: list[FactualRecord]


class NewHouseSignature(Model):
    as_: Annotated[Literal["AUCTIONEER", "RECORDER"], Field(alias="as")]
    sha256: Annotated[str, Field(description="Of the document that was read.")]
