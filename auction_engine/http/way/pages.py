"""The way into a lot's room, and the bidder's own dossier."""

from typing import Any

from starlette.responses import RedirectResponse, Response

from auction_engine.desk import exclusive
from auction_engine.desk.admission import completeness, declarations, dossiers, reading
from auction_engine.desk.admission.checking import MAX_BYTES, MAX_DOSSIER_BYTES
from auction_engine.desk.admission.reading import Dossier, Person
from auction_engine.desk.admission.states import AdmissionError
from auction_engine.http.money_words import Words
from auction_engine.http.problems import Problem
from auction_engine.http.way import forms
from auction_engine.http.way.parts import Own, cited, own_way, parts_of, person_of
from auction_engine.http.web import Ask, Web
from auction_engine.rules import packs

_DONE = ("saved", "sent", "withdrawn", "added", "removed")


async def way(web: Web, ask: Ask) -> Response:
    """GET /lots/{lot}/way: what it takes, and where one stands."""
    own = await own_way(web, ask)
    return web.page(ask, "way/way.html", here="way", **common(web, ask, own), rules=_rules(own))


def common(web: Web, ask: Ask, own: Own) -> dict[str, Any]:
    """What every page of the way says."""
    state = own.view.state
    assert state is not None
    lot_path = f"/lots/{own.lot['id']}"
    done = ask.request.query_params.get("done", "")
    return {
        "lot": own.lot,
        "state": state,
        "terms": state.params.terms,
        "stands": own.standing,
        "dossier": own.dossier,
        "base": lot_path,
        "say": Words(web.presenter, ask.lang, ""),
        "code": None if ask.bidder is None else _code(own, ask.bidder),
        "links": {"SIGN_IN": f"/login?next={lot_path}/way", "DOSSIER": f"{lot_path}/dossier",
                  "DEPOSIT": f"{lot_path}/deposit", "ROOM": lot_path},
        "done": done if done in _DONE else "",
        "has": lambda key: web.presenter.has_text(ask.lang, key),
        "cite": lambda article: cited(article, ask.lang),
    }  # fmt: skip


def _code(own: Own, account: int) -> str | None:
    assert own.view.state is not None
    bidder = own.view.state.admitted.get(account)
    return None if bidder is None else bidder.code


def _rules(own: Own) -> dict[str, Any]:
    """Who may bid, as the lot's rule pack has it."""
    assert own.view.state is not None
    pack = own.view.state.params.pack
    if pack is None:
        return {"barred": (), "beside": (), "article": None, "principals": None, "title": None}
    found = packs.load(pack)
    rules = found.eligibility
    return {
        "barred": () if rules is None else rules.barred,
        "beside": () if rules is None else rules.not_beside,
        "principals": None if rules is None else rules.proxy_principals,
        "article": found.sources.get("eligibility"),
        "title": {"vi": found.title.vi, "en": found.title.en},
    }


async def dossier(web: Web, ask: Ask) -> Response:
    """GET /lots/{lot}/dossier: the own dossier."""
    own = await own_way(web, ask)
    return await drawn(web, ask, own, await person_of(web, own))


async def drawn(
    web: Web, ask: Ask, own: Own, person: Person,
    problem: AdmissionError | None = None, ticked: set[str] | None = None,
) -> Response:  # fmt: skip
    """The dossier's page; `person` and `ticked` as typed where it was refused."""
    assert own.view.state is not None
    params = own.view.state.params
    # All of them, also those only a proxy makes: none is ticked that nobody made.
    current = declarations.missing(
        params, True, {} if own.dossier is None else own.dossier.declared
    )
    asked = declarations.asked(params, True)
    plain = {one.code for one in declarations.asked(params, False)}
    known = {one.code for one in asked} - set(current) if ticked is None else ticked
    if own.dossier is None and ticked is None:
        known = set()
    found = [] if own.dossier is None else await _history(web, own.dossier)
    return web.page(
        ask,
        "way/dossier.html",
        200 if problem is None else 409,
        path=f"/lots/{own.lot['id']}/dossier",
        here="dossier",
        **common(web, ask, own),
        person=person,
        asked=[(one, one.code in known, one.code not in plain) for one in asked],
        papers=[(paper, reading.name_of(web.vault, own.dossier.id, paper)) for paper in own.papers]
        if own.dossier is not None
        else [],
        kinds=dossiers.KINDS,
        lacks=completeness.lacking(own.dossier, person, own.papers, own.view.state),
        problem=problem,
        history=found,
        editable=own.standing.window == "OPEN"
        and (own.dossier is None or own.dossier.state in ("DRAFT", "RETURNED")),
        most_mb=MAX_BYTES // 2**20,
        most_all_mb=MAX_DOSSIER_BYTES // 2**20,
    )


async def _history(web: Web, found: Dossier) -> list[reading.Done]:
    """What was done with the dossier and its bidder may know: not who decided it."""
    parts = parts_of(web)

    async def read() -> list[reading.Done]:
        async with exclusive.connected(parts.desk.url) as connection:
            return await reading.acts(connection, found.id)

    told = await parts.run(read())
    shown = ("SEND", "LATE", "RETURN", "ADMIT", "REFUSE", "UNDO", "WITHDRAW", "RECORDED")
    return [one for one in told if one.kind in shown]


async def submit(web: Web, ask: Ask) -> Response:
    """POST /lots/{lot}/dossier: save it, and send or withdraw it if that was pressed."""
    own = await own_way(web, ask)
    assert own.place is not None
    what = str(ask.body.get("do", "save"))
    if what not in ("save", "send", "withdraw"):
        raise Problem(400, "BAD_MESSAGE")
    person = forms.person(ask.body)
    parts = parts_of(web)
    lots = parts.take()
    try:
        if what == "withdraw":
            await parts.run(dossiers.withdraw(parts.desk, lots, own.place))
            return _away(own, "withdrawn", "way")
        if what == "send" and not own.place.open:
            # Whatever else is wrong with it: it came too late, and both times are said.
            raise dossiers.late(own.place)
        await parts.run(
            dossiers.save(
                parts.desk, own.place, forms.version(ask.body), forms.declared(ask.body), person,
                ask.lang,
            )
        )  # fmt: skip
        if what == "save":
            return _away(own, "saved", "dossier")
        await parts.run(dossiers.send(parts.desk, lots, own.place))
        return _away(own, "sent", "way")
    except AdmissionError as refused:
        now = await own_way(web, ask)
        if what == "withdraw" or refused.code == "INCOMPLETE":
            person = await person_of(web, now)
            return await drawn(web, ask, now, person, refused)
        return await drawn(web, ask, now, person, refused, set(forms.declared(ask.body)))
    finally:
        parts.give_back(lots)


def _away(own: Own, done: str, page: str) -> Response:
    return RedirectResponse(f"/lots/{own.lot['id']}/{page}?done={done}", 303)
