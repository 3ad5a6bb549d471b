"""The accounts of the demonstration: five people with passwords, and the robots without."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.identity.accounts import create, find_by_login, set_password_hash
from auction_engine.identity.demo_logins import DEMO_LOGINS
from auction_engine.identity.passwords import Passwords
from auction_engine.ledger.schema import Account

# Eight lots with five to eight bidders each, most robots in one or two lots, as people are.
ROBOTS = 36
_NAMES = {
    "demo.bidder": "Người trả giá thử",
    "demo.auctioneer": "Đấu giá viên thử",
    "demo.chief": "Giám đốc thử",
    "demo.officer": "CHV thử",
    "demo.head": "Chi cục trưởng thử",
}


async def ensure_logins(engine: AsyncEngine) -> dict[str, int]:
    """Make the logins with their published passwords; returns the account of each."""
    passwords = Passwords()
    people = {}
    for role, login, password in DEMO_LOGINS:
        found = await find_by_login(engine, login)
        if found is None:
            account = await create(
                engine, login, _NAMES[login], role, await passwords.hash(password)
            )
        else:
            account = found[0]
            if not await passwords.verify(found[1], password):
                # An older demonstration in this database published another one.
                await set_password_hash(engine, account.id, await passwords.hash(password))
        people[login] = account.id
    return people


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
