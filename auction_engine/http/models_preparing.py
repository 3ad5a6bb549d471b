"""Bodies of the API of sessions being prepared, for its description."""

from typing import Annotated, Literal

from pydantic import Field

from auction_engine.desk.preparing.choices import Choices
from auction_engine.http.models import Model, Texts, Whole

Day = Annotated[str, Field(description="A local day, YYYY-MM-DD.")]
Chosen = Annotated[
    Choices, Field(description="Everything chosen; moments are local to the rule pack.")
]


class NewDraft(Model):
    from_: Annotated[
        str, Field(alias="from", description="`pack:ID`, `template:N` or `session:N`.")
    ]


class DraftMade(Model):
    draft: Whole


class Draft(Model):
    """A session being prepared. `session`: what it has become."""

    id: Whole
    state: Literal["DRAFT", "SUBMITTED", "APPROVED", "PUBLISHING", "PUBLISHED"]
    version: Whole
    pack: str
    title: Texts
    session: Whole | None
    made_by: Whole
    submitted_by: Whole | None
    approved_by: Whole | None
    made_ms: Whole
    changed_ms: Whole


class Drafts(Model):
    drafts: list[Draft]


class Choosable(Model):
    """An asset that may be chosen."""

    id: Whole
    title: Texts | None
    movable: bool


class Finding(Model):
    """Something against publication: in which step, why, what to do, by which article.

    `lots`: the places (from 1) it is about, empty for the whole session.
    """

    step: Literal["assets", "dates", "rules", "texts"]
    path: str
    code: str
    text: Texts
    do: Texts
    parameter: str | None
    rule: str | None
    verified: bool
    lots: list[Whole]


class ComputedDate(Model):
    """A date that follows from the opening; `why` says how it is counted."""

    key: str
    day: Day
    due_ms: Whole
    way: Literal["BEFORE", "AFTER"]
    assumed: bool
    parameter: str
    text: Texts
    why: Texts
    rule: Texts
    verified: bool
    days_off: list[Day]
    worked_instead: list[Day]


class MadeLot(Model):
    """A lot that was made of the draft: `position` from 1, `up` once everybody can see it."""

    position: Whole
    lot: Whole
    up: bool


class WholeDraft(Draft):
    lots: Annotated[list[MadeLot], Field(description="What it has become, in order.")]
    choices: Chosen
    assets: list[Choosable]
    findings: list[Finding]
    dates: list[ComputedDate]


class Changed(Model):
    """All choices anew; `fill` also fills in every date that follows from the opening."""

    version: Whole
    choices: Chosen = Choices()
    fill: bool = False


class DraftAct(Model):
    """`version`: of what was seen. `reason` for giving it back, `name` for a template."""

    version: Whole
    reason: str | None = None
    name: str | None = None


class DraftActDone(Model):
    t: Literal["done"]
    draft: Draft | None


class Mark(Model):
    at_ms: Whole
    kind: Annotated[str, Field(description="An entry's kind, as in the journal.")]


class Course(Model):
    """How a lot would go: published window, with every extension, and what came of it."""

    lot: Annotated[Whole, Field(description="Its place in the session, from 1.")]
    start_ms: Whole
    end_ms: Whole | None
    latest_ms: Whole | None
    opened_ms: Whole | None
    ended_ms: Whole | None
    price_minor: Whole | None
    extensions: Whole
    outcome: str
    code: str | None
    marks: list[Mark]


class Run(Model):
    bidders: Whole
    lots: list[Course]


class Runs(Model):
    runs: list[Run]


class Source(Model):
    """What a draft can begin from. `newest`: the pack that a sale of today follows."""

    from_: Annotated[str, Field(alias="from")]
    name: Texts
    newest: bool


class Sources(Model):
    sources: list[Source]


class Template(Model):
    id: Whole
    name: str
    pack: str


class Templates(Model):
    templates: list[Template]


class Done(Model):
    t: Literal["done"]
