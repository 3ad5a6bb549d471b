"""/account: the own data, masked until one asks to see it, and changing it."""

from dataclasses import replace
from typing import Any

from starlette.responses import RedirectResponse, Response

from auction_engine.http.people import forms
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.identity import people, recovery
from auction_engine.identity.personal import (
    Personal,
    Wrong,
    checked,
    email,
    faults,
    masked,
    masked_email,
)

PAGE = "/account"
_MASKED = ("identity", "phone", "bank_account")


async def show(web: Web, ask: Ask) -> Response:
    """GET /account."""
    personal, known = await _own(web, ask)
    open_ = ask.request.query_params.get("show") == "all"
    return _page(web, ask, personal, known, shown=open_, done=_done(ask))


async def edit(web: Web, ask: Ask) -> Response:
    """GET /account/edit."""
    personal, _ = await _own(web, ask)
    return _form(web, ask, _person(personal), _typed(_person(personal)), [])


async def submit(web: Web, ask: Ask) -> Response:
    """POST /account/edit."""
    personal, _ = await _own(web, ask)
    typed = forms.texts(ask.body, (*forms.PROFILE, "lang"))
    try:
        await _change(web, ask, _person(personal), typed)
    except _Faulty as faulty:
        return _form(web, ask, _person(personal), typed, faulty.wrong, 400)
    return RedirectResponse(f"{PAGE}?done=changed", 303)


async def api_account(web: Web, ask: Ask) -> Response:
    """GET /api/account: everything, for the owner's own program."""
    personal, known = await _own(web, ask)
    assert ask.viewer is not None
    value: dict[str, Any] = {"account": ask.viewer.account, "role": ask.viewer.role, "lang": "vi"}
    value["person"] = None if personal is None else personal.to_json()
    if known is not None:
        value["lang"] = known.lang
        value["email_confirmed"] = known.confirmed_at is not None
        value["identity_proved"] = known.proved_at is not None
    else:
        value |= {"email_confirmed": False, "identity_proved": False}
    return json_answer(value)


async def api_change_account(web: Web, ask: Ask) -> Response:
    """POST /api/account: replace the fields that are sent."""
    personal, _ = await _own(web, ask)
    before = _typed(_person(personal))
    typed = before | {name: forms.texts(ask.body, (name,))[name] for name in ask.body}
    try:
        await _change(web, ask, _person(personal), typed)
    except _Faulty as faulty:
        raise forms.refused(faulty.wrong) from None
    return json_answer({"t": "changed"})


class _Faulty(Exception):
    def __init__(self, wrong: list[Wrong]) -> None:
        super().__init__()
        self.wrong = wrong


async def _own(web: Web, ask: Ask) -> tuple[Personal | None, people.Known | None]:
    assert ask.viewer is not None
    account = ask.viewer.account

    async def read() -> tuple[Personal | None, people.Known | None]:
        async with web.engine.connect() as connection:
            own = await people.own(connection, web.vault, account)
            return own, await people.known(connection, account)

    return await web.storage.ledger(read())


def _person(personal: Personal | None) -> Personal:
    """Colleagues and the demonstration's people have no data of their own here."""
    if personal is None:
        raise Problem(404, "NOT_FOUND")
    return personal


async def _change(web: Web, ask: Ask, personal: Personal, typed: dict[str, str]) -> None:
    assert ask.viewer is not None
    new: dict[str, Any] = {name: typed.get(name) or None for name in forms.PROFILE}
    wrong: list[Wrong] = []
    try:
        new["born_on"] = forms.day_of(typed.get("born_on", ""))
    except Wrong as one:
        wrong.append(one)
        new["born_on"] = None
    # The name, the number and the address stay as they are: each has a way of its own.
    wanted = replace(personal, identity=None, email=None, **new)
    wrong += faults(wanted, forms.today())
    lang = typed.get("lang") or None
    if lang not in (None, "vi", "en"):
        wrong.append(Wrong("lang", "wrong"))
    if wrong:
        raise _Faulty(wrong)
    right = checked(wanted, forms.today())
    values = {name: getattr(right, name) for name in forms.PROFILE}
    call = people.change(web.engine, web.vault, ask.viewer.account, lang, **values)
    await web.storage.ledger(call)


def _typed(personal: Personal) -> dict[str, str]:
    found = {name: getattr(personal, name) or "" for name in forms.PROFILE}
    born = personal.born_on
    return found | {"born_on": "" if born is None else born.isoformat()}


def _done(ask: Ask) -> str | None:
    done = ask.request.query_params.get("done")
    return done if done == "changed" else None


def _page(
    web: Web,
    ask: Ask,
    personal: Personal | None,
    known: people.Known | None,
    *,
    shown: bool,
    done: str | None,
) -> Response:
    assert ask.viewer is not None
    rows: list[tuple[str, str]] = []
    if personal is not None:
        value = personal.to_json()
        for name in ("name", "identity", "email", *forms.PROFILE):
            text = value[name] or ""
            if name == "born_on" and personal.born_on is not None:
                text = personal.born_on.strftime("%d/%m/%Y") if shown else "••/••/••••"
            elif not shown and name in _MASKED:
                text = masked(text)
            elif not shown and name == "email":
                text = masked_email(text)
            rows.append((name, text))
    sections = ["security", "devices"]
    if ask.viewer.role == "bidder":
        sections.append("alerts")
    sections += ["searches", "tokens", "data"]
    return web.page(
        ask,
        "people/account.html",
        details=rows,
        kind=None if personal is None else personal.kind,
        known=known,
        unmasked=shown,
        done=done,
        sections=sections,
        mailbox=forms.mailbox(web, personal.email if personal else None),
    )


def _form(
    web: Web,
    ask: Ask,
    personal: Personal,
    typed: dict[str, str],
    wrong: list[Wrong],
    status: int = 200,
) -> Response:
    return web.page(
        ask,
        "people/edit.html",
        status,
        kind=personal.kind,
        typed={"lang": ask.lang} | typed,
        wrong=forms.shown(wrong),
    )


# --- another address ------------------------------------------------------------------------


async def show_email(web: Web, ask: Ask) -> Response:
    """GET /account/email."""
    personal, _ = await _own(web, ask)
    return web.page(ask, "people/email.html", now=_person(personal).email or "", typed="", wrong={})


async def submit_email(web: Web, ask: Ask) -> Response:
    """POST /account/email."""
    personal, _ = await _own(web, ask)
    typed = forms.texts(ask.body, ("email",))["email"]
    now = _person(personal).email or ""
    try:
        await _ask_email(web, ask, now, typed)
    except Wrong as wrong:
        shown = forms.shown([wrong])
        return web.page(ask, "people/email.html", 400, now=now, typed=typed, wrong=shown)
    except Problem as problem:
        if problem.status != 429:
            raise
        return forms.told(web, ask, "too_often", 429)
    address = email(typed)
    where = forms.mailbox(web, address)
    return forms.told(web, ask, "email_sent", address=address, mailbox=where)


async def api_change_email(web: Web, ask: Ask) -> Response:
    """POST /api/account/email."""
    personal, _ = await _own(web, ask)
    try:
        typed = forms.texts(ask.body, ("email",))["email"]
        await _ask_email(web, ask, _person(personal).email or "", typed)
    except Wrong as wrong:
        raise forms.refused([wrong]) from None
    return json_answer({"t": "letter"}, 202)


async def _ask_email(web: Web, ask: Ask, now: str, typed: str) -> None:
    assert ask.viewer is not None
    address = email(typed)
    if address.casefold() == now.casefold():
        raise Wrong("email", "same")
    await forms.admit(web, ask, "email", str(ask.viewer.account))
    account = ask.viewer.account
    await web.storage.ledger(recovery.ask_email(web.engine, web.vault, account, address))
