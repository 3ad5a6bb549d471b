"""What the pages of a house share."""

import uuid
from collections import defaultdict
from typing import Any, NamedTuple

from starlette.responses import Response

from auction_engine.desk.house.people import HouseError
from auction_engine.http.afterwards.own import Own
from auction_engine.http.problems import Problem
from auction_engine.identity.accounts import Role
from auction_engine.identity.duties import OF_ROLE
from auction_engine.identity.personal import Wrong

_NOT_FOUND = ("NO_COLLEAGUE", "NO_INVITATION", "NO_QUESTION", "NO_HOUSE")
_CONFLICT = ("CHANGED", "LAST_HEAD", "TAKEN", "SEALED", "TOO_MANY")


class Side(NamedTuple):
    """Whose house it is, and where its pages are."""

    role: Role
    base: str
    desk: str

    @property
    def duties(self) -> tuple[str, ...]:
        return OF_ROLE[self.role]


_SIDES: dict[Role, Side] = {
    "organisation": Side("organisation", "/desk/house", "/desk"),
    "officer": Side("officer", "/agency/house", "/agency"),
}


def side(own: Own) -> Side:
    """The viewer's own house."""
    assert own.ask.viewer is not None
    return _SIDES[own.ask.viewer.role]


def has_duty(own: Own, *duties: str) -> bool:
    """Whether the viewer has one of these duties."""
    assert own.ask.viewer is not None
    return not own.ask.viewer.duties.isdisjoint(duties)


def page(own: Own, template: str, status: int = 200, **context: Any) -> Response:
    """A page of the house."""
    done = own.ask.request.query_params.get("done", "")[:30]
    return own.web.page(
        own.ask,
        f"house/{template}",
        status,
        path=own.ask.request.scope["path"] if status == 200 else context.pop("back", "/"),
        headers={"Cache-Control": "private, no-store"},
        **{
            "say": own.words,
            "done": done if own.words.has(f"house.done.{done}") else "",
            "problem": None,
            "typed": defaultdict(str, own.ask.body),
            **context,
        },
    )


def sentence(own: Own, refused: HouseError | Wrong) -> str:
    """What to say of a refusal, in the reader's language."""
    if isinstance(refused, Wrong):
        return own.words.t("house.error.ADDRESS")
    key = f"house.error.{refused.code}"
    return own.words.t(key, **refused.values) if own.words.has(key) else refused.sentence


def status_of(refused: HouseError | Wrong) -> int:
    """The status of a refusal. Raises Problem 404 for what is not there."""
    code = getattr(refused, "code", "")
    if code in _NOT_FOUND:
        raise Problem(404, "NOT_FOUND")
    return 409 if code in _CONFLICT else 422


def key_of(own: Own, name: str = "key") -> uuid.UUID:
    """The key a form was drawn with. Raises Problem 400."""
    try:
        return uuid.UUID(str(own.ask.body.get(name, ""))[:36])
    except ValueError:
        raise Problem(400, "BAD_MESSAGE") from None


def listed(own: Own, name: str, known: tuple[str, ...]) -> list[str]:
    """Which of `known` were ticked: fields called `name.VALUE`."""
    return [one for one in known if f"{name}.{one}" in own.ask.body]
