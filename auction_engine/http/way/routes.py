"""The routes of the way in."""

from typing import Any

from auction_engine.http import models, models_way
from auction_engine.http.guard import Doc, Spec
from auction_engine.http.way import (
    answers,
    costing,
    forms,
    pages,
    papers,
    practising,
    queue,
    reading_api,
)
from auction_engine.identity.access import Act

_LOT = "/lots/{lot:int}"
_DESK = "/desk/dossiers"
_ONE = _DESK + "/{dossier:int}"
_PAPER = "/papers/{paper:int}"
_NO_LOT: dict[int, tuple[Any, str]] = {404: (models.Problem, "UNKNOWN_LOT.")}
_CHANGED: dict[int, tuple[Any, str]] = {
    404: (models.Problem, "UNKNOWN_LOT, NOT_FOUND or NO_DOSSIER."),
    409: (models.Problem, "Why it cannot be done with the dossier as it stands."),
    429: (models.Problem, "RATE_LIMITED."),
    503: (models.Problem, "BUSY: nothing was done. UNANSWERED: it is on its way; look again."),
}

PAGES = [
    Spec("GET", _LOT + "/way", Act.SEE_AUCTION, pages.way, "page"),
    Spec("GET", _LOT + "/cost", Act.SEE_AUCTION, costing.page, "page"),
    Spec("GET", _LOT + "/opening.ics", Act.SEE_AUCTION, practising.opening, "page"),
    Spec("GET", _LOT + "/dossier", Act.SEE_OWN_DOSSIER, pages.dossier, "page"),
    Spec("POST", _LOT + "/dossier", Act.WRITE_OWN_DOSSIER, pages.submit, "page",
         rated=True, form=forms.dossier_form),
    Spec("POST", _LOT + "/dossier/papers", Act.WRITE_OWN_DOSSIER, papers.upload, "page",
         rated=True, form=forms.paper_form),
    Spec("GET", _LOT + "/dossier" + _PAPER, Act.SEE_OWN_DOSSIER, papers.own_paper, "page"),
    Spec("POST", _LOT + "/dossier" + _PAPER + "/remove", Act.WRITE_OWN_DOSSIER, papers.remove,
         "page", rated=True),
    Spec("GET", _LOT + "/practice", Act.SEE_AUCTION, practising.page, "page"),
    Spec("POST", _LOT + "/practice", Act.PRACTISE, practising.enter, "page", rated=True),
    Spec("GET", _DESK, Act.SEE_DOSSIERS, queue.queue, "page"),
    Spec("GET", _ONE, Act.SEE_DOSSIERS, queue.one, "page"),
    Spec("POST", _ONE, Act.DECIDE_DOSSIERS, queue.decide, "page", form=forms.dossier_form),
    Spec("GET", _ONE + _PAPER, Act.SEE_DOSSIERS, queue.paper, "page"),
]  # fmt: skip


def _number(text: str) -> tuple[dict[str, Any], str]:
    return {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}, text


API = [
    Spec(
        "GET", "/api" + _LOT + "/way", Act.SEE_AUCTION, answers.api_way,
        doc=Doc(
            "Where whoever asks stands on the way into the lot's room.",
            {200: (models_way.Way, "The steps."), **_NO_LOT},
        ),
    ),
    Spec(
        "GET", "/api" + _LOT + "/cost", Act.SEE_AUCTION, costing.api_cost,
        doc=Doc(
            "What buying costs in all; what is not said is assumed.",
            {
                200: (models_way.Cost, "Every line, and their sum."),
                400: (models.Problem, "BAD_MESSAGE."), **_NO_LOT,
            },
            query={
                "price_minor": _number("The price; the present one otherwise."),
                "vat_bp": _number("VAT that is not in the price, basis points."),
                "registration_bp": _number("Registration fee, basis points of the price."),
                "dossier_minor": _number("The fee for the dossier."),
                "other_minor": _number("Everything else."),
            },
        ),
    ),
    Spec(
        "GET", "/api" + _LOT + "/dossier", Act.SEE_OWN_DOSSIER, answers.api_dossier,
        doc=Doc(
            "The own dossier, begun or not.",
            {200: (models_way.OwnDossier, "The dossier."), **_NO_LOT},
        ),
    ),
    Spec(
        "POST", "/api" + _LOT + "/dossier", Act.WRITE_OWN_DOSSIER, answers.api_save, rated=True,
        fields=frozenset({"version", "declared", "person"}),
        doc=Doc(
            "Keep what was filled in; the first time begins the dossier.",
            {200: (models_way.OwnDossier, "The dossier as it is kept."), **_CHANGED},
            models_way.DossierSaved,
        ),
    ),
    Spec(
        "POST", "/api" + _LOT + "/dossier/papers", Act.WRITE_OWN_DOSSIER, answers.api_paper,
        rated=True,
        doc=Doc(
            "A file for the own dossier: multipart/form-data with `kind` and `file`.",
            {
                200: (models_way.PaperKept, "It is kept."),
                400: (models.Problem, "BAD_MESSAGE or UNKNOWN_KIND."),
                408: (models.Problem, "TIMED_OUT."),
                413: (models.Problem, "TOO_LARGE, FILE_TOO_LARGE or TOO_MUCH."),
                415: (models.Problem, "UNSUPPORTED_TYPE or FILE_WRONG_TYPE: PDF, JPEG, PNG only."),
                422: (models.Problem, "FILE_...: why the file is not taken."),
                **_CHANGED,
            },
        ),
    ),
    Spec(
        "POST", "/api" + _LOT + "/dossier/send", Act.WRITE_OWN_DOSSIER, answers.api_send,
        rated=True,
        doc=Doc(
            "Hand the dossier in; twice is once. In time is what the log has ordered in time.",
            {200: (models_way.OwnDossier, "It is in the lot's record."), **_CHANGED},
        ),
    ),
    Spec(
        "POST", "/api" + _LOT + "/dossier/withdraw", Act.WRITE_OWN_DOSSIER, answers.api_withdraw,
        rated=True,
        doc=Doc(
            "Take the dossier back; a deposit is returned by the lot's rules.",
            {200: (models_way.OwnDossier, "It is taken back."), **_CHANGED},
        ),
    ),
    Spec(
        "POST", "/api" + _LOT + "/practice", Act.PRACTISE, practising.api_practice, rated=True,
        doc=Doc(
            "Begin a practice lot like this one: play money, robots, in no list.",
            {
                200: (models_way.PracticeBegun, "The practice lot; the old one is over."),
                404: (models.Problem, "UNKNOWN_LOT."),
                429: (models.Problem, "RATE_LIMITED or PRACTICE_OFTEN."),
                503: (models.Problem, "PRACTICE_FULL, or UNAVAILABLE."),
            },
        ),
    ),
    Spec(
        "GET", "/api/dossiers", Act.SEE_DOSSIERS, answers.api_dossiers,
        doc=Doc(
            "What the organisation has to decide, oldest first, without names.",
            {200: (models_way.Dossiers, "The queue."), 400: (models.Problem, "BAD_MESSAGE.")},
            query={
                "show": (
                    {"type": "string", "enum": list(queue.SHOWN)},
                    "What is to be decided (otherwise), what was decided, or all.",
                ),
                "lot": _number("Of one lot."),
                "page": _number("A hundred a page, from 0."),
            },
        ),
    ),
    Spec(
        "GET", "/api/dossiers/{dossier:int}", Act.SEE_DOSSIERS, reading_api.api_read_dossier,
        doc=Doc(
            "A dossier with who it is of, papers and possible decisions. Reading it is recorded.",
            {
                200: (models_way.ReadDossier, "As whoever asks may see it."),
                404: (models.Problem, "NOT_FOUND."),
                503: (models.Problem, "UNAVAILABLE."),
            },
        ),
    ),
    Spec(
        "GET", "/api/dossiers/{dossier:int}" + _PAPER, Act.SEE_DOSSIERS,
        reading_api.api_dossier_paper,
        doc=Doc(
            "A file of a dossier. Reading it is recorded.",
            {
                200: ("application/pdf, image/jpeg, image/png", "The file."),
                403: (models.Problem, "FORBIDDEN: decided, two people open the list together."),
                404: (models.Problem, "NOT_FOUND."),
                503: (models.Problem, "UNAVAILABLE."),
            },
        ),
    ),
    Spec(
        "POST", "/api/dossiers/{dossier:int}", Act.DECIDE_DOSSIERS, answers.api_decide, rated=True,
        fields=frozenset({"do", "version"}), optional=frozenset({"ground", "reason"}),
        doc=Doc(
            "Admit, return or refuse a dossier, or take a decision back; the very same is once.",
            {
                200: (models_way.DossierShort, "The dossier as it then stands."),
                400: (models.Problem, "BAD_MESSAGE, REASON_NEEDED or UNKNOWN_GROUND."),
                **_CHANGED,
            },
            models_way.DossierDecision,
        ),
    ),
]  # fmt: skip
