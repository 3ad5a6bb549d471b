"""What is done with a whole session from its console: asked once, with what will follow, recorded.

Pauses and hand-overs go the way of `desk.conducting`; closing by hand that of the log, with who did
it in the record of the session. An announcement is shown as it will be read before it is made.
"""

import contextlib
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

from starlette.responses import RedirectResponse, Response

from auction_engine.desk import conducting, exclusive, session_record
from auction_engine.desk.conducting import Desk, Result
from auction_engine.desk.console import announcing, handing
from auction_engine.desk.console.announcing import AnnouncementError
from auction_engine.desk.console.handing import HandOverError
from auction_engine.http import acting, acting_panel
from auction_engine.http.acting_people import colleagues
from auction_engine.http.console import pages, rows
from auction_engine.http.money_words import Words
from auction_engine.http.presenting import LANGUAGES
from auction_engine.http.problems import Problem, Unavailable
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.rules.commands import CommandRefused

_MOST_REASON = 2_000
_WAIT_S = 5.0
Give = Callable[[Web, Ask, int, str | None], Coroutine[Any, Any, list[Result]]]


def desk_of(web: Web) -> Desk:
    """What conducting needs."""
    return Desk(web.settings.database_url or "", web.engine, web.gateway.log)


async def _pause(web: Web, ask: Ask, session: int, reason: str | None) -> list[Result]:
    return await conducting.pause(desk_of(web), session, _account(ask), reason)


async def _resume(web: Web, ask: Ask, session: int, reason: str | None) -> list[Result]:
    return await conducting.resume(desk_of(web), session, _account(ask), reason)


async def _offer(web: Web, ask: Ask, session: int, reason: str | None) -> list[Result]:
    to = _number(ask, "auctioneer")
    await handing.offer(desk_of(web), session, to, _account(ask), reason)
    return []


async def _take(web: Web, ask: Ask, session: int, reason: str | None) -> list[Result]:
    return await handing.take(desk_of(web), session, _account(ask), reason)


async def _decline(web: Web, ask: Ask, session: int, reason: str | None) -> list[Result]:
    await handing.decline(desk_of(web), session, _account(ask), reason)
    return []


async def _close(web: Web, ask: Ask, session: int, reason: str | None) -> list[Result]:
    """End the bidding of a lot that the auctioneer closes; once, whoever else presses it too."""
    lot = _number(ask, "lot")
    desk = desk_of(web)
    async with web.apart() as connection:
        async with exclusive.alone(connection, exclusive.of_lot(lot), _WAIT_S):
            shard = await connection.fetchval(
                "SELECT shard FROM lot WHERE id = $1 AND session_id = $2", lot, session
            )
            if shard is None:
                raise Problem(404, "UNKNOWN_LOT")
            await desk.log.probe(shard)
            view = await web.gateway.views.find(lot)
            if view is None or not rows.may_close(view, _account(ask)):
                if await _closed_by(connection, session, lot) == _account(ask):
                    return [Result(lot, "already")]
                raise CommandRefused("NOT_YOURS_TO_CLOSE", "This lot cannot be closed by hand now.")
            # Noted before it is done: the journal says that it was closed, this by whom and why.
            await session_record.write(
                web.engine, session, "close", _account(ask), reason, {"lot": lot}
            )
            await desk.log.close_lot(shard, lot)
    return [Result(lot, "done")]


async def _closed_by(connection: Any, session: int, lot: int) -> int | None:
    found = await connection.fetchval(
        "SELECT account_id FROM session_entry WHERE session_id = $1 AND kind = 'close'"
        " AND (body->>'lot')::bigint = $2 ORDER BY n DESC LIMIT 1",
        session,
        lot,
    )
    return None if found is None else int(found)


_DO: dict[str, Give] = {
    "pause": _pause, "resume": _resume, "close": _close, "offer": _offer, "take": _take,
    "decline": _decline,
}  # fmt: skip


def _account(ask: Ask) -> int:
    assert ask.viewer is not None
    return ask.viewer.account


def _number(ask: Ask, name: str) -> int:
    """A number of the form. Raises Problem 400."""
    text = str(ask.body.get(name, ""))[:17]
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**53):
        raise Problem(400, "BAD_FIELDS", f"`{name}` is missing.")
    return int(text)


def _text(ask: Ask, name: str, most: int = _MOST_REASON) -> str:
    text = str(ask.body.get(name, "")).replace("\r\n", "\n").strip()
    return "".join(c for c in text if c.isprintable() or c == "\n")[:most]


async def submit(web: Web, ask: Ask) -> Response:
    """POST /desk/sessions/{session}/acts: asks once, then does it and leads back to the console."""
    session = rows.session_of(ask)
    name = str(ask.body.get("do", ""))[:20]
    if name not in _DO:
        raise Problem(400, "UNKNOWN_ACT", "A session knows " + ", ".join(_DO) + ".")
    if ask.body.get("confirmed") != "1":
        return await _ask(web, ask, session, name)
    words = Words(web.presenter, ask.lang, "")
    try:
        results = await acting.told(web, _DO[name](web, ask, session, _text(ask, "reason") or None))
    except HandOverError as refused:
        return await pages.draw(web, ask, words.t(f"console.error.{refused.code}"), 409)
    except Problem as problem:
        if problem.status not in (400, 409):
            raise
        return await pages.draw(web, ask, acting_panel.refusal(words, problem), problem.status)
    base = f"/desk/sessions/{session}"
    if any(result.outcome in ("refused", "unknown") for result in results):
        titles = {row["lot"]["id"]: row["lot"] for row in (await rows.board(web, ask)).rows}
        return web.page(
            ask, "console/told.html", path=f"{base}/console", results=results, did=name,
            titles=titles, base=base,
            why={r.lot: _why(words, r) for r in results},
        )  # fmt: skip
    return RedirectResponse(f"{base}/console?did={name}", 303)


async def api_close_lot(web: Web, ask: Ask) -> Response:
    """POST /api/sessions/{session}/lots/{lot}/close: end by hand what no clock ends."""
    session = rows.session_of(ask)
    if not isinstance(ask.body.get("reason"), str | None):
        raise Problem(400, "BAD_MESSAGE", "`reason` is text.")
    ask.body = {"reason": ask.body.get("reason") or "", "lot": ask.request.path_params["lot"]}
    results = await acting.told(web, _close(web, ask, session, _text(ask, "reason") or None))
    lots = [result._asdict() for result in results]
    return json_answer({"t": "done", "session": session, "lots": lots})


def _why(words: Words, result: Result) -> str:
    if result.outcome in ("done", "already"):
        return words.t(f"console.outcome.{result.outcome}")
    problem = Problem(409, result.code or "REFUSED", result.text or "–")
    return acting_panel.refusal(words, problem)


async def _ask(web: Web, ask: Ask, session: int, name: str) -> Response:
    """The page that says what will follow, in both languages, and asks once."""
    base = f"/desk/sessions/{session}"
    said: list[tuple[str, str]] = []
    fields = {"do": name}
    text = web.presenter.text
    if name == "close":
        lot = _number(ask, "lot")
        content = await web.storage.ledger(web.catalogue.lot(lot))
        if content is None or content["session"]["id"] != session:
            raise Problem(404, "UNKNOWN_LOT")
        fields["lot"] = str(lot)
        said.append((text(ask.lang, "acting.lot"), content["title"][ask.lang]))
    elif name == "offer":
        people = await colleagues(web, ask)
        to = _number(ask, "auctioneer")
        fields["auctioneer"] = str(to)
        said.append((text(ask.lang, "acting.field.auctioneer"), people.get(to, "–")))
    return _confirm(web, ask, base, f"{base}/acts", name, fields, said)


def _confirm(
    web: Web,
    ask: Ask,
    base: str,
    action: str,
    name: str,
    fields: dict[str, str],
    said: list[tuple[str, str]],
    reads: list[tuple[str, str]] | None = None,
) -> Response:
    text = web.presenter.text
    both = [ask.lang, *(lang for lang in LANGUAGES if lang != ask.lang)]
    return web.page(
        ask,
        "console/confirm.html",
        path=f"{base}/console",
        headers={"Cache-Control": "private, no-store"},
        base=base,
        action=action,
        name=name,
        fields=fields,
        said=said,
        reads=reads or [],
        reason=_text(ask, "reason"),
        follows=[(lang, text(lang, f"console.follows.{name}")) for lang in both],
    )


# --- announcements ----------------------------------------------------------------------------


async def announce(web: Web, ask: Ask) -> Response:
    """POST /desk/sessions/{session}/announcements: shown as it will be read, then made."""
    session = rows.session_of(ask)
    base = f"/desk/sessions/{session}"
    words = Words(web.presenter, ask.lang, "")
    text = {lang: _text(ask, f"text_{lang}", announcing.MOST + 1) for lang in LANGUAGES}
    lots = [_whole(key) for key in ask.body if key.startswith("lot_")]
    key = str(ask.body.get("key", ""))[:36] or str(uuid.uuid4())
    try:
        told = announcing.checked(text)
        if ask.body.get("confirmed") != "1":
            fields = {"key": key} | {f"text_{lang}": said for lang, said in told.items()}
            fields |= {f"lot_{lot}": "1" for lot in lots}
            titles = await _titles(web, ask, lots)
            for_whom = [(words.t("console.for"), titles or words.t("console.for_all"))]
            reads = list(told.items())
            action = f"{base}/announcements"
            return _confirm(web, ask, base, action, "announce", fields, for_whom, reads)
        await _announce(web, session, _account(ask), told, lots, key)
    except AnnouncementError as wrong:
        return await pages.draw(web, ask, words.t(f"console.error.{wrong.code}"), 422)
    return RedirectResponse(f"{base}/console?did=announced", 303)


def _whole(key: str) -> int:
    number = key.removeprefix("lot_")
    whole = number.isascii() and number.isdecimal() and len(number) < 16
    return int(number) if whole else 0


async def _titles(web: Web, ask: Ask, lots: list[int]) -> str:
    found = [await web.storage.ledger(web.catalogue.lot(lot)) for lot in lots]
    return "; ".join(one["title"][ask.lang] for one in found if one is not None)


async def _announce(
    web: Web, session: int, account: int, text: dict[str, str], lots: list[int], key: str
) -> int:
    async def make() -> int:
        async with web.apart() as connection:
            return await announcing.announce(connection, session, account, text, lots, key)

    n = await web.storage.ledger(make())
    # Whoever does not hear of it now finds it in the ledger.
    with contextlib.suppress(Unavailable):
        await web.storage.log(lambda: web.gateway.redis.publish(announcing.CHANNEL, str(session)))
    return n


async def api_announce(web: Web, ask: Ask) -> Response:
    """POST /api/sessions/{session}/announcements."""
    session = rows.session_of(ask)
    body = ask.body
    text, lots = body["text"], body.get("lots") or []
    known = isinstance(text, dict) and all(isinstance(t, str) for t in text.values())
    if not known or not set(text) <= set(LANGUAGES) or not isinstance(body["key"], str):
        raise Problem(400, "BAD_MESSAGE", "`text` has `vi`, `en` or both; `key` is a UUID.")
    if not isinstance(lots, list) or not all(type(lot) is int for lot in lots):
        raise Problem(400, "BAD_MESSAGE", "`lots` is a list of lots.")
    try:
        n = await _announce(web, session, _account(ask), text, lots, body["key"])
    except AnnouncementError as wrong:
        raise Problem(400, wrong.code, wrong.sentence) from None
    return json_answer({"t": "done", "session": session, "n": n})


async def api_announcements(web: Web, ask: Ask) -> Response:
    """GET /api/lots/{lot}/announcements: what the house announced to the lot's room."""
    view = (await web.lot_or_404(ask))[1]
    if view.state is None or view.state.status in ("DRAFT", "CONTRACTED"):
        raise Problem(404, "UNKNOWN_LOT")

    async def read() -> list[announcing.Said]:
        async with web.apart() as connection:
            return await announcing.of_lot(connection, view.lot)

    said = await web.storage.ledger(read())
    told = [{"n": one.n, "at_ms": one.at_ms, "text": one.text} for one in said]
    return json_answer({"lot": view.lot, "said": told})
