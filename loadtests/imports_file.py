"""What is imported: cases with two parties and whole assets, some of which have a fault."""

from __future__ import annotations

import random
from typing import Any

from auction_engine.desk.cases import disclosing

_PER_CASE = 4


def words(text: str) -> dict[str, str]:
    return {"vi": f"{text} (vi)", "en": f"{text} (en)"}


def asset(name: str, n: int) -> dict[str, Any]:
    """A whole asset: description, every answer, a valuation."""
    answers = {
        one.code: {"answer": one.answers[0].code, "details": words("Đã xem xét")}
        for one in disclosing.asked(movable=True)
    }
    return {
        "reference": f"{name}-{n}", "kind": "car", "movable": True,
        "title": words(f"Ô tô số {n}"), "place": words("Kho vật chứng"),
        "summary": words("Xe một chủ, còn tốt. " * 8),
        "facts": [{"label": words("Năm"), "value": words("2022")} for _ in range(3)],
        "disclosure": answers,
        "valuation": {
            "amount_minor": 400_000_000 + n, "currency": "VND", "valued_on": "2026-09-01",
            "expires_on": "2027-03-01", "basis": "FIRM", "document": f"CT {n}", "valuer": "Hãng",
        },
    }  # fmt: skip


def case(name: str, n: int, assets: list[dict[str, Any]]) -> dict[str, Any]:
    """A case with two parties."""
    return {
        "number": f"{name}-{n}", "title": words(f"Vụ {n}"), "opened_on": "2026-03-02",
        "judgment": {"number": f"{n}/2026", "court": "Tòa án hư cấu", "on": "2026-01-15"},
        "decision": {"number": f"{n}/QĐ", "on": "2026-03-02"},
        "parties": [
            {"kind": "CREDITOR", "name": "Bên được", "rank": "OTHER", "claim_minor": 12_000},
            {"kind": "DEBTOR", "name": "Bên phải"},
        ],
        "assets": assets,
    }  # fmt: skip


def cases(name: str, count: int, wrong: float) -> tuple[list[dict[str, Any]], int]:
    """Cases with so many assets, a share of which has a fault; and how many have."""
    chance = random.Random(7)
    spoilt, made = 0, [asset(name, n) for n in range(count)]
    for one in made:
        if chance.random() < wrong:
            one["kind"] = "spaceship"
            spoilt += 1
    starts = range(0, count, _PER_CASE)
    return [case(name, n, made[n : n + _PER_CASE]) for n in starts], spoilt
