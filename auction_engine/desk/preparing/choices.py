"""What an organisation chooses for a session: the shape of `session_draft.choices`.

Local moments have no zone of their own, they are local to the rule pack; None is "not decided yet".
What follows from the choices (frozen parameters, findings, computed dates) is never kept: it is
computed anew from the pack each time.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from auction_engine.desk.preparing.errors import PreparingError
from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.rules.pack_bidding import ExtensionMode
from auction_engine.rules.parts import IncrementRule
from auction_engine.rules.session_plan import Order

MOST_LOTS = 200
MOST_NOTICES = 5
_YEARS = range(2000, 2100)


def _known_day(day: date) -> date:
    if day.year not in _YEARS:
        raise ValueError("the year is not between 2000 and 2099")
    return day


def _plain(moment: datetime) -> datetime:
    if moment.tzinfo is not None:
        raise ValueError("is local time, without a zone")
    _known_day(moment.date())
    return moment.replace(second=0, microsecond=0)


Day = Annotated[date, AfterValidator(_known_day)]
Moment = Annotated[datetime, AfterValidator(_plain)]
Amount = Annotated[int, Field(ge=1, le=MAX_AMOUNT_MINOR)]
Minutes = Annotated[int, Field(ge=1, le=60 * 24 * 60)]
Seconds = Annotated[int, Field(ge=1, le=24 * 3600)]
Line = Annotated[str, Field(max_length=300)]
# What the wizard can make: sealed bids need keys of their holders first, a table its own prices.
Method = Literal["ASCENDING", "DESCENDING"]
FallShape = Literal["LINEAR", "PERCENT_OF_START", "PERCENT_OF_PREVIOUS"]
METHODS: tuple[Method, ...] = get_args(Method)
FALL_SHAPES: tuple[FallShape, ...] = get_args(FallShape)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Notice(_Part):
    """A public notice: its day, where it appears, and what proves it."""

    on: Day | None = None
    channels: tuple[str, ...] = ()
    proof: Line = ""


class Dates(_Part):
    """When everything happens. `window_min`: how many minutes the bidding on one lot lasts."""

    opening: Moment | None = None
    window_min: Minutes | None = None
    posting_on: Day | None = None
    posting_proof: Line = ""
    notices: Annotated[tuple[Notice, ...], Field(max_length=MOST_NOTICES)] = ()
    viewing_on: Annotated[tuple[Day, ...], Field(max_length=60)] = ()
    registration_open: Moment | None = None
    registration_close: Moment | None = None
    deposit_open: Moment | None = None
    deposit_close: Moment | None = None
    deposit_window_agreed: bool = False


class Rules(_Part):
    """How it is bid. What is None follows the pack; times in minutes and seconds as named.

    `fall_*`: how the price falls, where `method` is DESCENDING; `fall_step_bp` hundredths of a
    percent of the start or of the price before. In equal steps it falls by the lot's increment.
    """

    method: Method | None = None
    fall_shape: FallShape | None = None
    fall_every_s: Seconds | None = None
    fall_step_bp: Annotated[int, Field(ge=1, le=10_000)] | None = None
    order: Order = "PARALLEL"
    gap_min: Annotated[int, Field(ge=0, le=24 * 60)] = 5
    stagger_min: Minutes | None = None
    extension: ExtensionMode | None = None
    extension_trigger_s: Seconds | None = None
    extension_by_s: Seconds | None = None
    extension_max_count: Annotated[int, Field(ge=1, le=1000)] | None = None
    automatic_bids: bool | None = None
    increment_rule: IncrementRule | None = None
    short_procedure: bool = False


class Texts(_Part):
    """The session's title, and what notice and auction rules must contain."""

    title_vi: Line = ""
    title_en: Line = ""
    pause_stop_clause: bool = False
    vat_excluded: bool = False
    vat_note: bool = False


class LotChoice(_Part):
    """One asset of the session, in its order, and its amounts. `floor_minor`: where it falls to."""

    asset: Annotated[int, Field(ge=1, lt=2**53)]
    starting_price_minor: Amount | None = None
    increment_minor: Amount | None = None
    deposit_minor: Amount | None = None
    floor_minor: Amount | None = None


class Choices(_Part):
    lots: Annotated[tuple[LotChoice, ...], Field(max_length=MOST_LOTS)] = ()
    dates: Dates = Dates()
    rules: Rules = Rules()
    texts: Texts = Texts()

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


Step = Literal["assets", "dates", "rules", "texts"]
STEPS: tuple[Step, ...] = ("assets", "dates", "rules", "texts")


def parse(data: object) -> Choices:
    """The choices in decoded JSON. Raises PreparingError BAD_CHOICE naming the first bad value."""
    try:
        found = Choices.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        path = ".".join(str(step) for step in first["loc"])
        raise PreparingError("BAD_CHOICE", f"{path or 'choices'}: {first['msg']}.", path) from None
    assets = [lot.asset for lot in found.lots]
    if len(set(assets)) < len(assets):
        raise PreparingError("BAD_CHOICE", "lots: an asset is there twice.", "lots")
    return found


def reusable(choices: Choices) -> Choices:
    """What another session can take over: neither assets nor days, but how long it is bid."""
    dates = Dates(window_min=choices.dates.window_min)
    return Choices(dates=dates, rules=choices.rules, texts=choices.texts)
