"""Findings as their pages show them, and the states they go through."""

from datetime import date, datetime
from typing import Any, Literal, NamedTuple, get_args

import orjson

from auction_engine.desk.oversight import record
from auction_engine.desk.oversight.record import Sealer

Kind = Literal["PROTEST", "PETITION", "REQUEST"]
State = Literal["SENT", "OVERDUE", "ANSWERED", "RETURNED", "SETTLED", "WITHDRAWN"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# What may follow what. RETURNED: the answer was not enough; SETTLED: it was.
NEXT: dict[State, tuple[State, ...]] = {
    "SENT": ("ANSWERED", "OVERDUE", "WITHDRAWN"),
    "OVERDUE": ("ANSWERED", "WITHDRAWN"),
    "ANSWERED": ("RETURNED", "SETTLED", "WITHDRAWN"),
    "RETURNED": ("ANSWERED", "OVERDUE", "WITHDRAWN"),
    "SETTLED": (),
    "WITHDRAWN": (),
}
WAITING: tuple[State, ...] = ("SENT", "OVERDUE", "RETURNED")
OF_THE_PROCURATOR: tuple[State, ...] = ("RETURNED", "SETTLED", "WITHDRAWN")
_HEADS = """
    SELECT f.id, f.at, f.account_id, f.body_id, b.kind AS body_kind, b.name AS body_name, f.kind,
           f.articles, f.session_id, f.lot_id, f.seq, a.kind AS state, a.at AS since, a.n,
           (SELECT answer_by FROM finding_act d WHERE d.finding_id = f.id
             AND answer_by IS NOT NULL ORDER BY n DESC LIMIT 1) AS answer_by
      FROM finding f JOIN body b ON b.id = f.body_id
      JOIN LATERAL (SELECT kind, at, n FROM finding_act a WHERE a.finding_id = f.id
                     ORDER BY n DESC LIMIT 1) a ON true
"""


class Head(NamedTuple):
    """A finding in a list. `answer_by`: the day in force."""

    id: int
    at: datetime
    account: int
    body: int
    body_kind: str
    body_name: dict[str, str]
    kind: Kind
    articles: str
    session: int | None
    lot: int | None
    seq: int | None
    state: State
    since: datetime
    n: int
    answer_by: date

    @property
    def number(self) -> str:
        """KS (kiểm sát), the year, a running number."""
        return f"KS-{self.at.astimezone(record.ZONE).year}-{self.id:06d}"

    def late(self, today: date) -> bool:
        """Whether the answer is overdue."""
        return self.state in WAITING and today > self.answer_by


class Turn(NamedTuple):
    """An act in a finding's life."""

    n: int
    at: datetime
    kind: State
    text: str
    answer_by: date | None


class Whole(NamedTuple):
    """A finding with everything, for those it is between."""

    head: Head
    text: str
    turns: list[Turn]


async def of_all(connection: Any) -> list[Head]:
    """Every finding, for procurators: those waiting first, the most urgent on top."""
    return _sorted(await connection.fetch(f"{_HEADS} ORDER BY f.id DESC LIMIT 500"))


async def of_body(connection: Any, body: int) -> list[Head]:
    """What a body has to answer or has answered, the most urgent on top."""
    return _sorted(
        await connection.fetch(f"{_HEADS} WHERE f.body_id = $1 ORDER BY f.id DESC LIMIT 500", body)
    )


async def of_lot(connection: Any, lot: int) -> list[Head]:
    """The findings about a lot."""
    return _sorted(await connection.fetch(f"{_HEADS} WHERE f.lot_id = $1 LIMIT 500", lot))


def _sorted(rows: Any) -> list[Head]:
    heads = [_row(row) for row in rows]
    return sorted(heads, key=lambda one: (one.state not in WAITING, one.answer_by))


async def head_of(connection: Any, finding: int) -> Head | None:
    """A finding as in a list; None if there is none."""
    row = await connection.fetchrow(f"{_HEADS} WHERE f.id = $1", finding)
    return None if row is None else _row(row)


def _row(row: Any) -> Head:
    return Head(**_named(row))


def _named(row: Any) -> dict[str, Any]:
    found = dict(row)
    for ours, theirs in (("account", "account_id"), ("body", "body_id"), ("session", "session_id"),
                         ("lot", "lot_id")):  # fmt: skip
        found[ours] = found.pop(theirs)
    found["body_name"] = orjson.loads(found["body_name"])
    return found


async def whole(connection: Any, vault: Sealer, finding: int) -> Whole | None:
    """A finding with everything. Who may read it was asked before."""
    head = await head_of(connection, finding)
    if head is None:
        return None
    sealed = await connection.fetchval("SELECT sealed FROM finding WHERE id = $1", finding)
    rows = await connection.fetch(
        "SELECT n, at, kind, sealed, answer_by FROM finding_act WHERE finding_id = $1 ORDER BY n",
        finding,
    )
    return Whole(
        head,
        vault.open(bytes(sealed), f"finding:{finding}").decode(),
        [_turn(vault, finding, row) for row in rows],
    )


def _turn(vault: Sealer, finding: int, row: Any) -> Turn:
    text = ""
    if row["sealed"] is not None:
        text = vault.open(bytes(row["sealed"]), f"finding.act:{finding}/{row['n']}").decode()
    return Turn(row["n"], row["at"], row["kind"], text, row["answer_by"])
