"""The event of an act that is nothing but its row."""

from collections.abc import Callable
from typing import Any

from auction_engine.rules.commands import Act
from auction_engine.rules.events import Event, Turn
from auction_engine.rules.lifecycle import Row
from auction_engine.rules.lot import LotState, Status

Maker = Callable[[LotState, Row, Act, int], list[Event]]


def plain(state: LotState, row: Row, command: Act, status: Status | None = None) -> Turn:
    """The act's own turn; `status` where the row leaves more than one possible."""
    target = status or (row.targets[0] if row.targets else state.status)
    return Turn(row.event, target, {**command.data, **said(command)})


def said(command: Act) -> dict[str, Any]:
    """Who did it, as what, and why."""
    data: dict[str, Any] = {"by": command.actor, "role": command.role}
    if command.reason:
        data["reason"] = command.reason
    return data
