"""The three logins of the demonstration. Never made outside of it."""

from typing import NamedTuple

from auction_engine.identity.accounts import Role


class DemoLogin(NamedTuple):
    role: Role
    login: str
    password: str


DEMO_LOGINS = [
    DemoLogin("bidder", "demo.bidder", "try-a-bid"),
    DemoLogin("organisation", "demo.auctioneer", "run-a-session"),
    DemoLogin("officer", "demo.officer", "follow-a-case"),
]
