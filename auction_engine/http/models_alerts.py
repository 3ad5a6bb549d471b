"""Bodies of the API of notifications, for its description."""

from typing import Annotated, Literal

from pydantic import Field

from auction_engine.http.models import Model

_Endpoint = Annotated[
    str, Field(min_length=1, max_length=1000, description="The push service's address.")
]


class PushKey(Model):
    key: Annotated[str, Field(description="The applicationServerKey, base64url.")]


class NewSubscription(Model):
    endpoint: _Endpoint
    p256dh: Annotated[str, Field(description="The browser's public key, base64url.")]
    auth: Annotated[str, Field(description="The browser's secret, base64url.")]
    lang: Literal["vi", "en"]


class OldSubscription(Model):
    endpoint: _Endpoint


class Kept(Model):
    kept: bool


class Sent(Model):
    sent: Annotated[int, Field(ge=0, description="Browsers whose push service took it.")]
