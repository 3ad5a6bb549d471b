"""Auctioneers' cards: the number, and the last day it is good for."""

import re
from datetime import date
from typing import Any

from auction_engine.desk.house import people
from auction_engine.desk.house.people import HouseError

_NUMBER = re.compile(r"[0-9A-ZĐ][0-9A-ZĐ./\- ]{1,39}")
_FURTHEST_YEARS = 60


async def record(
    connection: Any, body: int, by: int, account: int, number: str, until: date, today: date
) -> None:
    """Put a card on record; it takes the place of the one before. The very same twice is once.

    Raises HouseError NO_COLLEAGUE, NOT_AUCTIONEER, CARD_NUMBER, CARD_DAY.
    """
    told = " ".join(number.upper().split())
    if not _NUMBER.fullmatch(told):
        raise HouseError("CARD_NUMBER", "A card's number has 2 to 40 letters, digits, '.', '/'.")
    if not today.year - 5 <= until.year <= today.year + _FURTHEST_YEARS:
        raise HouseError("CARD_DAY", "This cannot be the last day of a card.")
    async with connection.transaction():
        await people.alone(connection, body)
        found = await people.one(connection, body, account)
        if found.role != "organisation":
            raise HouseError("NOT_AUCTIONEER", "Only an organisation has auctioneers.")
        if (found.card, found.card_until) == (told, until):
            return
        await _end(connection, account, by)
        await connection.execute(
            "INSERT INTO auctioneer_card (account_id, number, valid_until, recorded_by)"
            " VALUES ($1, $2, $3, $4)",
            account, told, until, by,
        )  # fmt: skip
        said = {"number": told, "until": until.isoformat()}
        await people.note(connection, body, by, "CARD", said, account)


async def _end(connection: Any, account: int, by: int) -> None:
    await connection.execute(
        "UPDATE auctioneer_card SET ended_at = now(), ended_by = $2"
        " WHERE account_id = $1 AND ended_at IS NULL",
        account, by,
    )  # fmt: skip


async def check(connection: Any, body: int, account: int, on: date) -> None:
    """Return if the account's card is good on that day.

    A house that has put no card on record at all does not keep them here: nothing is checked.
    Raises HouseError NO_CARD, CARD_EXPIRED.
    """
    until = await connection.fetchval(
        "SELECT valid_until FROM auctioneer_card WHERE account_id = $1 AND ended_at IS NULL",
        account,
    )
    if until is not None and until < on:
        raise HouseError(
            "CARD_EXPIRED", f"The auctioneer's card ended on {until}.", until=until.isoformat()
        )
    if until is None and await _keeps_cards(connection, body):
        raise HouseError("NO_CARD", "No auctioneer's card of this account is on record.")


async def _keeps_cards(connection: Any, body: int) -> bool:
    found = await connection.fetchval(
        "SELECT 1 FROM auctioneer_card c JOIN account a ON a.id = c.account_id"
        " WHERE a.body_id = $1 AND c.ended_at IS NULL LIMIT 1",
        body,
    )
    return found is not None
