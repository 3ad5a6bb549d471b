"""Finding the table in a bank's CSV: its delimiter, the row of names, the columns, the rows."""

import csv
import io
from collections.abc import Collection, Iterator
from itertools import islice
from typing import NamedTuple

from auction_engine.bank.csv_profile import DELIMITERS, ROLES, CsvProfile, Role, plain, roles_of
from auction_engine.bank.errors import BankFileError, shown, wrong
from auction_engine.bank.statement import too_many

# Above the names banks put their address, the account and the period.
_HEADER_WITHIN = 40
# The widest export known has some thirty columns; more is no table of movements.
_CELLS = 200
# Rows above and below the movements, and blank ones.
_AROUND = 1_000


class Row(NamedTuple):
    """A row of the file, from 1, and its cells without spaces around them."""

    n: int
    cells: list[str]

    @property
    def is_blank(self) -> bool:
        """Whether all cells are empty."""
        return not any(self.cells)


class Table(NamedTuple):
    """`columns`: role → index. `names` are the columns' names, empty without a header.

    `header_row` counts from 1, 0 without a header. `before` are the rows above it, `rows` those
    below, without blank ones.
    """

    columns: dict[Role, int]
    names: list[str]
    header_row: int
    before: list[Row]
    rows: list[Row]

    def cell(self, row: Row, role: Role) -> str:
        """The cell of a role; empty if there is no such column."""
        index = self.columns.get(role)
        return "" if index is None or index >= len(row.cells) else row.cells[index]

    def place(self, row: Row, role: Role) -> str:
        """Such as `row 12, column Ghi có`."""
        index = self.columns[role]
        name = " ".join(self.names[index].split()) if index < len(self.names) else ""
        return f"row {row.n}, column {name[:40] or index + 1}"


def table(text: str, profile: CsvProfile) -> Table:
    """The table of `text`. Raises BankFileError: CSV_HEADER, CSV_BROKEN, PROFILE."""
    if profile.delimiter is not None and profile.delimiter not in DELIMITERS:
        raise wrong(
            "PROFILE",
            "",
            f"the delimiter {shown(profile.delimiter)} of the profile is not a comma, semicolon, "
            f"tab or bar; correct the profile.",
        )
    best: Table | None = None
    broken: list[BankFileError] = []
    delimiters = [profile.delimiter] if profile.delimiter else DELIMITERS
    for delimiter in delimiters:
        try:
            for row in islice(_rows(text, delimiter), _HEADER_WITHIN):
                columns = _columns(row, profile)
                if columns and (best is None or len(columns) > len(best.columns)):
                    best = Table(columns, row.cells, row.n, [], [])
                    chosen = delimiter
        except BankFileError as error:
            broken.append(error)
    if best is None and profile.header_row == 0:
        best, chosen = Table(_by_number(profile), [], 0, [], []), profile.delimiter or ","
    if best is None:
        if len(broken) == len(delimiters):
            raise broken[0]
        raise wrong(
            "CSV_HEADER",
            "",
            f"none of the first {_HEADER_WITHIN} rows names a column of dates and one of amounts; "
            f"name the columns in the profile.",
        )
    filled = [row for row in _rows(text, chosen) if not row.is_blank]
    before = [row for row in filled if row.n < best.header_row]
    rows = [row for row in filled if row.n > best.header_row]
    if rows and len(roles_of(rows[0].cells)) > 1:
        del rows[0]  # the same names in another language
    return best._replace(before=before, rows=rows)


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    done = 0
    try:
        for n, cells in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1
        ):
            if len(cells) > _CELLS:
                raise csv.Error(f"more than {_CELLS} cells")
            # As soon as it is certain that there are too many, whatever they are
            too_many(n - _AROUND, f"row {n}")
            yield Row(n, [cell.strip() for cell in cells])
            done = n
    except csv.Error as error:
        raise wrong(
            "CSV_BROKEN",
            f"row {done + 1}",
            f"this is not CSV ({error}); fetch the file from the bank again.",
        ) from None


def _columns(row: Row, profile: CsvProfile) -> dict[Role, int]:
    """The columns, if `row` is the row of names, otherwise {}."""
    if profile.header_row is not None and row.n != profile.header_row:
        return {}
    if profile.columns is not None:
        return _by_profile(row, profile)
    columns = roles_of(row.cells)
    return columns if _is_enough(columns) else {}


def _by_profile(row: Row, profile: CsvProfile) -> dict[Role, int]:
    _check_profile(profile)
    names = [plain(cell) for cell in row.cells]
    found: dict[Role, int] = {}
    for role in ROLES:
        named = (profile.columns or {}).get(role)
        if isinstance(named, int):
            found[role] = named - 1
        elif named is not None:
            if names.count(plain(named)) != 1:
                return {}
            found[role] = names.index(plain(named))
    by_number = all(isinstance(named, int) for named in (profile.columns or {}).values())
    return {} if by_number and profile.header_row is None else found


def _by_number(profile: CsvProfile) -> dict[Role, int]:
    _check_profile(profile)
    columns = profile.columns or {}
    found: dict[Role, int] = {}
    for role in ROLES:
        named = columns.get(role)
        if isinstance(named, int):
            found[role] = named - 1
        elif named is not None:
            raise wrong(
                "PROFILE",
                "",
                f"without a row of names the column {shown(named)} must be given by its number; "
                f"correct the profile.",
            )
    return found


def _check_profile(profile: CsvProfile) -> None:
    columns = profile.columns or {}
    unknown = [role for role in columns if role not in ROLES]
    below = [role for role, named in columns.items() if isinstance(named, int) and named < 1]
    if unknown or below or not _is_enough(columns):
        raise wrong(
            "PROFILE",
            "",
            f"the columns of the profile must be of {', '.join(ROLES)}, counted from 1, with "
            f"booked_on and either amount, or credit (and debit); correct the profile.",
        )


def _is_enough(roles: Collection[str]) -> bool:
    return "booked_on" in roles and ("amount" in roles) != ("credit" in roles)
