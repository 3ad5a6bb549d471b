"""Signed messages between programs: compact JWS (RFC 7515) with Ed25519 or ECDSA P-256, no other.

Which algorithm checks a signature is fixed by the key that is trusted, never by what a message says
of itself; a header that says otherwise is refused before anything is computed.
"""

from typing import Any, NamedTuple

import orjson
from joserfc import jwk, jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from auction_engine.errors import AuctionError

EDDSA, ES256 = "EdDSA", "ES256"
# What a header may call the algorithm of a key: Ed25519 is EdDSA's newer name (RFC 9864).
_CALLED = {EDDSA: (EDDSA, "Ed25519"), ES256: (ES256,)}
_HEADERS = {"alg", "kid", "typ", "cty"}
_CURVES = {("OKP", "Ed25519"): EDDSA, ("EC", "P-256"): ES256}
_PUBLIC = ("kty", "crv", "x", "y")
MOST_KID = 100
# The longest message that is looked at, in bytes.
MOST_BYTES = 3 * 1024 * 1024


class JwsError(AuctionError):
    """A message is not signed as it must be. `code` is stable."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class PublicKey(NamedTuple):
    """A key that can be trusted: its name, its algorithm, its JWK without anything secret."""

    kid: str
    alg: str
    jwk: dict[str, Any]


class _Registry(JWSRegistry):
    """Only the algorithms of one key; messages as long as they come here."""

    max_payload_length = MOST_BYTES

    def get_alg(self, name: str) -> Any:
        if self.allowed is None or name not in self.allowed:
            raise JwsError("WRONG_ALGORITHM", f"The key does not sign with {name[:20]}.")
        # Not the library's own look, which warns of EdDSA's older name.
        return self.algorithms[name]


def kid_of(token: bytes) -> str:
    """The name of the key a message says it is signed with: not proven by anything yet.

    Raises JwsError.
    """
    try:
        header = jws.extract_compact(token, registry=_Registry()).headers()
    except (JoseError, ValueError, TypeError, RecursionError):
        raise JwsError("NOT_SIGNED", "The body is not a compact JWS.") from None
    if set(header) - _HEADERS:
        raise JwsError("BAD_HEADER", "The header has alg, kid, typ and cty, and nothing else.")
    kid = header.get("kid")
    if not isinstance(header.get("alg"), str) or not isinstance(kid, str) or not kid:
        raise JwsError("BAD_HEADER", "The header names the algorithm (alg) and the key (kid).")
    return kid[:MOST_KID]


def verified(token: bytes, key: PublicKey) -> bytes:
    """The payload of a message that `key` has signed. Raises JwsError."""
    registry = _Registry(algorithms=_CALLED[key.alg])
    try:
        found = jws.deserialize_compact(token, jwk.import_key(key.jwk), registry=registry)
    except (JoseError, ValueError, TypeError):
        raise JwsError("BAD_SIGNATURE", "The signature is not that of the key named.") from None
    return bytes(found.payload or b"")


def signed(payload: bytes, private: dict[str, Any], kid: str, typ: str) -> str:
    """A compact JWS of `payload` by a private JWK."""
    alg = algorithm(private)
    header = {"alg": alg, "kid": kid, "typ": typ}
    key = jwk.import_key(private)
    return jws.serialize_compact(header, payload, key, registry=_Registry(algorithms=(alg,)))


def new_private(alg: str = EDDSA) -> dict[str, Any]:
    """A new private JWK."""
    key: Any = (
        jwk.OKPKey.generate_key("Ed25519") if alg == EDDSA else jwk.ECKey.generate_key("P-256")
    )
    return dict(key.as_dict(private=True))


def algorithm(key: dict[str, Any]) -> str:
    """The algorithm of a JWK. Raises JwsError for every other kind of key."""
    found = _CURVES.get((str(key.get("kty")), str(key.get("crv"))))
    if found is None:
        raise JwsError("WRONG_KEY", "A key is Ed25519 (OKP) or P-256 (EC), and no other.")
    return found


def public(key: dict[str, Any]) -> PublicKey:
    """The public part of a JWK, named by its `kid` or else by its thumbprint (RFC 7638).

    Raises JwsError.
    """
    alg = algorithm(key)
    bare = {name: key[name] for name in _PUBLIC if name in key}
    try:
        kid = key.get("kid") or jwk.import_key(bare).thumbprint()
    except (JoseError, ValueError, TypeError, KeyError):
        raise JwsError("WRONG_KEY", "The key is damaged.") from None
    if not isinstance(kid, str) or len(kid) > MOST_KID or not kid.isprintable():
        raise JwsError("WRONG_KEY", f"A key's name (kid) has at most {MOST_KID} letters.")
    return PublicKey(kid, alg, bare)


def read_public(text: bytes) -> PublicKey:
    """The public key in a JWK file. Raises JwsError, also for one with its private part."""
    try:
        key = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise JwsError("WRONG_KEY", "The file is not a JWK.") from None
    if not isinstance(key, dict):
        raise JwsError("WRONG_KEY", "The file is not a JWK.")
    if "d" in key:
        raise JwsError(
            "PRIVATE_KEY",
            "The file has the private key in it: that stays with its sender. Have a new key made.",
        )
    return public(key)
