"""Checking what somebody types in the second step: a code of an app, or a recovery code."""

from auction_engine.http.problems import Problem
from auction_engine.http.signin_session import tell
from auction_engine.http.web import Ask, Web
from auction_engine.identity import recovery_codes, throttle, totp
from auction_engine.ledger.database import transaction

_TYPED_MAX = 60


async def check_code(web: Web, ask: Ask, account: int, typed: object) -> str:
    """How `typed` proves `account`: "code" or "recovery"; it counts no second time.

    Raises Problem 401 if it does not, 429; 503 when tries cannot be counted.
    """
    if not isinstance(typed, str) or not 0 < len(typed) <= _TYPED_MAX:
        raise Problem(401, "WRONG_CODE")
    short, redis = totp.is_code(typed), web.gateway.redis
    if not await web.storage.log(lambda: throttle.admit_second(redis, account, ask.address, short)):
        raise Problem(429, "RATE_LIMITED", retry_s=60)
    if short:
        right = await web.storage.ledger(
            totp.accept(web.engine, web.vault, account, typed, web.now_ms())
        )
    else:
        right = await web.storage.ledger(_recover(web, account, typed))
    if not right:
        raise Problem(401, "WRONG_CODE")
    await web.storage.log(lambda: throttle.forgive_second(redis, account, ask.address))
    return "code" if short else "recovery"


async def _recover(web: Web, account: int, typed: str) -> bool:
    """Use up a recovery code, and tell its owner how many are left."""
    async with transaction(web.engine) as connection:
        if not await recovery_codes.accept(connection, account, typed):
            return False
        left = await recovery_codes.left(connection, account)
        await tell(connection, web, account, "recovery_used", left=left)
        return True
