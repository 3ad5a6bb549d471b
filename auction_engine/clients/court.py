"""A reference client for those who send judgments and requests: signs, sends, checks the receipt.

It shows all that a court's or a portal's system has to do. The private key stays with the sender;
its public part is given to the installation (`auction-engine intake add`). What a receipt says is
believed only when its signature, its issuer and the checksum of what was sent are right.
"""

import hashlib
import secrets
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx
import orjson

from auction_engine.identity import jose

_TYPE = "application/jose"


class NotReceived(Exception):
    """The installation has not received it: its status, stable code, and every fault by path."""

    def __init__(self, status: int, code: str, text: str, faults: list[dict[str, str]]) -> None:
        super().__init__(f"{status} {code}: {text}")
        self.status = status
        self.code = code
        self.faults = faults


class NotProven(Exception):
    """An answer that is not signed by the installation, or not about what was sent."""


class Receipt(NamedTuple):
    """A receipt that was checked. `told` is its payload, `token` the proof to keep."""

    token: str
    told: dict[str, Any]
    repeat: bool


class Court:
    """One sender. `key` is its private JWK, `http` a client of the installation's address."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        code: str,
        key: dict[str, Any],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = http
        self._code = code
        self._key = key
        self._clock = clock
        self._door: dict[str, Any] | None = None

    async def door(self) -> dict[str, Any]:
        """What the installation says of itself: audience, keys, agencies, limits."""
        if self._door is None:
            answer = await self._http.get("/api/intake")
            answer.raise_for_status()
            self._door = answer.json()
        return self._door

    async def sign(self, member: str, said: Any, jti: str) -> str:
        """The signed message that says `said` under the name `member`."""
        claims = {
            "iss": self._code,
            "aud": (await self.door())["audience"],
            "iat": int(self._clock()),
            "jti": jti,
            member: said,
        }
        kid = jose.public(self._key).kid
        return jose.signed(orjson.dumps(claims), self._key, kid, "intake+jws")

    async def send_judgment(self, judgment: dict[str, Any], jti: str | None = None) -> Receipt:
        """Transfer a judgment. With the same `jti` it may be sent again after a lost answer.

        Raises NotReceived, NotProven, httpx.HTTPError.
        """
        return await self._send("judgment", judgment, jti)

    async def send_request(self, request: dict[str, Any], jti: str | None = None) -> Receipt:
        """Send a creditor's request, as `send_judgment`."""
        return await self._send("request", request, jti)

    async def ask(self, jti: str) -> dict[str, Any]:
        """What became of the message sent under `jti`. Raises NotReceived, NotProven."""
        question = new_jti()
        body = await self._post("answers", await self.sign("about", jti, question))
        told = await self._checked(body["answer"], question)
        if told.get("about") != jti:
            raise NotProven("It answers another question.")
        return told

    async def _send(self, member: str, said: dict[str, Any], jti: str | None) -> Receipt:
        own = jti or new_jti()
        token = await self.sign(member, said, own)
        body = await self._post(f"{member}s", token)
        told = await self._checked(body["receipt"], None if body["repeat"] else own)
        if not body["repeat"] and told["sha256"] != hashlib.sha256(token.encode()).hexdigest():
            raise NotProven("The receipt is for other bytes than were sent.")
        return Receipt(body["receipt"], told, body["repeat"])

    async def _post(self, path: str, token: str) -> dict[str, Any]:
        answer = await self._http.post(
            f"/api/intake/{path}", content=token, headers={"Content-Type": _TYPE}
        )
        body: dict[str, Any] = answer.json()
        if answer.status_code not in (200, 201):
            raise NotReceived(
                answer.status_code, body["code"], body["text"], body.get("faults", [])
            )
        return body

    async def _checked(self, token: str, jti: str | None) -> dict[str, Any]:
        """What the installation has signed for this sender. Raises NotProven."""
        door = await self.door()
        try:
            kid = jose.kid_of(token.encode())
            key = next(one for one in door["keys"] if one["kid"] == kid)
            payload = jose.verified(token.encode(), jose.public(key))
        except (jose.JwsError, StopIteration):
            raise NotProven("The answer is not signed by the installation.") from None
        told: dict[str, Any] = orjson.loads(payload)
        if (told["iss"], told["aud"]) != (door["audience"], self._code):
            raise NotProven("The answer is from or for somebody else.")
        if jti is not None and told["jti"] != jti:
            raise NotProven("The answer is to another message.")
        return told


def new_jti() -> str:
    """A new name for a message, never used again."""
    return secrets.token_urlsafe(16)
