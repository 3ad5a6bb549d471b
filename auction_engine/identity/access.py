"""Who may do what with whose: the one table every check asks (`ALLOWED`: act, role, scope).

Also as what people act in a lot's life. docs/access.md and the tests are made from the table.
"""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, Protocol

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
    # Signing in.
    SEE_OWN_SECURITY = "see how one signs in, and where one is signed in"
    CHANGE_OWN_SECURITY = "change how one signs in, and sign out elsewhere"
    # The way in
    SEE_OWN_DOSSIER = "see the own dossier for a lot"
    WRITE_OWN_DOSSIER = "fill in, send and withdraw the own dossier"
    PRACTISE = "enter a practice room"
    SEE_DOSSIERS = "see the dossiers for the organisation's lots"
    DECIDE_DOSSIERS = "admit, return and refuse dossiers"

    # Afterwards
    SEE_MINE = "see what is one's own: bids, deposits, duties, signatures"
    SIGN_MINUTES = "sign the minutes of the own win"
    COMPLAIN = "file, follow and take back a complaint"
    SEE_COMPLAINTS = "see the complaints addressed to the organisation"
    ANSWER_COMPLAINTS = "take up and decide the complaints addressed to the organisation"
    SEE_AGENCY_COMPLAINTS = "see the complaints addressed to the agency"
    ANSWER_AGENCY_COMPLAINTS = "take up and decide the complaints addressed to the agency"

    # The room and its notifications
    SEE_OWN_ALERTS = "see which of the own browsers are notified"
    CHANGE_OWN_ALERTS = "have the own browsers notified or not"
    # Searches one keeps
    KEEP_SEARCHES = "keep searches and be told of new lots"
    END_LETTERS = "end the letters about a search by the link in one of them"
    # Statistics
    SEE_STATISTICS = "see what everybody may know of past auctions"
    SEE_DESK_STATISTICS = "see the organisation's statistics"
    SEE_AGENCY_STATISTICS = "see the agency's statistics"
    # People
    REGISTER = "ask for an account, confirm an address, set a new password by letter"
    SEE_OWN_ACCOUNT = "see and take away the own personal data"
    CHANGE_OWN_ACCOUNT = "change the own personal data"
    ERASE_OWN_ACCOUNT = "have the own account and data erased"


class Scope(Enum):
    """How far a role's act reaches."""

    OWN = "own"  # what is the own account's; of a lot or session: the own affairs there
    ORGANISATION = "organisation"  # what the own auction organisation sells, holds or keeps
    AGENCY = "agency"  # what the own agency has sold, holds or keeps
    ALL = "all"


class Who(Protocol):
    """Who asks: an account, its role, and the organisation or agency it belongs to."""

    @property
    def account(self) -> int: ...
    @property
    def role(self) -> Role: ...
    @property
    def body(self) -> int | None: ...


class Place(NamedTuple):
    """Whose something is: bodies (`identity.bodies`) and an account, each None where nobody's."""

    organisation: int | None = None
    agency: int | None = None
    owner: int | None = None


class Reach(NamedTuple):
    """What a list may show. `body` is the own organisation or agency, None for staff of none:
    nothing is theirs."""

    scope: Scope
    account: int | None
    body: int | None

    def within(self, place: Place) -> bool:
        """Whether something there may be shown."""
        if self.scope is Scope.ALL:
            return True
        if self.scope is Scope.OWN:
            return place.owner in (None, self.account)
        house = place.organisation if self.scope is Scope.ORGANISATION else place.agency
        return house is not None and house == self.body


# None stands for somebody who is not signed in.
_Row = dict[Role | None, Scope]
_EVERYBODY: _Row = dict.fromkeys((None, *ROLES), Scope.ALL)
# What an account does with itself.
_SELF: _Row = dict.fromkeys(ROLES, Scope.OWN)
_BIDDER: _Row = {"bidder": Scope.OWN}
_HOUSE: _Row = {"organisation": Scope.ORGANISATION}
_AGENCY: _Row = {"officer": Scope.AGENCY}
_PARTIES: _Row = _BIDDER | _HOUSE | _AGENCY
# A procurator oversees: reads what both sides read, does nothing.
_OVERSEEN: _Row = {"procurator": Scope.ALL}

ALLOWED: dict[Act, _Row] = {
    Act.SEE_AUCTION: _EVERYBODY,
    Act.SEE_FILES: _EVERYBODY,
    Act.SEE_TIME: _EVERYBODY,
    Act.SEE_HEALTH: _EVERYBODY,
    Act.SEE_METRICS: _EVERYBODY,
    Act.SIGN_IN: _EVERYBODY,
    Act.SIGN_OUT: _EVERYBODY,
    Act.BID: _BIDDER,
    Act.ENTER_LIVE_ROOM: _BIDDER,
    Act.SEE_DESK: _HOUSE | _OVERSEEN,
    Act.SEE_AGENCY: _AGENCY | _OVERSEEN,
    Act.SEE_ACTS: _EVERYBODY,
    Act.SEE_OWN_ACTS: _PARTIES,
    Act.ACT_ON_LOT: _PARTIES,
    Act.CONDUCT: _HOUSE,
    # An organisation's books are its accountants' alone, an agency's the agency's.
    Act.SEE_MONEY: _HOUSE,
    Act.MOVE_MONEY: _HOUSE,
    Act.SEE_AGENCY_MONEY: _AGENCY,
    Act.MOVE_AGENCY_MONEY: _AGENCY,
    Act.SEE_OWN_DEPOSIT: _BIDDER,
    Act.SEE_OWN_SECURITY: _SELF,
    Act.CHANGE_OWN_SECURITY: _SELF,
    Act.SEE_OWN_ALERTS: _BIDDER,
    Act.SEE_MINE: _BIDDER,
    Act.SIGN_MINUTES: _BIDDER,
    Act.COMPLAIN: _BIDDER,
    Act.SEE_COMPLAINTS: _HOUSE,
    Act.ANSWER_COMPLAINTS: _HOUSE,
    Act.SEE_AGENCY_COMPLAINTS: _AGENCY,
    Act.ANSWER_AGENCY_COMPLAINTS: _AGENCY,
    Act.CHANGE_OWN_ALERTS: _BIDDER,
    # The way in
    Act.SEE_OWN_DOSSIER: _BIDDER,
    Act.WRITE_OWN_DOSSIER: _BIDDER,
    Act.PRACTISE: _BIDDER,
    Act.SEE_DOSSIERS: _HOUSE,
    Act.DECIDE_DOSSIERS: _HOUSE,
    # Searches one keeps
    Act.KEEP_SEARCHES: _SELF,
    Act.END_LETTERS: _EVERYBODY,
    # People
    Act.REGISTER: _EVERYBODY,
    Act.SEE_OWN_ACCOUNT: _SELF,
    Act.CHANGE_OWN_ACCOUNT: _SELF,
    Act.ERASE_OWN_ACCOUNT: _BIDDER,
    # Statistics
    Act.SEE_STATISTICS: _EVERYBODY,
    Act.SEE_DESK_STATISTICS: _HOUSE | _OVERSEEN,
    Act.SEE_AGENCY_STATISTICS: _AGENCY | _OVERSEEN,
}

# As what an account may act in the life of a lot (`rules.lifecycle`). Nobody is COURT, PROCURATOR
# or CLOCK over HTTP.
LIFE_ROLES: dict[Role, tuple[LifeRole, ...]] = {
    "bidder": ("BIDDER",),
    "organisation": ("AUCTIONEER", "ORGANISATION", "RECORDER"),
    "officer": ("AGENCY",),
    "procurator": (),
}

# What the program alone records, from the books: nobody says by hand that money is there.
BY_THE_BOOKS = frozenset({"hold_deposit"})


class SignInNeeded(AuctionError):
    """Somebody not signed in asked for what only some roles may do."""


class Forbidden(AuctionError):
    """A role asked for what it may not do."""


class Elsewhere(AuctionError):
    """What was asked for is not within the asker's scope: for him it does not exist.

    Answered like a number that nobody has. Otherwise whoever works for one house could count the
    drafts, the dossiers and the payments of all others by trying out numbers.
    """


def reach(act: Act, who: Who | None) -> Reach:
    """How far `who` (None: not signed in) may do `act`. Raises SignInNeeded, Forbidden."""
    scope = ALLOWED[act].get(None if who is None else who.role)
    if who is None:
        if scope is None:
            raise SignInNeeded("Sign in first.")
        return Reach(scope, None, None)
    if scope is None:
        raise Forbidden(f"The role {who.role} may not {act.value}.")
    return Reach(scope, who.account, who.body)


def check(act: Act, who: Who | None, place: Place | None = None) -> None:
    """Return if `who` may do `act`, there if it is about a place.

    Raises SignInNeeded, Forbidden, Elsewhere.
    """
    found = reach(act, who)
    if place is not None and not found.within(place):
        raise Elsewhere("There is nothing of yours at this address.")


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
