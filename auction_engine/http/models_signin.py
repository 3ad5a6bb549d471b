"""Bodies of the API of signing in, for its description."""

from typing import Annotated, Any, Literal

from pydantic import Field

from auction_engine.http.models import Model

Purpose = Annotated[
    Literal["sign_in", "second", "again"],
    Field(description="To sign in; as the second step; to prove oneself again."),
]
Credential = Annotated[
    dict[str, Any], Field(description="What `PublicKeyCredential.toJSON()` gives (WebAuthn 3).")
]


class Options(Model):
    options: Annotated[
        dict[str, Any],
        Field(description="For navigator.credentials, in WebAuthn's JSON form; good once."),
    ]


class PasskeyAsked(Model):
    purpose: Purpose


class PasskeyUsed(Model):
    purpose: Purpose
    credential: Credential
    next: Annotated[str | None, Field(description="The page of this site to go on with.")] = None


class WayOn(Model):
    next: Annotated[str, Field(description="The page to go on with.")]


class PasskeyMade(Model):
    name: Annotated[str, Field(max_length=60, description="What its owner calls it.")]
    credential: Credential


class PasskeyKept(Model):
    codes: Annotated[
        list[str], Field(description="Recovery codes, shown this once; empty if there were some.")
    ]
    next: str
