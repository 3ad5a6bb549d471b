"""Who may do what: the one table every check asks, and as what people act in a lot's life."""

from collections.abc import Sequence
from enum import Enum

from auction_engine.errors import AuctionError
from auction_engine.identity.accounts import ROLES, Role
from auction_engine.rules.commands import Role as LifeRole


class Act(Enum):
    """Everything that can be asked for over HTTP."""

    SEE_AUCTION = "see sessions, lots, prices and accepted bids"
    SEE_FILES = "fetch styles, scripts, pictures and the description of the API"
    SEE_TIME = "ask the server's time"
    SEE_HEALTH = "ask whether the program works"
    SEE_METRICS = "read the metrics, from listed addresses only"
    SIGN_IN = "sign in"
    SIGN_OUT = "sign out"
    BID = "bid"
    ENTER_LIVE_ROOM = "get a ticket that lets a live connection bid"
    SEE_DESK = "see the session as its organiser"
    SEE_AGENCY = "see the agency's seized assets"
    SEE_ACTS = "see what people can do in the life of a lot"
    SEE_OWN_ACTS = "see what one can do with a lot now"
    ACT_ON_LOT = "act in the life of a lot"
    CONDUCT = "conduct a session"
    SEE_MONEY = "see the organisation's books and bank files"
    MOVE_MONEY = "import, allocate and pay for the organisation"
    SEE_AGENCY_MONEY = "see the agency's books and bank files"
    MOVE_AGENCY_MONEY = "import, allocate, distribute and pay for the agency"
    SEE_OWN_DEPOSIT = "see the own deposit for a lot"


# None stands for somebody who is not signed in.
_EVERYBODY: frozenset[Role | None] = frozenset({None, *ROLES})

ALLOWED: dict[Act, frozenset[Role | None]] = {
    Act.SEE_AUCTION: _EVERYBODY,
    Act.SEE_FILES: _EVERYBODY,
    Act.SEE_TIME: _EVERYBODY,
    Act.SEE_HEALTH: _EVERYBODY,
    Act.SEE_METRICS: _EVERYBODY,
    Act.SIGN_IN: _EVERYBODY,
    Act.SIGN_OUT: _EVERYBODY,
    Act.BID: frozenset({"bidder"}),
    Act.ENTER_LIVE_ROOM: frozenset({"bidder"}),
    Act.SEE_DESK: frozenset({"organisation"}),
    Act.SEE_AGENCY: frozenset({"officer"}),
    Act.SEE_ACTS: _EVERYBODY,
    Act.SEE_OWN_ACTS: frozenset(ROLES),
    Act.ACT_ON_LOT: frozenset(ROLES),
    Act.CONDUCT: frozenset({"organisation"}),
    # An organisation's books are its accountants' alone, an agency's the agency's.
    Act.SEE_MONEY: frozenset({"organisation"}),
    Act.MOVE_MONEY: frozenset({"organisation"}),
    Act.SEE_AGENCY_MONEY: frozenset({"officer"}),
    Act.MOVE_AGENCY_MONEY: frozenset({"officer"}),
    Act.SEE_OWN_DEPOSIT: frozenset({"bidder"}),
}

# As what an account may act in the life of a lot (`rules.lifecycle`). Nobody is COURT, PROCURATOR
# or CLOCK over HTTP.
LIFE_ROLES: dict[Role, tuple[LifeRole, ...]] = {
    "bidder": ("BIDDER",),
    "organisation": ("AUCTIONEER", "ORGANISATION", "RECORDER"),
    "officer": ("AGENCY",),
}

# What the program alone records, from the books: nobody says by hand that money is there.
BY_THE_BOOKS = frozenset({"hold_deposit"})


class SignInNeeded(AuctionError):
    """Somebody not signed in asked for what only some roles may do."""


class Forbidden(AuctionError):
    """A role asked for what it may not do."""


def check(act: Act, role: Role | None) -> None:
    """Return if `role` (None: not signed in) may do `act`. Raises SignInNeeded, Forbidden."""
    if role in ALLOWED[act]:
        return
    if role is None:
        raise SignInNeeded("Sign in first.")
    raise Forbidden(f"The role {role} may not {act.value}.")


def acting_as(role: Role, act: str, allowed: Sequence[LifeRole], wanted: object) -> LifeRole:
    """As what an account with `role` does `act`, which is for `allowed`.

    `wanted` is what it says itself, None to leave it to the table: then the first that the act is
    for. Raises Forbidden.
    """
    if act in BY_THE_BOOKS:
        raise Forbidden(f"{act} follows from the books; allocate the payment there.")
    own = LIFE_ROLES[role]
    for life_role in allowed:
        if life_role in own and wanted in (None, life_role):
            return life_role
    if wanted is not None and wanted not in own:
        raise Forbidden(f"The role {role} acts as {' or '.join(own)} only.")
    raise Forbidden(f"{act} is for {' or '.join(allowed)}.")
