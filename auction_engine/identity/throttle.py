"""Failed sign-ins, counted in Valkey over all gateways.

Three counts, because two kinds of attack pull against each other: guessing one account's password
from many addresses, and locking a rival out just before a close by failing on purpose. A stranger
at one address uses up that address's tries at the account long before the account's own: what the
narrower counts refuse never reaches the account's.
"""

from hashlib import sha256

from redis.asyncio import Redis

from auction_engine.addresses import address_group
from auction_engine.bidding.connections import command
from auction_engine.identity.accounts import plain_login

WINDOW_S = 300
PER_ACCOUNT_AND_ADDRESS = 10
PER_ADDRESS = 100
PER_ACCOUNT = 50

# KEYS: counts from the narrowest to the account's. ARGV: seconds, then the most of each. In one
# script, so that of many tries at once none slips in between looking and counting.
_ADMIT = """
for i, key in ipairs(KEYS) do
  local n = redis.call('INCR', key)
  redis.call('EXPIRE', key, ARGV[1], 'NX')
  if n > tonumber(ARGV[i + 1]) then return 0 end
end
return 1
"""


def _counts(login: str, address: str) -> list[tuple[str, int]]:
    # Logins may be personal data: keys carry only a digest of them.
    who = sha256(plain_login(login).encode()).hexdigest()[:32]
    place = address_group(address)
    return [
        (f"signin:pair:{who}:{place}", PER_ACCOUNT_AND_ADDRESS),
        (f"signin:address:{place}", PER_ADDRESS),
        (f"signin:account:{who}", PER_ACCOUNT),
    ]


async def admit(redis: Redis, login: str, address: str) -> bool:
    """Count one try before the password is looked at; False if it must not be looked at.

    Raises what the client raises (RedisError, OSError, TimeoutError): the caller must refuse then,
    for without a count there is no limit.
    """
    counts = _counts(login, address)
    keys, most = zip(*counts, strict=True)
    return bool(await command(redis, "EVAL", _ADMIT, len(keys), *keys, WINDOW_S, *most))


async def forgive(redis: Redis, login: str, address: str) -> None:
    """The password was right: this try does not count. Raises as `admit` does."""
    (pair, _), *rest = _counts(login, address)
    pipeline = redis.pipeline(transaction=True)
    pipeline.delete(pair)
    for key, _ in rest:
        pipeline.decr(key)
        # A count that expired in between must not stay below zero for ever.
        pipeline.expire(key, WINDOW_S, nx=True)
    await pipeline.execute()
