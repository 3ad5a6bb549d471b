"""Repeated bids get their first answer; the same id with another body gets an error."""

from typing import Any

from auction_engine.bidding.ports import Ledger


async def answer_repeats(
    connection: Any, repeats: list[dict[str, Any]], ledger: Ledger
) -> list[dict[str, Any]]:
    """Answers for commands whose (bidder, bid_id) is recorded already, from the ledger."""
    first = await ledger.first_answers(connection, [(raw["by"], raw["id"]) for raw in repeats])
    answers = []
    for raw in repeats:
        key = (raw["by"], raw["id"])
        entry = first[key]
        answer: dict[str, Any] = {"bidder": key[0], "bid_id": key[1]}
        if _same(entry, raw):
            answer["entry"] = entry
        else:
            answer["error"] = "BID_ID_REUSED"
        # One key can wait for two answers (the bid and its misuse): say which body this is for.
        answer["lot"], answer["amount_minor"] = raw["lot"], raw.get("amount")
        if "how" in raw:
            answer["how"] = raw["how"]
        answers.append(answer)
    return answers


def _same(entry: dict[str, Any], raw: dict[str, Any]) -> bool:
    """Whether the command is the one that led to the entry."""
    if entry["lot"] != raw["lot"] or entry.get("amount_minor") != raw.get("amount"):
        return False
    if entry["kind"] == "bid.sealed":
        return bool(entry["box"] == raw.get("box"))
    automatic = "automatic" in (raw.get("how") or {})
    return ("automatic" in (entry.get("how") or {})) == automatic
