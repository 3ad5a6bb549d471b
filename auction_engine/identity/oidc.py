"""Signing in with an OpenID provider, such as a state's electronic identification (VNeID).

Authorisation code with PKCE, state and nonce (OpenID Connect Core 1.0 §3.1, RFC 7636, RFC 9207).
What the provider says of itself and its keys are kept for a while; each of its answers is bounded
in size and time, and so is how many are waited for: a slow provider slows nobody but its own.
"""

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import httpx
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from auction_engine.identity import one_use
from auction_engine.identity.oidc_fetch import Fetcher, OidcError, is_safe
from auction_engine.settings import Oidc

_DESCRIPTION_S, _KEYS_S = 3600.0, 600.0
# A token signed by a key not known yet makes us look again, but not for every made-up token.
_KEYS_AGAIN_S = 10.0
_KEYS_MAX = 30
_CLOCKS_S = 60
_TEXT_MAX = 200
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_log = structlog.get_logger(__name__)


class Visit(NamedTuple):
    """What must be remembered of somebody who is at the provider."""

    state: str
    nonce: str
    verifier: str


class Citizen(NamedTuple):
    """Whom the provider vouches for; None where it does not tell. `proved_s`: when, Unix time."""

    issuer: str
    subject: str
    number: str | None
    name: str | None
    email: str | None
    birth: str | None
    proved_s: int | None


class Provider:
    """The provider of one installation. Safe to share between tasks of one process."""

    def __init__(self, settings: Oidc, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self._clock = clock
        self._fetcher = Fetcher(settings.timeout_s)

    def new_visit(self) -> Visit:
        """The secrets of a new visit to the provider."""
        return Visit(one_use.new_secret(), one_use.new_secret(), one_use.new_secret())

    async def address(self, visit: Visit, back: str, lang: str, again: bool = False) -> str:
        """Where to send the browser. `again`: the person must prove who they are anew.

        Raises OidcError.
        """
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": back,
            "scope": self.settings.scopes,
            "state": visit.state,
            "nonce": visit.nonce,
            "code_challenge": _challenge(visit.verifier),
            "code_challenge_method": "S256",
            "ui_locales": lang,
        }
        if again:
            asked |= {"prompt": "login", "max_age": "0"}
        endpoint: str = (await self._description())["authorization_endpoint"]
        return endpoint + ("&" if "?" in endpoint else "?") + urlencode(asked)

    async def leaving(self, back: str) -> str | None:
        """Where somebody signs out of the provider itself, None if it has no such page.

        Raises OidcError.
        """
        endpoint = (await self._description()).get("end_session_endpoint")
        if not isinstance(endpoint, str) or not is_safe(endpoint):
            return None
        asked = {"client_id": self.settings.client_id, "post_logout_redirect_uri": back}
        return endpoint + ("&" if "?" in endpoint else "?") + urlencode(asked)

    async def citizen(self, visit: Visit, code: str, issuer: str | None, back: str) -> Citizen:
        """Exchange the code of `visit`; whom the provider vouches for. Raises OidcError.

        `issuer` is what the answer's address said (RFC 9207): an answer of another provider is
        not taken for this one's.
        """
        told = await self._description()
        expected = told.get("authorization_response_iss_parameter_supported") is True
        if issuer != self.settings.issuer and (expected or issuer is not None):
            raise OidcError("UNTRUSTED", "The answer came from another provider.")
        tokens = await self._exchange(told["token_endpoint"], visit, code, back)
        claims = await self._claims(tokens.get("id_token"), visit.nonce)
        if self.settings.claim_number not in claims or self.settings.claim_name not in claims:
            claims = await self._more(told, tokens, claims)
        names = self.settings
        return Citizen(
            self.settings.issuer,
            claims["sub"],
            _text(claims, names.claim_number),
            _text(claims, names.claim_name),
            _text(claims, names.claim_email) if claims.get("email_verified") is True else None,
            _text(claims, names.claim_birth),
            claims.get("auth_time") if type(claims.get("auth_time")) is int else None,
        )

    async def _exchange(self, endpoint: str, visit: Visit, code: str, back: str) -> dict[str, Any]:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": visit.verifier,
        }
        # RFC 6749 §2.3.1: both are encoded as in a form first.
        own = self.settings
        who = httpx.BasicAuth(quote(own.client_id, safe=""), quote(own.client_secret, safe=""))
        status, body = await self._fetcher.ask("POST", endpoint, data=fields, auth=who)
        if status != 200:
            _log.warning("oidc_code_refused", status=status, error=str(body.get("error"))[:80])
            raise OidcError("REFUSED", "The provider did not accept this sign-in; begin again.")
        return body

    async def _claims(self, token: Any, nonce: str) -> dict[str, Any]:
        """The claims of an ID token that is for us, for this visit and in time."""
        own = self.settings
        if not isinstance(token, str):
            raise OidcError("UNTRUSTED", "The provider's answer has no ID token.")
        decoded = await self._verified(token)
        registry = jwt.JWTClaimsRegistry(
            now=int(self._clock()),
            leeway=_CLOCKS_S,
            iss={"essential": True, "value": own.issuer},
            aud={"essential": True, "value": own.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        claims: dict[str, Any] = decoded.claims
        try:
            registry.validate(claims)
        except JoseError as error:
            _log.warning("oidc_token_refused", error=error.error)
            raise OidcError("UNTRUSTED", "The provider's ID token is not for this visit.") from None
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", own.client_id if not several else None) != own.client_id:
            raise OidcError("UNTRUSTED", "The provider's ID token is for another program.")
        if not 0 < len(claims["sub"]) <= 255:
            raise OidcError("UNTRUSTED", "The provider's ID token names nobody.")
        return claims

    async def _verified(self, token: str) -> jwt.Token:
        """The token, signed by one of the provider's keys: they may have changed meanwhile."""
        for again in (False, True):
            keys = await self._keys(again)
            try:
                return jwt.decode(token, keys, algorithms=list(self.settings.algorithms))
            except (JoseError, ValueError, TypeError) as error:
                failed = error
        _log.warning("oidc_token_refused", error=type(failed).__name__)
        raise OidcError("UNTRUSTED", "The provider's ID token is not signed by its keys.")

    async def _more(
        self, told: dict[str, Any], tokens: dict[str, Any], claims: dict[str, Any]
    ) -> dict[str, Any]:
        """The claims with what the provider tells apart from its token, of the same subject."""
        endpoint, access = told.get("userinfo_endpoint"), tokens.get("access_token")
        if not (isinstance(endpoint, str) and is_safe(endpoint) and isinstance(access, str)):
            return claims
        status, found = await self._fetcher.ask(
            "GET", endpoint, headers={"Authorization": f"Bearer {access}"}
        )
        if status != 200:
            raise OidcError("REFUSED", "The provider did not say who you are; begin again.")
        if found.get("sub") != claims["sub"]:
            raise OidcError("UNTRUSTED", "The provider spoke of two people.")
        return {**found, **claims}

    async def _description(self) -> dict[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery 1.0 §4)."""
        issuer = self.settings.issuer
        address = issuer.rstrip("/") + "/.well-known/openid-configuration"
        told = await self._fetcher.kept(address, _DESCRIPTION_S)
        right = told.get("issuer") == issuer
        if not right or not all(is_safe(told.get(name)) for name in _NEEDED):
            self._fetcher.forget(address)
            raise OidcError("UNTRUSTED", "The provider's description is not that of its issuer.")
        return told

    async def _keys(self, again: bool) -> KeySet:
        told = await self._description()
        found = await self._fetcher.kept(told["jwks_uri"], _KEYS_AGAIN_S if again else _KEYS_S)
        keys = found.get("keys")
        usable = [
            key
            for key in (keys if isinstance(keys, list) else [])[:_KEYS_MAX]
            if isinstance(key, dict)
            and key.get("kty") in ("RSA", "EC", "OKP")
            and key.get("use", "sig") == "sig"
        ]
        try:
            return KeySet.import_key_set({"keys": usable})
        except (JoseError, ValueError, TypeError):
            raise OidcError("UNTRUSTED", "The provider's keys were not understood.") from None


def _challenge(verifier: str) -> str:
    """RFC 7636 §4.2, S256."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _text(claims: dict[str, Any], name: str) -> str | None:
    """A claim that is a text of ordinary length, else None."""
    found = claims.get(name)
    if not isinstance(found, str):
        return None
    plain = found.strip()
    return plain if 0 < len(plain) <= _TEXT_MAX and plain.isprintable() else None
