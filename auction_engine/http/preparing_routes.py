"""The routes of sessions being prepared."""

from auction_engine.desk.preparing.choices import STEPS
from auction_engine.http import models, models_preparing
from auction_engine.http.guard import Doc, Spec
from auction_engine.http.preparing import acting, api, checked, forms, pages
from auction_engine.identity.access import Act

_SESSIONS = "/desk/sessions"
_DRAFT = _SESSIONS + "/drafts/{draft:int}"
_ASKED_ONCE = ("approve", "publish", "delete")
# Nobody approves or publishes on somebody else's screen.
_FRESH = ("approve", "publish")
_ACT_OF = {"approve": Act.APPROVE_SESSIONS, "publish": Act.APPROVE_SESSIONS,
           "back": Act.APPROVE_SESSIONS}  # fmt: skip
_SUMMARY = {
    "undo": "Take the last change of a draft back.",
    "submit": "Hand a draft to a second person; refused while anything stands against it.",
    "back": "Give a draft back with a reason.",
    "approve": "Approve a draft that another person made and submitted.",
    "publish": "Make session and lots of an approved draft and put them up, once.",
    "delete": "Delete a draft that was never published.",
    "template": "Keep what of a draft another session can use, under a name.",
}
_LIMITED = {429: (models.Problem, "RATE_LIMITED.")}
_GONE = {404: (models.Problem, "NOT_FOUND.")}
_BAD = {
    400: (models.Problem, "BAD_MESSAGE, BAD_CHOICE naming the value, REASON_MISSING."),
    408: (models.Problem, "TIMED_OUT: the body did not arrive."),
    413: (models.Problem, "TOO_LARGE: more than 128 KiB."),
    415: (models.Problem, "UNSUPPORTED_TYPE: send application/json."),
}
_NOT_NOW = {
    409: (
        models.Problem,
        "STALE: changed meanwhile. NOT_NOW: its state. SAME_PERSON. BLOCKED. NOTHING_TO_UNDO. "
        "TAKEN: a name, or an asset that is in another session.",
    )
}


def _act_page(name: str) -> Spec:
    return Spec(
        "POST", f"{_DRAFT}/{name}", _ACT_OF.get(name, Act.PREPARE_SESSIONS), acting.act, "page",
        rated=True, fresh=name in _FRESH,
    )  # fmt: skip


def _act_api(name: str) -> Spec:
    return Spec(
        "POST",
        f"/api{_DRAFT}/{name}",
        _ACT_OF.get(name, Act.PREPARE_SESSIONS),
        api.act_of(name),
        rated=True,
        fresh=name in _FRESH,
        doc=Doc(
            _SUMMARY[name],
            {
                200: (models_preparing.DraftActDone, "Done, or done before."),
                **_BAD,
                **_GONE,
                **_NOT_NOW,
                **_LIMITED,
            },
            models_preparing.DraftAct,
        ),
    )


PAGES = [
    Spec("GET", _SESSIONS, Act.SEE_DRAFTS, pages.sessions, "page"),
    Spec("GET", _SESSIONS + "/new", Act.PREPARE_SESSIONS, pages.new, "page"),
    Spec("POST", _SESSIONS + "/new", Act.PREPARE_SESSIONS, pages.make, "page", rated=True),
    Spec(
        "POST", _SESSIONS + "/templates/{template:int}/remove", Act.PREPARE_SESSIONS,
        acting.drop_template, "page", rated=True,
    ),
    Spec("GET", _DRAFT, Act.SEE_DRAFTS, pages.overview, "page"),
    *(Spec("GET", f"{_DRAFT}/{s}", Act.SEE_DRAFTS, pages.show_of(s), "page") for s in STEPS),
    *(
        Spec(
            "POST", f"{_DRAFT}/{s}", Act.PREPARE_SESSIONS, pages.save_of(s), "page",
            rated=True, form=forms.long_form,
        )
        for s in STEPS
    ),
    Spec("GET", _DRAFT + "/check", Act.SEE_DRAFTS, checked.check, "page"),
    Spec("GET", _DRAFT + "/preview/{position:int}", Act.SEE_DRAFTS, checked.preview, "page"),
    *(Spec("GET", f"{_DRAFT}/{a}", Act.SEE_DRAFTS, acting.confirm, "page") for a in _ASKED_ONCE),
    *(_act_page(name) for name in acting.ACTS),
]  # fmt: skip

API = [
    Spec(
        "GET",
        f"/api{_SESSIONS}/drafts",
        Act.SEE_DRAFTS,
        api.session_drafts,
        doc=Doc(
            "The organisation's drafts of sessions.",
            {200: (models_preparing.Drafts, "Those worked at first.")},
        ),
    ),
    Spec(
        "POST",
        f"/api{_SESSIONS}/drafts",
        Act.PREPARE_SESSIONS,
        api.make_session_draft,
        rated=True,
        doc=Doc(
            "Begin a draft from a rule pack, a template or a session of the past.",
            {200: (models_preparing.DraftMade, "Its number."), **_BAD, **_GONE, **_LIMITED},
            models_preparing.NewDraft,
        ),
    ),
    Spec(
        "GET",
        f"/api{_DRAFT}",
        Act.SEE_DRAFTS,
        api.session_draft,
        doc=Doc(
            "A draft: what is chosen, what blocks it, every date with its rule.",
            {200: (models_preparing.WholeDraft, "The draft."), **_GONE},
        ),
    ),
    Spec(
        "POST",
        f"/api{_DRAFT}",
        Act.PREPARE_SESSIONS,
        api.change_session_draft,
        rated=True,
        doc=Doc(
            "Change a draft's choices; the same again is no change.",
            {
                200: (models_preparing.WholeDraft, "The draft as it is now."),
                **_BAD,
                **_GONE,
                **_NOT_NOW,
                **_LIMITED,
            },
            models_preparing.Changed,
        ),
    ),
    Spec(
        "GET",
        f"/api{_DRAFT}/run",
        Act.SEE_DRAFTS,
        api.try_session_draft,
        doc=Doc(
            "A dry run of the session in virtual time, for several numbers of bidders.",
            {200: (models_preparing.Runs, "None while a lot is not whole."), **_GONE},
        ),
    ),
    *(_act_api(name) for name in acting.ACTS),
    Spec(
        "GET",
        f"/api{_SESSIONS}/sources",
        Act.SEE_DRAFTS,
        api.session_sources,
        doc=Doc(
            "What a draft can begin from: rule packs, own templates, own sessions of the past.",
            {200: (models_preparing.Sources, "Packs first.")},
        ),
    ),
    Spec(
        "GET",
        f"/api{_SESSIONS}/templates",
        Act.SEE_DRAFTS,
        api.session_templates,
        doc=Doc(
            "What the organisation keeps for its sessions.",
            {200: (models_preparing.Templates, "By name.")},
        ),
    ),
    Spec(
        "POST",
        f"/api{_SESSIONS}/templates/{{template:int}}/remove",
        Act.PREPARE_SESSIONS,
        api.drop_session_template,
        rated=True,
        doc=Doc(
            "Remove a template; what was made from it stays.",
            {200: (models_preparing.Done, "Removed."), **_GONE, **_LIMITED},
        ),
    ),
]
