"""The demonstration: believable property, robots that bid like people, session after session.

Modules: `director` (the process), `stage` (sessions in the ledger), `plan` (what a session
consists of), `people` (accounts), `cast` (which robots, with what in mind), `robot` (their
decisions, pure), `swarm` (their connections), `assets` (the property).
"""

from auction_engine.settings import Settings

__all__ = ["run"]


def run(settings: Settings) -> None:
    """Keep the demonstration going until SIGTERM or SIGINT. Both addresses must be set."""
    from auction_engine.demo.director import run as direct

    direct(settings)
