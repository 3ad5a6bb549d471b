"""What can be wrong with a bank's file, told so that whoever was given it can put it right."""

from typing import NamedTuple

from auction_engine.errors import AuctionError


class Problem(NamedTuple):
    """One thing wrong. `code` is stable; `place` is a line, row or element; `text` has the cure.

    `place` is empty where the file as a whole is meant.
    """

    code: str
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}" if self.place else self.text


class BankFileError(AuctionError):
    """A bank's file that is not taken; nothing of it is.

    `code`, `place` and `text` are those of the first problem, `problems` are all that were looked
    for, up to a limit; `more` says that there are others. `filename`: the file's name, if known.
    """

    exit_status = 2

    def __init__(self, *problems: Problem, more: bool = False, filename: str = "") -> None:
        self.problems = problems
        self.more = more
        self.filename = filename
        self.code, self.place, self.text = problems[0]
        others = len(problems) - 1
        count = f"more than {others}" if more else str(others)
        tail = f" ({count} more like this.)" if others or more else ""
        name = f"{filename[:80]}, " if filename else ""
        super().__init__(f"{name}{problems[0]}{tail}")


def wrong(code: str, place: object, text: str) -> BankFileError:
    """The error of one problem."""
    return BankFileError(Problem(code, str(place), text))


def shown(value: str, most: int = 40) -> str:
    """`value` quoted for a sentence, cut at `most` characters."""
    return repr(value) if len(value) <= most else repr(value[:most]) + "…"
