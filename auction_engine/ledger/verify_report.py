"""What a verification found, for people and for machines."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table


class Problem(Exception):
    """The first thing that does not hold. Names the journal entry `seq` of `lot` where it can.

    `what` is a whole sentence without its full stop; `expected` and `found` are None where
    there is nothing to compare. `row` names a row of the books, such as `transfer 12`.
    """

    def __init__(
        self,
        lot: int | None,
        seq: int | None,
        what: str,
        expected: Any = None,
        found: Any = None,
        row: str | None = None,
    ) -> None:
        super().__init__(what)
        self.lot = lot
        self.seq = seq
        self.row = row
        self.what = what
        self.expected = _shown(expected)
        self.found = _shown(found)

    @property
    def sentence(self) -> str:
        """The problem in one sentence that names the row."""
        where = "" if self.lot is None else f"lot {self.lot}: "
        if self.seq is not None:
            where = f"lot {self.lot}, entry {self.seq}: "
        if self.row is not None:
            where = f"{self.row}: "
        compared = ""
        if self.expected is not None or self.found is not None:
            compared = f" (expected {self.expected}, found {self.found})"
        return f"{where}{self.what}{compared}."

    def to_json(self) -> dict[str, Any]:
        """The parts and the sentence, as plain values."""
        return {
            "lot": self.lot,
            "seq": self.seq,
            "row": self.row,
            "what": self.what,
            "expected": self.expected,
            "found": self.found,
            "sentence": self.sentence,
        }


def _shown(value: Any) -> str | None:
    """A value as text that stays readable in a sentence."""
    if value is None:
        return None
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


@dataclass(slots=True)
class Report:
    """What was read, and the first problem if there is one.

    After a problem the counts are those up to it: verification stops there. `sealed`: how many
    transfers this verification sealed after it found nothing wrong.
    """

    lots: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    transfers: int = 0
    sealed: int = 0
    seconds: float = 0.0
    checkpoint_lots: int | None = None
    problem: Problem | None = None

    @property
    def rows(self) -> int:
        """Entries found to hold."""
        return self.kinds.total()

    @property
    def clean(self) -> bool:
        return self.problem is None

    @property
    def rows_per_s(self) -> float:
        return self.rows / self.seconds if self.seconds else 0.0

    def to_json(self) -> dict[str, Any]:
        """The report as plain values; `problem` is null when everything holds."""
        return {
            "clean": self.clean,
            "lots": self.lots,
            "rows": self.rows,
            "kinds": dict(sorted(self.kinds.items())),
            "transfers": self.transfers,
            "sealed": self.sealed,
            "seconds": round(self.seconds, 3),
            "rows_per_s": round(self.rows_per_s),
            "checkpoint_lots": self.checkpoint_lots,
            "problem": None if self.problem is None else self.problem.to_json(),
        }

    def show(self, console: Console) -> None:
        """Print a table of a clean journal, or the sentence that names the first bad row."""
        if self.problem is not None:
            console.print(
                f"The ledger does not hold. First problem: {self.problem.sentence}",
                style="bold red",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
            return
        table = Table(title="The ledger holds", title_justify="left")
        table.add_column("checked")
        table.add_column("number", justify="right")
        table.add_row("lots", f"{self.lots:,}")
        table.add_row("journal entries", f"{self.rows:,}")
        for kind, number in sorted(self.kinds.items()):
            table.add_row(f"  {kind}", f"{number:,}")
        table.add_row("transfers of money", f"{self.transfers:,}")
        if self.checkpoint_lots is not None:
            table.add_row("lots of the checkpoint", f"{self.checkpoint_lots:,}")
        table.add_row("seconds", f"{self.seconds:,.1f}")
        table.add_row("entries per second", f"{self.rows_per_s:,.0f}")
        console.print(table)
