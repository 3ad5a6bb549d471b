"""The course of a lot to watch again: a page that works without script, and the JSON that feeds its
player. Both are the public record and nothing else; see `live.playing`."""

import asyncio
from collections import OrderedDict
from contextlib import aclosing
from hashlib import sha256
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import orjson
from starlette.responses import Response

from auction_engine.http.pages import public_lot
from auction_engine.http.presenting import LANGUAGES
from auction_engine.http.presenting_amounts import affixes
from auction_engine.http.web import JSON, Ask, Web
from auction_engine.ledger import store
from auction_engine.live.lotview import LotView
from auction_engine.live.playing import Course, Step

# A course of ten thousand bids takes some ten megabytes; few are watched at once.
_KEPT = 20
_READ_AT_ONCE = 2
_TIMEOUT_S = 8.0
# While bids come, everybody is content with a course two seconds old.
_FRESH_S, _OVER_S = 2, 60
_MOST_ROWS = 2_000


class _Said(NamedTuple):
    """A course as JSON, as it stood at `seq` with `falls` pseudo-steps after it."""

    seq: int
    steps: int
    body: bytes
    tag: str


class Courses:
    """Courses read before, so that a later reading takes only what is new. One per process."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._kept: OrderedDict[int, Course] = OrderedDict()
        self._locks: dict[int, asyncio.Lock] = {}
        self._slots = asyncio.Semaphore(_READ_AT_ONCE)
        self.said: OrderedDict[int, _Said] = OrderedDict()

    async def read(self, view: LotView) -> Course:
        """The lot's course, at least up to where `view` is."""
        async with self._locks.setdefault(view.lot, asyncio.Lock()):
            course = self._kept.get(view.lot)
            if course is None or course.seq > view.seq:
                # Never read, or the ledger was set back.
                course = self._kept[view.lot] = Course(view.lot, view.shard)
            if course.seq < view.seq:
                await self._read_on(course)
            self._kept.move_to_end(view.lot)
            while len(self._kept) > _KEPT:
                gone, _ = self._kept.popitem(last=False)
                self._locks.pop(gone, None)
            return course

    async def _read_on(self, course: Course) -> None:
        async with self._slots:
            connection = await store.connect(
                self._database_url, timeout_s=_TIMEOUT_S, application="auction-replay"
            )
            try:
                lots = [course.view.lot]
                async with aclosing(store.journal_of(connection, lots, course.seq)) as journal:
                    async for _, seq, body, _ in journal:
                        if seq == course.seq + 1:
                            course.take(orjson.loads(body))
            finally:
                connection.terminate()


_courses: WeakKeyDictionary[Web, Courses] = WeakKeyDictionary()


def _courses_of(web: Web) -> Courses:
    return _courses.setdefault(web, Courses(web.settings.database_url or ""))


async def _steps(web: Web, view: LotView) -> list[Step]:
    course = await web.storage.ledger(_courses_of(web).read(view))
    return course.until(web.now_ms())


async def api_course(web: Web, ask: Ask) -> Response:
    """GET /api/lots/{lot}/course: the public course as one JSON, the same for everybody."""
    lot, view = await public_lot(web, ask)
    steps = await _steps(web, view)
    kept = _courses_of(web).said
    said = kept.get(view.lot)
    if said is None or (said.seq, said.steps) != (view.seq, len(steps)):
        body = orjson.dumps(_told(web, lot, view, steps))
        said = kept[view.lot] = _Said(view.seq, len(steps), body, sha256(body).hexdigest()[:32])
        while len(kept) > _KEPT:
            kept.popitem(last=False)
    assert view.state is not None
    fresh_s = _OVER_S if view.state.phase == "closed" else _FRESH_S
    headers = {"Cache-Control": f"public, max-age={fresh_s}", "ETag": f'"{said.tag}"'}
    if f'"{said.tag}"' in ask.request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(said.body, headers=headers, media_type=JSON)


def _told(web: Web, lot: dict[str, Any], view: LotView, steps: list[Step]) -> dict[str, Any]:
    words = {lang: web.presenter.life_words(lang, lot) for lang in LANGUAGES}
    state = view.state
    assert state is not None
    return {
        "lot": view.lot,
        "title": lot["title"],
        "seq": view.seq,
        "currency": lot["currency"],
        "minor_digits": lot["minor_digits"],
        "starting_price_minor": lot["starting_price_minor"],
        "start_ms": state.params.start_ms,
        "over": state.phase == "closed",
        "falls": any(step["kind"] == "fall" for step in steps),
        "steps": [
            step | {"text": {lang: words[lang].turn(step["turn"]) for lang in LANGUAGES}}
            if step["kind"] == "turn"
            else step
            for step in steps
        ],
    }


async def page(web: Web, ask: Ask) -> Response:
    """GET /lots/{lot}/replay: the course as a table, and a player over it."""
    lot, view = await public_lot(web, ask)
    steps = await _steps(web, view)
    path = f"/lots/{lot['id']}/replay"
    stamp = (view.epoch, view.seq, len(steps))

    def context() -> dict[str, Any]:
        return _context(web, ask, lot, view, steps)

    if ask.viewer is not None:
        return web.page(ask, "afterwards/replay.html", path=path, **context())
    return web.onlookers_page(ask, "afterwards/replay.html", stamp, path, context)


def _context(
    web: Web, ask: Ask, lot: dict[str, Any], view: LotView, steps: list[Step]
) -> dict[str, Any]:
    words, state = web.presenter.life_words(ask.lang, lot), view.state
    assert state is not None
    before, after = affixes(lot["currency"], ask.lang)
    shown = steps[-_MOST_ROWS:]
    void = {code for step in steps for code in step.get("void", ())}
    return {
        "lot": lot,
        "over": state.phase == "closed",
        "unit": {"before": before, "after": after},
        "first": len(steps) - len(shown),
        "steps": [
            {**step, "text": words.turn(step["turn"]) if step["kind"] == "turn" else ""}
            for step in shown
        ],
        "void": void,
        "last": steps[-1] if steps else None,
        "falls": any(step["kind"] == "fall" for step in steps),
    }
