"""Where the lots are: how many there are in each province, as a schematic map and as a list."""

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from auction_engine.desk.search import codes
from auction_engine.http.catalogue.lists import filters_of, page_known
from auction_engine.http.catalogue.parts import base_of, page, parts_of
from auction_engine.http.web import Ask, Web


async def places(web: Web, ask: Ask) -> Response:
    """GET /places: how many lots there are in each province."""
    params = ask.request.query_params
    filters = replace(filters_of(params), province=())
    here = filters.address("/places")
    search = parts_of(web).search
    mark = await web.storage.ledger(search.mark())
    if ask.viewer is None and (known := page_known(web, ask, "catalogue/places.html", here, mark)):
        return known
    counts = await web.storage.ledger(search.counts(filters))
    of = counts.of["province"]
    most = max([*of.values(), 1])

    def context() -> dict[str, Any]:
        rows: list[dict[str, Any]] = [
            {"province": one, "n": of.get(code, 0), "level": _level(of.get(code, 0), most),
             "address": filters.choosing("province", code).address()}
            for code, one in codes.provinces().items()
        ]  # fmt: skip
        return {
            "rows_on_map": [row for row in rows if row["province"].at],
            "places": sorted((row for row in rows if row["n"]), key=lambda row: -row["n"]),
            "codes": codes,
            "codes_elsewhere": codes.province_name(codes.ELSEWHERE),
            "elsewhere": of.get(codes.ELSEWHERE, 0),
            "filters": filters,
            "total": counts.total,
            "origin": base_of(web),
        }

    return page(web, ask, "catalogue/places.html", here, mark.changed_at, (mark.version,), context)


def _level(n: int, most: int) -> int:
    """0 for none, 1 to 4 by how many of the most."""
    return 0 if not n else min(4, 1 + 4 * (n - 1) // most)
