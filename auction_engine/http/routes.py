"""Every route: method, address, act, handler and description, in one table."""

from auction_engine.http import (
    acting,
    afterwards_routes,
    alerts_routes,
    api,
    bidding,
    cases_routes,
    catalogue_routes,
    console_routes,
    design,
    health,
    house_routes,
    intake_routes,
    integration_routes,
    models,
    models_acting,
    money_api_routes,
    money_routes,
    openapi,
    oversight_routes,
    pages,
    people_routes,
    preparing_routes,
    signin_routes,
    signing_in,
    statistics_routes,
)
from auction_engine.http.catalogue import sitemap
from auction_engine.http.guard import Doc, Spec
from auction_engine.http.way import routes as way_routes
from auction_engine.identity.access import Act

_LOT = "/api/lots/{lot:int}"
_BEFORE = {
    "before": (
        {"type": "integer", "minimum": 0, "maximum": 9_999_999_999},
        "Only bids before this journal entry (`seq`): what `older` of the last page said.",
    )
}
_ACT_PROBLEMS = {
    400: (models.Problem, "BAD_MESSAGE, UNKNOWN_ACT, BAD_FIELDS, UNKNOWN_BIDDER: not recorded."),
    404: (models.Problem, "UNKNOWN_LOT or UNKNOWN_SESSION."),
    408: (models.Problem, "TIMED_OUT: the body did not arrive."),
    409: (models.Problem, "Why the rules refuse it; nothing was recorded."),
    413: (models.Problem, "TOO_LARGE: more than 16 KiB."),
    415: (models.Problem, "UNSUPPORTED_TYPE: send application/json."),
    429: (models.Problem, "RATE_LIMITED: nothing recorded."),
    503: (
        models.Problem,
        "BUSY: nothing recorded. UNAVAILABLE or UNANSWERED: the outcome is not known yet; the very "
        "same sent again counts once.",
    ),
}

PAGES = [
    Spec("GET", "/", Act.SEE_AUCTION, pages.session, "page"),
    Spec("GET", "/lots/{lot:int}", Act.SEE_AUCTION, pages.room, "page"),
    Spec("POST", "/lots/{lot:int}/bids", Act.BID, bidding.form_bid, "page", rated=True),
    Spec("GET", "/lots/{lot:int}/record", Act.SEE_AUCTION, pages.record, "page"),
    Spec("GET", "/login", Act.SIGN_IN, signing_in.show_form, "page"),
    Spec("POST", "/login", Act.SIGN_IN, signing_in.submit_form, "page"),
    Spec("POST", "/logout", Act.SIGN_OUT, signing_in.sign_out, "page"),
    Spec("GET", "/desk", Act.SEE_DESK, pages.desk, "page"),
    Spec("GET", "/agency", Act.SEE_AGENCY, pages.agency, "page"),
    Spec("GET", "/static/{name:path}", Act.SEE_FILES, pages.static, "plain"),
    Spec("GET", "/favicon.ico", Act.SEE_FILES, pages.icon, "plain"),
    Spec("GET", "/robots.txt", Act.SEE_FILES, sitemap.robots, "plain"),
]

API = [
    Spec(
        "POST",
        "/api/login",
        Act.SIGN_IN,
        signing_in.api_login,
        csrf=False,
        fields=frozenset({"login", "password"}),
        optional=frozenset({"code"}),
        doc=Doc(
            "Sign in; sets the cookie `session`.",
            {
                200: (models.SignedIn, "Signed in."),
                401: (
                    models.Problem,
                    "WRONG_PASSWORD. SECOND_STEP_NEEDED: send it again with `code`. WRONG_CODE.",
                ),
                429: (models.Problem, "RATE_LIMITED: too many failed tries."),
            },
            models.Login,
        ),
    ),
    Spec(
        "POST",
        "/api/live-tickets",
        Act.ENTER_LIVE_ROOM,
        signing_in.live_ticket,
        rated=True,
        doc=Doc(
            "A one-use ticket for the live connection's `hello`.",
            {
                200: (models.Ticket, "A ticket, good for 30 s unless set otherwise."),
                429: (models.Problem, "RATE_LIMITED."),
            },
        ),
    ),
    Spec(
        "GET",
        "/api/lots",
        Act.SEE_AUCTION,
        api.lots,
        doc=Doc("The current session and its lots.", {200: (models.Lots, "The session.")}),
    ),
    Spec(
        "GET",
        _LOT,
        Act.SEE_AUCTION,
        api.lot,
        doc=Doc(
            "A lot, its last bids and, for a bidder, the own standing.",
            {
                200: (models.LotWithBids, "The lot as it stands."),
                404: (models.Problem, "UNKNOWN_LOT."),
            },
        ),
    ),
    Spec(
        "GET",
        _LOT + "/bids",
        Act.SEE_AUCTION,
        api.bids,
        doc=Doc(
            "Accepted bids from the ledger, newest first, 200 a page.",
            {
                200: (models.Bids, "A page of bids."),
                400: (models.Problem, "BAD_MESSAGE."),
                404: (models.Problem, "UNKNOWN_LOT."),
            },
            query=_BEFORE,
        ),
    ),
    Spec(
        "POST",
        _LOT + "/bids",
        Act.BID,
        bidding.api_bid,
        rated=True,
        fields=frozenset({"bid_id", "amount_minor"}),
        optional=frozenset({"step", "automatic", "confirmed"}),
        doc=Doc(
            "Bid. The same bid_id is the same bid and gets the first answer.",
            {
                200: (models.Recorded | models.Refused, "The bid is on disk, accepted or refused."),
                400: (models.Problem, "BAD_MESSAGE, BAD_BID_ID or BAD_AMOUNT_*: nothing recorded."),
                404: (models.Problem, "UNKNOWN_LOT: nothing recorded."),
                409: (models.Problem, "BID_ID_REUSED: the id belongs to another bid."),
                429: (models.Problem, "RATE_LIMITED: nothing recorded."),
                503: (
                    models.Busy | models.Problem,
                    "`busy` or UNAVAILABLE: nothing recorded. UNANSWERED: the outcome is not known "
                    "yet. In each case send the same bid_id again.",
                ),
            },
            models.NewBid,
        ),
    ),
    Spec(
        "GET",
        "/api/acts",
        Act.SEE_ACTS,
        acting.acts,
        doc=Doc(
            "What people can do in the life of a lot: who, when, and what each act says.",
            {200: (models_acting.ActTable, "The table.")},
        ),
    ),
    Spec(
        "GET",
        _LOT + "/acts",
        Act.SEE_OWN_ACTS,
        acting.lot_acts,
        doc=Doc(
            "What the signed-in account can do with the lot now.",
            {
                200: (models_acting.LotActs, "Its acts."),
                404: (models.Problem, "UNKNOWN_LOT."),
            },
        ),
    ),
    Spec(
        "POST",
        _LOT + "/acts",
        Act.ACT_ON_LOT,
        acting.lot_act,
        rated=True,
        doc=Doc(
            "Act in the life of the lot. The very same act sent again is the same act.",
            {200: (models_acting.ActDone, "The act is on disk."), **_ACT_PROBLEMS},
            models_acting.NewAct,
        ),
    ),
    Spec(
        "POST",
        "/api/sessions/{session:int}/acts",
        Act.CONDUCT,
        acting.session_act,
        rated=True,
        doc=Doc(
            "Pause or resume a whole session, or hand it over to another auctioneer: at once, or"
            " offered, and taken or declined by the colleague.",
            {200: (models_acting.SessionActDone, "What became of each lot."), **_ACT_PROBLEMS},
            models_acting.NewSessionAct,
        ),
    ),
    Spec(
        "GET",
        "/api/time",
        Act.SEE_TIME,
        api.time,
        "plain",
        doc=Doc("The clock that orders bids.", {200: (models.Now, "UTC milliseconds.")}),
    ),
    Spec(
        "GET",
        "/health/live",
        Act.SEE_HEALTH,
        health.live,
        "plain",
        doc=Doc("Does the process run?", {200: (models.Live, "It does.")}),
    ),
    Spec(
        "GET",
        "/health/ready",
        Act.SEE_HEALTH,
        health.ready,
        "plain",
        doc=Doc(
            "Does a command go through the whole log and back?",
            {
                200: (models.Ready, "It does."),
                503: (models.NotReady, "NOT_READY, with the parts that fail."),
            },
        ),
    ),
    Spec(
        "GET",
        "/metrics",
        Act.SEE_METRICS,
        health.prometheus,
        "plain",
        doc=Doc(
            "Metrics for Prometheus, for listed addresses.",
            {
                200: ("text/plain", "Prometheus' text format."),
                403: (models.Problem, "FORBIDDEN: this address is not listed."),
            },
        ),
    ),
    Spec(
        "GET",
        "/openapi.json",
        Act.SEE_FILES,
        openapi.answer,
        "plain",
        doc=Doc("This description.", {200: ("application/json", "OpenAPI 3.1.")}),
    ),
]

PAGES += cases_routes.PAGES
API += cases_routes.API
PAGES += intake_routes.PAGES
API += intake_routes.API
PAGES += console_routes.PAGES
API += console_routes.API
PAGES += house_routes.PAGES
API += house_routes.API
PAGES += money_routes.PAGES
API += money_routes.API
API += money_api_routes.API
PAGES += catalogue_routes.PAGES
API += catalogue_routes.API
PAGES += way_routes.PAGES
API += way_routes.API
PAGES += afterwards_routes.PAGES
API += afterwards_routes.API
PAGES += alerts_routes.PAGES
API += alerts_routes.API
PAGES += design.PAGES
PAGES += signin_routes.PAGES
API += signin_routes.API
PAGES += people_routes.PAGES
API += people_routes.API
PAGES += preparing_routes.PAGES
API += preparing_routes.API
PAGES += statistics_routes.PAGES
API += statistics_routes.API
PAGES += oversight_routes.PAGES
API += oversight_routes.API
PAGES += integration_routes.PAGES
API += integration_routes.API
ALL = PAGES + API
# What matches nothing above: JSON for programs, a page for people.
ELSEWHERE = [
    Spec("GET", "/api/{rest:anything}", Act.SEE_FILES, pages.nothing, "api"),
    Spec("GET", "/{rest:anything}.json", Act.SEE_FILES, pages.nothing, "api"),
    Spec("GET", "/health/{rest:anything}", Act.SEE_FILES, pages.nothing, "plain"),
    Spec("GET", "/{rest:anything}", Act.SEE_FILES, pages.nothing, "page"),
]
