"""The routes of oversight: the procurator's, and where findings are answered."""

from auction_engine.http import models, models_complaints, models_oversight
from auction_engine.http.afterwards.forms import long_form
from auction_engine.http.desk_specs import reads, writes
from auction_engine.http.guard import Doc, Handler, Spec
from auction_engine.http.oversight import api, finding, lots, now, warranting
from auction_engine.http.oversight.seat import SeatHandler, seat
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


def _told(handler: SeatHandler, name: str | None = None) -> Handler:
    return seat(api.told(handler, name))


_WARRANTS = "/api/oversight/warrants"
_ONE_WARRANT = _WARRANTS + "/{warrant:int}"
_FINDINGS = "/api/oversight/findings"
API += [
    reads(
        _WARRANTS, Act.USE_WARRANTS, _told(api.oversight_warrants), "One's own warrants.",
        models_oversight.Warrants,
    ),
    writes(
        _WARRANTS, Act.USE_WARRANTS, _told(api.record_warrant),
        "Record a warrant; the same key again is the same warrant.",
        models_oversight.NewWarrant, models_oversight.WholeWarrant, 201, fresh=True,
    ),
    reads(
        _ONE_WARRANT, Act.USE_WARRANTS, _told(api.oversight_warrant),
        "A warrant, its reason and what was read by it.", models_oversight.WholeWarrant,
    ),
    writes(
        _ONE_WARRANT + "/end", Act.USE_WARRANTS, _told(api.end_warrant),
        "End a warrant before its last day.", models_oversight.WarrantEnd,
        models_oversight.WholeWarrant,
    ),
    reads(
        _ONE_WARRANT + "/lots/{lot:int}", Act.USE_WARRANTS, _told(api.warrant_identities),
        "Who is behind the codes of a lot; each reading is recorded.",
        models_oversight.BehindCodes, fresh=True,
    ),
    writes(
        _FINDINGS, Act.FIND, _told(api.send_finding),
        "Send a finding; the same key again is the same finding.",
        models_oversight.NewFinding, models_oversight.WholeFinding, 201,
    ),
    writes(
        _FINDINGS + _FINDING + "/act", Act.FIND, _told(api.act_on_finding),
        "Say that an answer is enough or not, or withdraw the finding.",
        models_oversight.FindingAct, models_oversight.WholeFinding,
    ),
    reads(
        "/api/oversight/complaints", Act.OVERSEE, _told(api.overseen_complaints),
        "Every complaint, the most urgent first.", models_complaints.Complaints,
    ),
    reads(
        "/api/oversight/complaints/{complaint:int}", Act.OVERSEE, _told(api.overseen_complaint),
        "A complaint's grounds and course, not who filed it.", models_complaints.WholeComplaint,
    ),
    *(
        reads(
            f"/api/{name}/findings{_FINDING}", act, _told(api.one_finding, f"{name}_finding"),
            "A finding with its text and what was answered.", models_oversight.WholeFinding,
        )
        for name, act in (
            ("oversight", Act.OVERSEE),
            ("desk", Act.SEE_FINDINGS),
            ("agency", Act.SEE_AGENCY_FINDINGS),
        )
    ),
    *(
        writes(
            f"/api/{name}/findings{_FINDING}/answer", act,
            _told(api.answer_finding, f"{name}_answer_finding"),
            "Answer a finding.", models_oversight.FindingAnswer, models_oversight.WholeFinding,
        )
        for name, act in (("desk", Act.ANSWER_FINDINGS), ("agency", Act.ANSWER_AGENCY_FINDINGS))
    ),
]  # fmt: skip
