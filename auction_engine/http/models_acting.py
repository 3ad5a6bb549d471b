"""Bodies of the JSON API about acts in the life of a lot and of a session, for its description."""

from typing import Annotated, Any, Literal

from pydantic import Field

from auction_engine.http.models import Model, Whole

LifeRole = Literal[
    "AGENCY", "ORGANISATION", "AUCTIONEER", "RECORDER", "BIDDER", "PROCURATOR", "COURT", "CLOCK"
]


class ActField(Model):
    """Something an act says. `bidder` takes a bidder's code or account."""

    name: str
    kind: Literal["moment", "amount", "account", "bidder", "number", "yes_no", "texts", "text"]
    needed: bool
    choices: Annotated[list[str] | None, Field(description="The closed list, if it has one.")]


class ActNeed(Model):
    """What an act needs beside status and role, and the code it is refused with otherwise."""

    name: str
    code: str
    text: str


class ActRow(Model):
    """A row of the table of acts: from which statuses it leads where, and who may do it."""

    act: str
    roles: list[LifeRole]
    sources: list[str]
    targets: Annotated[list[str], Field(description="Empty: the status stays what it is.")]
    fields: list[ActField]
    needs: list[ActNeed]
    basis: Annotated[str, Field(description="The law it follows from.")]


class ActTable(Model):
    acts: list[ActRow]


class PossibleAct(Model):
    act: str
    as_: Annotated[LifeRole, Field(alias="as")]
    fields: list[ActField]


class LotActs(Model):
    """What the signed-in account can do now; the rules may still refuse what it says then."""

    lot: Whole
    seq: Annotated[Whole, Field(description="The journal entry up to which the lot was looked at.")]
    status: str
    acts: list[PossibleAct]


class NewAct(Model):
    act: str
    as_: Annotated[
        LifeRole | None, Field(alias="as", description="By default the first the act is for.")
    ] = None
    reason: Annotated[str | None, Field(max_length=2_000)] = None
    data: Annotated[dict[str, Any] | None, Field(description="The act's fields.")] = None


class ActDone(Model):
    """The act is recorded as entry `seq` of the lot's journal."""

    t: Literal["done"]
    lot: Whole
    seq: Whole
    at_ms: Whole
    repeat: Annotated[bool, Field(description="The very same act had been recorded before.")]


class NewSessionAct(Model):
    act: Literal[
        "pause", "resume", "hand_over", "offer_hand_over", "take_hand_over", "decline_hand_over"
    ]
    reason: Annotated[str | None, Field(max_length=2_000)] = None
    data: Annotated[
        dict[str, Any] | None,
        Field(description="For hand_over and offer_hand_over `auctioneer`, an account."),
    ] = None


class LotResult(Model):
    """What became of one lot. `unknown`: send the same again, it counts once."""

    lot: Whole
    outcome: Literal["done", "already", "refused", "unknown"]
    code: str | None
    text: str | None


class SessionActDone(Model):
    """The lots of the session that are not over, in order; none where only something was asked."""

    t: Literal["done"]
    session: Whole
    lots: list[LotResult]
