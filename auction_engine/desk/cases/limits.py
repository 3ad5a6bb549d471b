"""The last days on which a right may stop an auction that is announced (Law 106/2025 Art. 83).

The debtor pays and keeps the property until so long before the opening (4), and from the second
auction on a prior right to buy may be used until so long before it (1). The days are those of the
pack the lot was frozen from; a payment made in time counts also when it is entered later.
"""

from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from auction_engine.desk.cases import record
from auction_engine.desk.reading import Lots
from auction_engine.ledger import store
from auction_engine.rules import packs
from auction_engine.rules.calendar import CalendarError, local_day
from auction_engine.rules.commands import Act, CommandRefused
from auction_engine.rules.deadlines import Facts, by_key, deadlines
from auction_engine.rules.pack import Pack
from auction_engine.rules.pack_base import Kind
from auction_engine.rules.pack_words import day_text

PAID = "redemption_paid"
_PAID_ON = "SELECT min(body->>'paid_on') FROM asset_entry WHERE asset_id = $1 AND kind = $2"
_CLAIMED = "SELECT EXISTS (SELECT FROM asset_priority WHERE asset_id = $1 AND state = 'CLAIMED')"


class Last(NamedTuple):
    """The last day of a right, local to the pack, with its article."""

    day: date
    article: str


async def last_day(connection: Any, asset: Any, key: str) -> Last | None:
    """Until when the right of this deadline lasts for an asset that is in a lot.

    `asset`: lot_id, movable, failures. None without a lot, a pack, or a day the pack knows.
    """
    found = await _announced(connection, asset["lot_id"])
    if found is None:
        return None
    pack, opening = found
    kind: Kind = "movable" if asset["movable"] else "immovable"
    try:
        known = deadlines(pack, Facts(opening, kind, round=asset["failures"] + 1))
    except CalendarError:
        return None
    due = by_key(known).get(key)
    return None if due is None else Last(due.day, due.rule)


async def _announced(connection: Any, lot: int | None) -> tuple[Pack, date] | None:
    """The pack a lot is sold by, and the local day on which it opens."""
    now = (await Lots().read(connection, [lot])).get(lot) if lot is not None else None
    if now is None or now.state.params.pack is None:
        return None
    pack = packs.load(now.state.params.pack)
    return pack, local_day(now.state.params.start_ms, pack.timezone)


async def redemption_paid(
    connection: Any, asset: int, account: int, paid_on: date, reason: str
) -> None:
    """Enter the day on which the debtor of a listed asset has paid, so that its lot may be stopped.

    Refused with the last day and its article where that was too late. The same again is nothing
    new. Raises CaseError.
    """
    found = await record.locked(connection, asset, ("LISTED",))
    if not reason.strip():
        raise record.refused("REASON_NEEDED", "Say what was paid, and when.", "reason")
    if paid_on > record.today(datetime.now(UTC)):
        raise record.refused("IN_FUTURE", "This day has not come yet.", "paid_on")
    last = await last_day(connection, found._asdict(), "redemption")
    if last is not None and paid_on > last.day:
        text = f"It could be paid until {last.day} ({last.article})."
        raise record.refused("TOO_LATE", text, "paid_on")
    body = {"lot": found.lot_id, "paid_on": paid_on.isoformat()}
    known = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM asset_entry WHERE asset_id = $1 AND kind = $2"
        " AND body = $3::jsonb)",
        asset, PAID, record.dumped(body),
    )  # fmt: skip
    if not known:
        await record.noted(connection, asset, account, PAID, body, reason)


async def check_stop(connection: Any, lot: int, act: Act) -> None:
    """Return unless the act stops the lot for a right whose time has passed.

    Raises CommandRefused REDEMPTION_OVER, PRIORITY_OVER, NO_PRIOR_RIGHT.
    """
    ground = act.data.get("ground") if act.name == "stop" else None
    if ground not in ("REDEEMED", "PRIORITY_PURCHASE"):
        return
    asset = await connection.fetchrow(
        "SELECT id, lot_id, movable, failures FROM asset WHERE lot_id = $1", lot
    )
    if asset is None:  # its owner keeps no case here
        return
    if ground == "REDEEMED":
        await _redeemed(connection, asset)
    else:
        await _bought_first(connection, asset)


async def _redeemed(connection: Any, asset: Any) -> None:
    due = await last_day(connection, asset, "redemption")
    if due is None or await _today(connection, asset) <= due.day:
        return
    paid = await connection.fetchval(_PAID_ON, asset["id"], PAID)
    if paid is not None and date.fromisoformat(paid) <= due.day:
        return
    raise CommandRefused(
        "REDEMPTION_OVER",
        f"The debtor could pay and keep the property until {day_text(due.day)} ({due.article})."
        " If it was paid by then, enter the payment with its day first.",
    )


async def _bought_first(connection: Any, asset: Any) -> None:
    if await connection.fetchval(_CLAIMED, asset["id"]):
        return
    due = await last_day(connection, asset, "priority_later")
    if due is None:
        raise CommandRefused(
            "NO_PRIOR_RIGHT",
            "Nobody has used a prior right to buy this property in time; enter the claim first.",
        )
    if await _today(connection, asset) > due.day:
        raise CommandRefused(
            "PRIORITY_OVER",
            f"A prior right could be used until {day_text(due.day)} ({due.article}). If it was"
            " used by then, enter the claim with its day first.",
        )


async def _today(connection: Any, asset: Any) -> date:
    found = await _announced(connection, asset["lot_id"])
    assert found is not None
    return local_day(await store.server_ms(connection), found[0].timezone)
