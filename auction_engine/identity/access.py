"""Who may do what with whose: the one table every check asks (`ALLOWED`: act, role, scope).

Within a house `DUTIES` says whose work an act is; who has none of its duties may not do it.

Also as what people act in a lot's life. docs/access.md and the tests are made from the table.
"""

from collections.abc import Collection, Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from auction_engine.errors import AuctionError
from auction_engine.identity.accounts import ROLES, Role
from auction_engine.identity.duties import OF_ROLE, Duty
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
    SEE_CONSOLE = "see the console of a session, and the minutes of its lots"
    SIGN_HOUSE_MINUTES = "draw up and sign the minutes for the organisation"
    SEE_MONEY = "see the organisation's books and bank files"
    MOVE_MONEY = "import, allocate and prepare payments for the organisation"
    SEE_AGENCY_MONEY = "see the agency's books and bank files"
    MOVE_AGENCY_MONEY = "import, allocate, prepare distributions and payments for the agency"
    SETTLE_MONEY = "release a colleague's payments, and name the organisation's bank account"
    SETTLE_AGENCY_MONEY = (
        "release a colleague's payments and distributions, and name the agency's bank account"
    )
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
    # Cases and their assets
    SEE_CASES = "see the agency's cases, their parties, assets and papers"
    WRITE_CASES = "enter cases, parties, notices, assets and their papers"
    OFFER_CONTRACTS = "offer assets to an organisation and take offers back"
    SEE_OFFERS = "see what agencies have offered to the organisation"
    ANSWER_OFFERS = "take on or decline what agencies have offered"
    # Judgments and requests that come in
    SEND_INTAKE = "send judgments and enforcement requests signed with a trusted key"
    SEE_INTAKE = "see the register of judgments and requests sent to the agency"
    DECIDE_INTAKE = "accept and refuse judgments and requests sent to the agency"
    # Searches one keeps
    KEEP_SEARCHES = "keep searches and be told of new lots"
    END_LETTERS = "end the letters about a search by the link in one of them"
    # Other systems
    SEE_TOKENS = "see the own tokens for other systems"
    MAKE_TOKENS = "make and revoke tokens for other systems"
    SEE_WEBHOOKS = "see where the organisation has events sent"
    MANAGE_WEBHOOKS = "have the organisation's events sent elsewhere"
    SEE_AGENCY_WEBHOOKS = "see where the agency has events sent"
    MANAGE_AGENCY_WEBHOOKS = "have the agency's events sent elsewhere"
    IMPORT_CASES = "import cases and assets from files, and take them away as such"
    # Statistics
    SEE_STATISTICS = "see what everybody may know of past auctions"
    SEE_DESK_STATISTICS = "see the organisation's statistics"
    SEE_AGENCY_STATISTICS = "see the agency's statistics"
    # Sessions being prepared
    SEE_DRAFTS = "see the organisation's sessions being prepared"
    PREPARE_SESSIONS = "prepare sessions, submit and delete drafts, keep templates"
    APPROVE_SESSIONS = "approve, give back and publish sessions that a colleague prepared"
    # Oversight
    OVERSEE = "see every session, lot, complaint and finding, to oversee them"
    USE_WARRANTS = "record warrants and learn by them who takes part in a lot"
    FIND = "send findings to organisations and agencies and close them"
    SEE_FINDINGS = "see the findings addressed to the organisation"
    ANSWER_FINDINGS = "answer the findings addressed to the organisation"
    SEE_AGENCY_FINDINGS = "see the findings addressed to the agency"
    ANSWER_AGENCY_FINDINGS = "answer the findings addressed to the agency"
    # A house and its people
    SEE_HOUSE = "see who does what in the organisation, and say whom one is related to"
    KEEP_HOUSE = "invite colleagues, give and take duties, keep auctioneers' cards"
    SEE_AGENCY_HOUSE = "see who does what in the agency, and say whom one is related to"
    KEEP_AGENCY_HOUSE = "invite colleagues of the agency, give and take duties"
    SEE_REGISTRANTS = "see how many take part in a lot, and whether their list is open"
    OPEN_REGISTRANTS = "turn one of the two keys to the list of who takes part"
    ASK_QUESTIONS = "ask the organisation about a lot"
    ANSWER_QUESTIONS = "see, answer and decline questions about the organisation's lots"
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
# A procurator oversees: reads what both sides read, and does nothing but find and be answered.
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
    Act.SEE_CONSOLE: _HOUSE,
    Act.SIGN_HOUSE_MINUTES: _HOUSE,
    # An organisation's books are its accountants' alone, an agency's the agency's.
    Act.SEE_MONEY: _HOUSE,
    Act.MOVE_MONEY: _HOUSE,
    Act.SEE_AGENCY_MONEY: _AGENCY,
    Act.MOVE_AGENCY_MONEY: _AGENCY,
    Act.SETTLE_MONEY: _HOUSE,
    Act.SETTLE_AGENCY_MONEY: _AGENCY,
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
    # Cases and their assets
    Act.SEE_CASES: _AGENCY,
    Act.WRITE_CASES: _AGENCY,
    Act.OFFER_CONTRACTS: _AGENCY,
    Act.SEE_OFFERS: _HOUSE,
    Act.ANSWER_OFFERS: _HOUSE,
    # Judgments and requests that come in. Who sends them is said by a signature, not by a session.
    Act.SEND_INTAKE: _EVERYBODY,
    Act.SEE_INTAKE: _AGENCY,
    Act.DECIDE_INTAKE: _AGENCY,
    # Searches one keeps
    Act.KEEP_SEARCHES: _SELF,
    Act.END_LETTERS: _EVERYBODY,
    # Other systems
    Act.SEE_TOKENS: _SELF,
    Act.MAKE_TOKENS: _SELF,
    Act.SEE_WEBHOOKS: _HOUSE,
    Act.MANAGE_WEBHOOKS: _HOUSE,
    Act.SEE_AGENCY_WEBHOOKS: _AGENCY,
    Act.MANAGE_AGENCY_WEBHOOKS: _AGENCY,
    Act.IMPORT_CASES: _AGENCY,
    # Sessions being prepared
    Act.SEE_DRAFTS: _HOUSE,
    Act.PREPARE_SESSIONS: _HOUSE,
    Act.APPROVE_SESSIONS: _HOUSE,
    # Oversight
    Act.OVERSEE: _OVERSEEN,
    Act.USE_WARRANTS: {"procurator": Scope.OWN},
    Act.FIND: {"procurator": Scope.OWN},
    Act.SEE_FINDINGS: _HOUSE,
    Act.ANSWER_FINDINGS: _HOUSE,
    Act.SEE_AGENCY_FINDINGS: _AGENCY,
    Act.ANSWER_AGENCY_FINDINGS: _AGENCY,
    # A house and its people
    Act.SEE_HOUSE: _HOUSE,
    Act.KEEP_HOUSE: _HOUSE,
    Act.SEE_AGENCY_HOUSE: _AGENCY,
    Act.KEEP_AGENCY_HOUSE: _AGENCY,
    Act.SEE_REGISTRANTS: _HOUSE,
    Act.OPEN_REGISTRANTS: _HOUSE,
    Act.ASK_QUESTIONS: _BIDDER,
    Act.ANSWER_QUESTIONS: _HOUSE,
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


def _of(*duties: Duty) -> frozenset[Duty]:
    return frozenset(duties)


# Staff needs one of these duties for an act; for what is not here, none in particular.
DUTIES: dict[Act, frozenset[Duty]] = {
    Act.ACT_ON_LOT: _of("HEAD", "AUCTIONEER", "RECORDER", "OFFICER"),
    Act.CONDUCT: _of("AUCTIONEER"),
    Act.SEE_CONSOLE: _of("HEAD", "AUCTIONEER", "RECORDER"),
    Act.SIGN_HOUSE_MINUTES: _of("AUCTIONEER", "RECORDER"),
    Act.SEE_MONEY: _of("HEAD", "ACCOUNTANT"),
    Act.MOVE_MONEY: _of("ACCOUNTANT"),
    Act.SEE_AGENCY_MONEY: _of("HEAD", "ACCOUNTANT"),
    Act.MOVE_AGENCY_MONEY: _of("ACCOUNTANT"),
    Act.SETTLE_MONEY: _of("ACCOUNTANT"),
    Act.SETTLE_AGENCY_MONEY: _of("ACCOUNTANT"),
    # Who takes part is known to as few as can be (Law 01/2016 Art. 9(2)d): not even to the head.
    Act.SEE_DOSSIERS: _of("REGISTRAR"),
    Act.DECIDE_DOSSIERS: _of("REGISTRAR"),
    Act.SEE_REGISTRANTS: _of("HEAD", "AUCTIONEER", "RECORDER", "REGISTRAR"),
    Act.OPEN_REGISTRANTS: _of("HEAD", "RECORDER", "REGISTRAR"),
    Act.SEE_COMPLAINTS: _of("HEAD", "RECORDER"),
    Act.ANSWER_COMPLAINTS: _of("HEAD"),
    Act.SEE_AGENCY_COMPLAINTS: _of("HEAD", "OFFICER"),
    Act.ANSWER_AGENCY_COMPLAINTS: _of("HEAD"),
    Act.WRITE_CASES: _of("HEAD", "OFFICER"),
    Act.OFFER_CONTRACTS: _of("HEAD", "OFFICER"),
    Act.ANSWER_OFFERS: _of("HEAD"),
    Act.SEE_INTAKE: _of("HEAD", "OFFICER"),
    Act.DECIDE_INTAKE: _of("HEAD", "OFFICER"),
    Act.SEE_FINDINGS: _of("HEAD", "AUCTIONEER", "RECORDER"),
    Act.ANSWER_FINDINGS: _of("HEAD"),
    Act.SEE_AGENCY_FINDINGS: _of("HEAD", "OFFICER"),
    Act.ANSWER_AGENCY_FINDINGS: _of("HEAD"),
    Act.KEEP_HOUSE: _of("HEAD"),
    Act.KEEP_AGENCY_HOUSE: _of("HEAD"),
    Act.MANAGE_WEBHOOKS: _of("HEAD"),
    Act.MANAGE_AGENCY_WEBHOOKS: _of("HEAD"),
    Act.IMPORT_CASES: _of("HEAD", "OFFICER"),
    Act.ANSWER_QUESTIONS: _of("HEAD", "REGISTRAR"),
    Act.APPROVE_SESSIONS: _of("HEAD", "AUCTIONEER"),
}
# What staff acts as in the life of a lot, by its duties.
_LIFE_DUTIES: dict[LifeRole, frozenset[Duty]] = {
    "AUCTIONEER": _of("AUCTIONEER"),
    "ORGANISATION": _of("HEAD"),
    "RECORDER": _of("RECORDER"),
    "AGENCY": _of("HEAD", "OFFICER"),
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


def check_duty(act: Act, role: Role, duties: Collection[str]) -> None:
    """Return if these duties of an account are enough for `act`; only staff needs any.

    Raises Forbidden.
    """
    needed = DUTIES.get(act)
    if role in OF_ROLE and needed is not None and needed.isdisjoint(duties):
        raise Forbidden(f"To {act.value} is not among your duties ({', '.join(sorted(needed))}).")


def life_roles(role: Role, duties: Collection[str]) -> tuple[LifeRole, ...]:
    """As what an account acts in the life of a lot: by its role and, for staff, its duties."""
    own = LIFE_ROLES[role]
    if role not in OF_ROLE:
        return own
    return tuple(one for one in own if not _LIFE_DUTIES[one].isdisjoint(duties))


def acting_as(
    role: Role,
    act: str,
    allowed: Sequence[LifeRole],
    wanted: object,
    own: Sequence[LifeRole] | None = None,
) -> LifeRole:
    """As what an account with `role` does `act`, which is for `allowed`.

    `wanted` is what it says itself, None to leave it to the table: then the first that the act is
    for. `own` is what it may act as, if less than its role. Raises Forbidden.
    """
    if act in BY_THE_BOOKS:
        raise Forbidden(f"{act} follows from the books; allocate the payment there.")
    own = LIFE_ROLES[role] if own is None else own
    for life_role in allowed:
        if life_role in own and wanted in (None, life_role):
            return life_role
    if wanted is not None and wanted not in own:
        raise Forbidden(f"The role {role} acts as {' or '.join(own)} only.")
    raise Forbidden(f"{act} is for {' or '.join(allowed)}.")
