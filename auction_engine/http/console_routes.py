"""The routes of the acts as forms, of the auctioneer's console and of the minutes."""

from auction_engine.http import acting_panel, models, models_acting, models_console
from auction_engine.http.afterwards.own import own
from auction_engine.http.console import doing, minutes, pages
from auction_engine.http.guard import Doc, Spec
from auction_engine.identity.access import Act

_ACTS = "/lots/{lot:int}/acts"
_SESSION = "/desk/sessions/{session:int}"
_MINUTES = "/desk/lots/{lot:int}/minutes"
_API_MINUTES = "/api/lots/{lot:int}/minutes"

PAGES = [
    Spec("GET", _ACTS, Act.SEE_OWN_ACTS, acting_panel.page, "page"),
    Spec("POST", _ACTS, Act.ACT_ON_LOT, acting_panel.submit, "page", rated=True),
    Spec("GET", _SESSION + "/console", Act.SEE_CONSOLE, pages.console, "page"),
    Spec("POST", _SESSION + "/acts", Act.CONDUCT, doing.submit, "page", rated=True),
    Spec("POST", _SESSION + "/announcements", Act.CONDUCT, doing.announce, "page", rated=True),
    Spec("POST", "/desk/console/keys", Act.SEE_CONSOLE, pages.keys, "page"),
    Spec("GET", _MINUTES, Act.SEE_CONSOLE, own(minutes.page), "page"),
    Spec("POST", _MINUTES, Act.SIGN_HOUSE_MINUTES, own(minutes.draw_up), "page", rated=True),
    Spec("GET", _MINUTES + "/sign", Act.SIGN_HOUSE_MINUTES, own(minutes.form), "page", fresh=True),
    Spec(
        "POST",
        _MINUTES + "/sign",
        Act.SIGN_HOUSE_MINUTES,
        own(minutes.sign),
        "page",
        rated=True,
        fresh=True,
    ),
    Spec("GET", _MINUTES + "/file", Act.SEE_CONSOLE, own(minutes.document), "page"),
]

_NO_SESSION = {404: (models.Problem, "UNKNOWN_SESSION.")}
_NO_LOT = {404: (models.Problem, "UNKNOWN_LOT, or NOT_ENDED: the auction goes on.")}
API = [
    Spec(
        "GET",
        "/api/sessions/{session:int}/console",
        Act.SEE_CONSOLE,
        pages.api_console,
        doc=Doc(
            "A session as its console shows it: prices, people as counts, refusals, open acts.",
            {200: (models_console.Console, "The lots, in order."), **_NO_SESSION},
        ),
    ),
    Spec(
        "POST",
        "/api/sessions/{session:int}/lots/{lot:int}/close",
        Act.CONDUCT,
        doing.api_close_lot,
        rated=True,
        fields=frozenset(),
        optional=frozenset({"reason"}),
        doc=Doc(
            "End the bidding of a lot that its auctioneer closes by hand. Again is once.",
            {
                200: (models_acting.SessionActDone, "`done`, or `already`."),
                404: (models.Problem, "UNKNOWN_SESSION or UNKNOWN_LOT: none of this session."),
                409: (models.Problem, "NOT_YOURS_TO_CLOSE: a clock or somebody else ends it."),
                429: (models.Problem, "RATE_LIMITED: nothing recorded."),
                503: (models.Problem, "BUSY, UNAVAILABLE or UNANSWERED: send the same again."),
            },
            models_console.ClosingByHand,
        ),
    ),
    Spec(
        "POST",
        "/api/sessions/{session:int}/announcements",
        Act.CONDUCT,
        doing.api_announce,
        rated=True,
        fields=frozenset({"key", "text"}),
        optional=frozenset({"lots"}),
        doc=Doc(
            "Announce something to the rooms of a session. The same key again counts once.",
            {
                200: (models_console.AnnouncementDone, "It is on the session's record."),
                400: (models.Problem, "BAD_MESSAGE, EMPTY, TOO_LONG, BAD_KEY, UNKNOWN_LOT."),
                **_NO_SESSION,
            },
            models_console.NewAnnouncement,
        ),
    ),
    Spec(
        "GET",
        "/api/lots/{lot:int}/announcements",
        Act.SEE_AUCTION,
        doing.api_announcements,
        doc=Doc(
            "What the house announced to the room of a lot.",
            {
                200: (models_console.LotAnnouncements, "All of it."),
                404: (models.Problem, "UNKNOWN_LOT."),
            },
        ),
    ),
    Spec(
        "GET",
        _API_MINUTES,
        Act.SEE_CONSOLE,
        own(minutes.api_minutes),
        doc=Doc(
            "The minutes of a lot, with signatures and factual records.",
            {200: (models_console.LotMinutes, "Drawn up, or as they would be."), **_NO_LOT},
        ),
    ),
    Spec(
        "POST",
        _API_MINUTES,
        Act.SIGN_HOUSE_MINUTES,
        own(minutes.api_draw_up),
        rated=True,
        doc=Doc(
            "Draw the minutes up. Who comes second gets those of the first.",
            {
                200: (models_console.LotMinutes, "Drawn up."),
                409: (models.Problem, "NOT_ENDED."),
                **_NO_LOT,
            },
        ),
    ),
    Spec(
        "POST",
        _API_MINUTES + "/signatures",
        Act.SIGN_HOUSE_MINUTES,
        own(minutes.api_sign),
        rated=True,
        fresh=True,
        fields=frozenset({"as", "sha256"}),
        doc=Doc(
            "Sign the minutes for the house. The same signature again is the first.",
            {
                200: (models_console.LotMinutes, "Signed."),
                400: (models.Problem, "BAD_FIELDS."),
                403: (models.Problem, "PROVE_FIRST: sign in again first."),
                409: (models.Problem, "NOT_DRAWN, CHANGED, SIGNED, TWO_PEOPLE, NOT_YOURS."),
                **_NO_LOT,
            },
            models_console.NewHouseSignature,
        ),
    ),
]
