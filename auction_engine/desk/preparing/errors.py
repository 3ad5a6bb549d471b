"""What is refused while a session is prepared."""

from auction_engine.errors import AuctionError


class PreparingError(AuctionError):
    """Something about a draft that cannot be. `code` is stable; `path` is the choice it is about.

    UNKNOWN: there is no such draft, template or session of this body. STALE: somebody changed it
    meanwhile. NOT_NOW: its state does not allow the act. SAME_PERSON: the second pair of eyes must
    be another person's. BLOCKED: something stands against publication. BAD_CHOICE: a value that
    means nothing. NOTHING_TO_UNDO. REASON_MISSING. TAKEN: a name or an asset that is taken.
    """

    def __init__(self, code: str, text: str, path: str | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.path = path
