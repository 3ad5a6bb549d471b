"""What a replay found, for people and for machines."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from auction_engine.ledger.verify_report import Report
from auction_engine.replay.reader import RecordedLot
from auction_engine.replay.secret_maxima import SENTENCES, Difference, why

_MOST_MISMATCHES = 30


@dataclass(slots=True)
class LotOutcome:
    """One lot after its bids. Amounts in cents; `final_minor` None: not sold or not closed.

    `recorded` is set where recorded bids were taken as secret maxima.
    """

    lot: int
    auction_id: str
    item: str
    published_minor: int
    offered: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    final_minor: int | None = None
    recorded: RecordedLot | None = None

    def count(self, answer: dict[str, Any]) -> None:
        """Count a `recorded` or `refused` answer."""
        self.offered += 1
        if answer["t"] == "recorded":
            self.accepted += 1
        else:
            self.refused[answer["reason"]] += 1

    @property
    def match(self) -> bool:
        return self.final_minor == self.published_minor

    @property
    def why(self) -> Difference | None:
        """Why the price of a lot with secret maxima differs from the published one."""
        return None if self.recorded is None else why(self.recorded, self.final_minor)

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {} if self.recorded is None else {"why": self.why}
        return told | {
            "auction_id": self.auction_id,
            "item": self.item,
            "offered": self.offered,
            "accepted": self.accepted,
            "refused": dict(sorted(self.refused.items())),
            "final_minor": self.final_minor,
            "published_minor": self.published_minor,
            "match": self.match,
        }


@dataclass(slots=True)
class Outcome:
    """The whole replay. `seconds`: from the first bid sent to the last lot closed."""

    lots: list[LotOutcome]
    seconds: float
    verified: Report
    automatic: bool = False

    @property
    def good(self) -> bool:
        """The ledger holds and every lot ended at its published price.

        Where bids are taken as secret maxima, the recording must explain each difference: it does
        not have the reserves.
        """
        explained = (lot.match or lot.why not in (None, "UNEXPLAINED") for lot in self.lots)
        return self.verified.clean and all(explained)

    @property
    def refused(self) -> Counter[str]:
        return sum((lot.refused for lot in self.lots), Counter())

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain values; `verify_problem` is null when the ledger holds."""
        problem = self.verified.problem
        return {
            "lots": [lot.to_json() for lot in self.lots],
            "totals": {
                "lots": len(self.lots),
                "offered": sum(lot.offered for lot in self.lots),
                "accepted": sum(lot.accepted for lot in self.lots),
                "refused": dict(sorted(self.refused.items())),
                "matching": sum(lot.match for lot in self.lots),
            },
            "seconds": round(self.seconds, 3),
            "automatic": self.automatic,
            "verified": self.verified.clean,
            "verify_problem": None if problem is None else problem.sentence,
        }

    def show(self, console: Console) -> None:
        """Print the table, the mismatches and what verification says."""
        totals = self.to_json()["totals"]
        table = Table(title="Replay of recorded bids", title_justify="left")
        table.add_column("")
        table.add_column("number", justify="right")
        table.add_row("lots", f"{totals['lots']:,}")
        table.add_row("bids offered", f"{totals['offered']:,}")
        table.add_row("  accepted", f"{totals['accepted']:,}")
        for reason, number in totals["refused"].items():
            table.add_row(f"  refused, {reason}", f"{number:,}")
        table.add_row("final price as published", f"{totals['matching']:,} of {totals['lots']:,}")
        table.add_row("seconds", f"{self.seconds:,.1f}")
        table.add_row("bids per second", f"{totals['offered'] / max(self.seconds, 1e-9):,.0f}")
        console.print(table)
        self._show_mismatches(console)
        problem = self.verified.problem
        if problem is None:
            _say(console, f"The ledger holds: {self.verified.rows:,} journal entries verified.")
        else:
            _say(console, f"The ledger does not hold. First problem: {problem.sentence}")

    def _show_mismatches(self, console: Console) -> None:
        wrong = [lot for lot in self.lots if not lot.match]
        for lot in wrong[:_MOST_MISMATCHES]:
            end = "was not sold" if lot.final_minor is None else f"ended at {lot.final_minor} cents"
            reason = "" if lot.why is None else f" Reason: {SENTENCES[lot.why]}."
            _say(
                console,
                f"Auction {lot.auction_id} ({lot.item}) {end}; published: {lot.published_minor}."
                f"{reason}",
            )
        if len(wrong) > _MOST_MISMATCHES:
            _say(console, f"... and {len(wrong) - _MOST_MISMATCHES} more (--json lists them all).")


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
