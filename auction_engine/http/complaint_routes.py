"""The routes of complaints for programs: the complainant's and each desk's."""

from auction_engine.http import models
from auction_engine.http import models_complaints as shape
from auction_engine.http.afterwards import complaining, complaint_api, complaint_desk, joining_api
from auction_engine.http.afterwards.complaint_api import told as refusing
from auction_engine.http.afterwards.own import OwnHandler, own
from auction_engine.http.desk_specs import FAULTS, LIMITED, file, reads, writes
from auction_engine.http.guard import Doc, Handler, Spec
from auction_engine.identity.access import Act

_MINE = "/api/mine/complaints"
_JOINED = "/api/mine/joined"
_ONE = "/{complaint:int}"
_PAPER = _ONE + "/papers/{paper:int}"
_DESKS = (
    ("desk", Act.SEE_COMPLAINTS, Act.ANSWER_COMPLAINTS),
    ("agency", Act.SEE_AGENCY_COMPLAINTS, Act.ANSWER_AGENCY_COMPLAINTS),
)


def told(handler: OwnHandler, name: str | None = None) -> Handler:
    """`handler` as one of the route table, with its refusals as JSON."""
    return own(refusing(handler, name))


def _desk(name: str, see: Act, act: Act) -> list[Spec]:
    base = f"/api/{name}/complaints"
    return [
        reads(
            base, see, told(complaint_api.complaints_of_desk, f"{name}_complaints"),
            "The complaints to be answered, the most urgent first; then those that were.",
            shape.Complaints,
        ),
        reads(
            base + _ONE, see, told(complaint_api.complaint_at_desk, f"{name}_complaint"),
            "A complaint with everything; its complainant can see that it was read.",
            shape.DeskComplaint,
        ),
        file(
            base + _PAPER, see, told(complaint_desk.paper, f"{name}_complaint_paper"),
            "A document handed in with a complaint.",
        ),
        writes(
            base + _ONE + "/answer", act,
            told(complaint_api.answer_complaint, f"{name}_answer_complaint"),
            "Take a complaint up, refuse it for its form, or decide it.",
            shape.ComplaintAnswer, shape.DeskComplaint,
        ),
    ]  # fmt: skip


API = [
    Spec(
        "POST", _MINE, Act.COMPLAIN, complaint_api.file_complaint, rated=True,
        doc=Doc(
            "File a complaint; the same key is the same complaint. With documents: the same names"
            " as multipart/form-data, and up to three `files`.",
            {
                201: (shape.OwnWholeComplaint, "Received: the receipt."), **FAULTS, **LIMITED,
                408: (models.Problem, "TIMED_OUT: the body did not arrive."),
                413: (models.Problem, "TOO_LARGE: more than 96 KiB, or 10 MB a file."),
                415: (models.Problem, "UNSUPPORTED_TYPE."),
            },
            shape.NewComplaint,
        ),
    ),
    reads(
        _MINE + _ONE, Act.COMPLAIN, told(complaint_api.own_complaint),
        "One's own complaint: its receipt, course and what can be done.", shape.OwnWholeComplaint,
    ),
    file(
        _MINE + _PAPER, Act.COMPLAIN, told(complaining.paper, "own_complaint_paper"),
        "A document one has handed in.",
    ),
    writes(
        _MINE + _ONE + "/withdraw", Act.COMPLAIN, told(complaint_api.withdraw_complaint),
        "Take one's own complaint back.", shape.Withdrawal, shape.OwnWholeComplaint,
    ),
    writes(
        _MINE + _ONE + "/appeal", Act.COMPLAIN, told(complaint_api.appeal_complaint),
        "Ask for a second instance.", shape.Appeal, shape.OwnWholeComplaint,
    ),
    writes(
        _MINE + _ONE + "/group", Act.COMPLAIN, told(complaint_api.open_complaint_group),
        "Let others join by a token.", None, shape.OwnWholeComplaint,
    ),
    reads(
        _JOINED, Act.COMPLAIN, told(joining_api.joined_complaints),
        "The complaints one has joined.", shape.JoinedComplaints,
    ),
    writes(
        _JOINED, Act.COMPLAIN, told(joining_api.join_complaint),
        "Join a complaint by its token.", shape.Joining, shape.JoinedComplaint, 201,
    ),
    Spec(
        "GET", _JOINED + "/invitation", Act.COMPLAIN,
        told(joining_api.invited_to_complaint),
        doc=Doc(
            "What one would join; its complainant can see that it was read.",
            {200: (shape.ComplaintInvitation, "As it is now."), 404: FAULTS[404]},
            query={"token": ({"type": "string", "maxLength": 100}, "The group's token.")},
        ),
    ),
    reads(
        _JOINED + "/{joined:int}", Act.COMPLAIN, told(joining_api.joined_complaint),
        "A complaint one has joined.", shape.JoinedComplaint,
    ),
    writes(
        _JOINED + "/{joined:int}/leave", Act.COMPLAIN, told(joining_api.leave_complaint),
        "Leave a complaint one has joined.", None, shape.JoinedComplaint,
    ),
    *(spec for desk in _DESKS for spec in _desk(*desk)),
]  # fmt: skip
