"""Whose the thing is that an address names: looked up once, before any handler sees the request.

`SOURCES` says for each parameter of an address how its place is found; a test keeps it whole.
"""

from collections import OrderedDict
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.identity.access import Place, Reach, Scope

_MOST_ID = 2**53
# Whose a lot is never changes; a place is three numbers.
_KEPT = 10_000


class Source(NamedTuple):
    """`query`: organisation, agency and owner of `:id`. `code` is the refusal where none is found.

    `owned`: it is one account's; `fixed`: it never changes.
    """

    query: str
    code: str = "NOT_FOUND"
    owned: bool = False
    fixed: bool = False


def _of_lot(table: str, owner: str = "NULL::bigint") -> str:
    return (
        f"SELECT s.organisation_id, coalesce(l.agency_id, s.agency_id), {owner}"  # noqa: S608
        f" FROM {table} JOIN auction_session s ON s.id = l.session_id"
    )


def _of_book(table: str) -> Source:
    return Source(
        "SELECT CASE b.kind WHEN 'ORGANISATION' THEN b.body_id END,"  # noqa: S608
        " CASE b.kind WHEN 'AGENCY' THEN b.body_id END, NULL::bigint"
        f" FROM {table} t JOIN book b ON b.id = t.book_id WHERE t.id = :id",
        fixed=True,
    )


SOURCES: dict[str, Source] = {
    "lot": Source(_of_lot("lot l") + " WHERE l.id = :id", "UNKNOWN_LOT", fixed=True),
    "session": Source(
        "SELECT organisation_id, agency_id, NULL::bigint FROM auction_session WHERE id = :id",
        "UNKNOWN_SESSION",
        fixed=True,
    ),
    "line": _of_book("bank_line"),
    "payout": _of_book("payout"),
    "batch": _of_book("payout_batch"),
    "act": _of_book("money_act"),
    "shares": _of_book("distribution"),
    "dossier": Source(
        _of_lot("dossier d JOIN lot l ON l.id = d.lot_id", "d.account_id") + " WHERE d.id = :id",
        owned=True,
        fixed=True,
    ),
    "complaint": Source(
        "SELECT CASE c.addressee WHEN 'ORGANISATION' THEN s.organisation_id END,"
        " CASE c.addressee WHEN 'AGENCY' THEN coalesce(l.agency_id, s.agency_id) END, c.filed_by"
        " FROM complaint c JOIN lot l ON l.id = c.lot_id JOIN auction_session s"
        " ON s.id = l.session_id WHERE c.id = :id",
        owned=True,
        fixed=True,
    ),
    "signature": Source(
        "SELECT NULL::bigint, NULL::bigint, account_id FROM signature WHERE id = :id",
        owned=True,
        fixed=True,
    ),
    "search": Source(
        "SELECT NULL::bigint, NULL::bigint, account_id FROM saved_search WHERE id = :id",
        owned=True,
    ),
}
SOURCES["intake"] = Source(
    "SELECT NULL::bigint, agency_id, NULL::bigint FROM intake_item WHERE id = :id", fixed=True
)
SOURCES |= {
    # Other systems
    "key": Source(
        "SELECT NULL::bigint, NULL::bigint, account_id FROM api_token WHERE id = :id",
        owned=True,
        fixed=True,
    ),
    "webhook": Source(
        "SELECT CASE b.kind WHEN 'ORGANISATION' THEN b.id END,"
        " CASE b.kind WHEN 'AGENCY' THEN b.id END, NULL::bigint"
        " FROM webhook w JOIN body b ON b.id = w.body_id"
        " WHERE w.id = :id AND w.state <> 'REMOVED'",
    ),
    "upload": Source(
        "SELECT NULL::bigint, agency_id, NULL::bigint FROM case_import WHERE id = :id",
        fixed=True,
    ),
}
SOURCES |= {
    # Sessions being prepared
    "draft": Source(
        "SELECT body_id, NULL::bigint, NULL::bigint FROM session_draft"
        " WHERE id = :id AND state <> 'DELETED'",
    ),
    "template": Source(
        "SELECT body_id, NULL::bigint, NULL::bigint FROM session_template WHERE id = :id",
    ),
}
SOURCES |= {
    # Cases and their assets
    "case": Source(
        "SELECT NULL::bigint, agency_id, NULL::bigint FROM enforcement_case WHERE id = :id",
        fixed=True,
    ),
    "asset": Source(
        "SELECT NULL::bigint, agency_id, NULL::bigint FROM asset WHERE id = :id", fixed=True
    ),
    "contract": Source(
        "SELECT organisation_id, agency_id, NULL::bigint FROM service_contract WHERE id = :id",
        fixed=True,
    ),
}
SOURCES |= {
    # A house: who works for it now, and what is asked about its lots.
    "member": Source(
        "SELECT CASE b.kind WHEN 'ORGANISATION' THEN b.id END,"
        " CASE b.kind WHEN 'AGENCY' THEN b.id END, NULL::bigint"
        " FROM account a JOIN body b ON b.id = a.body_id WHERE a.id = :id",
    ),
    "question": Source(
        _of_lot("lot_question q JOIN lot l ON l.id = q.lot_id", "q.asked_by") + " WHERE q.id = :id",
        fixed=True,
    ),
}
SOURCES |= {
    # Oversight
    "warrant": Source(
        "SELECT NULL::bigint, NULL::bigint, account_id FROM warrant WHERE id = :id",
        owned=True,
        fixed=True,
    ),
    "finding": Source(
        "SELECT CASE b.kind WHEN 'ORGANISATION' THEN b.id END,"
        " CASE b.kind WHEN 'AGENCY' THEN b.id END, f.account_id"
        " FROM finding f JOIN body b ON b.id = f.body_id WHERE f.id = :id",
        owned=True,
        fixed=True,
    ),
    "joined": Source(
        "SELECT NULL::bigint, NULL::bigint, account_id FROM complaint_member WHERE id = :id",
        owned=True,
        fixed=True,
    ),
}
# Parameters that name nothing of anybody's by themselves, and why.
FREE = {
    "name": "a file of the program's own",
    "rest": "nothing at all",
    "position": "a lot of the draft named before it",
    "piece": "a range of published lots",
    "token": "what only the reader of a letter or whoever was given a link knows",
    "party": "one of the case or of the shares named before it",
    "paper": "one of the complaint, dossier, lot, asset, offer, draft or notice named before it, "
    "or of the own dossier for the lot",
    "width": "one of a few sizes of a picture",
    "notice": "one of the case named before it",
}


class Places:
    """Places found before. One per process."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._known: OrderedDict[tuple[str, int], Place] = OrderedDict()

    async def find(self, name: str, number: int) -> Place | None:
        """The place of what parameter `name` means by `number`; None if there is no such thing."""
        if not 0 < number < _MOST_ID:
            return None
        key = (name, number)
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        source = SOURCES[name]
        async with self._engine.connect() as connection:
            row = (await connection.execute(text(source.query), {"id": number})).one_or_none()
        if row is None:
            return None
        place = Place(*row)
        if source.fixed:
            self._known[key] = place
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return place


def asked_of(path: str) -> list[str]:
    """The parameters in a route's path whose place counts."""
    named = [part.strip("{}").partition(":")[0] for part in path.split("/") if part[:1] == "{"]
    return [name for name in named if name in SOURCES]


def must_look(name: str, reach: Reach) -> bool:
    """Whether the place can make a difference: who may everything needs no look."""
    if reach.scope is Scope.OWN:
        return SOURCES[name].owned
    return reach.scope is not Scope.ALL
