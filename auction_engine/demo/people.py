"""The accounts of the demonstration: five people with passwords; robots and more staff without.

The people with passwords work for the organisation and for the agency that has most sold. Other
agencies have two of their own, so that their money too moves under four eyes.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.demo import assets
from auction_engine.identity import bodies
from auction_engine.identity.accounts import Role, create, find_by_login, set_password_hash
from auction_engine.identity.demo_logins import DEMO_LOGINS
from auction_engine.identity.passwords import Passwords
from auction_engine.ledger.schema import Account, AuctionSession, Body

# Eight lots with five to eight bidders each, most robots in one or two lots, as people are.
ROBOTS = 36
_NAMES = {
    "demo.bidder": "Người trả giá thử",
    "demo.auctioneer": "Đấu giá viên thử",
    "demo.chief": "Giám đốc thử",
    "demo.officer": "CHV thử",
    "demo.head": "Chi cục trưởng thử",
    "demo.procurator": "Kiểm sát viên thử",
}


async def ensure_logins(engine: AsyncEngine) -> dict[str, int]:
    """Make the logins with their published passwords; returns the account of each."""
    passwords = Passwords()
    houses: dict[Role, int] = {
        "organisation": await bodies.add(engine, "ORGANISATION", assets.organisation()),
        "officer": await bodies.add(engine, "AGENCY", assets.agencies()[0]),
    }
    people = {}
    for role, login, password in DEMO_LOGINS:
        found = await find_by_login(engine, login)
        if found is None:
            account = await create(
                engine, login, _NAMES[login], role, await passwords.hash(password),
                body=houses.get(role),
            )  # fmt: skip
        else:
            account = found[0]
            if not await passwords.verify(found[1], password):
                # An older demonstration in this database published another one.
                await set_password_hash(engine, account.id, await passwords.hash(password))
        if role in houses and account.body != houses[role]:
            # Made before accounts belonged to anybody.
            await bodies.join(engine, account.id, role, houses[role])
        people[login] = account.id
    await _ensure_staff(engine)
    return people


async def _ensure_staff(engine: AsyncEngine) -> None:
    """Two people, who cannot sign in, for each agency of the demonstration without staff."""
    for name in assets.agencies():
        await bodies.add(engine, "AGENCY", name)
    staffed = select(Account.body_id).where(Account.body_id.is_not(None))
    query = select(Body.id, Body.kind).where(
        Body.id.not_in(staffed),
        Body.id.in_(select(AuctionSession.organisation_id).where(AuctionSession.demo))
        | Body.id.in_(select(AuctionSession.agency_id).where(AuctionSession.demo))
        | Body.name["vi"].astext.in_([name["vi"] for name in assets.agencies()]),
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    for body, kind in rows:
        role: Role = "officer" if kind == "AGENCY" else "organisation"
        for number in (1, 2):
            await create(
                engine, f"demo.staff.{body}.{number}", f"Nhân viên {number} (hư cấu)", role,
                body=body,
            )  # fmt: skip


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
