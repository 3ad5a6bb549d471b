"""Several people with one complaint: a link to join by, and one to three who speak for all.

Nobody of them learns another's name from here: before the end, who takes part is nobody's business.
The body addressed sees them all, as it sees a complainant. A group is one from five people on.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from auction_engine.desk.complaints import record
from auction_engine.desk.complaints.record import ComplaintError
from auction_engine.rules.complaints import OPEN

LEAST, MOST_REPRESENTATIVES, MOST = 5, 3, 5_000
_TOKEN = 43
_LOCK = 5_302
_MEMBERS = """
    FROM complaint_member m LEFT JOIN complaint_leaving x ON x.member_id = m.id
   WHERE m.complaint_id = $1 AND x.member_id IS NULL
"""


class Marker(Protocol):
    """What makes the link (`identity.vault.Vault`)."""

    def mark(self, value: str, what: str) -> bytes: ...


class Group(NamedTuple):
    """How many have joined, and how many of them speak for all."""

    people: int
    representatives: int

    @property
    def is_one(self) -> bool:
        return self.people >= LEAST

    @property
    def may_represent(self) -> bool:
        return self.representatives < MOST_REPRESENTATIVES


class Member(NamedTuple):
    """One of a group. `member` is the number of the membership."""

    member: int
    account: int
    name: str
    representative: bool


class Invitation(NamedTuple):
    """What the link of a group leads to."""

    complaint: int
    lot: int
    number: str
    addressee: str
    group: Group
    open: bool


def token_of(marker: Marker, complaint: int) -> str:
    """What only those know who were given the link."""
    return urlsafe_b64encode(marker.mark(str(complaint), "complaint-group")).rstrip(b"=").decode()


async def open_group(connection: Any, marker: Marker, complaint: int, account: int) -> str:
    """Let others join; twice is once. Returns the token. Who asks has filed it: asked before.

    Raises ComplaintError.
    """
    token = token_of(marker, complaint)
    async with connection.transaction():
        await _alone(connection, complaint)
        if await of(connection, complaint) is not None:
            return token
        if not await _is_open(connection, complaint):
            raise ComplaintError("WRONG_STATE", "The complaint has moved on; look at it again.")
        await connection.execute(
            "INSERT INTO complaint_group (complaint_id, token_hash) VALUES ($1, $2)",
            complaint,
            _hash(token),
        )
        await _add(connection, complaint, account, True)
    return token


async def of(connection: Any, complaint: int) -> Group | None:
    """The group of a complaint; None where nobody was asked to join."""
    row = await connection.fetchrow(
        "SELECT EXISTS (SELECT FROM complaint_group WHERE complaint_id = $1) AS there,"  # noqa: S608
        f" count(*) AS people, count(*) FILTER (WHERE m.representative) AS speak {_MEMBERS}",
        complaint,
    )
    return Group(row["people"], row["speak"]) if row["there"] else None


async def invitation(connection: Any, token: str) -> Invitation | None:
    """What somebody with the link may know; None if it is no link of ours."""
    if len(token) != _TOKEN or not token.isascii():
        return None
    row = await connection.fetchrow(
        "SELECT c.id, c.at, c.lot_id, c.addressee FROM complaint_group g"
        " JOIN complaint c ON c.id = g.complaint_id WHERE g.token_hash = $1",
        _hash(token),
    )
    if row is None:
        return None
    group = await of(connection, row["id"])
    assert group is not None
    return Invitation(
        row["id"], row["lot_id"], record.number(row["id"], row["at"]), row["addressee"], group,
        await _is_open(connection, row["id"]),
    )  # fmt: skip


async def join(connection: Any, token: str, account: int, representative: bool) -> int:
    """Join by the link; whoever is in it already stays what he is. Returns the membership.

    Raises ComplaintError: UNKNOWN, WRONG_STATE, LEFT, ENOUGH_SPEAK, FULL.
    """
    asked = await invitation(connection, token)
    if asked is None:
        raise ComplaintError("UNKNOWN", "There is no such complaint.")
    async with connection.transaction():
        await _alone(connection, asked.complaint)
        known = await connection.fetchrow(
            "SELECT m.id, x.at IS NOT NULL AS gone FROM complaint_member m"
            " LEFT JOIN complaint_leaving x ON x.member_id = m.id"
            " WHERE m.complaint_id = $1 AND m.account_id = $2",
            asked.complaint,
            account,
        )
        if known is not None and not known["gone"]:
            return int(known["id"])
        if known is not None:
            raise ComplaintError("LEFT", "You have left this complaint; file one of your own.")
        if not await _is_open(connection, asked.complaint):
            raise ComplaintError("WRONG_STATE", "The complaint has moved on; look at it again.")
        group = await of(connection, asked.complaint)
        assert group is not None
        if representative and not group.may_represent:
            raise ComplaintError("ENOUGH_SPEAK", "Three people speak for this group already.")
        if group.people >= MOST:
            raise ComplaintError("FULL", "This group takes nobody any more.")
        return await _add(connection, asked.complaint, account, representative)


async def leave(connection: Any, member: int, account: int) -> None:
    """Leave; twice is once. Raises ComplaintError UNKNOWN; FILER, who withdraws instead."""
    async with connection.transaction():
        row = await connection.fetchrow(
            "SELECT c.id, c.filed_by FROM complaint_member m JOIN complaint c"
            " ON c.id = m.complaint_id WHERE m.id = $1 AND m.account_id = $2",
            member,
            account,
        )
        if row is None:
            raise ComplaintError("UNKNOWN", "There is no such complaint.")
        if row["filed_by"] == account:
            raise ComplaintError("FILER", "You have filed it; withdraw it instead.")
        await connection.execute(
            "INSERT INTO complaint_leaving (member_id) VALUES ($1) ON CONFLICT DO NOTHING", member
        )


async def members(connection: Any, complaint: int) -> list[Member]:
    """Everybody in the group, those who speak for it first. Who may know was asked before."""
    rows = await connection.fetch(
        "SELECT m.id, m.account_id, (SELECT name FROM account a WHERE a.id = m.account_id),"  # noqa: S608
        f" m.representative {_MEMBERS} ORDER BY m.representative DESC, m.id",
        complaint,
    )
    return [Member(*row) for row in rows]


async def joined(connection: Any, complaint: int) -> list[Member]:
    """The members but for the complainant."""
    filer = await connection.fetchval("SELECT filed_by FROM complaint WHERE id = $1", complaint)
    return [one for one in await members(connection, complaint) if one.account != filer]


async def names(connection: Any, complaint: int) -> list[str]:
    """The names of all who complain: what must not be published."""
    rows = await connection.fetch(
        "SELECT p.name FROM account p WHERE p.id IN (SELECT filed_by FROM complaint WHERE id = $1"
        " UNION SELECT account_id FROM complaint_member WHERE complaint_id = $1)",
        complaint,
    )
    return [row["name"] for row in rows]


async def of_account(connection: Any, account: int) -> list[tuple[int, int]]:
    """(membership, complaint) of what somebody has joined and not filed, the newest first."""
    rows = await connection.fetch(
        "SELECT m.id, m.complaint_id FROM complaint_member m JOIN complaint c"
        " ON c.id = m.complaint_id LEFT JOIN complaint_leaving x ON x.member_id = m.id"
        " WHERE m.account_id = $1 AND c.filed_by <> $1 AND x.member_id IS NULL"
        " ORDER BY m.id DESC LIMIT 500",
        account,
    )
    return [(row[0], row[1]) for row in rows]


async def _add(connection: Any, complaint: int, account: int, representative: bool) -> int:
    return int(
        await connection.fetchval(
            "INSERT INTO complaint_member (complaint_id, account_id, representative)"
            " VALUES ($1, $2, $3) RETURNING id",
            complaint,
            account,
            representative,
        )
    )


async def _alone(connection: Any, complaint: int) -> None:
    await connection.execute("SELECT pg_advisory_xact_lock($1, $2)", _LOCK, complaint % 2**31)


async def _is_open(connection: Any, complaint: int) -> bool:
    state = await connection.fetchval(
        "SELECT kind FROM complaint_act WHERE complaint_id = $1 ORDER BY n DESC LIMIT 1", complaint
    )
    return state in OPEN


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
