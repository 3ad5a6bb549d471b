"""The demonstration: believable property, robots that bid like people, session after session.

Modules: `director` (the process), `stage` (sessions in the ledger), `plan` (what a session
consists of), `people` (accounts), `cast` (which robots, with what in mind), `robot` (their
decisions, pure), `swarm` (their connections), `assets` (the property).
"""

from auction_engine.identity.demo_logins import DEMO_LOGINS
from auction_engine.settings import Settings

__all__ = ["logins", "run"]


def logins() -> list[tuple[str, str, str]]:
    """(role, login, password) of everybody who can sign in to the demonstration."""
    return [(entry.role, entry.login, entry.password) for entry in DEMO_LOGINS]


def run(settings: Settings) -> None:
    """Keep the demonstration going until SIGTERM or SIGINT. Both addresses must be set."""
    from auction_engine.demo.director import run as direct

    direct(settings)
