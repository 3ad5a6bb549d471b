"""Who may do what: the one table every check asks."""

from enum import Enum

from auction_engine.errors import AuctionError
from auction_engine.identity.accounts import ROLES, Role


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
}


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
