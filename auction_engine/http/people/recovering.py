"""A new password by letter. Known and unknown addresses get the same answer by the same work."""

from starlette.responses import Response

from auction_engine.http.people import forms
from auction_engine.http.problems import Problem
from auction_engine.http.signin_session import close
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.identity import passwords_rules, recovery
from auction_engine.identity.personal import Wrong, email


async def show(web: Web, ask: Ask) -> Response:
    """GET /recover."""
    return web.page(ask, "people/recover.html", typed="", wrong={})


async def submit(web: Web, ask: Ask) -> Response:
    """POST /recover."""
    typed = forms.texts(ask.body, ("email",))["email"]
    try:
        address = email(typed)
    except Wrong as wrong:
        return web.page(ask, "people/recover.html", 400, typed=typed, wrong=forms.shown([wrong]))
    try:
        await _ask(web, ask, address)
    except Problem as problem:
        if problem.status != 429:
            raise
        return forms.told(web, ask, "too_often", 429)
    where = forms.mailbox(web, address)
    return forms.told(web, ask, "recover_sent", address=address, mailbox=where)


async def api_recover(web: Web, ask: Ask) -> Response:
    """POST /api/recover."""
    try:
        address = email(forms.texts(ask.body, ("email",))["email"])
    except Wrong as wrong:
        raise forms.refused([wrong]) from None
    await _ask(web, ask, address)
    return json_answer({"t": "letter"}, 202)


async def _ask(web: Web, ask: Ask, address: str) -> None:
    await forms.admit(web, ask, "recover", address.casefold())
    await web.storage.ledger(recovery.ask(web.engine, web.vault, address))


async def show_new(web: Web, ask: Ask) -> Response:
    """GET /recover/{token}."""
    token = ask.request.path_params["token"]
    if await web.storage.ledger(recovery.holder(web.engine, token, "RECOVER")) is None:
        return forms.told(web, ask, "stale", 410, path="/recover")
    return _form(web, ask, [])


async def submit_new(web: Web, ask: Ask) -> Response:
    """POST /recover/{token}."""
    token = ask.request.path_params["token"]
    password, wrong = forms.new_password(ask.body)
    if wrong:
        return _form(web, ask, wrong, 400)
    try:
        done = await _set(web, ask, token, password)
    except Problem as problem:
        if problem.status != 429:
            raise
        return forms.told(web, ask, "too_often", 429, path="/recover")
    if not done:
        return forms.told(web, ask, "stale", 410, path="/recover")
    return forms.told(web, ask, "recovered", path="/recover")


async def api_password(web: Web, ask: Ask) -> Response:
    """POST /api/recover/password."""
    token = ask.body["token"]
    password, wrong = forms.new_password(ask.body)
    if wrong:
        raise forms.refused(wrong)
    if not isinstance(token, str) or not await _set(web, ask, token, password):
        raise Problem(410, "STALE_LINK")
    return json_answer({"t": "set"})


async def _set(web: Web, ask: Ask, token: str, password: str) -> bool:
    """Set the password and end every session, live connections too. The hash is made only for a
    link that is good: nobody can have us work for made-up ones."""
    await forms.admit(web, ask, "confirm", token[:50])
    if await web.storage.ledger(recovery.holder(web.engine, token, "RECOVER")) is None:
        return False
    hashed = await web.passwords.hash(password)
    changed = await web.storage.ledger(recovery.recover(web.engine, token, hashed))
    if changed is None:
        return False
    await close(web, list(changed.ended))
    return True


def _form(web: Web, ask: Ask, wrong: list[Wrong], status: int = 200) -> Response:
    return web.page(
        ask,
        "people/new_password.html",
        status,
        action=ask.request.scope["path"],
        wrong=forms.shown(wrong),
        least=passwords_rules.PASSWORD_MIN,
    )
