"""The logins of the demonstration. Never made outside of it, and good only during it.

Their passwords are public: when the demonstration has been switched off its accounts are still in
the ledger, and nobody may sign in to them.
"""

from typing import NamedTuple

from auction_engine.identity.accounts import Role, plain_login


class DemoLogin(NamedTuple):
    role: Role
    login: str
    password: str


DEMO_LOGINS = [
    DemoLogin("bidder", "demo.bidder", "try-a-bid"),
    DemoLogin("organisation", "demo.auctioneer", "run-a-session"),
    DemoLogin("officer", "demo.officer", "follow-a-case"),
    # Money leaves under four eyes: a second person at each desk.
    DemoLogin("organisation", "demo.chief", "release-a-batch"),
    DemoLogin("officer", "demo.head", "approve-a-share"),
    DemoLogin("procurator", "demo.procurator", "watch-them-all"),
]
LOGINS = frozenset(demo.login for demo in DEMO_LOGINS)


def is_demo_login(login: str) -> bool:
    """Whether `login`, however it is typed, is one of the demonstration's."""
    return plain_login(login) in LOGINS
