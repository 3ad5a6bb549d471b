"""What parties may do before an auction: have it valued again, buy first, pay and take it back.

Days are counted by the rule pack and its calendar (`rules.deadlines`); a day after the last one is
refused with that day and its article.
"""

from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import asyncpg

from auction_engine.desk.cases import limits, record
from auction_engine.desk.cases.record import Asset, refused
from auction_engine.rules import calendar, packs
from auction_engine.rules.pack import reference

_BEFORE = ("PREPARING", "READY", "OFFERED", "TAKEN", "WITHDRAWN", "FAILED")


class Priority(NamedTuple):
    """The right of a party to buy first in one round. `state` OPEN past `until_on` has lapsed."""

    id: int
    party_id: int
    round: int
    until_on: date
    pay_by: date
    article: str
    state: str
    reason: str | None


class Revaluation(NamedTuple):
    """A request to value again."""

    id: int
    party_id: int
    asked_on: date
    state: str
    reason: str | None


def priority_days(since: date, movable: bool) -> tuple[date, date, str]:
    """Until when a prior right may be used, until when paid, and the article."""
    pack = packs.load(record.PACK)
    days, rule = calendar.load(pack.calendar), pack.priority_purchase
    assert rule is not None
    assert rule.first is not None
    assert rule.pay is not None
    until = calendar.after(days, since, rule.first.movable if movable else rule.first.immovable)
    pay = calendar.after(days, until, rule.pay)
    return until, pay, reference(pack, "priority_purchase.first")


def revaluation_until(since: date) -> date:
    """Until when a party told of the valuation on a day may ask for another."""
    pack = packs.load(record.PACK)
    assert pack.valuation is not None
    assert pack.valuation.revaluation_request is not None
    return calendar.after(calendar.load(pack.calendar), since, pack.valuation.revaluation_request)


async def open_priority(
    connection: Any, asset: int, party: int, notice: int, since: date, account: int
) -> None:
    """A valid notice opens the time to buy first; once for each party and round."""
    found = await record.locked(connection, asset)
    until, pay, article = priority_days(since, found.movable)
    made = await connection.fetchval(
        "INSERT INTO asset_priority (asset_id, party_id, notice_id, round, until_on, pay_by,"
        " article, state) VALUES ($1, $2, $3, $4, $5, $6, $7, 'OPEN')"
        " ON CONFLICT ON CONSTRAINT asset_priority_once DO NOTHING RETURNING id",
        asset, party, notice, found.failures + 1, until, pay, article,
    )  # fmt: skip
    if made is not None:
        body = {"priority": made, "party": party, "until": until.isoformat()}
        await record.noted(connection, asset, account, "priority_opened", body)


async def settle_priority(
    connection: Any,
    asset: int,
    account: int,
    priority: int,
    to: str,
    reason: str,
    on: date | None = None,
) -> None:
    """WAIVED, CLAIMED, BOUGHT (paid) or LAPSED (not paid in time). Twice is once.

    `on`: the day it was claimed or paid, today if left out. Whoever has bought ends the way to the
    auction: the asset is sold. Raises CaseError.
    """
    found = await record.locked(connection, asset)
    row = await connection.fetchrow(
        "SELECT * FROM asset_priority WHERE id = $1 AND asset_id = $2 FOR UPDATE", priority, asset
    )
    if row is None:
        raise refused("UNKNOWN_RIGHT", "The asset has no such right.")
    if row["state"] == to:
        return
    today = record.today(datetime.now(UTC))
    if on is not None and on > today:
        raise refused("IN_FUTURE", "This day has not come yet.", "on")
    _may_become(await _timed(connection, found, row), to, on or today)
    if to == "BOUGHT" and found.state not in _BEFORE:
        raise refused("STOP_FIRST", "Stop the lot first, because of the prior purchase.")
    await connection.execute(
        "UPDATE asset_priority SET state = $2, reason = $3, settled_at = now() WHERE id = $1",
        priority,
        to,
        reason[: record.PARAGRAPH] or None,
    )
    body = {
        "priority": priority, "party": row["party_id"], "state": to,
        "on": (on or today).isoformat(),
    }  # fmt: skip
    await record.noted(connection, asset, account, "priority_settled", body, reason)
    if to == "BOUGHT":
        await _off_sale(connection, found, account, "SOLD", "bought_first", reason)


_NEXT = {"OPEN": ("WAIVED", "CLAIMED", "LAPSED"), "CLAIMED": ("BOUGHT", "LAPSED", "WAIVED")}


class _Times(NamedTuple):
    """A right with its last days: to use it, and to pay. None while they are not known yet."""

    state: str
    until: date | None
    pay_by: date | None
    article: str


async def _timed(connection: Any, found: Asset, row: Any) -> _Times:
    """Before the first auction it runs from the notice, after it until before the next opening.

    Who did not use it the first time has it again, by the same notice.
    """
    if found.failures == 0:
        return _Times(row["state"], row["until_on"], row["pay_by"], row["article"])
    last = await limits.last_day(connection, found._asdict(), "priority_later")
    if last is None:
        return _Times(row["state"], None, None, row["article"])
    pack = packs.load(record.PACK)
    assert pack.priority_purchase is not None
    assert pack.priority_purchase.pay is not None
    pay = calendar.after(calendar.load(pack.calendar), last.day, pack.priority_purchase.pay)
    return _Times(row["state"], last.day, pay, last.article)


def _may_become(right: _Times, to: str, on: date) -> None:
    if to not in _NEXT.get(right.state, ()):
        raise refused("MOVED_ON", f"The right is {right.state}.")
    last = right.pay_by if right.state == "CLAIMED" else right.until
    if to in ("CLAIMED", "BOUGHT") and last is not None and on > last:
        raise refused("TOO_LATE", f"It could be used until {last} ({right.article}).", "on")
    if to == "LAPSED" and (last is None or on <= last):
        until = "before the next opening" if last is None else f"until {last}"
        raise refused("TOO_EARLY", f"It runs {until} ({right.article}).")


async def _off_sale(
    connection: Any, found: Asset, account: int, state: str, kind: str, reason: str
) -> None:
    await record.changed(connection, found, state=state)
    await record.noted(connection, found.id, account, kind, {"from": found.state}, reason)


async def redeem(connection: Any, asset: int, account: int, reason: str) -> None:
    """The debtor has paid debt and costs and keeps the property (Law 106/2025 Art. 83(4)).

    A lot that is listed is stopped first, on that ground, which is refused after its last day
    (`limits`). Twice is once. Raises CaseError.
    """
    if not reason.strip():
        raise refused("REASON_NEEDED", "Say what was paid, and when.", "reason")
    found = await record.locked(connection, asset)
    if found.state == "RETURNED":
        return
    if found.state not in _BEFORE:
        raise refused("STOP_FIRST", "Stop the lot first, because the debtor has paid.")
    await _off_sale(connection, found, account, "RETURNED", "redeemed", reason)


async def ask_revaluation(
    connection: Any, asset: int, account: int, party: int, asked_on: date
) -> int:
    """A party asks to value again: once, in time, before the contract (Art. 82). Raises CaseError.

    While it is open nothing can be offered, taken on or published. Returns its number.
    """
    found = await record.locked(connection, asset, ("PREPARING", "READY", "OFFERED"))
    valuation = await connection.fetchval(
        "SELECT id FROM asset_valuation WHERE asset_id = $1 ORDER BY id DESC LIMIT 1", asset
    )
    if valuation is None:
        raise refused("NO_VALUATION", "There is no valuation yet.")
    if not await connection.fetchval(
        "SELECT 1 FROM case_party WHERE id = $1 AND case_id = $2", party, found.case_id
    ):
        raise refused("UNKNOWN_PARTY", "The case has no such party.", "party_id")
    pack = packs.load(record.PACK)
    assert pack.valuation is not None
    used = await connection.fetchval(
        "SELECT count(DISTINCT valuation_id) FROM asset_revaluation"
        " WHERE asset_id = $1 AND state = 'REVALUED'",
        asset,
    )
    if used >= pack.valuation.revaluations:
        raise refused("VALUED_AGAIN_ALREADY", "It was valued again already; that is once only.")
    told = await _told(connection, asset, party)
    if told is not None and asked_on > (last := revaluation_until(told)):
        article = reference(pack, "valuation.revaluation_request")
        raise refused("TOO_LATE", f"It could be asked for until {last} ({article}).", "asked_on")
    return await _write_request(connection, found, account, valuation, party, asked_on)


async def _told(connection: Any, asset: int, party: int) -> date | None:
    found: date | None = await connection.fetchval(
        f"SELECT max({record.VALID_ON}) FROM case_notice n"  # noqa: S608
        " WHERE n.asset_id = $1 AND n.party_id = $2 AND n.kind = 'VALUATION'",
        asset,
        party,
    )
    return found


async def _write_request(
    connection: Any, found: Asset, account: int, valuation: int, party: int, asked_on: date
) -> int:
    try:
        async with connection.transaction():
            made = int(
                await connection.fetchval(
                    "INSERT INTO asset_revaluation (asset_id, valuation_id, party_id, asked_on,"
                    " state) VALUES ($1, $2, $3, $4, 'PENDING') RETURNING id",
                    found.id, valuation, party, asked_on,
                )
            )  # fmt: skip
    except asyncpg.UniqueViolationError:
        known = await connection.fetchval(
            "SELECT id FROM asset_revaluation WHERE valuation_id = $1 AND party_id = $2",
            valuation,
            party,
        )
        return int(known)
    if found.state == "READY":
        await record.changed(connection, found, state="PREPARING")
    body = {"request": made, "party": party, "asked_on": asked_on.isoformat()}
    await record.noted(connection, found.id, account, "revaluation_asked", body)
    return made


async def refuse_revaluation(
    connection: Any, asset: int, account: int, request: int, reason: str
) -> None:
    """Refuse a request with its reason. Twice is once. Raises CaseError."""
    if not reason.strip():
        raise refused("REASON_NEEDED", "Give the reason.", "reason")
    await record.locked(connection, asset)
    state = await connection.fetchval(
        "SELECT state FROM asset_revaluation WHERE id = $1 AND asset_id = $2", request, asset
    )
    if state == "REFUSED":
        return
    if state != "PENDING":
        raise refused("MOVED_ON", "There is no such open request.")
    await connection.execute(
        "UPDATE asset_revaluation SET state = 'REFUSED', reason = $2, settled_at = now()"
        " WHERE id = $1",
        request,
        reason[: record.PARAGRAPH],
    )
    await record.noted(
        connection, asset, account, "revaluation_refused", {"request": request}, reason
    )


async def of_asset(connection: Any, asset: int) -> tuple[list[Priority], list[Revaluation]]:
    """The prior rights and the requests to value again, oldest first."""
    rows = await connection.fetch(
        "SELECT id, party_id, round, until_on, pay_by, article, state, reason"
        " FROM asset_priority WHERE asset_id = $1 ORDER BY id",
        asset,
    )
    asked = await connection.fetch(
        "SELECT id, party_id, asked_on, state, reason FROM asset_revaluation"
        " WHERE asset_id = $1 ORDER BY id",
        asset,
    )
    return [Priority(*row) for row in rows], [Revaluation(*row) for row in asked]
