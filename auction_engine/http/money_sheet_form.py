"""The fields of a case's sheet, between a form and plain data; nothing typed is ever lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from auction_engine.http import presenting_amounts as amounts
from auction_engine.http.presenting_amounts import AmountError, parse_amount

# Rows of each list: their fields, and those that make a row count.
LISTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "parties": (("number", "name", "role", "account", "bank"), ("name",)),
    "claims": (
        (
            "party", "rank", "principal", "late", "requested_on", "secured", "place",
            "elsewhere", "no_fee", "court_payee", "court_fee",
        ),
        ("principal", "late"),
    ),
    "costs": (("payee", "amount"), ("amount",)),
    "taxes": (("payee", "amount"), ("amount",)),
}  # fmt: skip
_PLAIN = (
    "debtor", "coercive_on", "payment_on", "mode", "trustee", "rent", "base_salary", "taker",
    "others_agree",
)  # fmt: skip
_MOST_ROWS = 1_000
_MOST_LETTERS = 140


class Row(dict[str, str]):
    """Fields by name; one that was not sent is empty."""

    def __missing__(self, name: str) -> str:
        return ""


@dataclass
class Form:
    """What is in the form: `plain` fields, rows of each list, and what cannot be read, by field."""

    digits: int
    plain: Row = field(default_factory=Row)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)

    def add(self, name: str) -> None:
        """One more empty row."""
        rows = self.rows[name]
        if len(rows) < _MOST_ROWS:
            rows.append(Row(number=self._next()) if name == "parties" else Row())

    def _next(self) -> str:
        taken = [int(one["number"]) for one in self.rows["parties"] if _whole(one.get("number"))]
        return str(max(taken, default=0) + 1)

    def names(self) -> dict[int, str]:
        """Everybody who has a name, by number."""
        rows = self.rows["parties"]
        return {
            int(row["number"]): row["name"]
            for row in rows
            if row.get("name") and _whole(row.get("number"))
        }

    def used(self, name: str) -> list[Row]:
        """The rows in which something stands that counts."""
        needed = LISTS[name][1]
        return [row for row in self.rows[name] if any(row.get(one) for one in needed)]

    def data(self) -> dict[str, Any]:
        """The sheet in plain data, for `sheets.read`."""
        plain = self.plain
        trustee, salary = plain.get("trustee"), plain.get("base_salary")
        return {
            "parties": [
                {
                    "number": _number(row.get("number")),
                    "name": row["name"],
                    "role": row.get("role") or "CREDITOR",
                    "account": row.get("account") or None,
                    "bank": row.get("bank") or None,
                }
                for row in self.used("parties")
            ],
            "debtor": _number(plain.get("debtor")),
            "coercive_on": plain.get("coercive_on", ""),
            "payment_on": plain.get("payment_on", ""),
            "claims": [self._claim(row) for row in self.used("claims")],
            "costs": [self._amount(row) for row in self.used("costs")],
            "taxes": [self._amount(row) for row in self.used("taxes")],
            "rent_minor": self._minor(plain.get("rent")),
            "mode": plain.get("mode") or "NORMAL",
            "trustee": _number(trustee) if trustee else None,
            "base_salary_minor": self._minor(salary) if salary else None,
        }

    def taker(self) -> dict[str, Any]:
        """Who takes the property and whether the others agree, for `sheets.read_taking`."""
        plain = self.plain
        return {"taker": _number(plain.get("taker")), "others_agree": bool(plain["others_agree"])}

    def _claim(self, row: dict[str, str]) -> dict[str, Any]:
        fee = row.get("court_fee")
        return {
            "party": _number(row.get("party")),
            "rank": row.get("rank") or "OTHER",
            "principal_minor": self._minor(row.get("principal")),
            "late_interest_minor": self._minor(row.get("late")),
            "requested_on": row.get("requested_on", ""),
            "of_this_agency": not row.get("elsewhere"),
            "secured": row.get("secured") or "NONE",
            "place": _number(row.get("place")) or 1,
            "court_fee": None
            if not fee
            else {"payee": _number(row.get("court_payee")), "amount_minor": self._minor(fee)},
            "owes_fee": not row.get("no_fee"),
        }

    def _amount(self, row: dict[str, str]) -> dict[str, Any]:
        return {
            "payee": _number(row.get("payee")),
            "amount_minor": self._minor(row.get("amount")),
        }

    def _minor(self, text: str | None) -> int:
        return read_amount(text, self.digits) or 0


def read_amount(text: str | None, digits: int) -> int | None:
    """An amount as it was typed: 0 for nothing or zero, None if it cannot be read."""
    if not text or not text.strip("0., "):
        return 0
    try:
        return parse_amount(text, digits)
    except AmountError:
        return None


def blank() -> Form:
    """An empty form, with a debtor's row and one for a creditor."""
    form = Form(0, Row(mode="NORMAL", debtor="1"), {name: [] for name in LISTS})
    form.rows["parties"] = [
        Row(number="1", role="DEBTOR"),
        Row(number="2", role="CREDITOR"),
    ]
    for name in ("claims", "costs", "taxes"):
        form.rows[name] = [Row()]
    return form


def read(body: Mapping[str, Any], digits: int) -> Form:
    """What was sent. Rows are `list.n.field`."""
    form = Form(digits, rows={name: [] for name in LISTS})
    for name in _PLAIN:
        form.plain[name] = _tidy(body.get(name, ""))
    for name, (fields, _) in LISTS.items():
        for n in range(_MOST_ROWS):
            keys = {one: f"{name}.{n}.{one}" for one in fields}
            if not any(key in body for key in keys.values()):
                break
            form.rows[name].append(
                Row({one: _tidy(body[key]) for one, key in keys.items() if key in body})
            )
    _check(form)
    return form


_MONEY = {"claims": ("principal", "late", "court_fee"), "costs": ("amount",), "taxes": ("amount",)}


def _check(form: Form) -> None:
    """Note what cannot be read; the page says it beside the field."""
    amounts_in = {one: form.plain.get(one) for one in ("rent", "base_salary")}
    days_in = {one: form.plain.get(one) for one in ("coercive_on", "payment_on")}
    for name, fields in _MONEY.items():
        for n, row in enumerate(form.rows[name]):
            amounts_in |= {f"{name}.{n}.{one}": row.get(one) for one in fields}
    for n, row in enumerate(form.rows["claims"]):
        if any(row.get(one) for one in LISTS["claims"][1]):
            days_in[f"claims.{n}.requested_on"] = row.get("requested_on")
    form.wrong |= {
        name: "amount"
        for name, text in amounts_in.items()
        if read_amount(text, form.digits) is None
    }
    form.wrong |= {name: "day" for name, text in days_in.items() if not _is_day(text)}
    if not form.used("parties"):
        form.wrong["parties.0.name"] = "name"


def from_sheet(sheet: dict[str, Any], digits: int, lang: str) -> Form:
    """The form of a sheet that was prepared."""

    def shown(minor: int | None) -> str:
        return "" if not minor else amounts.number(minor, digits, lang)

    form = Form(digits, rows={name: [] for name in LISTS})
    form.plain = Row(
        {
            "debtor": str(sheet["debtor"]),
            "coercive_on": sheet["coercive_on"],
            "payment_on": sheet["payment_on"],
            "mode": sheet["mode"],
            "trustee": str(sheet["trustee"] or ""),
            "rent": shown(sheet["rent_minor"]),
            "base_salary": shown(sheet["base_salary_minor"]),
            "taker": str(sheet.get("taker") or ""),
            "others_agree": "1" if sheet.get("others_agree") else "",
        }
    )
    for one in sheet["parties"]:
        form.rows["parties"].append(Row({name: str(value or "") for name, value in one.items()}))
    for one in sheet["claims"]:
        fee = one["court_fee"] or {}
        form.rows["claims"].append(
            Row(
                {
                    "party": str(one["party"]),
                    "rank": one["rank"],
                    "principal": shown(one["principal_minor"]),
                    "late": shown(one["late_interest_minor"]),
                    "requested_on": one["requested_on"],
                    "secured": one["secured"],
                    "place": str(one["place"]),
                    "elsewhere": "" if one["of_this_agency"] else "1",
                    "no_fee": "" if one["owes_fee"] else "1",
                    "court_payee": str(fee.get("payee", "")),
                    "court_fee": shown(fee.get("amount_minor")),
                }
            )
        )
    for name in ("costs", "taxes"):
        form.rows[name] = [
            Row(payee=str(one["payee"]), amount=shown(one["amount_minor"])) for one in sheet[name]
        ] or [Row()]
    return form


def _tidy(value: Any) -> str:
    text = " ".join(str(value).split())
    return "".join(letter for letter in text if letter.isprintable())[:_MOST_LETTERS]


def _whole(text: str | None) -> bool:
    return bool(text) and text is not None and text.isascii() and text.isdecimal() and len(text) < 6


def _number(text: str | None) -> int:
    return int(text) if text is not None and _whole(text) else 0


def _is_day(text: str | None) -> bool:
    try:
        return bool(date.fromisoformat(text or ""))
    except ValueError:
        return False
