"""Passkeys (WebAuthn level 3), always with user verification: one alone is two factors.

Options and answers are py_webauthn's; here is what is kept of them. A challenge is good once
(`one_use`), and the caller sees to it that it was made for the same browser and purpose.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import webauthn
from cryptography.exceptions import UnsupportedAlgorithm
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from webauthn.helpers import options_to_json, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from auction_engine.errors import AuctionError
from auction_engine.ledger.database import transaction
from auction_engine.ledger.schema_signin import Passkey

MOST = 10
NAME_MAX = 60
_HANDLE_BYTES = 32
_ID_MAX = 1023  # WebAuthn §4, "Credential ID"
_TIMEOUT_MS = 120_000
_REQUIRED = UserVerificationRequirement.REQUIRED
# What bytes that no authenticator made can end in, nested as deep as a body allows.
_BROKEN = (
    WebAuthnException,
    UnsupportedAlgorithm,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
_TRANSPORTS = {transport.value for transport in AuthenticatorTransport}


class PasskeyError(AuctionError):
    """What an authenticator sent is not what was asked for."""


class Site(NamedTuple):
    """Where passkeys are made for and used: the domain, and the origins pages have."""

    domain: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """A passkey as it is kept."""

    id: bytes
    account: int
    handle: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    name: str
    made_at: datetime
    used_at: datetime | None


async def of_account(connection: AsyncConnection, account: int) -> list[Key]:
    """The passkeys of `account`, oldest first."""
    return await _keys(connection, Passkey.account_id == account)


async def find(engine: AsyncEngine, credential: bytes) -> Key | None:
    """The passkey with this id."""
    async with engine.connect() as connection:
        found = await _keys(connection, Passkey.credential_id == credential)
    return found[0] if found else None


async def _keys(connection: AsyncConnection, condition: Any) -> list[Key]:
    rows = await connection.execute(
        select(
            Passkey.credential_id, Passkey.account_id, Passkey.handle, Passkey.public_key,
            Passkey.sign_count, Passkey.transports, Passkey.name, Passkey.made_at, Passkey.used_at,
        )
        .where(condition)
        .order_by(Passkey.made_at)
    )  # fmt: skip
    return [Key(*row[:5], tuple(row[5].split()), *row[6:]) for row in rows]


def handle_for(keys: Sequence[Key]) -> bytes:
    """What the authenticator is to know the account by: as its other keys do, or something new."""
    return keys[0].handle if keys else secrets.token_bytes(_HANDLE_BYTES)


def _named(keys: Sequence[Key]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=key.id, transports=[AuthenticatorTransport(name) for name in key.transports]
        )
        for key in keys
    ]


def options_to_make(
    site: Site, title: str, login: str, name: str, keys: Sequence[Key], handle: bytes
) -> tuple[dict[str, Any], bytes]:
    """What navigator.credentials.create() is asked, and the challenge in it."""
    options = webauthn.generate_registration_options(
        rp_id=site.domain,
        rp_name=title,
        user_name=login,
        user_display_name=name,
        user_id=handle,
        timeout=_TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_REQUIRED
        ),
        exclude_credentials=_named(keys),
    )
    return orjson.loads(options_to_json(options)), options.challenge


def options_to_use(site: Site, keys: Sequence[Key] = ()) -> tuple[dict[str, Any], bytes]:
    """What navigator.credentials.get() is asked, and its challenge; no keys: any of this site."""
    options = webauthn.generate_authentication_options(
        rp_id=site.domain,
        timeout=_TIMEOUT_MS,
        allow_credentials=_named(keys),
        user_verification=_REQUIRED,
    )
    return orjson.loads(options_to_json(options)), options.challenge


def challenge_in(credential: Any) -> bytes:
    """The challenge an authenticator says it answers. Raises PasskeyError."""
    try:
        data = credential["response"]["clientDataJSON"]
        return parse_client_data_json(webauthn.base64url_to_bytes(data)).challenge
    except _BROKEN:
        raise PasskeyError("The passkey's answer was not understood.") from None


def id_in(credential: Any) -> bytes:
    """The id of the passkey an answer is from. Raises PasskeyError."""
    try:
        found = webauthn.base64url_to_bytes(credential["id"])
    except _BROKEN:
        raise PasskeyError("The passkey's answer was not understood.") from None
    if not 0 < len(found) <= _ID_MAX:
        raise PasskeyError("The passkey's answer was not understood.")
    return found


async def keep(
    connection: AsyncConnection,
    site: Site,
    account: int,
    handle: bytes,
    name: str,
    credential: Any,
    challenge: bytes,
) -> None:
    """Keep a passkey that has just been made. Raises PasskeyError."""
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.domain,
            expected_origin=list(site.origins),
            require_user_verification=True,
        )
        said = credential.get("response", {}).get("transports") or []
    except _BROKEN:
        raise PasskeyError("The passkey could not be checked; make it again.") from None
    transports = [name for name in said if isinstance(name, str) and name in _TRANSPORTS]
    if len(await of_account(connection, account)) >= MOST:
        raise PasskeyError(f"An account has at most {MOST} passkeys; remove one first.")
    try:
        async with connection.begin_nested():
            await connection.execute(
                insert(Passkey).values(
                    credential_id=made.credential_id,
                    account_id=account,
                    handle=handle,
                    public_key=made.credential_public_key,
                    sign_count=made.sign_count,
                    transports=" ".join(transports),
                    name=name,
                )
            )
    except IntegrityError:
        raise PasskeyError("This passkey is kept already.") from None


async def accept(
    engine: AsyncEngine, site: Site, key: Key, credential: Any, challenge: bytes
) -> None:
    """Check an answer made with `key`, and count it. Raises PasskeyError.

    An authenticator that counts and has not counted on was copied: the key is refused.
    """
    try:
        done = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.domain,
            expected_origin=list(site.origins),
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
        said = credential.get("response", {}).get("userHandle")
        handle = key.handle if not said else webauthn.base64url_to_bytes(said)
    except _BROKEN:
        raise PasskeyError("The passkey could not be checked; try again.") from None
    if not secrets.compare_digest(handle, key.handle):
        raise PasskeyError("The passkey belongs to another account.")
    count = done.new_sign_count
    async with transaction(engine) as connection:
        counted = await connection.execute(
            update(Passkey)
            .where(
                Passkey.credential_id == key.id,
                # Two answers with one count: the second comes from a copy.
                or_(Passkey.sign_count < count, (Passkey.sign_count == 0) & (count == 0)),
            )
            .values(sign_count=count, used_at=func.now())
        )
        if not counted.rowcount:
            raise PasskeyError("The passkey's counter did not move; it may have been copied.")


async def remove(connection: AsyncConnection, account: int, credential: bytes) -> str | None:
    """Take a passkey of `account` away; returns its name, None if there is no such key."""
    rows = await connection.execute(
        delete(Passkey)
        .where(Passkey.account_id == account, Passkey.credential_id == credential)
        .returning(Passkey.name)
    )
    found: str | None = rows.scalar_one_or_none()
    return found
