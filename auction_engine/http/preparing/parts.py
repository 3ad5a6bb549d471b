"""What the pages and the API of a session being prepared have in common."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

from auction_engine.desk.cases import assets as cases
from auction_engine.desk.conducting import Desk
from auction_engine.desk.preparing import checking, drafts, sources
from auction_engine.desk.preparing.building import Asset, Whole
from auction_engine.desk.preparing.checking import Found
from auction_engine.desk.preparing.drafts import Draft
from auction_engine.desk.preparing.errors import PreparingError
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web
from auction_engine.rules.pack import Pack

T = TypeVar("T")
_STATUS = {"UNKNOWN": 404, "BAD_CHOICE": 400, "REASON_MISSING": 400}
BASE = "/desk/sessions/drafts"


class Bench(NamedTuple):
    """A draft with everything that is computed from it. `now_ms` is when."""

    draft: Draft
    pack: Pack
    assets: dict[int, Asset]
    whole: Whole
    findings: tuple[Found, ...]
    now_ms: int


async def ledger(web: Web, work: Callable[[Any], Awaitable[T]]) -> T:
    """The result of `work` with a connection of its own. Raises PreparingError, Unavailable."""

    async def call() -> T:
        async with web.apart() as connection:
            return await work(connection)

    return await web.storage.ledger(call())


def who(ask: Ask) -> tuple[int, int]:
    """Account and body of who asks; 0 for staff of no organisation: nothing is theirs."""
    assert ask.viewer is not None
    return ask.viewer.account, ask.viewer.body or 0


def named(ask: Ask) -> int:
    """The number of the draft in the address."""
    return int(ask.request.path_params["draft"])


def refused(error: PreparingError) -> Problem:
    """The answer to a program, or to a person where no page can say it better."""
    code = "NOT_FOUND" if error.code == "UNKNOWN" else error.code
    return Problem(_STATUS.get(error.code, 409), code, str(error))


async def bench(web: Web, ask: Ask, changed: Any = None) -> Bench:
    """The draft in the address with what follows from it; `changed` are choices not yet kept.

    Raises Problem 404.
    """
    _, body = who(ask)

    async def work(connection: Any) -> tuple[Draft, list[cases.Taken]]:
        draft = await drafts.read(connection, named(ask), body)
        return draft, await cases.taken(connection, body)

    try:
        draft, taken = await ledger(web, work)
        pack = sources.pack_of(draft.pack)
    except PreparingError as error:
        raise refused(error) from None
    assets: dict[int, Asset] = {one.id: one for one in taken}
    now_ms = web.now_ms()
    choices = changed or draft.choices
    whole, findings = checking.findings(pack, choices, assets, now_ms)
    # What is published is what it is: its assets are in its lots.
    if draft.session is not None:
        findings = ()
    return Bench(draft, pack, assets, whole, findings, now_ms)


def desk_of(web: Web) -> Desk:
    return Desk(web.settings.database_url or "", web.engine, web.gateway.log)


def version_of(said: Any) -> int:
    """The version of what was seen. Raises Problem 400."""
    text = str(said)
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise Problem(400, "BAD_MESSAGE", "`version` is the version of the draft that was seen.")
    return int(text)
