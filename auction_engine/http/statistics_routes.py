"""The routes of the statistics: pages, report, API; for everybody and for each desk."""

from typing import Any

from auction_engine.desk.statistics.computing import BYS
from auction_engine.desk.statistics.periods import NAMED
from auction_engine.http import models, models_statistics
from auction_engine.http.guard import Doc, Spec
from auction_engine.http.statistics import api, pages
from auction_engine.http.statistics.asking import SIDES
from auction_engine.identity.access import Act

_DAY = {"type": "string", "format": "date"}
_NUMBER = {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}
_WORD = {"type": "string", "maxLength": 200}
_QUERY: dict[str, tuple[dict[str, Any], str]] = {
    "period": (
        {"type": "string", "enum": list(NAMED)}, "A period that ends today or with its name."
    ),
    "from": (_DAY, "The first local day; instead of `period`."),
    "to": (_DAY, "The last local day; instead of `period`."),
    "by": ({"type": "string", "enum": list(BYS)}, "What groups are made of; steps that fit."),
    "agency": (_NUMBER, "Only this agency's lots."),
    "organisation": (_NUMBER, "Only this organisation's lots."),
    "kind": (_WORD, "Only property of this kind."),
    "province": (_WORD, "Only property of this province."),
    "currency": (_WORD, "Only lots in this currency; the commonest if none is named."),
}  # fmt: skip
_SUMMARIES = {
    "public": "What became of past auctions, as everybody may know it.",
    "desk": "The statistics of the own organisation.",
    "agency": "The statistics of the own agency.",
}


def _api(name: str) -> Spec:
    side = SIDES[name]
    return Spec(
        "GET",
        f"/api{side.base}",
        side.act,
        api.answer_of(name),
        doc=Doc(
            _SUMMARIES[name],
            {
                200: (models_statistics.Statistics, "The figures, in total and of each group."),
                400: (models.Problem, "BAD_MESSAGE: what cannot be asked."),
            },
            query=_QUERY,
        ),
    )


PAGES = [
    *(
        Spec("GET", side.base, side.act, pages.page_of(name), "page")
        for name, side in SIDES.items()
    ),
    *(
        Spec("GET", f"{side.base}/report", side.act, pages.page_of(name, report=True), "page")
        for name, side in SIDES.items()
        if name != "public"
    ),
]
API = [
    *(_api(name) for name in SIDES),
    Spec(
        "GET",
        "/api/statistics/figures",
        Act.SEE_STATISTICS,
        api.definitions,
        doc=Doc(
            "What each figure is, in both languages, with its article.",
            {200: (models_statistics.Definitions, "All figures.")},
        ),
    ),
]
