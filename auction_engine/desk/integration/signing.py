"""A message as it goes to a webhook: CloudEvents 1.0 in structured JSON, signed.

The signature is HMAC-SHA256 over `id.timestamp.body`, as Standard Webhooks has it: whoever gets a
message knows whose it is, that it was not changed, and that it is not an old one sent again.
"""

import base64
import hmac
import secrets as random
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

PREFIX = "whsec_"
TYPE = "application/cloudevents+json; charset=utf-8"
_BYTES = 32


class Happened(NamedTuple):
    """An event as it is kept (`webhook_event`). `stream` is such as `lot:12`; `at_ms` is UTC."""

    stream: str
    seq: int
    type: str
    at_ms: int
    data: dict[str, Any]

    @property
    def id(self) -> str:
        """The same for every webhook and every try: what a consumer knows it by."""
        return f"{self.stream.replace(':', '-')}-{self.seq}"


def new_secret() -> bytes:
    """A secret for a webhook."""
    return random.token_bytes(_BYTES)


def shown(secret: bytes) -> str:
    """A secret as people copy it."""
    return PREFIX + base64.b64encode(secret).decode()


def envelope(event: Happened, base: str) -> bytes:
    """The event as CloudEvents JSON; `base` is this installation's public address or empty."""
    kind, _, number = event.stream.partition(":")
    subject = f"{kind}s/{number}"
    moment = datetime.fromtimestamp(event.at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event.id,
            "source": f"{base}/{subject}",
            "type": event.type,
            "subject": subject,
            "time": moment.replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            # CloudEvents' extension "sequence": compares as a text, within one source.
            "sequence": f"{event.seq:010d}",
            "data": event.data,
        }
    )


def headers(event: str, timestamp_s: int, body: bytes, secrets: Iterable[bytes]) -> dict[str, str]:
    """The headers of a message: one signature for each secret that is good now."""
    signed = [f"v1,{sign(event, timestamp_s, body, secret)}" for secret in secrets]
    return {
        "Content-Type": TYPE,
        "User-Agent": "auction-engine-webhooks",
        "webhook-id": event,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(signed),
    }


def sign(event: str, timestamp_s: int, body: bytes, secret: bytes) -> str:
    """One signature in base64."""
    content = f"{event}.{timestamp_s}.".encode() + body
    return base64.b64encode(hmac.digest(secret, content, sha256)).decode()
