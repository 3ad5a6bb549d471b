"""Repeated bids get their first answer; the same id with another body gets an error."""

from typing import Any

import asyncpg

from auction_engine.ledger import store


async def answer_repeats(
    connection: asyncpg.Connection, repeats: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Answers for commands whose (bidder, bid_id) is recorded already, from the ledger."""
    first = await store.first_answers(connection, [(raw["by"], raw["id"]) for raw in repeats])
    answers = []
    for raw in repeats:
        key = (raw["by"], raw["id"])
        entry = first[key]
        answer: dict[str, Any] = {"bidder": key[0], "bid_id": key[1]}
        if entry["lot"] == raw["lot"] and entry["amount_minor"] == raw["amount"]:
            answer["entry"] = entry
        else:
            answer["error"] = "BID_ID_REUSED"
        # One key can wait for two answers (the bid and its misuse): say which body this is for.
        answer["lot"], answer["amount_minor"] = raw["lot"], raw["amount"]
        answers.append(answer)
    return answers
