"""Rows of the route table for the desks' JSON: what every one of them may answer."""

from typing import Any

from auction_engine.http import models, models_cases
from auction_engine.http.desk_json import LONG_BYTES, names
from auction_engine.http.guard import Doc, Handler, Spec
from auction_engine.identity.access import Act
from auction_engine.identity.tokens import IN_PERSON

FAULTS: dict[int, tuple[Any, str]] = {
    400: (models_cases.CaseProblem, "BAD_MESSAGE, naming the field."),
    404: (models.Problem, "NOT_FOUND: nothing there, or nothing of one's own."),
    409: (models_cases.CaseProblem, "It has moved on; nothing was recorded."),
    422: (models_cases.CaseProblem, "What to correct, with its path; nothing was recorded."),
}
_PROOF = (models.Problem, "FORBIDDEN, or PROVE_FIRST: sign in again first.")
LIMITED: dict[int, tuple[Any, str]] = {429: (models.Problem, "RATE_LIMITED.")}


def reads(
    path: str, act: Act, handler: Handler, summary: str, model: Any, fresh: bool = False,
    **more: Any,
) -> Spec:  # fmt: skip
    """A route that tells something; `fresh` where what it tells is guarded."""
    answers = {200: (model, "As it is now.")}
    if "{" in path:
        answers[404] = FAULTS[404]
    if fresh:
        answers |= {403: _PROOF, 409: FAULTS[409], 422: FAULTS[422]}
    doc = Doc(summary, answers, more=_who(act, fresh), **more)
    return Spec("GET", path, act, handler, fresh=fresh, doc=doc)


def _who(act: Act, fresh: bool) -> str:
    """What is asked of who does it, beside the role."""
    said = ["A person does this: no token is for it."] if act in IN_PERSON else []
    if fresh:
        said.append("Asks for a proof of who one is that is at most ten minutes old.")
    return " ".join(said)


def writes(
    path: str, act: Act, handler: Handler, summary: str, body: Any, model: Any,
    status: int = 200, fresh: bool = False,
) -> Spec:  # fmt: skip
    """A route that does something; `body` None where it takes none."""
    answers = {status: (model, "Recorded."), **FAULTS, **LIMITED}
    if fresh:
        answers[403] = _PROOF
    if body is None:
        doc = Doc(summary, answers, more=_who(act, fresh))
        return Spec("POST", path, act, handler, rated=True, fresh=fresh, doc=doc)
    needed, free = names(body)
    return Spec(
        "POST", path, act, handler, rated=True, fresh=fresh, fields=needed, optional=free,
        most=LONG_BYTES, doc=Doc(summary, answers, body, more=_who(act, fresh)),
    )  # fmt: skip


def file(path: str, act: Act, handler: Handler, summary: str) -> Spec:
    """A route that sends a kept file: a PDF, a JPEG or a PNG."""
    answers: dict[int, tuple[Any, str]] = {
        200: ("application/pdf, image/jpeg, image/png", "The file."), 404: FAULTS[404],
    }  # fmt: skip
    return Spec("GET", path, act, handler, doc=Doc(summary, answers))
