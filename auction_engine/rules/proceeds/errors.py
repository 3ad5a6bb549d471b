"""What the rules of the proceeds refuse."""


class ProceedsError(ValueError):
    """Facts from which no lawful sum follows. `code` is stable, the text is for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
