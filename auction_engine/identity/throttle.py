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
# Second steps: who gets this far knows the password already. The account's own count, of codes
# that have six digits only, runs for a day.
SECOND_PAIR = 10
SECOND_DAY = 40
_DAY_S = 24 * 3600
# What anybody may begin without an account: each is kept for minutes. An office signs in at once.
BEGUN = 300
# Letters somebody may ask for: a person asks two or three times, an office for all its people.
ASKING_WINDOW_S = 3600
ASKING_PAIR, ASKING_ADDRESS, ASKING_SUBJECT = 5, 60, 10

# KEYS: counts from the narrowest to the account's. ARGV: seconds and the most of each. In one
# script, so that of many tries at once none slips in between looking and counting.
_ADMIT = """
for i, key in ipairs(KEYS) do
  local n = redis.call('INCR', key)
  redis.call('EXPIRE', key, ARGV[2 * i - 1], 'NX')
  if n > tonumber(ARGV[2 * i]) then return 0 end
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
    return await _admit(redis, [(key, WINDOW_S, most) for key, most in _counts(login, address)])


async def _admit(redis: Redis, counts: list[tuple[str, int, int]]) -> bool:
    keys = [key for key, _, _ in counts]
    bounds = [number for _, window_s, most in counts for number in (window_s, most)]
    return bool(await command(redis, "EVAL", _ADMIT, len(keys), *keys, *bounds))


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


def _second(account: int, address: str) -> list[tuple[str, int, int]]:
    return [
        (f"second:pair:{account}:{address_group(address)}", WINDOW_S, SECOND_PAIR),
        (f"second:day:{account}", _DAY_S, SECOND_DAY),
    ]


async def admit_second(redis: Redis, account: int, address: str, short: bool) -> bool:
    """Count one try at the second step before its answer is looked at. As `admit`.

    `short`: it has six digits, which could be guessed in the end. What is longer cannot, and stays
    possible for an owner whose codes a stranger has used up.
    """
    return await _admit(redis, _second(account, address)[: 2 if short else 1])


async def forgive_second(redis: Redis, account: int, address: str) -> None:
    """The answer was right: what was counted is forgotten. Raises as `admit` does."""
    await redis.delete(*(key for key, _, _ in _second(account, address)))


async def admit_begun(redis: Redis, address: str) -> bool:
    """Count one challenge or visit that somebody not signed in asks for. As `admit`."""
    place = address_group(address)
    return await _admit(redis, [(f"signin:begun:{place}", WINDOW_S, BEGUN)])


async def admit_asking(redis: Redis, what: str, subject: str, address: str) -> bool:
    """Count one time that somebody asks for a letter (an account, a way back) for `subject`.

    As `admit`. Known and unknown subjects count alike; one can be asked for by a stranger, who uses
    up that address's tries long before all of them.
    """
    who = sha256(plain_login(subject).encode()).hexdigest()[:32]
    place = address_group(address)
    return await _admit(
        redis,
        [
            (f"ask:{what}:pair:{who}:{place}", ASKING_WINDOW_S, ASKING_PAIR),
            (f"ask:{what}:address:{place}", ASKING_WINDOW_S, ASKING_ADDRESS),
            (f"ask:{what}:subject:{who}", ASKING_WINDOW_S, ASKING_SUBJECT),
        ],
    )
