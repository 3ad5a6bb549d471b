"""`docs/lifecycle.md`, written from the table: the diagram, every row, and the closed lists.

`python -m auction_engine.rules.lifecycle_page docs/lifecycle.md` writes it anew.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from auction_engine.rules import grounds, guards, opening
from auction_engine.rules.lifecycle import ROWS, Row
from auction_engine.rules.lifecycle_words import WHY
from auction_engine.rules.lot import Status

# Statuses told together where a row leads from all of them.
GROUPS: dict[str, tuple[Status, ...]] = {
    "Public": ("PUBLISHED", "REGISTRATION_OPEN", "REGISTRATION_CLOSED", "READY", "POSTPONED"),
    "Bidding": (
        "RUNNING",
        "PAUSED",
        "BIDDING_CLOSED",
        "AWAIT_OWNER_CONSENT",
        "LEADER_DETERMINED",
    ),
    "Awarded": (
        "ANNOUNCED",
        "RUNNER_UP_OFFERED",
        "AWAIT_PAYMENT",
        "PAYMENT_DEFAULT",
        "PAID",
        "DELIVERED",
        "TITLE_FILED",
        "PROCEEDS_DISTRIBUTED",
        "CLOSED",
    ),
}
# Commands and events of their own, which are no turns of the table.
BESIDE: tuple[Row, ...] = (
    Row("list", "lot.listed", ("DRAFT", "CONTRACTED"), ("PUBLISHED",), ("ORGANISATION",),
        basis="Law 01/2016 Arts. 34-35"),
    Row(None, "lot.opened", ("PUBLISHED", "REGISTRATION_CLOSED", "READY"), ("RUNNING",), ("CLOCK",),
        basis="Decree 62/2017 Art. 10(3)"),
    Row(None, "lot.closed", ("RUNNING",), ("BIDDING_CLOSED",), ("CLOCK", "AUCTIONEER"),
        basis="Decree 62/2017 Art. 13(5)đ"),
)  # fmt: skip
_LISTS: tuple[tuple[str, str, Iterable[str]], ...] = (
    (
        "Failures",
        "Law 01/2016 Art. 52(1), each with its letter; the last is Art. 5(2)",
        [f"{code} ({letter})" if letter else code for code, letter in grounds.FAILURES.items()],
    ),
    ("Pauses", "Law 106/2025 Art. 84(1), and the auctioneer's own", grounds.PAUSE_GROUNDS),
    ("Postponements", "before the opening", (*grounds.POSTPONEMENTS, *grounds.NOT_OPENED)),
    ("Stops", "Law 106/2025 Art. 84(2), Decree 152/2026 Art. 65(7)-(8)", grounds.STOP_GROUNDS),
    ("Disqualifications", "Law 01/2016 Art. 9(5)", grounds.DISQUALIFICATIONS),
    (
        "Releases of a deposit",
        "with the kinds of deposit each is for",
        [f"{name} ({', '.join(means)})" for name, means in grounds.RELEASES.items()],
    ),
    ("Annulments", "Law 01/2016 Arts. 72-73", grounds.ANNULMENTS),
    ("Changes that let bidders go", "Law 37/2024 Art. 1(24)", grounds.CHANGES),
    (
        "Holds",
        "with who may place and release them",
        [f"{name} ({', '.join(roles)})" for name, roles in grounds.HOLD_ROLES.items()],
    ),
)


def page() -> str:
    """The whole page as Markdown."""
    lines = [
        "# The life of a lot",
        "",
        "Written from `auction_engine/rules/lifecycle.py` by",
        "`python -m auction_engine.rules.lifecycle_page docs/lifecycle.md`; a test keeps it so.",
        "",
        "```mermaid",
        *diagram(),
        "```",
        "",
        "Drawn are the turns that lead to another status. An arrow from a frame leads from every",
        "status in it.",
        "",
        "## Every turn",
        "",
        "*Act* is the command's name, `–` for what the rules do by themselves. *Needs* are its",
        "guards, with the code of the refusal. *Public*, *Bidding* and *Awarded* are the frames.",
        "",
        "| Act | Event | From | To | Who | Needs | Why |",
        "|---|---|---|---|---|---|---|",
        *map(_row, (*BESIDE, *ROWS)),
        "",
        "## Closed lists",
        "",
    ]
    lines += [f"- **{name}** ({law}): {_codes(items)}" for name, law, items in _LISTS]
    return "\n".join(lines) + "\n"


def diagram() -> list[str]:
    """The state diagram in Mermaid's language."""
    lines = ["stateDiagram-v2", "  direction TB"]
    inside: dict[str, str] = {}
    for name, members in GROUPS.items():
        inside |= dict.fromkeys(members, name)
    within: dict[str | None, list[str]] = {name: [] for name in (*GROUPS, None)}
    for (a, b), label in _arrows().items():
        home = inside.get(a) if inside.get(a) == inside.get(b) else None
        within[home].append(f"{a} --> {b}: {label}")
    for name in GROUPS:
        lines += [f"  state {name} {{", *(f"    {line}" for line in within[name]), "  }"]
    lines += ["  [*] --> DRAFT: draft", "  [*] --> PUBLISHED: list"]
    lines += [f"  {line}" for line in within[None]]
    last = set(get_args(Status)) - {s for row in ROWS for s in row.sources if row.targets}
    return lines + [f"  {status} --> [*]" for status in get_args(Status) if status in last]


def ways(row: Row) -> list[tuple[str, str]]:
    """The pairs of different statuses a row leads between."""
    return [
        (source, target)
        for target in row.targets
        for source in row.sources
        # A price that falls on after a pause has stayed in it: that is no way in or out.
        if source != target and (row.event != "descent.resumed" or "PAUSED" not in (source, target))
    ]


def _arrows() -> dict[tuple[str, str], str]:
    """What leads from one status, or from all of a group, to another."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in (*BESIDE, *ROWS):
        for target in dict.fromkeys(row.targets):
            for source in _folded(a for a, b in ways(row) if b == target):
                found.setdefault((source, target), []).append(row.act or row.event)
    return {pair: " / ".join(names) for pair, names in found.items()}


def _folded(statuses: Iterable[str]) -> list[str]:
    """The statuses, with a group's name for all of its members."""
    left = list(statuses)
    for name, members in GROUPS.items():
        if set(members) <= set(left):
            at = min(left.index(member) for member in members)
            left = [status for status in left if status not in members]
            left.insert(at, name)
    return left


def _row(row: Row) -> str:
    cells = (
        f"`{row.act}`" if row.act else "–",
        f"`{row.event}`",
        ", ".join(_shown(status) for status in _folded(row.sources)),
        ", ".join(_shown(status) for status in row.targets) or "the same",
        ", ".join(role.lower() for role in row.roles),
        _needs(row),
        f"{WHY[row.event]} ({row.basis})",
    )
    return "| " + " | ".join(cells) + " |"


def _shown(status: str) -> str:
    return f"*{status}*" if status in GROUPS else f"`{status}`"


def _needs(row: Row) -> str:
    known = guards.GUARDS | opening.GUARDS
    return ", ".join(f"{name.replace('_', ' ')} (`{known[name][1]}`)" for name in row.guards)


def _codes(items: Iterable[str]) -> str:
    return ", ".join(f"`{item}`" for item in items)


def main() -> None:
    """Write the page into the file named."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m auction_engine.rules.lifecycle_page FILE")
    Path(sys.argv[1]).write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
