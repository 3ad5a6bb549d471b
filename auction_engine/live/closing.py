"""Why a connection ends: 3000-3499 come back, 3500-3999 do not."""

from typing import NamedTuple


class Bye(NamedTuple):
    code: int
    text: str
    retry_ms: int | None
    label: str  # of the evictions metric


STOPPING = Bye(3000, "The server is stopping; come back in a moment.", 1_000, "stopping")
SLOW = Bye(3001, "The connection did not read fast enough.", 2_000, "slow")
SILENT = Bye(3002, "The connection did not answer.", 1_000, "ping")
FULL = Bye(3003, "The live room is full; come back in a moment.", 5_000, "full")
NO_HELLO = Bye(3500, "No hello came in time.", None, "hello")
BAD_TICKET = Bye(3501, "The ticket is unknown, used or expired.", None, "ticket")
TOO_MANY_BAD = Bye(3502, "Too many messages were not understood.", None, "bad")
FLOOD = Bye(3503, "Too many messages.", None, "flood")
SIGNED_OUT = Bye(3504, "This browser was signed out.", None, "signed out")
