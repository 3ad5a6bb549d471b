"""The acts of a lot's life as forms: what one can do with it now, asked once before it is done.

Each act is a form; sent, it is answered with a page that says what will follow, in both languages,
and asks once. What is confirmed there goes the one way of all acts (`http.acting`) and is recorded
with who, when and why.
"""

from typing import Any, NamedTuple

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.possible import Possible, fields_of, possible
from auction_engine.http import acting
from auction_engine.http.acting_fields import Form, Input, Typed
from auction_engine.http.acting_people import colleagues, entries
from auction_engine.http.money_words import Words
from auction_engine.http.presenting import LANGUAGES
from auction_engine.http.problems import Problem
from auction_engine.http.signin_session import own_page
from auction_engine.http.web import Ask, Web
from auction_engine.identity.access import BY_THE_BOOKS, acting_as, life_roles
from auction_engine.live.views import LotView
from auction_engine.rules.commands import Act
from auction_engine.rules.lifecycle import BY_ACT

# Acts that have a page of their own, by role: with papers, proofs or secrets that no form has.
ELSEWHERE: dict[tuple[str, str], str] = {
    ("BIDDER", "register"): "/lots/{lot}/dossier",
    ("BIDDER", "withdraw_registration"): "/lots/{lot}/dossier",
    ("BIDDER", "sign_minutes"): "/mine/lots/{lot}/sign",
    ("AUCTIONEER", "sign_minutes"): "/desk/lots/{lot}/minutes",
    ("RECORDER", "sign_minutes"): "/desk/lots/{lot}/minutes",
    ("ORGANISATION", "refuse_registration"): "/desk/dossiers",
    ("BIDDER", "add_entropy"): "/lots/{lot}",
    ("BIDDER", "commit_seed"): "/lots/{lot}",
    ("BIDDER", "reveal_seed"): "/lots/{lot}",
}
# What cannot be undone stands last and looks like it.
GRAVE = frozenset(
    "withdraw_lot stop annul disqualify rescind return_to_debtor refuse_consent decide_incident"
    " withdraw_bid refuse_win refuse_minutes decline_offer buyer_rescinds announce".split()
)
_FIRST = "f_"


class Offered(NamedTuple):
    """An act that somebody can do now. `href` is its own page where it has one."""

    act: str
    role: str
    title: str
    what: str
    basis: str
    grave: bool
    href: str | None
    inputs: list[Input]
    usual: dict[str, str]
    reason: bool


async def panel(web: Web, ask: Ask, lot: int) -> dict[str, Any]:
    """What `acting/panel.html` shows: the acts open to who asks, as forms. `lot` is its number.

    Give it to the page as it is: `web.page(ask, …, **await panel(web, ask, lot))`. Raises Problem
    404 where the lot is not to be seen.
    """
    found = await web.view(lot)
    if found is None or found[1].state is None:
        raise Problem(404, "UNKNOWN_LOT")
    done = ask.request.query_params.get("acted", "")[:40]
    offered = await _offered(web, ask, *found)
    return {
        "acting": {
            "lot": lot,
            "back": _here(ask),
            "acts": [one for one in offered if not one.grave],
            "grave": [one for one in offered if one.grave],
            "done": done if done in BY_ACT else "",
        }
    }


def _here(ask: Ask) -> str:
    """The address of the page that shows the panel, to come back to."""
    path = ask.request.scope["path"]
    return str(path) if ask.request.method in ("GET", "HEAD") else "/"


async def _offered(web: Web, ask: Ask, lot: dict[str, Any], view: LotView) -> list[Offered]:
    words = Words(web.presenter, ask.lang, "")
    people = await colleagues(web, ask)
    return [_offer(words, lot, view, one, people) for one in acts_of(web, ask, view)]


def acts_of(web: Web, ask: Ask, view: LotView) -> list[Possible]:
    """The acts open to who asks, each once: as what comes first in the table of roles."""
    assert ask.viewer is not None
    assert view.state is not None
    roles = life_roles(ask.viewer.role, ask.viewer.duties)
    found: dict[str, Possible] = {}
    for one in possible(view.state, ask.viewer.account, roles, web.now_ms()):
        if one.act not in BY_THE_BOOKS:
            found.setdefault(one.act, one)
    return list(found.values())


def _offer(
    words: Words, lot: dict[str, Any], view: LotView, one: Possible, people: dict[int, str]
) -> Offered:
    assert view.state is not None
    form = Form(words, lot, view.state, one)
    href = ELSEWHERE.get((one.role, one.act))
    return Offered(
        one.act,
        one.role,
        words.t(f"acting.act.{one.act}"),
        words.t(f"acting.follows.{one.act}"),
        form.basis(),
        one.act in GRAVE,
        None if href is None else href.format(lot=view.lot),
        form.inputs(people),
        form.usual(),
        "reason_given" in BY_ACT[one.act].guards,
    )


# --- the pages --------------------------------------------------------------------------------


async def page(web: Web, ask: Ask) -> Response:
    """GET /lots/{lot}/acts: what one can do with the lot now, and what was done by whom and why."""
    lot, view = await _seen(web, ask)
    context = await panel(web, ask, view.lot)
    return web.page(
        ask,
        "acting/page.html",
        headers={"Cache-Control": "private, no-store"},
        lot=lot,
        status_now=view.state.status if view.state else "",
        entries=await entries(web, ask, view),
        **context,
    )


async def _seen(web: Web, ask: Ask) -> tuple[dict[str, Any], LotView]:
    """The lot of the address and its view. Raises Problem 404."""
    view = await acting.view_of(web, ask)
    lot, _ = await web.lot_or_404(ask)
    return lot, view


async def submit(web: Web, ask: Ask) -> Response:
    """POST /lots/{lot}/acts: asks once; what is confirmed is done, recorded and led back from."""
    assert ask.viewer is not None
    lot, view = await _seen(web, ask)
    assert view.state is not None
    name = str(ask.body.get("act", ""))[:40]
    one = next((found for found in acts_of(web, ask, view) if found.act == name), None)
    gone = one is None
    if one is None:
        one = _closed(ask, name)
    if (one.role, one.act) in ELSEWHERE or (gone and ask.body.get("confirmed") != "1"):
        return await _gone(web, ask, lot, view, name)
    asked = _Asked(web, ask, lot, view, one, await colleagues(web, ask))
    reason, typed = asked.reason, asked.form.read(asked.fields)
    if asked.needs_reason and not reason:
        typed.problems["reason"] = asked.words.t("acting.error.REASON")
    if typed.problems or ask.body.get("confirmed") != "1":
        status = 422 if typed.problems and "confirmed" in ask.body else 200
        return asked.draw(typed, status=status)
    try:
        return await _do(asked, typed)
    except Problem as problem:
        if gone and problem.status == 409:
            return await _gone(web, ask, lot, view, name)
        return asked.draw(typed, refusal(asked.words, problem), problem.status)


def _closed(ask: Ask, name: str) -> Possible:
    """An act that is not open now; sent again it may be what was done a moment ago."""
    assert ask.viewer is not None
    row = BY_ACT.get(name)
    if row is None:
        raise Problem(400, "UNKNOWN_ACT", "There is no such act.")
    own = life_roles(ask.viewer.role, ask.viewer.duties)
    role = acting_as(ask.viewer.role, name, row.roles, None, own)
    return Possible(name, role, fields_of(row))


async def _gone(web: Web, ask: Ask, lot: Any, view: LotView, name: str) -> Response:
    """The act is not open any more: somebody was first, or the lot has moved on."""
    known = await entries(web, ask, view)
    return web.page(
        ask,
        "acting/gone.html",
        409,
        path=f"/lots/{view.lot}/acts",
        lot=lot,
        back=own_page(ask.body.get("back")) or f"/lots/{view.lot}/acts",
        act=name,
        entries=known[:5],
    )


class _Asked:
    """One act that somebody asks for, as it was typed."""

    def __init__(
        self, web: Web, ask: Ask, lot: Any, view: LotView, one: Possible, people: dict[int, str]
    ) -> None:
        assert view.state is not None
        self.web, self.ask, self.lot, self.view, self.one = web, ask, lot, view, one
        self.words = Words(web.presenter, ask.lang, "")
        self.form = Form(self.words, lot, view.state, one)
        self.people = people
        typed = {
            key.removeprefix(_FIRST): str(value)
            for key, value in ask.body.items()
            if key.startswith(_FIRST)
        }
        self.fields = typed if typed else self.form.usual()
        text = str(ask.body.get("reason", "")).replace("\r\n", "\n").strip()
        self.reason = "".join(c for c in text if c.isprintable() or c == "\n")[:2_000]
        self.needs_reason = "reason_given" in BY_ACT[one.act].guards
        self.back = own_page(ask.body.get("back")) or f"/lots/{view.lot}/acts"

    def draw(self, typed: Typed, problem: str | None = None, status: int = 200) -> Response:
        """The page that says what will follow and asks once; or what is wrong with the form."""
        text = self.web.presenter.text
        key = f"acting.follows.{self.one.act}"
        other = [lang for lang in LANGUAGES if lang != self.ask.lang]
        # Whatever is missing is asked for on this page, so that nobody starts again.
        complete = not typed.problems
        return self.web.page(
            self.ask,
            "acting/confirm.html",
            status,
            path=f"/lots/{self.view.lot}/acts",
            headers={"Cache-Control": "private, no-store"},
            lot=self.lot,
            act=self.one.act,
            role=self.one.role,
            grave=self.one.act in GRAVE,
            follows=[(lang, text(lang, key)) for lang in (self.ask.lang, *other)],
            basis=self.form.basis(),
            inputs=self.form.inputs(self.people),
            said=self.form.shown(typed.data, self.people) if complete else [],
            fields=self.fields,
            problems=typed.problems
            if "confirmed" in self.ask.body or self.ask.body.get("sent")
            else {},
            complete=complete,
            reason=self.reason,
            needs_reason=self.needs_reason,
            back=self.back,
            problem=problem,
        )


async def _do(asked: _Asked, typed: Typed) -> Response:
    """Give the act and lead back. Raises Problem for what it is refused for."""
    web, ask, view, one = asked.web, asked.ask, asked.view, asked.one
    assert ask.viewer is not None
    data = dict(typed.data)
    if type(data.get("bidder")) is str:
        data["bidder"] = acting.bidder_of(view, data["bidder"])
    if one.act == "appoint":
        await acting.check_colleague(web, ask.viewer.body, data.get("auctioneer"), view.lot)
    act = Act(one.act, one.role, ask.viewer.account, asked.reason or None, data)
    await acting.told(web, acting.acting_of(web).do(view.shard, view.lot, act))
    joint = "&" if "?" in asked.back else "?"
    return RedirectResponse(f"{asked.back}{joint}acted={one.act}", 303)


def refusal(words: Words, problem: Problem) -> str:
    """Why an act was refused, in the reader's language, with what to do."""
    for key in (f"acting.refusal.{problem.code}", f"rules.refusal.{problem.code}"):
        if words.has(key):
            return words.t(key)
    return problem.text
