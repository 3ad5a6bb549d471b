"""What an asset still lacks before it may be offered to an organisation: a list to work through.

Each step is answered from the tables alone, so the list is the same for everybody who looks, and
`made_ready` and an offer look once more.
"""

from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from auction_engine.desk.cases import assets, disclosing, papers, record, rights
from auction_engine.desk.cases.record import Asset, Fault


class Step(NamedTuple):
    """A step: done, or what is missing. `day`: of a step that waits, the day it waits for.

    `anchor` is the part of the asset's page where it is done; `parties` are the numbers of those
    who are still to be told.
    """

    key: str
    done: bool
    anchor: str
    day: date | None = None
    parties: tuple[int, ...] = ()


_FACTS = f"""
    SELECT (SELECT count(*) FROM case_party p WHERE p.case_id = a.case_id
             AND p.left_at IS NULL AND p.kind IN ('CREDITOR', 'SECURED')) AS creditors,
           (SELECT count(*) FROM case_party p WHERE p.case_id = a.case_id
             AND p.left_at IS NULL AND p.kind = 'DEBTOR') AS debtors,
           EXISTS (SELECT FROM asset_seizure s WHERE s.asset_id = a.id) AS seized,
           EXISTS (SELECT FROM asset_custody s WHERE s.asset_id = a.id) AS kept,
           EXISTS (SELECT FROM asset_file f WHERE f.asset_id = a.id AND f.kind = 'PHOTO'
             AND f.public AND f.removed_at IS NULL) AS photographed,
           ARRAY(SELECT DISTINCT f.paper FROM asset_file f WHERE f.asset_id = a.id
             AND f.paper IS NOT NULL AND f.removed_at IS NULL) AS filed,
           EXISTS (SELECT FROM asset_revaluation q
             WHERE q.asset_id = a.id AND q.state = 'PENDING') AS revaluing,
           {assets.PRIORITY_PENDING} AS priority_pending,
           ARRAY(SELECT p.id FROM case_party p WHERE p.case_id = a.case_id
             AND p.left_at IS NULL AND p.kind IN ('CREDITOR', 'SECURED', 'DEBTOR')
             AND coalesce(p.asset_id, a.id) = a.id
             AND NOT EXISTS (SELECT FROM case_notice n WHERE n.asset_id = a.id
               AND n.party_id = p.id AND n.kind = 'VALUATION'
               AND {record.VALID_ON} IS NOT NULL) ORDER BY p.id) AS untold,
           (SELECT max({record.VALID_ON}) FROM case_notice n
             WHERE n.asset_id = a.id AND n.kind = 'VALUATION') AS told_on
      FROM asset a WHERE a.id = $1
"""  # noqa: S608
_VALUATION = """
    SELECT basis, expires_on FROM asset_valuation WHERE asset_id = $1 ORDER BY id DESC LIMIT 1
"""


async def of_asset(connection: Any, asset: int, today: date) -> list[Step]:
    """The steps for an asset, in the order in which they are done. Raises CaseError."""
    rows = await record.assets_where(connection, "id = $1", asset)
    if not rows:
        raise record.refused("UNKNOWN_ASSET", "There is no such asset.")
    found = rows[0]
    facts = await connection.fetchrow(_FACTS, asset)
    worth = await connection.fetchrow(_VALUATION, asset)
    _, told = await papers.disclosed(connection, asset)
    return [
        Step("parties", bool(facts["creditors"] and facts["debtors"]), "parties"),
        Step("described", _described(found), "description"),
        Step("photographed", facts["photographed"], "files"),
        Step("seized", facts["seized"], "seizure"),
        Step("seizure_paper", "SEIZURE_RECORD" in facts["filed"], "files"),
        *_custody(found, facts),
        Step("disclosed", not disclosing.missing(told, found.movable), "disclosure"),
        *_value(worth, facts, today),
        Step("revaluation", not facts["revaluing"], "valuation"),
        Step("priority", not facts["priority_pending"], "rights"),
    ]


def _described(found: Asset) -> bool:
    content = found.content
    return all(content.get(name) for name in ("title", "place", "summary", "facts"))


def _custody(found: Asset, facts: Any) -> list[Step]:
    return [Step("kept", facts["kept"], "custody")] if found.movable else []


def _value(worth: Any, facts: Any, today: date) -> list[Step]:
    """A valuation that holds, told to the parties, whose time to ask for another is over."""
    holds = worth is not None and (worth["expires_on"] is None or worth["expires_on"] >= today)
    steps = [Step("valued", holds, "valuation")]
    if worth is not None and worth["basis"] == "AGREED":
        return steps
    steps.append(Step("valuation_paper", "VALUATION" in facts["filed"], "files"))
    told = worth is not None and not facts["untold"] and facts["told_on"] is not None
    untold = () if worth is None else tuple(facts["untold"])
    steps.append(Step("valuation_told", told, "notices", parties=untold))
    until = None if facts["told_on"] is None else rights.revaluation_until(facts["told_on"])
    over = told and until is not None and until < today
    steps.append(Step("valuation_stands", over, "notices", None if over else until))
    return steps


async def made_ready(connection: Any, asset: int, account: int) -> None:
    """The asset may be offered from now on, nothing being missing. Twice is once.

    Raises CaseError with every missing step.
    """
    found = await record.locked(connection, asset)
    if found.state == "READY":
        return
    if found.state != "PREPARING":
        raise record.refused("MOVED_ON", f"The asset is {found.state}; this needs PREPARING.")
    today = record.today(datetime.now(UTC))
    lacks = [step for step in await of_asset(connection, asset, today) if not step.done]
    if lacks:
        raise record.CaseError(
            [
                Fault(step.anchor, f"LACKS_{step.key.upper()}", f"Missing: {step.key}.")
                for step in lacks
            ]
        )
    await record.changed(connection, found, state="READY")
    await record.noted(connection, asset, account, "ready")


async def reopened(connection: Any, asset: int, account: int, reason: str) -> None:
    """Back to preparing, to correct what it says. Twice is once. Raises CaseError."""
    found = await record.locked(connection, asset)
    if found.state == "PREPARING":
        return
    if found.state != "READY":
        raise record.refused("MOVED_ON", f"The asset is {found.state}; this needs READY.")
    if not reason.strip():
        raise record.refused("REASON_NEEDED", "Give the reason.", "reason")
    await record.changed(connection, found, state="PREPARING")
    await record.noted(connection, asset, account, "reopened", reason=reason)
