"""The installation's own key, with which it signs receipts and answers.

Kept sealed with the keys of personal data (`identity.keyfile`), made when first needed, the same
for every gateway. The newest signs; the public parts of all stay at an address, for old receipts.
"""

from typing import Any, NamedTuple

import orjson

from auction_engine.desk.intake.record import Sealer
from auction_engine.identity import jose
from auction_engine.identity.jose import PublicKey

_CONTEXT = "receipt_key.private:{}"


class Signer(NamedTuple):
    """Signs in the name of this installation; `issuer` is its public address."""

    issuer: str
    private: dict[str, Any]
    public: list[PublicKey]

    def __repr__(self) -> str:
        return f"Signer({self.issuer!r})"

    def sign(self, told: dict[str, Any], typ: str) -> str:
        """`told` as a compact JWS, with who says so."""
        payload = orjson.dumps({"iss": self.issuer, **told})
        return jose.signed(payload, self.private, self.public[-1].kid, typ)

    @property
    def key_set(self) -> dict[str, Any]:
        """The public keys as a JWK Set (RFC 7517 §5), the newest last."""
        return {
            "keys": [
                {**one.jwk, "kid": one.kid, "alg": one.alg, "use": "sig"} for one in self.public
            ]
        }


async def obtain(connection: Any, vault: Sealer, issuer: str) -> Signer:
    """The installation's signer. Raises VaultError."""
    query = "SELECT id, private FROM receipt_key ORDER BY id"
    rows = await connection.fetch(query)
    if not rows:
        await add(connection, vault, 1)
        rows = await connection.fetch(query)
    found = [
        orjson.loads(vault.open(bytes(row["private"]), _CONTEXT.format(row["id"]))) for row in rows
    ]
    return Signer(issuer, found[-1], [jose.public(one) for one in found])


async def add(connection: Any, vault: Sealer, number: int) -> None:
    """A new key under this number, unless somebody was first."""
    private = orjson.dumps(jose.new_private())
    await connection.execute(
        "INSERT INTO receipt_key (id, private) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        number,
        vault.seal(private, _CONTEXT.format(number)),
    )
