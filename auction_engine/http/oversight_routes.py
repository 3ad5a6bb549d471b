"""The routes of oversight: the procurator's, and where findings are answered."""

from auction_engine.http import models, models_oversight
from auction_engine.http.afterwards.forms import long_form
from auction_engine.http.guard import Doc, Spec
from auction_engine.http.oversight import finding, lots, now, warranting
from auction_engine.http.oversight.seat import seat
from auction_engine.identity.access import Act

_WARRANT = "/oversight/warrants/{warrant:int}"
_FINDING = "/{finding:int}"
_DESKS = (
    ("/desk/findings", Act.SEE_FINDINGS, Act.ANSWER_FINDINGS),
    ("/agency/findings", Act.SEE_AGENCY_FINDINGS, Act.ANSWER_AGENCY_FINDINGS),
)
_LISTS = (
    ("/api/oversight/findings", Act.OVERSEE, finding.oversight_findings),
    ("/api/desk/findings", Act.SEE_FINDINGS, finding.desk_findings),
    ("/api/agency/findings", Act.SEE_AGENCY_FINDINGS, finding.agency_findings),
)


def _desk_pages() -> list[Spec]:
    made = []
    for base, see, act in _DESKS:
        made += [
            Spec("GET", base, see, seat(finding.queue), "page"),
            Spec("GET", base + _FINDING, see, seat(finding.one), "page"),
            Spec(
                "POST",
                base + _FINDING + "/answer",
                act,
                seat(finding.answer),
                "page",
                form=long_form,
            ),
        ]  # fmt: skip
    return made


PAGES = [
    Spec("GET", "/oversight", Act.OVERSEE, seat(now.page), "page"),
    Spec("GET", "/oversight/sessions/{session:int}", Act.OVERSEE, seat(now.session), "page"),
    Spec("GET", "/oversight/lots/{lot:int}", Act.OVERSEE, seat(lots.page), "page"),
    Spec("GET", "/oversight/complaints", Act.OVERSEE, seat(now.complaint_list), "page"),
    Spec("GET", "/oversight/complaints/{complaint:int}", Act.OVERSEE, seat(now.complaint), "page"),
    Spec("GET", "/oversight/warrants", Act.USE_WARRANTS, seat(warranting.queue), "page"),
    Spec(
        "GET", "/oversight/warrants/new", Act.USE_WARRANTS, seat(warranting.form), "page",
        fresh=True,
    ),
    Spec(
        "POST", "/oversight/warrants", Act.USE_WARRANTS, seat(warranting.submit), "page",
        rated=True, fresh=True, back="/oversight/warrants/new", form=long_form,
    ),
    Spec("GET", _WARRANT, Act.USE_WARRANTS, seat(warranting.one), "page"),
    Spec("POST", _WARRANT + "/end", Act.USE_WARRANTS, seat(warranting.end), "page", form=long_form),
    Spec(
        "GET", _WARRANT + "/lots/{lot:int}", Act.USE_WARRANTS, seat(warranting.identities), "page",
        fresh=True,
    ),
    Spec("GET", "/oversight/findings", Act.OVERSEE, seat(finding.queue), "page"),
    Spec("GET", "/oversight/findings/new", Act.FIND, seat(finding.form), "page"),
    Spec(
        "POST", "/oversight/findings", Act.FIND, seat(finding.submit), "page", rated=True,
        form=long_form,
    ),
    Spec("GET", "/oversight/findings" + _FINDING, Act.OVERSEE, seat(finding.one), "page"),
    Spec(
        "POST", "/oversight/findings" + _FINDING + "/act", Act.FIND, seat(finding.act), "page",
        form=long_form,
    ),
    *_desk_pages(),
]  # fmt: skip
API = [
    Spec(
        "GET",
        "/api/oversight",
        Act.OVERSEE,
        seat(now.oversight_now),
        doc=Doc(
            "What is going on in all houses: sessions, standstills, what waits for an answer.",
            {
                200: (models_oversight.Overseen, "Now."),
                403: (models.Problem, "FORBIDDEN: for procurators only."),
            },
        ),
    ),
    Spec(
        "GET",
        "/api/oversight/lots/{lot:int}/record",
        Act.OVERSEE,
        seat(lots.lot_record_export),
        doc=Doc(
            "A lot's whole record, refusals too, with its seals and how to verify them.",
            {
                200: (models_oversight.LotRecord, "Every entry."),
                403: (models.Problem, "FORBIDDEN: for procurators only."),
                404: (models.Problem, "UNKNOWN_LOT."),
            },
        ),
    ),
    *(
        Spec(
            "GET",
            path,
            act,
            seat(handler),
            doc=Doc(
                "Findings, those to be answered first; their texts are on their pages only.",
                {
                    200: (models_oversight.Findings, "Findings."),
                    403: (models.Problem, "FORBIDDEN: not of this role."),
                },
            ),
        )
        for path, act, handler in _LISTS
    ),
]
