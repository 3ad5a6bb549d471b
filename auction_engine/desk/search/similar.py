"""Prices reached for similar property: the same kind and province, of the last two years."""

from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

# Two years; older sales tell of another market.
SINCE_MS = 730 * 86_400_000
# Of fewer the quartiles would say nothing, and one could tell whose lot it was.
LEAST = 4
_POINTS = 200
_SQL = """
    SELECT count(*) AS n, min(price_minor) AS low, max(price_minor) AS high,
           percentile_disc(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY price_minor) AS quarters,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY price_minor::numeric / starting_minor)
               AS times,
           (array_agg(price_minor ORDER BY ended_ms DESC))[1:CAST(:points AS int)] AS points
      FROM lot_search
     WHERE state = 'sold' AND bids > 0 AND kind = :kind AND province = :province
       AND currency = :currency AND ended_ms >= :since AND lot_id <> :lot
"""


class Prices(NamedTuple):
    """Amounts are minor units; `points` the newest prices. `times`: the median over the start."""

    n: int
    low: int
    quarters: tuple[int, int, int]
    high: int
    times: float
    points: tuple[int, ...]


async def prices(
    engine: AsyncEngine, kind: str, province: str, currency: str, now_ms: int, lot: int = 0
) -> Prices | None:
    """What similar property was sold for, `lot` itself left out; None where too little was."""
    values: dict[str, Any] = {
        "kind": kind, "province": province, "currency": currency, "lot": lot,
        "since": now_ms - SINCE_MS, "points": _POINTS,
    }  # fmt: skip
    async with engine.connect() as connection:
        row = (await connection.execute(text(_SQL), values)).one()
    if row.n < LEAST:
        return None
    low, middle, upper = row.quarters
    return Prices(
        row.n, row.low, (low, middle, upper), row.high, float(row.times), tuple(row.points)
    )
