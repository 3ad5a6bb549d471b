"""Letters about service contracts: each side hears of what the other does.

To an organisation's heads, who alone take on or decline; to an agency's heads and officers.
"""

from typing import Any, Literal

from auction_engine.desk.cases import record
from auction_engine.post import outbox, values

What = Literal["offered", "withdrawn", "taken", "declined"]
_HEADS, _OFFICERS = ("HEAD",), ("HEAD", "OFFICER")
_CONTRACT = """
    SELECT c.number, c.agency_id, c.organisation_id, g.name AS agency, o.name AS organisation,
           c.signed_on, (SELECT count(*) FROM asset a WHERE a.contract_id = c.id) AS n
      FROM service_contract c JOIN body g ON g.id = c.agency_id
      JOIN body o ON o.id = c.organisation_id WHERE c.id = $1
"""
_PEOPLE = """
    SELECT DISTINCT a.id FROM account a JOIN body_duty d ON d.account_id = a.id
     WHERE a.body_id = $1 AND d.duty = ANY($2::text[]) AND a.state = 'ACTIVE' AND NOT a.robot
     ORDER BY a.id
"""


async def tell(connection: Any, contract: int, what: What) -> None:
    """Write to the other side, in the transaction of what happened."""
    row = await connection.fetchrow(_CONTRACT, contract)
    to_agency = what in ("taken", "declined")
    told: dict[str, Any] = {"number": row["number"]}
    if to_agency:
        told["organisation"] = values.either(record.loaded(row["organisation"]))
        told["link"] = values.link(f"/agency/contracts/{contract}")
    else:
        told["agency"] = values.either(record.loaded(row["agency"]))
        told["link"] = values.link(f"/desk/offers/{contract}")
    if what == "offered":
        told["n"] = row["n"]
    if what == "taken":
        told["day"] = values.day(row["signed_on"])
    body = row["agency_id"] if to_agency else row["organisation_id"]
    people = await connection.fetch(_PEOPLE, body, list(_OFFICERS if to_agency else _HEADS))
    for one in people:
        await outbox.put(
            connection, to=one["id"], kind=f"contract.{what}", values=told,
            key=f"contract.{what}/{contract}/{one['id']}",
        )  # fmt: skip
