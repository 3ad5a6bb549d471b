"""Bodies of the catalogue's API, for its description."""

from typing import Annotated, Any, Literal

from pydantic import Field

from auction_engine.http.models import AcceptedBid, Amount, Model, Texts, Whole
from auction_engine.http.models import LotState as LiveState
from auction_engine.rules.lot import Status

LotState = Literal[
    "announced", "registration", "coming", "postponed", "live", "deciding", "sold", "failed",
    "stopped",
]  # fmt: skip


class CatalogueLot(Model):
    """A lot in a list. `price_minor` is the price now or in the end, the starting price before."""

    id: int
    session: int
    title: Texts
    place: Texts | None
    kind: str
    province: Annotated[str | None, Field(description="Code; null: not known.")]
    state: LotState
    status: Status
    method: Literal["ASCENDING", "DESCENDING", "SEALED"]
    failure: str | None
    currency: str
    minor_digits: int
    starting_price_minor: Amount
    price_minor: Amount
    deposit_minor: Whole
    bids: Whole
    registration_close_ms: Whole | None
    start_ms: Whole
    end_ms: Whole | None
    ended_ms: Whole | None
    organisation: Texts | None
    agency: Texts | None
    demo: bool


class Counts(Model):
    """Of every value of a filter, how many lots there are if the others are kept."""

    kind: dict[str, Whole]
    province: dict[str, Whole]
    state: dict[str, Whole]
    method: dict[str, Whole]
    when: dict[str, Whole]


class Catalogue(Model):
    """`filters` is what was understood; `after` begins the next page, null after the last."""

    filters: dict[str, list[str]]
    total: Whole
    counts: Counts
    lots: list[CatalogueLot]
    after: str | None


class Watched(Model):
    """A lot as everybody may see it, with its last bids and turns."""

    lot: int
    epoch: Whole
    seq: Whole
    state: LiveState
    bids: list[AcceptedBid]
    turns: list[dict[str, Any]]
