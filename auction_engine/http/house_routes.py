"""The routes of a house and its people, of sealed lists and of questions about a lot."""

from typing import Any

from starlette.requests import Request

from auction_engine.http import bodies, models
from auction_engine.http import models_house as told
from auction_engine.http.afterwards.own import OwnHandler, own
from auction_engine.http.desk_specs import reads, writes
from auction_engine.http.guard import Doc, Handler, Spec
from auction_engine.http.house import (
    answering,
    api,
    asking,
    joining,
    registrants,
    staff,
    staff_api,
)
from auction_engine.identity.access import Act

_MEMBER = "/{member:int}"
_LOT = "/lots/{lot:int}"
_LIST = "/desk/lots/{lot:int}/registrants"
_QUESTIONS = _LOT + "/questions"
_DESK = "/desk/questions"
_ONE = _DESK + "/{question:int}"
_ANSWER_BYTES = 64 * 1024
_HOUSES = (
    ("/desk/house", Act.SEE_HOUSE, Act.KEEP_HOUSE),
    ("/agency/house", Act.SEE_AGENCY_HOUSE, Act.KEEP_AGENCY_HOUSE),
)


async def _answer_form(request: Request) -> dict[str, Any]:
    """Texts in two languages, of which a letter may take nine bytes."""
    return await bodies.form(request, _ANSWER_BYTES)


def _houses() -> list[Spec]:
    made = []
    for base, see, keep in _HOUSES:
        made += [
            Spec("GET", base, see, own(staff.house), "page"),
            Spec("POST", base + "/relations", see, own(staff.declare), "page", back=base),
            Spec("POST", base + "/relations/end", see, own(staff.relation_over), "page", back=base),
            Spec("POST", base + "/invitations", keep, own(staff.invite), "page", rated=True,
                 fresh=True, back=base),
            Spec("POST", base + "/invitations/off", keep, own(staff.call_off), "page", back=base),
            Spec("GET", base + _MEMBER, keep, own(staff.member), "page", fresh=True),
            Spec("POST", base + _MEMBER + "/duties", keep, own(staff.duties), "page", fresh=True,
                 back=base),
            Spec("POST", base + _MEMBER + "/leave", keep, own(staff.leave), "page", fresh=True,
                 back=base),
        ]  # fmt: skip
    made.append(
        Spec("POST", "/desk/house" + _MEMBER + "/card", Act.KEEP_HOUSE, own(staff.card), "page",
             fresh=True, back="/desk/house")
    )  # fmt: skip
    return made


PAGES = [
    *_houses(),
    Spec("GET", "/join/{token}", Act.REGISTER, joining.show, "page"),
    Spec("POST", "/join/{token}", Act.REGISTER, joining.submit, "page"),
    Spec("GET", "/desk/registrants", Act.SEE_REGISTRANTS, own(registrants.lots), "page"),
    Spec("GET", _LIST, Act.SEE_REGISTRANTS, own(registrants.one), "page"),
    Spec("POST", _LIST, Act.OPEN_REGISTRANTS, own(registrants.turn), "page", fresh=True),
    Spec("GET", _QUESTIONS, Act.SEE_AUCTION, own(asking.show), "page"),
    Spec("GET", _QUESTIONS + ".atom", Act.SEE_AUCTION, own(asking.feed), "plain"),
    Spec("POST", _QUESTIONS, Act.ASK_QUESTIONS, own(asking.ask), "page", rated=True),
    Spec("GET", _DESK, Act.ANSWER_QUESTIONS, own(answering.queue), "page"),
    Spec("GET", _ONE, Act.ANSWER_QUESTIONS, own(answering.one), "page"),
    Spec("POST", _ONE, Act.ANSWER_QUESTIONS, own(answering.answer), "page", form=_answer_form),
]
_CHANGED: dict[int, tuple[Any, str]] = {
    400: (models.Problem, "BAD_MESSAGE."),
    409: (models.Problem, "CHANGED: somebody was first; look once more. TOO_MANY."),
    422: (models.Problem, "QUESTION_NEEDED, ANSWER_NEEDED or REASON_NEEDED."),
    429: (models.Problem, "RATE_LIMITED."),
}
_DUTIES_DOC = Doc(
    "Give and take duties; the very same is once.",
    {
        200: (told.Colleague, "The colleague as he then is."),
        400: (models.Problem, "BAD_MESSAGE, or a duty of another kind of house."),
        403: (models.Problem, "FORBIDDEN, or PROVE_FIRST: the last proof is too old."),
        404: (models.Problem, "NOT_FOUND: nobody of the own house."),
        409: (models.Problem, "CHANGED: somebody was first. LAST_HEAD: there must be one."),
        422: (models.Problem, "REASON_NEEDED."),
        429: (models.Problem, "RATE_LIMITED."),
    },
    told.DutiesSet,
)


def _api_houses() -> list[Spec]:
    made = []
    handlers = ((api.api_house, api.api_duties), (api.api_agency_house, api.api_agency_duties))
    for (base, see, keep), (house, duties) in zip(_HOUSES, handlers, strict=True):
        made += [
            Spec("GET", f"/api{base}", see, own(house), doc=Doc(
                "Who works for the own house, with duties and auctioneers' cards.",
                {200: (told.Staff, "Everybody, by name.")},
            )),
            Spec("POST", f"/api{base}{_MEMBER}/duties", keep, own(duties), rated=True,
                 fresh=True, fields=frozenset({"duties", "seen", "reason"}), doc=_DUTIES_DOC),
        ]  # fmt: skip
    return made


API = [
    *_api_houses(),
    Spec(
        "GET", "/api" + _LIST, Act.SEE_REGISTRANTS, own(api.api_registrants),
        doc=Doc(
            "How many take part in a lot, and whether their list is open to who asks.",
            {
                200: (told.RegistrantCounts, "Counts, never names."),
                404: (models.Problem, "UNKNOWN_LOT."),
            },
        ),
    ),
    Spec(
        "GET", "/api" + _QUESTIONS, Act.SEE_AUCTION, own(asking.api_lot_questions),
        doc=Doc(
            "The answered questions about a lot, newest first.",
            {
                200: (told.PublishedQuestions, "Questions and answers."),
                404: (models.Problem, "UNKNOWN_LOT."),
            },
        ),
    ),
    Spec(
        "POST", "/api" + _QUESTIONS, Act.ASK_QUESTIONS, own(asking.api_ask_question), rated=True,
        fields=frozenset({"key", "question"}),
        doc=Doc(
            "Ask the organisation about a lot; the same key is the same question.",
            {
                200: (told.QuestionAsked, "It is in the organisation's queue."),
                404: (models.Problem, "UNKNOWN_LOT."), **_CHANGED,
            },
            told.NewQuestion,
        ),
    ),
    Spec(
        "GET", "/api" + _DESK, Act.ANSWER_QUESTIONS, own(answering.api_questions),
        doc=Doc(
            "The organisation's questions: open ones oldest first, others newest first.",
            {200: (told.DeskQuestions, "The questions, without who asked.")},
            query={
                "show": (
                    {"type": "string", "enum": ["OPEN", "ANSWERED", "DECLINED"]},
                    "Those in this state; the open ones unless it says otherwise.",
                )
            },
        ),
    ),
    Spec(
        "POST", "/api" + _ONE, Act.ANSWER_QUESTIONS, own(answering.api_answer_question), rated=True,
        fields=frozenset({"do", "version"}),
        optional=frozenset({"question", "answer", "reason"}),
        doc=Doc(
            "Publish an answer, put a published one right, or decline; the very same is once.",
            {
                200: (told.DeskQuestion, "The question as it then stands."),
                404: (models.Problem, "NOT_FOUND."), **_CHANGED,
            },
            told.QuestionDecision,
        ),
    ),
]  # fmt: skip


def _told(handler: OwnHandler, name: str | None = None) -> Handler:
    return own(staff_api.told(handler, name))


def _changing(name: str, base: str, see: Act, keep: Act) -> list[Spec]:
    """What changes in a house, by API: the same for organisations and agencies."""
    base = f"/api{base}"
    relations, invitations = base + "/relations", base + "/invitations"
    return [
        reads(
            relations, see, _told(staff_api.own_relations, f"{name}_relations"),
            "Whom one has declared to be related to.", told.Relations,
        ),
        writes(
            relations, see, _told(staff_api.declare_relation, f"{name}_declare_relation"),
            "Declare whom one is related to.", told.NewRelation, told.Relations, 201,
        ),
        writes(
            relations + "/end", see, _told(staff_api.end_relation, f"{name}_end_relation"),
            "End a relation of one's own.", told.RelationEnd, told.Relations,
        ),
        reads(
            invitations, keep, _told(staff_api.house_invitations, f"{name}_invitations"),
            "The invitations nobody has taken yet.", told.Invitations,
        ),
        writes(
            invitations, keep, _told(staff_api.invite_colleague, f"{name}_invite"),
            "Invite a colleague by letter.", told.NewInvitation, told.Invitations, 201, fresh=True,
        ),
        writes(
            invitations + "/off", keep, _told(staff_api.take_back_invitation, f"{name}_uninvite"),
            "Take an invitation back.", told.InvitationOff, told.Invitations,
        ),
        reads(
            base + "/acts", keep, _told(staff_api.house_acts, f"{name}_house_acts"),
            "What was done in the house, newest first.", told.HouseActs,
        ),
        writes(
            base + _MEMBER + "/leave", keep, _told(staff_api.let_colleague_go, f"{name}_let_go"),
            "Let a colleague go; what he did stays on record.", told.Leaving, told.Staff,
            fresh=True,
        ),
    ]  # fmt: skip


API += [
    *(spec for name, one in zip(("desk", "agency"), _HOUSES, strict=True)
      for spec in _changing(name, *one)),
    writes(
        "/api/desk/house" + _MEMBER + "/card", Act.KEEP_HOUSE, _told(staff_api.record_card),
        "Put an auctioneer's card on record.", told.NewCard, told.Colleague, fresh=True,
    ),
    reads(
        "/api/desk/registrants", Act.SEE_REGISTRANTS, _told(staff_api.counted_registrants),
        "How many take part in each of the house's lots.", told.CountedLots,
    ),
    writes(
        "/api" + _LIST + "/keys", Act.OPEN_REGISTRANTS, _told(staff_api.turn_key),
        "Turn one of the two keys to the list of who takes part.", told.Key,
        told.RegistrantCounts, fresh=True,
    ),
    reads(
        "/api" + _LIST + "/list", Act.OPEN_REGISTRANTS, _told(staff_api.opened_registrants),
        "Who takes part, for the two who have opened the list.", told.Registrants, fresh=True,
    ),
]  # fmt: skip
