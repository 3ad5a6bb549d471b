"""JSON of the desks: bodies read by their model, and refusals that name the field and the cure.

A refusal has its first fault as `code`, and all of them in `faults`; nothing of it was recorded.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import AfterValidator, BaseModel, Field, ValidationError
from starlette.responses import Response

from auction_engine.desk.complaints.record import ComplaintError
from auction_engine.desk.house.people import HouseError
from auction_engine.desk.oversight.record import OversightError
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, json_answer
from auction_engine.identity.duties import DutyError
from auction_engine.identity.personal import Wrong
from auction_engine.live.messages import error

PRIVATE = {"Cache-Control": "private, no-store"}
# For long texts, each letter of which may take six bytes on its way.
LONG_BYTES = 96 * 1024
_NOT_THERE = frozenset("UNKNOWN OTHER_LOT NO_COLLEAGUE NO_INVITATION NO_QUESTION NO_HOUSE".split())
_MOVED_ON = frozenset(
    "WRONG_STATE NOT_VALID LEFT ENOUGH_SPEAK FULL TOO_MANY NO_APPEAL TOO_LATE SAME_PERSON NOT_YOURS"
    " FILER CHANGED LAST_HEAD TAKEN SEALED YOURSELF NOT_OPEN NOT_AUCTIONEER".split()
)
# Where in the body the fault is.
_PATHS = {
    "NO_GROUNDS": "grounds", "NO_REMEDY": "remedy", "BAD_DAY": "known_on",
    "BAD_ADDRESSEE": "addressee", "NO_REASON": "reason", "REASON_NEEDED": "reason",
    "NOTHING_PUBLISHED": "published", "NAMES": "published", "NO_ARTICLES": "articles",
    "NO_AUTHORITY": "authority", "NO_WARRANT": "number", "BAD_DAYS": "valid_from",
    "TOO_LONG_VALID": "valid_until", "BAD_LOTS": "lots", "NO_TEXT": "text", "BAD_ENTRY": "seq",
    "BAD_DEADLINE": "working_days", "NO_CALENDAR": "working_days", "NO_SUBJECT": "lot",
    "NO_BODY": "side", "NAME_NEEDED": "name", "NO_DUTIES": "duties", "CARD_NUMBER": "number",
    "CARD_DAY": "until", "UNKNOWN_KIND": "kind", "NUMBER_NEEDED": "number", "NOTE_NEEDED": "note",
    "LOT_NEEDED": "lot", "WRONG_CODE": "code", "UNKNOWN_DUTY": "duties", "BAD_ADDRESS": "email",
}  # fmt: skip


def _kept(text: str) -> str:
    """A text as a form's would be kept: its lines, and nothing that cannot be printed."""
    plain = text.replace("\r\n", "\n")
    return "".join(one for one in plain if one.isprintable() or one == "\n").strip()


Kept = AfterValidator(_kept)
Number = Annotated[int, Field(gt=0, lt=2**53)]
M = TypeVar("M", bound=BaseModel)
H = TypeVar("H")


class Refusal(Exception):
    """A refusal that names what to correct. `status` is its answer's."""

    def __init__(self, status: int, code: str, text: str, path: str | None = None) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text
        self.path: str = _PATHS.get(code, "") if path is None else path


def answer(
    status: int, code: str, text: str, faults: list[dict[str, str]] | None = None
) -> Response:
    """A refusal as it is sent."""
    told = error(code, text)
    told["faults"] = [{"path": "", "code": code, "cure": text}] if faults is None else faults
    return json_answer(told, status, PRIVATE)


def names(model: type[BaseModel]) -> tuple[frozenset[str], frozenset[str]]:
    """The names a JSON body must have, and those it may have."""
    needed = frozenset(name for name, one in model.model_fields.items() if one.is_required())
    return needed, frozenset(model.model_fields) - needed


def read(model: type[M], body: Mapping[str, Any]) -> M:
    """The body as this model has it. Raises Refusal naming the first field that is wrong."""
    try:
        return model.model_validate_json(orjson.dumps(dict(body)), strict=True)
    except (ValidationError, orjson.JSONEncodeError) as wrong:
        if not isinstance(wrong, ValidationError):
            raise Refusal(400, "BAD_MESSAGE", "The body is not valid JSON.") from None
        first = wrong.errors(include_url=False, include_context=False, include_input=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise Refusal(400, "BAD_MESSAGE", f"`{path}`: {first['msg']}.", path) from None


def status_of(code: str) -> int:
    """404 for what is not there, 409 for what has moved on, 422 for what was filled in wrongly."""
    if code in _NOT_THERE:
        return 404
    return 409 if code in _MOVED_ON else 422


def telling(
    handler: Callable[[H], Awaitable[Response]], name: str | None = None
) -> Callable[[H], Awaitable[Response]]:
    """`handler`, with what the desk refuses told as JSON; as `name` where one serves two desks."""

    async def told(asked: H) -> Response:
        try:
            return await handler(asked)
        except Refusal as refused:
            path, code, text = refused.path, refused.code, refused.text
            status = refused.status
        except (ComplaintError, OversightError, HouseError) as refused:
            code, text = refused.code, refused.sentence
            status, path = status_of(code), _PATHS.get(code, "")
        except DutyError as refused:
            status, code, path, text = 422, "UNKNOWN_DUTY", "duties", refused.sentence
        except Wrong as refused:
            status, code, path, text = 422, "BAD_ADDRESS", "email", refused.sentence
        if status == 404:
            raise Problem(404, "NOT_FOUND")
        return answer(status, code, text, [{"path": path, "code": code, "cure": text}])

    told.__name__ = str(name or getattr(handler, "__name__", "told"))
    told.__doc__ = handler.__doc__
    return told


def body_of(ask: Ask, model: type[M]) -> M:
    """The body that the guard has read, by its model. Raises Refusal."""
    return read(model, ask.body)
