"""Bodies of the API for other systems, for its description."""

from typing import Annotated, Any, Literal

from pydantic import Field

from auction_engine.http.models import Model

_Ms = Annotated[int, Field(description="UTC milliseconds.")]
_Name = Annotated[str, Field(min_length=1, max_length=60)]


class Token(Model):
    id: int
    name: str
    begins: Annotated[str, Field(description="Its first characters, to know it by.")]
    acts: list[str]
    proved: bool
    alive: bool
    created_ms: _Ms
    expires_ms: _Ms
    revoked_ms: _Ms | None
    used_ms: _Ms | None


class PossibleAct(Model):
    act: str
    text: str


class Tokens(Model):
    tokens: list[Token]
    possible: Annotated[list[PossibleAct], Field(description="What your tokens can be for.")]


class NewToken(Model):
    name: _Name
    acts: Annotated[list[str], Field(min_length=1, description="Names of acts.")]
    days: Annotated[int, Field(ge=1, le=365)]
    proved: Annotated[
        bool, Field(description="Whether it may also do what asks people for a fresh proof.")
    ] = False


class TokenMade(Model):
    id: int
    token: Annotated[str, Field(description="Told this once; only a hash of it is kept.")]
    expires_ms: _Ms


class TokenRevoked(Model):
    revoked: Literal[True]
    was_alive: bool


class Webhook(Model):
    id: int
    name: str
    url: str
    types: list[str]
    state: Literal["ACTIVE", "PAUSED", "DEAD"]
    failures: Annotated[int, Field(ge=0, description="Failed tries in a row.")]
    failing_since_ms: _Ms | None
    created_ms: _Ms
    waiting: Annotated[int, Field(ge=0, description="Deliveries under way.")]
    secrets: Annotated[int, Field(ge=0, description="Secrets it is signed with now.")]


class Webhooks(Model):
    webhooks: list[Webhook]
    types: Annotated[list[str], Field(description="What can be subscribed to.")]


class NewWebhook(Model):
    name: _Name
    url: Annotated[str, Field(max_length=1000)]
    types: Annotated[list[str], Field(min_length=1)]


class WebhookMade(Model):
    id: int
    secret: Annotated[str, Field(description="whsec_ and base64; told this once.")]


class Secret(Model):
    secret: Annotated[str, Field(description="whsec_ and base64; told this once.")]


class NewState(Model):
    state: Literal["ACTIVE", "PAUSED", "REMOVED"]


class WebhookState(Model):
    state: Literal["ACTIVE", "PAUSED", "REMOVED"]


class ReplayFrom(Model):
    from_ms: _Ms


class Queued(Model):
    queued: Annotated[int, Field(ge=0, description="Deliveries put into the queue.")]


class Delivery(Model):
    id: int
    event: Annotated[str, Field(description="The event's id, as `webhook-id` says it.")]
    type: str
    state: Literal["QUEUED", "SENT", "DEAD", "REPLACED"]
    attempts: int
    status: int | None
    error: str | None
    took_ms: int | None
    created_ms: _Ms
    next_ms: _Ms
    done_ms: _Ms | None


class Deliveries(Model):
    deliveries: list[Delivery]


class ImportFault(Model):
    row: Annotated[int, Field(description="The row of the CSV file; in JSON the case's place.")]
    column: Annotated[str, Field(description="The field, as a path.")]
    code: str
    cure: str


class ImportLine(Model):
    id: int
    filename: str
    format: Literal["csv", "json"]
    state: Literal[
        "UPLOADED", "CHECKING", "WRONG", "READY", "CONFIRMED", "IMPORTED", "FAILED", "GIVEN_UP"
    ]
    total: Annotated[int, Field(description="Assets in the file.")]
    done: Annotated[int, Field(description="Of these, looked at or written so far.")]
    cases: int
    assets: int
    wrong: Annotated[int, Field(description="How many faults there are.")]
    created_ms: _Ms


class Import(ImportLine):
    errors: Annotated[list[ImportFault], Field(description="The first five thousand faults.")]


class Imports(Model):
    imports: list[ImportLine]


class ImportDropped(Model):
    dropped: bool


class ImportTaken(Model):
    id: int


class CaseFile(Model):
    """A file of cases, as it is exported and imported."""

    version: Literal[1]
    cases: list[dict[str, Any]]
