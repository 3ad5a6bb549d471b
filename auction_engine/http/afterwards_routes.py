"""The routes of what follows a sale."""

from auction_engine.http import complaint_routes, models, models_afterwards
from auction_engine.http.afterwards import (
    complaining,
    complaint_desk,
    joining,
    lot,
    mine,
    replay,
    sign,
)
from auction_engine.http.afterwards.forms import complaint_form, long_form
from auction_engine.http.afterwards.own import own
from auction_engine.http.desk_specs import reads, writes
from auction_engine.http.guard import Doc, Spec
from auction_engine.identity.access import Act

_ONE = "/{complaint:int}"
_PAPER = _ONE + "/papers/{paper:int}"
_LOT = "/mine/lots/{lot:int}"
_JOIN = "/mine/complaints/join/{token}"
_JOINED = "/mine/joined/{joined:int}"
_DESKS = (
    ("/desk/complaints", Act.SEE_COMPLAINTS, Act.ANSWER_COMPLAINTS),
    ("/agency/complaints", Act.SEE_AGENCY_COMPLAINTS, Act.ANSWER_AGENCY_COMPLAINTS),
)


def _desk_pages() -> list[Spec]:
    made = []
    for base, see, act in _DESKS:
        made += [
            Spec("GET", base, see, own(complaint_desk.queue), "page"),
            Spec("GET", base + _ONE, see, own(complaint_desk.one), "page"),
            Spec("GET", base + _PAPER, see, own(complaint_desk.paper), "page"),
            Spec(
                "POST",
                base + _ONE + "/answer",
                act,
                own(complaint_desk.answer),
                "page",
                form=long_form,
            ),
        ]
    return made


PAGES = [
    Spec("GET", "/lots/{lot:int}/replay", Act.SEE_AUCTION, replay.page, "page"),
    Spec("GET", "/mine", Act.SEE_MINE, own(mine.page), "page"),
    Spec("GET", _LOT, Act.SEE_MINE, own(lot.page), "page"),
    Spec("GET", _LOT + "/sign", Act.SIGN_MINUTES, own(sign.form), "page", fresh=True),
    Spec(
        "POST", _LOT + "/sign", Act.SIGN_MINUTES, own(sign.submit), "page", rated=True, fresh=True
    ),
    Spec("GET", "/mine/signatures/{signature:int}", Act.SEE_MINE, own(sign.document), "page"),
    Spec("GET", "/mine/complaints/new", Act.COMPLAIN, own(complaining.form), "page"),
    Spec(
        "POST",
        "/mine/complaints",
        Act.COMPLAIN,
        complaining.submit,
        "page",
        rated=True,
        form=complaint_form,
    ),
    Spec("GET", "/mine/complaints" + _ONE, Act.COMPLAIN, own(complaining.receipt), "page"),
    Spec("GET", "/mine/complaints" + _PAPER, Act.COMPLAIN, own(complaining.paper), "page"),
    Spec(
        "POST",
        "/mine/complaints" + _ONE + "/withdraw",
        Act.COMPLAIN,
        own(complaining.withdraw),
        "page",
    ),
    Spec(
        "POST",
        "/mine/complaints" + _ONE + "/appeal",
        Act.COMPLAIN,
        own(complaining.appeal),
        "page",
        form=long_form,
    ),
    Spec(
        "POST", "/mine/complaints" + _ONE + "/group", Act.COMPLAIN, own(joining.open_group), "page"
    ),
    Spec("GET", _JOIN, Act.COMPLAIN, own(joining.invited), "page"),
    Spec("POST", _JOIN, Act.COMPLAIN, own(joining.join), "page", rated=True),
    Spec("GET", _JOINED, Act.COMPLAIN, own(joining.one), "page"),
    Spec("POST", _JOINED + "/leave", Act.COMPLAIN, own(joining.leave), "page"),
    *_desk_pages(),
]
API = [
    Spec(
        "GET",
        "/api/lots/{lot:int}/course",
        Act.SEE_AUCTION,
        replay.api_course,
        "plain",
        doc=Doc(
            "The public course of a lot, step by step. To be kept by caches; ETag is honoured.",
            {
                200: (models_afterwards.LotCourse, "Every step up to now."),
                304: ("application/json", "As it was."),
                404: (models.Problem, "UNKNOWN_LOT."),
                503: (models.Problem, "UNAVAILABLE."),
            },
        ),
    ),
    Spec(
        "GET",
        "/api/mine",
        Act.SEE_MINE,
        own(mine.api_mine),
        doc=Doc(
            "What is one's own: what to do now, lots, deposits, complaints.",
            {
                200: (models_afterwards.Mine, "Of the bidder who asks."),
                403: (models.Problem, "FORBIDDEN: for bidders only."),
            },
        ),
    ),
    Spec(
        "GET",
        "/api/mine/lots/{lot:int}",
        Act.SEE_MINE,
        own(lot.evidence),
        doc=Doc(
            "Everything on record of the bidder who asks, in one lot.",
            {
                200: (models_afterwards.OwnEvidence, "Entries with their seals, deposit, days."),
                403: (models.Problem, "FORBIDDEN: for bidders only."),
                404: (models.Problem, "UNKNOWN_LOT: there is none, or nothing of one's own in it."),
            },
        ),
    ),
]
API += complaint_routes.API
_SIGN = "/api/mine/lots/{lot:int}/sign"
API += [
    reads(
        _SIGN, Act.SIGN_MINUTES, sign.told(sign.own_minutes),
        "The minutes of one's own win, to be signed.", models_afterwards.OwnMinutes, fresh=True,
    ),
    writes(
        _SIGN, Act.SIGN_MINUTES, sign.told(sign.sign_own_minutes),
        "Sign the minutes of one's own win; the same signature again is the first.",
        models_afterwards.NewSignature, models_afterwards.OwnMinutes, fresh=True,
    ),
]  # fmt: skip
