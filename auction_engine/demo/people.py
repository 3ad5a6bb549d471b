"""The accounts of the demonstration: three people with passwords, and the robots without."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.identity.accounts import create, find_by_login, set_password_hash
from auction_engine.identity.demo_logins import DEMO_LOGINS
from auction_engine.identity.passwords import Passwords
from auction_engine.ledger.schema import Account

# Eight lots with five to eight bidders each, most robots in one or two lots, as people are.
ROBOTS = 36
_NAMES = {"bidder": "Người trả giá thử", "organisation": "Đấu giá viên thử", "officer": "CHV thử"}


async def ensure_logins(engine: AsyncEngine) -> int:
    """Make the three logins with their published passwords; returns the bidder's account."""
    passwords = Passwords()
    bidder = 0
    for role, login, password in DEMO_LOGINS:
        found = await find_by_login(engine, login)
        if found is None:
            account = await create(
                engine, login, _NAMES[role], role, await passwords.hash(password)
            )
        else:
            account = found[0]
            if not await passwords.verify(found[1], password):
                # An older demonstration in this database published another one.
                await set_password_hash(engine, account.id, await passwords.hash(password))
        if role == "bidder":
            bidder = account.id
    return bidder


async def ensure_robots(engine: AsyncEngine) -> list[int]:
    """Make the robots that are missing; returns the accounts of all, oldest first."""
    for number in range(1, ROBOTS + 1):
        login = f"demo.robot.{number:02d}"
        if await find_by_login(engine, login) is None:
            await create(engine, login, f"Robot {number:02d}", "bidder", robot=True)
    async with engine.connect() as connection:
        rows = await connection.execute(
            select(Account.id)
            .where(Account.robot, Account.login.like("demo.robot.%"))
            .order_by(Account.id)
        )
        return [int(account) for account in rows.scalars()]
