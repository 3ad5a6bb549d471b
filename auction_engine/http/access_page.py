"""docs/access.md: who may do what with whose, in words. Made from the table and the routes."""

import sys
from collections.abc import Iterable
from pathlib import Path

from auction_engine.http import places, routes
from auction_engine.identity.access import ALLOWED, DUTIES, LIFE_ROLES, Act, Scope
from auction_engine.identity.accounts import ROLES, Role
from auction_engine.identity.duties import OF_ROLE

PAGE = Path(__file__).parents[2] / "docs" / "access.md"
_WHO: dict[Role | None, str] = {
    None: "Visitor",
    "bidder": "Bidder",
    "organisation": "Organisation",
    "officer": "Officer",
    "procurator": "Procurator",
}
_ARE: dict[Role | None, str] = {
    None: "Somebody not signed in.",
    "bidder": "Who registers for lots, pays deposits and bids.",
    "organisation": "Staff of one auction organisation: auctioneers, accountants, its head.",
    "officer": "Staff of one agency that has seized property sold.",
    "procurator": "Oversees: reads what both sides read, acts nowhere.",
}
_SCOPES = {
    Scope.OWN: "own: what is the own account's; of a lot or session, the own affairs there",
    Scope.ORGANISATION: "organisation: what the own auction organisation sells, holds or keeps",
    Scope.AGENCY: "agency: what the own agency has sold, holds or keeps",
    Scope.ALL: "all: everybody's",
}


def page() -> str:
    """The whole page as Markdown."""
    lines = [
        "# Who may do what, and with whose",
        "",
        "Written from `auction_engine/identity/access.py` and the routes by",
        "`python -m auction_engine.http.access_page docs/access.md`; a test keeps it so. Others",
        "ask every route as every role, in the own scope, in another's, and as staff of no house.",
        "",
        "## Roles",
        "",
        *(f"- **{name}**: {_are(role)}" for role, name in _WHO.items()),
        "",
        "An account has one role. Staff belongs to one organisation or agency (a row of `body`);",
        "until it does, it sees nothing of any.",
        "",
        "## Scopes",
        "",
        *(f"- *{text.partition(':')[0]}*:{text.partition(':')[2]}" for text in _SCOPES.values()),
        "",
        "What an address names – a lot, a session, a bank line – is looked up once, before any",
        "handler sees the request (`auction_engine/http/places.py`). What is another's is answered",
        "with 404, like a number nobody has: otherwise whoever works for one house could count the",
        "drafts, dossiers and payments of all others by trying out numbers. A role that may not do",
        "a thing at all gets 403, and 401 who is not signed in.",
        "",
        "## Acts",
        "",
        f"| Act | {' | '.join(_WHO.values())} |",
        f"|---|{'---|' * len(_WHO)}",
        *map(_row, Act),
        "",
        "## Duties",
        "",
        "What staff may do within its house: one of these duties is needed, which a head of the",
        "house gives and takes (`/desk/house`, `/agency/house`). For what is not here everybody of",
        "the house is enough. New staff has every duty of its role unless told otherwise.",
        "",
        *(f"- **{_WHO[role]}**: {_duties(OF_ROLE[role])}" for role in ROLES if role in OF_ROLE),
        "",
        "| Act | One of |",
        "|---|---|",
        *(f"| {act.value} | {_duties(sorted(DUTIES[act]))} |" for act in Act if act in DUTIES),
        "",
        "## Routes",
        "",
        "Named in *italics* is what decides whose a route's thing is.",
        "",
        "| Act | Routes |",
        "|---|---|",
        *map(_routes, Act),
    ]
    return "\n".join(lines) + "\n"


def _duties(names: Iterable[str]) -> str:
    return ", ".join(name.lower() for name in names)


def _are(role: Role | None) -> str:
    acts_as = LIFE_ROLES[role] if role else ()
    names = ", ".join(name.lower() for name in acts_as)
    return _ARE[role] + (f" Acts in the life of a lot as {names}." if names else "")


def _row(act: Act) -> str:
    row = ALLOWED[act]
    cells = [row[role].value if role in row else "–" for role in (None, *ROLES)]
    return f"| {act.value} | {' | '.join(cells)} |"


def _routes(act: Act) -> str:
    found = [f"{spec.method} {_address(spec.path)}" for spec in routes.ALL if spec.act is act]
    return f"| {act.value} | {'<br>'.join(dict.fromkeys(found)) or 'none yet'} |"


def _address(path: str) -> str:
    parts = []
    for part in path.split("/"):
        name = part.strip("{}").partition(":")[0]
        known = part.startswith("{") and name in places.SOURCES
        parts.append(f"*{name}*" if known else part.partition(":")[0].strip("{}"))
    return "/".join(parts) or "/"


def main() -> None:
    """Write the page into the file named."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m auction_engine.http.access_page FILE")
    Path(sys.argv[1]).write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
