"""The routes of judgments and requests that come in."""

from typing import Any

from auction_engine.http import models, models_intake
from auction_engine.http.guard import Doc, Spec
from auction_engine.http.intake import api, door, pages
from auction_engine.http.intake.parts import BASE, desk
from auction_engine.identity.access import Act

_ONE = BASE + "/{intake:int}"
_API = "/api/agency/intake"
_REFUSED: dict[int, tuple[Any, str]] = {
    400: (models_intake.IntakeProblem | models.Problem, "Not a signed message as described."),
    403: (
        models_intake.IntakeProblem | models.Problem,
        "UNKNOWN_KEY, RETIRED_KEY, WRONG_ALGORITHM, BAD_SIGNATURE, WRONG_ISSUER, WRONG_AUDIENCE, "
        "NOT_ALLOWED, WRONG_ORIGIN: not received.",
    ),
    408: (models.Problem, "TIMED_OUT: the body did not arrive."),
    413: (models.Problem, "TOO_LARGE: more than `most_bytes` of /api/intake."),
    415: (models.Problem, "UNSUPPORTED_TYPE: send application/jose."),
    422: (models_intake.IntakeProblem, "TOO_OLD, FROM_THE_FUTURE, INVALID with every fault."),
    429: (models.Problem, "RATE_LIMITED."),
}
_BODY = (
    "the body is a compact JWS of type application/jose whose payload is a JSON object with iss,"
)


def _receives(kind: Any, name: str) -> Spec:
    member = kind.lower()
    return Spec(
        "POST",
        f"/api/intake/{member}s",
        Act.SEND_INTAKE,
        door.receive_of(kind, name),
        csrf=False,
        doc=Doc(
            f"Send a {member}: {_BODY} aud, iat, jti and {member}. The same jti gets the first"
            " receipt.",
            {
                200: (models_intake.IntakeReceipt, "It had been received before: that receipt."),
                201: (models_intake.IntakeReceipt, "Received whole and valid; the receipt."),
                409: (
                    models_intake.IntakeProblem,
                    "DUPLICATE: its number was received with other content or from another sender."
                    " JTI_REUSED: the jti is another message's.",
                ),
                **_REFUSED,
            },
        ),
    )


PAGES = [
    Spec("GET", BASE, Act.SEE_INTAKE, desk(pages.register), "page"),
    Spec("GET", _ONE, Act.SEE_INTAKE, desk(pages.one), "page"),
    Spec("GET", _ONE + "/papers/{paper:int}", Act.SEE_INTAKE, desk(pages.paper), "page"),
    Spec("GET", _ONE + "/accept", Act.DECIDE_INTAKE, desk(pages.accept_form), "page"),
    Spec("POST", _ONE + "/accept", Act.DECIDE_INTAKE, desk(pages.accept), "page", rated=True),
    Spec("GET", _ONE + "/refuse", Act.DECIDE_INTAKE, desk(pages.refuse_form), "page"),
    Spec("POST", _ONE + "/refuse", Act.DECIDE_INTAKE, desk(pages.refuse), "page", rated=True),
]
API = [
    Spec(
        "GET",
        "/api/intake",
        Act.SEE_FILES,
        door.intake_door,
        "plain",
        doc=Doc(
            "What whoever sends judgments or requests needs to know.",
            {
                200: (models_intake.IntakeDoor, "Audience, limits, keys, agencies."),
                503: (models.Problem, "UNAVAILABLE."),
            },
        ),
    ),
    Spec(
        "GET",
        "/api/intake/keys",
        Act.SEE_FILES,
        door.intake_keys,
        "plain",
        doc=Doc(
            "The public keys of this installation's receipts and answers.",
            {
                200: (models_intake.IntakeKeys, "A JWK Set."),
                503: (models.Problem, "UNAVAILABLE."),
            },
        ),
    ),
    _receives("JUDGMENT", "send_judgment"),
    _receives("REQUEST", "send_request"),
    Spec(
        "POST",
        "/api/intake/answers",
        Act.SEND_INTAKE,
        door.intake_answer,
        csrf=False,
        doc=Doc(
            f"Ask what became of an own message: {_BODY} aud, iat, jti and about, the jti asked"
            " about.",
            {
                200: (models_intake.IntakeAnswer, "The answer, signed."),
                404: (models_intake.IntakeProblem, "UNKNOWN: nothing of one's own."),
                **_REFUSED,
            },
        ),
    ),
    Spec(
        "GET",
        _API,
        Act.SEE_INTAKE,
        desk(api.agency_intake),
        doc=Doc(
            "The agency's register of judgments and requests received, the newest first.",
            {
                200: (models_intake.IntakeRegister, "Fifty lines."),
                400: (models.Problem, "BAD_MESSAGE."),
            },
            query={
                "state": ({"enum": ["RECEIVED", "ACCEPTED", "REFUSED"]}, "Only these."),
                "kind": ({"enum": ["JUDGMENT", "REQUEST"]}, "Only these."),
                "sender": ({"type": "integer", "minimum": 1, "maximum": 2**53}, "Only its."),
                "from": ({"type": "string", "format": "date"}, "Received on that day or later."),
                "to": ({"type": "string", "format": "date"}, "Received on that day or before."),
                "q": ({"type": "string", "maxLength": 100}, "In the number or the court's name."),
                "page": ({"type": "integer", "minimum": 1, "maximum": 100_000}, "From 1."),
            },
        ),
    ),
    Spec(
        "GET",
        _API + "/{intake:int}",
        Act.SEE_INTAKE,
        desk(api.agency_intake_line),
        doc=Doc(
            "A line of the register with everything.",
            {200: (models_intake.IntakeWhole, "What was sent, and what became of it.")},
        ),
    ),
    Spec(
        "POST",
        _API + "/{intake:int}/decision",
        Act.DECIDE_INTAKE,
        desk(api.agency_intake_decision),
        rated=True,
        fields=frozenset({"decision"}),
        optional=frozenset(models_intake.NewIntakeDecision.model_fields) - {"decision"},
        doc=Doc(
            "Accept a judgment or request as a case, add it to one, or refuse it. Once, for good.",
            {
                200: (models_intake.IntakeDecided, "Done, or done before."),
                404: (models.Problem | models_intake.IntakeProblem, "NOT_FOUND."),
                409: (models_intake.IntakeProblem, "DECIDED otherwise; OTHER_CASE; NUMBER_TAKEN."),
                422: (models_intake.IntakeProblem, "What is wrong, by field."),
                429: (models.Problem, "RATE_LIMITED."),
            },
            models_intake.NewIntakeDecision,
        ),
    ),
]
