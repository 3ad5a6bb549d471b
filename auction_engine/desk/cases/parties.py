"""The parties of a case: who is owed what, in which rank, who owes, and who has a right in what.

Names and addresses are sealed; reading them is for the agency's own people.
"""

from datetime import date, datetime
from typing import Any, NamedTuple

import orjson

from auction_engine.desk.cases import record
from auction_engine.desk.cases.checks import Reader
from auction_engine.desk.cases.record import Sealer

KINDS = ("CREDITOR", "DEBTOR", "CO_OWNER", "SECURED", "RELATED")
# In which order creditors are paid (Law 106/2025 Art. 54(1)): the words of the rule packs.
RANKS = ("LABOUR_MAINTENANCE_INJURY", "COURT_FEE", "FINES_STATE", "INSURANCE", "OTHER")
_CONTACT = ("address", "phone", "email")
_CLAIMS = ("CREDITOR", "SECURED")


class Party(NamedTuple):
    """A party as the agency reads it. `contact`: address, phone, email, what there is of them."""

    id: int
    asset_id: int | None
    kind: str
    name: str
    contact: dict[str, str]
    rank: str | None
    claim_minor: int | None
    currency: str | None
    requested_on: date | None
    left_at: datetime | None


class NewParty(NamedTuple):
    """A party as it was read from what came in."""

    kind: str
    name: str
    contact: dict[str, str]
    rank: str | None
    claim_minor: int | None
    currency: str | None
    requested_on: date | None


def read(reader: Reader) -> NewParty:
    """A party from its fields; what is wrong stays with the reader."""
    kind = reader.one_of("kind", KINDS)
    name = reader.line("name")
    contact = reader.part("contact")
    reached = {one: contact.line(one, needed=False) for one in _CONTACT}
    rank = reader.one_of("rank", RANKS, needed=kind == "CREDITOR")
    claim = reader.amount("claim_minor", needed=False, least=0)
    for field in ("rank", "claim_minor"):
        if kind and kind not in _CLAIMS and reader.has(field):
            reader.fault(field, "NO_CLAIM", "Only creditors have a claim and a rank.")
    currency = reader.currency()
    return NewParty(
        kind,
        name,
        {one: said for one, said in reached.items() if said},
        rank or None,
        claim,
        None if claim is None else currency,
        reader.day("requested_on", needed=False),
    )


async def write(
    connection: Any, vault: Sealer, case: int, party: NewParty, asset: int | None = None
) -> int:
    """A party's row; returns its number."""
    sealed = None
    if party.contact:
        sealed = vault.seal(orjson.dumps(party.contact), record.of_party(case, "contact"))
    return int(
        await connection.fetchval(
            "INSERT INTO case_party (case_id, asset_id, kind, name, contact, rank, claim_minor,"
            " currency, requested_on) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
            case, asset, party.kind,
            vault.seal(party.name.encode(), record.of_party(case, "name")),
            sealed, party.rank, party.claim_minor, party.currency, party.requested_on,
        )
    )  # fmt: skip


async def add(
    connection: Any, vault: Sealer, case: int, account: int, data: Any, asset: int | None = None
) -> int:
    """Add a party to an open case, or to one `asset` of it; the very same again is the first.

    Raises CaseError.
    """
    await open_case(connection, case)
    if asset is not None:
        of = await connection.fetchval("SELECT case_id FROM asset WHERE id = $1", asset)
        if of != case:
            raise record.refused("UNKNOWN_ASSET", "The case has no such asset.", "asset_id")
    reader = Reader(data)
    party = read(reader)
    reader.done()
    for one in await of_case(connection, vault, case):
        if one.left_at is None and one.asset_id == asset and NewParty(*one[2:9]) == party:
            return one.id
    made = await write(connection, vault, case, party, asset)
    body = {"party": made, "kind": party.kind, "rank": party.rank, "claim_minor": party.claim_minor}
    await record.noted_of_case(connection, case, account, "party", body)
    return made


async def leave(connection: Any, case: int, account: int, party: int) -> None:
    """A party is one no longer: paid, withdrawn or wrong. Twice is once. Raises CaseError."""
    await open_case(connection, case)
    left = await connection.fetchval(
        "UPDATE case_party SET left_at = now() WHERE id = $1 AND case_id = $2"
        " AND left_at IS NULL RETURNING id",
        party,
        case,
    )
    if left is not None:
        await record.noted_of_case(connection, case, account, "party_left", {"party": party})
        return
    if not await connection.fetchval(
        "SELECT 1 FROM case_party WHERE id = $1 AND case_id = $2", party, case
    ):
        raise record.refused("UNKNOWN_PARTY", "The case has no such party.")


async def open_case(connection: Any, case: int) -> int:
    """The agency of a case that is open; holds the case. Raises CaseError."""
    row = await connection.fetchrow(
        "SELECT agency_id, state FROM enforcement_case WHERE id = $1 FOR NO KEY UPDATE", case
    )
    if row is None:
        raise record.refused("UNKNOWN_CASE", "There is no such case.")
    if row["state"] != "OPEN":
        raise record.refused("CASE_CLOSED", "The case is closed.")
    return int(row["agency_id"])


async def of_case(connection: Any, vault: Sealer, case: int) -> list[Party]:
    """The parties of a case with their names, by kind and age; who has left comes last."""
    rows = await connection.fetch(
        "SELECT * FROM case_party WHERE case_id = $1 ORDER BY left_at IS NOT NULL,"
        " array_position(ARRAY['CREDITOR', 'SECURED', 'DEBTOR', 'CO_OWNER', 'RELATED'], kind),"
        " id",
        case,
    )
    return [opened(vault, row) for row in rows]


def opened(vault: Sealer, row: Any) -> Party:
    """A party from its row, unsealed. Raises VaultError."""
    case, contact = row["case_id"], row["contact"]
    name = vault.open(bytes(row["name"]), record.of_party(case, "name")).decode()
    reached = {}
    if contact is not None:
        reached = orjson.loads(vault.open(bytes(contact), record.of_party(case, "contact")))
    return Party(
        row["id"], row["asset_id"], row["kind"], name, reached, row["rank"], row["claim_minor"],
        row["currency"], row["requested_on"], row["left_at"],
    )  # fmt: skip
