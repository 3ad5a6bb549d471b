"""What buying at an auction costs in all (complaint C25: fees nobody could foresee). Pure.

What the lot and its rule pack fix is taken from there; everything else is an assumption, is marked
as one, and may be changed by whoever asks. Amounts are minor units, shares basis points, rounded
up: nobody is surprised by paying less.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from auction_engine.rules import packs
from auction_engine.rules.lot import LotState
from auction_engine.rules.money import MAX_AMOUNT_MINOR

WHOLE = 10_000
Source = Literal["LOT", "PACK", "ASSUMED"]

# Registration fee (lệ phí trước bạ) by kind of property: Decree 10/2022/ND-CP Art. 8; the rate for
# cars differs by province and is the lowest here.
_REGISTRATION_BP = {
    "apartment": 50, "land": 50, "plant": 50, "house": 50, "car": 1_000, "truck": 200, "boat": 100,
}  # fmt: skip
# Fee for a dossier by starting price: what houses ask under the ceilings of Circular 03/2025.
_DOSSIER_MINOR = ((200_000_000, 100_000), (500_000_000, 200_000), (None, 400_000))
_NOTARY_BP = 0


class Assumptions(NamedTuple):
    """What the lot does not fix: shares of the price in basis points, and whole amounts."""

    vat_bp: int
    registration_bp: int
    dossier_minor: int
    other_minor: int


class Line(NamedTuple):
    """One line; `adds` is false for what is a part of another."""

    code: str
    amount_minor: int
    source: Source
    adds: bool
    basis: str | None = None


class Costs(NamedTuple):
    """All lines, and their sum."""

    price_minor: int
    lines: tuple[Line, ...]
    total_minor: int


def assumed(state: LotState, kind: str) -> Assumptions:
    """What is assumed of property of this kind until somebody says otherwise."""
    vnd = state.params.currency == "VND"
    start = state.params.starting_price_minor
    fee = next(f for limit, f in _DOSSIER_MINOR if limit is None or start <= limit)
    return Assumptions(0, _REGISTRATION_BP.get(kind, 0) if vnd else 0, fee if vnd else 0, 0)


def bounded(told: Mapping[str, int | None], known: Assumptions) -> Assumptions:
    """What somebody assumes instead, within reason."""
    values = dict(zip(Assumptions._fields, known, strict=True))
    for name, value in told.items():
        if name in values and value is not None:
            most = 5_000 if name.endswith("_bp") else MAX_AMOUNT_MINOR // 1_000
            values[name] = max(0, min(most, value))
    return Assumptions(**values)


def costs(state: LotState, price_minor: int, assume: Assumptions) -> Costs:
    """What whoever buys for `price_minor` pays in all, and when each part."""
    params = state.params
    pack = None if params.pack is None else packs.load(params.pack)
    sources = {} if pack is None else pack.sources
    deposit = 0 if params.terms is None else params.terms.deposit_minor
    lines = [
        Line("PRICE", price_minor, "LOT", True),
        Line("DEPOSIT", min(deposit, price_minor), "LOT", False, sources.get("deposit")),
        Line("BALANCE", max(0, price_minor - deposit), "LOT", False, sources.get("payment")),
        Line("VAT", _share(price_minor, assume.vat_bp), "ASSUMED", True,
             sources.get("fees.vat_note_required")),
        Line("REGISTRATION", _share(price_minor, assume.registration_bp), "ASSUMED", True,
             "Decree 10/2022/ND-CP Art. 8" if params.currency == "VND" else None),
        Line("DOSSIER", assume.dossier_minor, "ASSUMED", True, None),
    ]  # fmt: skip
    if pack is not None and pack.fees is not None:
        # Costs of the auction are paid from the price; nobody adds them to it.
        lines.append(Line("AUCTION", 0, "PACK", True, sources.get("fees.auction")))
    lines.append(Line("OTHER", assume.other_minor, "ASSUMED", True))
    return Costs(price_minor, tuple(lines), sum(line.amount_minor for line in lines if line.adds))


def _share(amount_minor: int, share_bp: int) -> int:
    return -(-amount_minor * share_bp // WHOLE)
