"""The routes of notifications."""

from auction_engine.http import alerts, models, models_alerts
from auction_engine.http.guard import Doc, Spec
from auction_engine.identity.access import Act

_LIMITED = {429: (models.Problem, "RATE_LIMITED.")}
_BAD = {
    400: (models.Problem, "BAD_MESSAGE; UNKNOWN_SERVICE: no push service of the settings' list.")
}

PAGES = [
    Spec("GET", "/account/alerts", Act.SEE_OWN_ALERTS, alerts.page, "page"),
    Spec(
        "POST", "/account/alerts/forget", Act.CHANGE_OWN_ALERTS, alerts.forget_all, "page",
        rated=True,
    ),
    Spec("GET", "/worker.js", Act.SEE_FILES, alerts.worker, "plain"),
]  # fmt: skip

API = [
    Spec(
        "GET",
        "/api/alerts",
        Act.SEE_OWN_ALERTS,
        alerts.key,
        doc=Doc(
            "The key a browser subscribes to notifications with.",
            {200: (models_alerts.PushKey, "The key.")},
        ),
    ),
    Spec(
        "POST",
        "/api/alerts",
        Act.CHANGE_OWN_ALERTS,
        alerts.keep,
        rated=True,
        fields=frozenset({"endpoint", "p256dh", "auth", "lang"}),
        doc=Doc(
            "Notify this browser when its bidder is outbid, as long as it is signed in.",
            {200: (models_alerts.Kept, "It will be."), **_BAD, **_LIMITED},
            models_alerts.NewSubscription,
        ),
    ),
    Spec(
        "POST",
        "/api/alerts/remove",
        Act.CHANGE_OWN_ALERTS,
        alerts.forget,
        rated=True,
        fields=frozenset({"endpoint"}),
        doc=Doc(
            "Notify this browser no more.",
            {200: (models_alerts.Kept, "It will not be."), **_BAD, **_LIMITED},
            models_alerts.OldSubscription,
        ),
    ),
    Spec(
        "POST",
        "/api/alerts/try",
        Act.CHANGE_OWN_ALERTS,
        alerts.trial,
        rated=True,
        fields=frozenset(),
        doc=Doc(
            "Send one notification to each browser of the account.",
            {200: (models_alerts.Sent, "How many were taken."), **_LIMITED},
        ),
    ),
]
