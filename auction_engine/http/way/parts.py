"""What the pages of the way in have in common."""

import asyncio
from collections.abc import Coroutine
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from auction_engine.bidding.client import LogUnanswered
from auction_engine.desk import exclusive
from auction_engine.desk.admission import reading
from auction_engine.desk.admission.checking import Checker
from auction_engine.desk.admission.dossiers import Desk, Place
from auction_engine.desk.admission.reading import Dossier, Person
from auction_engine.desk.admission.standing import Standing, standing
from auction_engine.desk.admission.states import AdmissionError
from auction_engine.desk.reading import Lots
from auction_engine.http.problems import Problem, Storage
from auction_engine.http.web import Ask, Web
from auction_engine.identity import people
from auction_engine.live.views import LotView
from auction_engine.rules.commands import CommandRefused
from auction_engine.rules.pack_words import citation

T = TypeVar("T")
# People at their dossiers never take a connection from those who bid.
_AT_ONCE = 4
_CALL_S, _FILE_S = 20.0, 90.0
_RETRY_S = 1
_NOT_PUBLIC = ("DRAFT", "CONTRACTED")
UNANSWERED = "The record has not answered in time; the dossier is on its way into it. Look again."
# What a refusal is over HTTP; every other is a conflict with how things stand.
_STATUS = {
    "BUSY": 503, "FILE_TOO_LARGE": 413, "TOO_MUCH": 413, "REASON_NEEDED": 400,
    "UNKNOWN_GROUND": 400, "UNKNOWN_KIND": 400, "NO_DOSSIER": 404, "PRACTICE_OFTEN": 429,
    "PRACTICE_FULL": 503,
}  # fmt: skip


class Parts:
    """What one process has for these pages."""

    def __init__(self, web: Web) -> None:
        self.desk = Desk(web.settings.database_url or "", web.gateway.log, web.vault)
        self.checker = Checker()
        self.free = asyncio.Semaphore(_AT_ONCE)
        self.storage = Storage(_CALL_S, waiting_max=200)
        self.files = Storage(_FILE_S, waiting_max=32)
        self._lots: list[Lots] = []

    def take(self) -> Lots:
        """Lots read by a request that has ended; never two requests with the same."""
        return self._lots.pop() if self._lots else Lots()

    def give_back(self, lots: Lots) -> None:
        """For the next request."""
        self._lots.append(lots)

    async def run(self, call: Coroutine[Any, Any, T]) -> T:
        """A call that may take its time, a few at once. Raises AdmissionError, Problem."""
        return await told(self.storage.ledger(self._in_turn(call)))

    async def _in_turn(self, call: Coroutine[Any, Any, T]) -> T:
        async with self.free:
            return await call


_parts: WeakKeyDictionary[Web, Parts] = WeakKeyDictionary()


def parts_of(web: Web) -> Parts:
    """The process's parts for these pages."""
    found = _parts.get(web)
    if found is None:
        found = _parts[web] = Parts(web)
    return found


async def told(call: Coroutine[Any, Any, T]) -> T:
    """What an act comes to. Raises AdmissionError for people, Problem for everything else."""
    try:
        return await call
    except LogUnanswered:
        raise Problem(503, "UNANSWERED", UNANSWERED, _RETRY_S) from None
    except exclusive.Busy as busy:
        raise Problem(503, "BUSY", busy.sentence, _RETRY_S) from None
    except CommandRefused as refused:
        if refused.code == "BUSY":
            raise Problem(503, "BUSY", str(refused), _RETRY_S) from None
        raise AdmissionError(refused.code, str(refused)) from None


def problem_of(error: AdmissionError) -> Problem:
    """A refusal as the API gives it."""
    status = 415 if error.code == "FILE_WRONG_TYPE" else _STATUS.get(error.code, 409)
    if error.code.startswith("FILE_") and status == 409:
        status = 422
    return Problem(status, error.code, error.sentence, _RETRY_S if status in (429, 503) else None)


class Own(NamedTuple):
    """Somebody's own way into one lot. `person` is empty for who may not read it here."""

    lot: dict[str, Any]
    view: LotView
    place: Place | None
    dossier: Dossier | None
    papers: list[reading.Document]
    standing: Standing


async def public_lot(web: Web, ask: Ask) -> tuple[dict[str, Any], LotView]:
    """The published lot named in the address. Raises Problem 404."""
    lot, view = await web.lot_or_404(ask)
    assert view.state is not None
    if view.state.status in _NOT_PUBLIC or lot.get("practice"):
        raise Problem(404, "UNKNOWN_LOT")
    return lot, view


async def own_way(web: Web, ask: Ask) -> Own:
    """Where whoever asks stands with the lot named in the address. Raises Problem 404."""
    lot, view = await public_lot(web, ask)
    assert view.state is not None
    place: Place | None = None
    dossier: Dossier | None = None
    papers: list[reading.Document] = []
    if ask.bidder is not None:
        place = Place(view.shard, view.lot, ask.bidder, view.state, web.now_ms())
        dossier, papers = await web.storage.ledger(_found(web, view.lot, ask.bidder))
    who = "NOBODY" if ask.viewer is None else "BIDDER" if ask.bidder is not None else "OTHER"
    stands = standing(view.state, web.now_ms(), who, ask.bidder, dossier)  # type: ignore[arg-type]
    return Own(lot, view, place, dossier, papers, stands)


async def _found(web: Web, lot: int, account: int) -> tuple[Dossier | None, list[reading.Document]]:
    parts = parts_of(web)
    async with parts.free, exclusive.connected(parts.desk.url) as connection:
        dossier = await reading.own(connection, lot, account)
        papers = [] if dossier is None else await reading.documents(connection, dossier.id)
        return dossier, papers


def cited(article: str, lang: str) -> str:
    """An article as it is cited in this language."""
    found = citation(article)
    return found.vi if lang == "vi" else found.en


async def person_of(web: Web, own: Own) -> Person:
    """Who the own dossier is of; what the account already says of itself before it is begun."""
    if own.dossier is not None and own.dossier.person is not None:
        return reading.person_of(web.vault, own.dossier)
    assert own.place is not None
    known = await web.storage.ledger(_personal(web, own.place.account))
    if known is None:
        return Person()
    return Person(known.name, known.identity or "", known.phone or "")


async def _personal(web: Web, account: int) -> Any:
    async with web.engine.connect() as connection:
        return await people.own(connection, web.vault, account)
