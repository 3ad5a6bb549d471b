"""Tokens: what another system shows instead of a person's cookie.

A token acts for the account that made it, and never further: it names the acts it is for, and every
request is checked against what the account may do at that moment. Only a SHA-256 is kept.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auction_engine.errors import AuctionError
from auction_engine.identity import duties
from auction_engine.identity.access import ALLOWED, DUTIES, Act
from auction_engine.identity.accounts import Role
from auction_engine.identity.sessions import Viewer, digest
from auction_engine.ledger.database import transaction
from auction_engine.ledger.schema import Account
from auction_engine.ledger.schema_integration import ApiToken

PREFIX = "aet_"
NAME_MAX = 60
DAYS_MAX = 365
# Of one account, not revoked and not expired: more are a sign that none is ever taken away.
MOST = 20
_FORM = re.compile("aet_[A-Za-z0-9_-]{43}")
_TOKEN_BYTES = 32
_SHOWN = 8
_USED_EVERY = timedelta(minutes=1)

# What a person does in person: sign in, bid, sign, decide over the own account and its tokens.
IN_PERSON = frozenset(
    {
        Act.SIGN_IN,
        Act.SIGN_OUT,
        Act.BID,
        Act.ENTER_LIVE_ROOM,
        Act.SIGN_MINUTES,
        Act.PRACTISE,
        Act.REGISTER,
        Act.SEE_OWN_SECURITY,
        Act.CHANGE_OWN_SECURITY,
        Act.SEE_OWN_ALERTS,
        Act.CHANGE_OWN_ALERTS,
        Act.SEE_OWN_ACCOUNT,
        Act.CHANGE_OWN_ACCOUNT,
        Act.ERASE_OWN_ACCOUNT,
        Act.SEE_TOKENS,
        Act.MAKE_TOKENS,
        # What the law or the house wants a second person, a signature or a warrant for.
        Act.OPEN_REGISTRANTS,
        Act.APPROVE_SESSIONS,
        Act.SETTLE_MONEY,
        Act.SETTLE_AGENCY_MONEY,
        Act.SIGN_HOUSE_MINUTES,
        Act.USE_WARRANTS,
        Act.KEEP_HOUSE,
        Act.KEEP_AGENCY_HOUSE,
    }
)


class WrongToken(AuctionError):
    """What was asked of a new token cannot be. `field` names what is wrong, `code` how."""

    def __init__(self, field: str, code: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.code = code


@dataclass(frozen=True, slots=True)
class TokenViewer(Viewer):
    """An account by one of its tokens, with the acts that is for."""

    token: int = 0
    acts: frozenset[str] = frozenset()


class Kept(NamedTuple):
    """A token as its owner sees it again: never the token itself."""

    id: int
    name: str
    begins: str
    acts: list[str]
    proved: bool
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    used_at: datetime | None
    alive: bool


class Made(NamedTuple):
    """A new token; `secret` is told this once."""

    id: int
    secret: str
    expires_at: datetime


class Wish(NamedTuple):
    """What a new token is to be: its name, its acts by name, its life, and whether it may also do
    what asks people for a fresh proof."""

    name: str
    acts: tuple[str, ...]
    days: int
    proved: bool = False


def possible(role: Role, own: frozenset[str]) -> list[Act]:
    """The acts a token of an account with this role and these duties can be for, in the table's
    order."""
    return [
        act
        for act, row in ALLOWED.items()
        if role in row
        and None not in row
        and act not in IN_PERSON
        and (act not in DUTIES or role not in duties.OF_ROLE or DUTIES[act] & own)
    ]


def wish_of(who: Viewer, name: object, acts: object, days: object, proved: object) -> Wish:
    """What was asked for, checked. Raises WrongToken."""
    named = " ".join(str(name).split()) if isinstance(name, str) else ""
    if not 1 <= len(named) <= NAME_MAX or not named.isprintable():
        raise WrongToken("name", "BAD_NAME", f"A name has 1 to {NAME_MAX} characters.")
    known = {act.name for act in possible(who.role, who.duties)}
    if not isinstance(acts, list | tuple) or not acts:
        raise WrongToken("acts", "NO_ACTS", "A token names at least one act.")
    strange = [act for act in acts if not isinstance(act, str) or act not in known]
    if strange:
        said = str(strange[0])[:40]
        raise WrongToken("acts", "UNKNOWN_ACT", f"No token of yours can be for {said}.")
    if type(days) is not int or not 1 <= days <= DAYS_MAX:
        raise WrongToken("days", "BAD_DAYS", f"A token lives for 1 to {DAYS_MAX} days.")
    if type(proved) is not bool:
        raise WrongToken("proved", "BAD_MESSAGE", "`proved` is true or false.")
    return Wish(named, tuple(sorted(set(acts))), days, proved)


async def make(connection: AsyncConnection, account: int, wish: Wish) -> Made:
    """A new token. Raises WrongToken when the account has too many."""
    # Two at once are counted one after the other.
    await connection.execute(select(Account.id).where(Account.id == account).with_for_update())
    alive = await connection.scalar(
        select(func.count()).where(
            ApiToken.account_id == account,
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > func.now(),
        )
    )
    if (alive or 0) >= MOST:
        raise WrongToken("name", "TOO_MANY", f"You have {MOST} tokens; revoke one first.")
    secret = PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
    row = await connection.execute(
        insert(ApiToken)
        .values(
            account_id=account,
            name=wish.name,
            begins=secret[:_SHOWN],
            token_hash=digest(secret),
            acts=list(wish.acts),
            proved=wish.proved,
            expires_at=func.now() + timedelta(days=wish.days),
        )
        .returning(ApiToken.id, ApiToken.expires_at)
    )
    number, expires_at = row.one()
    return Made(number, secret, expires_at)


async def find(
    engine: AsyncEngine, token: str, barred: frozenset[str] = frozenset()
) -> TokenViewer | None:
    """Whose token this is and what it is for; None when it opens nothing, or nothing any more.

    Its end is judged by PostgreSQL's clock. That it was used is written at most once a minute.
    """
    if not _FORM.fullmatch(token):
        return None
    async with engine.connect() as connection:
        rows = await connection.execute(
            select(
                Account.id,
                Account.name,
                Account.role,
                Account.body_id,
                Account.login,
                duties.OF_ACCOUNT.label("duties"),
                ApiToken.id.label("token"),
                ApiToken.acts,
                ApiToken.proved,
                (ApiToken.used_at.is_(None) | (ApiToken.used_at < func.now() - _USED_EVERY)).label(
                    "stale"
                ),
            )
            .join(ApiToken, ApiToken.account_id == Account.id)
            .where(
                ApiToken.token_hash == digest(token),
                ApiToken.expires_at > func.now(),
                ApiToken.revoked_at.is_(None),
                Account.state == "ACTIVE",
            )
        )
        row = rows.one_or_none()
        if row is None or row.login in barred:
            return None
    if row.stale:
        await _used(engine, row.token)
    return TokenViewer(
        row.id,
        row.name,
        cast(Role, row.role),
        csrf="",
        body=row.body_id,
        how="token",
        fresh=row.proved,
        duties=frozenset(row.duties),
        token=row.token,
        acts=frozenset(row.acts),
    )


async def _used(engine: AsyncEngine, token: int) -> None:
    async with transaction(engine) as connection:
        await connection.execute(
            update(ApiToken)
            .where(
                ApiToken.id == token,
                ApiToken.used_at.is_(None) | (ApiToken.used_at < func.now() - _USED_EVERY),
            )
            .values(used_at=func.now())
        )


async def of_account(engine: AsyncEngine, account: int) -> list[Kept]:
    """An account's tokens, newest first, those that ended too."""
    alive = ApiToken.revoked_at.is_(None) & (ApiToken.expires_at > func.now())
    async with engine.connect() as connection:
        rows = await connection.execute(
            select(*(getattr(ApiToken, name) for name in Kept._fields[:-1]), alive)
            .where(ApiToken.account_id == account)
            .order_by(ApiToken.id.desc())
            .limit(200)
        )
        return [Kept(*tuple(row)) for row in rows]


async def revoke(connection: AsyncConnection, account: int, token: int) -> bool:
    """End a token at once; again is nothing. Whether it was alive."""
    done = await connection.execute(
        update(ApiToken)
        .where(ApiToken.account_id == account, ApiToken.id == token, ApiToken.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )
    return done.rowcount == 1


def names(acts: Iterable[str]) -> list[str]:
    """Acts in words, by their names; an act that is no more says its name."""
    return [Act[act].value if act in Act.__members__ else act for act in acts]
