"""The story on paper: after each chapter what was booked, and what then lies where."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from auction_engine.ledger import books
from auction_engine.rules.postings.chart import CHART
from auction_engine.rules.postings.entry import Leg, Name
from auction_engine.story import plot
from auction_engine.story.telling import Story


class Paper:
    """Prints each chapter: its transfers since the last one, and every balance that is not zero."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._after: dict[int, int] = {}
        self._number = 0

    async def tell(self, story: Story, title: str, text: str) -> None:
        """One chapter of `story` has happened."""
        self._number += 1
        self._console.rule(f"[bold]{self._number}. {title}", align="left")
        self._console.print(text, highlight=False)
        for book, holder, code in (
            (story.escrow_book, "The auction organisation", "BANK.ESCROW"),
            (story.agency_book, "The enforcement agency", "BANK.AGENCY"),
        ):
            if book:
                await self._book(story, book, holder, code)

    async def _book(self, story: Story, book: int, holder: str, code: str) -> None:
        moved = await books.transfers_of(story.connection, book, after=self._after.get(book, 0))
        if not moved:
            return
        self._after[book] = moved[-1].id
        self._console.print(f"\n[italic]{holder} books[/]")
        journal = _table()
        for heading in ("what", "because of", "debit", "credit"):
            journal.add_column(heading, no_wrap=True)
        journal.add_column("amount, đồng", justify="right", no_wrap=True)
        for one in moved:
            head = (one.kind, str(one.cause))
            for row in self._rows(story, one.legs):
                journal.add_row(*head, *row)
                head = ("", "")
        self._console.print(journal)
        await self._balances(story, book, holder, code)

    def _rows(self, story: Story, legs: tuple[Leg, ...]) -> list[tuple[str, str, str]]:
        """Two legs in one row, more in one row each."""
        if len(legs) == 2:
            debited, credited = sorted(legs, key=lambda leg: -leg.amount_minor)
            names = (_account(story, debited.account), _account(story, credited.account))
            return [(*names, f"{debited.amount_minor:,}")]
        return [
            (_account(story, leg.account), "", f"{leg.amount_minor:,}")
            if leg.amount_minor > 0
            else ("", _account(story, leg.account), f"{-leg.amount_minor:,}")
            for leg in legs
        ]

    async def _balances(self, story: Story, book: int, holder: str, code: str) -> None:
        sums = await books.escrow(story.connection, book)
        equal = "=" if sums.equal else "≠"
        self._console.print(
            f"\n[italic]{holder} has[/] {sums.assets_minor:,} at the bank"
            f" {equal} {sums.owed_minor:,} owed to others",
            highlight=False,
        )
        table = _table()
        table.add_column("account", no_wrap=True)
        table.add_column("balance", justify="right", no_wrap=True)
        table.add_column("of which held", justify="right", no_wrap=True)
        for one in await books.balances(story.connection, book):
            if one.amount_minor:
                held = f"{one.held_minor:,}" if one.held_minor else ""
                style = "bold" if one.account.code == code else ""
                table.add_row(
                    _account(story, one.account), Text(f"{one.amount_minor:,}", style=style), held
                )
        if table.row_count:
            self._console.print(table)


def _table() -> Table:
    return Table(box=None, pad_edge=False)


def _account(story: Story, name: Name) -> str:
    """The account as people call it; a bidder by name, a party of the case by its name."""
    kept = name.key.rpartition("/")[2]
    kind, _, number = kept.partition(":")
    whose = kept.replace(":", " ")
    if kind == "bidder":
        whose = next(
            one.customer.name for one in plot.BIDDERS if story.people.get(one.login) == int(number)
        )
    elif kind == "party":
        whose = plot.PARTIES[int(number)]
    return CHART[name.code].en + (f": {whose}" if whose else "")
