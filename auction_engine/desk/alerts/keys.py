"""The installation's own key for push services (VAPID, RFC 8292), and messages sealed for a browser
(RFC 8291)."""

import base64
import time
from dataclasses import dataclass, field
from typing import Any

import http_ece
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from auction_engine.identity.vault import Vault

_CONTEXT = "push_key.private"
# Push services take tokens of a day at most; half of it leaves room for clocks that differ.
_TOKEN_S = 12 * 3600
_RENEW_S = 3600
_P256DH_BYTES, _AUTH_BYTES = 65, 16
# What every push service takes (RFC 8030 §7.2), less what sealing adds.
PAYLOAD_MAX = 3_000


@dataclass(frozen=True, slots=True)
class Target:
    """Where and for whom a message is sealed. Never written to a log."""

    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)

    def to_bytes(self) -> bytes:
        return orjson.dumps([self.endpoint, self.p256dh, self.auth])

    @classmethod
    def from_bytes(cls, data: bytes) -> "Target":
        return cls(*orjson.loads(data))


def plain(text: str) -> bytes:
    """The bytes of base64url without padding. Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)


def are_keys(p256dh: object, auth: object) -> bool:
    """Whether a browser could have made these: a point of P-256, and 16 bytes."""
    if not isinstance(p256dh, str) or not isinstance(auth, str):
        return False
    try:
        point, secret = plain(p256dh), plain(auth)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        return False
    return len(point) == _P256DH_BYTES and len(secret) == _AUTH_BYTES


def sealed(message: dict[str, Any], target: Target) -> bytes:
    """`message` for the browser of `target` alone; the push service cannot read it."""
    body = orjson.dumps(message)
    assert len(body) <= PAYLOAD_MAX
    one_time = ec.generate_private_key(ec.SECP256R1())
    done = http_ece.encrypt(
        body,
        private_key=one_time,
        dh=plain(target.p256dh),
        auth_secret=plain(target.auth),
        version="aes128gcm",
    )
    return bytes(done)


class Vapid:
    """Says to push services whose messages these are. `subject` is where we can be reached."""

    def __init__(self, key: Vapid02, subject: str) -> None:
        self._key = key
        self._key.conf["no-strict"] = True
        self._subject = subject
        self._tokens: dict[str, tuple[float, str]] = {}
        point = key.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.public = base64.urlsafe_b64encode(point).rstrip(b"=").decode()

    def header(self, origin: str) -> str:
        """The Authorization header for the push service at `origin`."""
        now_s = time.time()
        made_s, token = self._tokens.get(origin, (0.0, ""))
        if now_s - made_s > _RENEW_S:
            claims = {"aud": origin, "exp": int(now_s) + _TOKEN_S, "sub": self._subject}
            token = self._key.sign(claims)["Authorization"]
            self._tokens[origin] = (now_s, token)
        return token


async def obtain(connection: Any, vault: Vault, subject: str) -> Vapid:
    """The installation's key, made when first needed; the same for every gateway.

    Raises VaultError.
    """
    kept = await connection.fetchval("SELECT private FROM push_key WHERE id = 1")
    if kept is None:
        made = Vapid02()
        made.generate_keys()
        await connection.execute(
            "INSERT INTO push_key (id, private) VALUES (1, $1) ON CONFLICT DO NOTHING",
            vault.seal(made.private_pem(), _CONTEXT),
        )
        kept = await connection.fetchval("SELECT private FROM push_key WHERE id = 1")
    return Vapid(Vapid02.from_pem(vault.open(bytes(kept), _CONTEXT)), subject)
