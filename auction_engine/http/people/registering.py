"""Asking for an account and confirming it. Whatever is asked for, the answer is the same letter."""

from starlette.responses import RedirectResponse, Response

from auction_engine.http.people import forms
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.identity import consents, passwords_rules, people, recovery
from auction_engine.identity.personal import Personal, Wrong, checked, email


async def show(web: Web, ask: Ask) -> Response:
    """GET /register."""
    if ask.viewer is not None:
        return RedirectResponse("/account", 303)
    return _form(web, ask, dict.fromkeys(forms.REGISTER, ""), [])


async def submit(web: Web, ask: Ask) -> Response:
    """POST /register."""
    typed = forms.texts(ask.body, forms.REGISTER)
    personal, password, wrong = forms.registration(ask.body)
    if ask.body.get("terms") != "yes":
        wrong.append(Wrong("terms", "needed"))
    if wrong:
        return _form(web, ask, typed, wrong, 400)
    try:
        await _ask(web, ask, personal, password)
    except Problem as problem:
        if problem.status != 429:
            raise
        return forms.told(web, ask, "too_often", 429)
    address = email(personal.email or "")
    return forms.told(web, ask, "sent", address=address, mailbox=forms.mailbox(web, address))


async def api_register(web: Web, ask: Ask) -> Response:
    """POST /api/register."""
    personal, password, wrong = forms.registration(ask.body)
    if ask.body["terms"] != consents.VERSION:
        wrong.append(Wrong("terms", "needed"))
    if wrong:
        raise forms.refused(wrong)
    await _ask(web, ask, personal, password)
    return json_answer({"t": "letter"}, 202)


async def _ask(web: Web, ask: Ask, personal: Personal, password: str) -> None:
    """The same work for everybody: a count, a hash, a transaction of the same statements."""
    right = checked(personal, forms.today())
    await forms.admit(web, ask, "register", (right.email or "").casefold())
    hashed = await web.passwords.hash(password)
    await web.storage.ledger(people.register(web.engine, web.vault, right, hashed, ask.lang))


def _form(
    web: Web, ask: Ask, typed: dict[str, str], wrong: list[Wrong], status: int = 200
) -> Response:
    return web.page(
        ask,
        "people/register.html",
        status,
        typed=typed,
        wrong=forms.shown(wrong),
        least=passwords_rules.PASSWORD_MIN,
        terms=consents.VERSION,
        agreed=ask.body.get("terms") == "yes",
        demo=web.settings.demo,
    )


async def show_confirm(web: Web, ask: Ask) -> Response:
    """GET /confirm/{token}: a button, for programs that look into letters open every link."""
    return _confirm_form(web, ask, [])


def _confirm_form(web: Web, ask: Ask, wrong: list[Wrong], status: int = 200) -> Response:
    path = ask.request.scope["path"]
    # Another address is confirmed by whoever has just proved who he is.
    asks = not path.startswith("/confirm/email/")
    return web.page(
        ask, "people/confirm.html", status, action=path, asks=asks, wrong=forms.shown(wrong)
    )


async def confirm(web: Web, ask: Ask) -> Response:
    """POST /confirm/{token}."""
    password = forms.password_of(ask.body)
    try:
        made = await _confirm(web, ask, ask.request.path_params["token"], password)
    except Problem as problem:
        if problem.status == 401:
            return _confirm_form(web, ask, [Wrong("password", "other")], 401)
        if problem.status != 429:
            raise
        return forms.told(web, ask, "too_often", 429, path="/register")
    what, status = ("confirmed", 200) if made else ("stale", 410)
    return forms.told(web, ask, what, status, path="/register")


async def api_confirm(web: Web, ask: Ask) -> Response:
    """POST /api/confirm."""
    token = ask.body["token"]
    password = forms.password_of(ask.body)
    if not isinstance(token, str) or not await _confirm(web, ask, token, password):
        raise Problem(410, "STALE_LINK")
    return json_answer({"t": "confirmed"})


async def _confirm(web: Web, ask: Ask, token: str, password: str) -> bool:
    """Whether the account is made now. Raises Problem 401 for another password, 429."""
    await forms.admit(web, ask, "confirm", token[:50])
    chosen = await web.storage.ledger(people.chosen_password(web.engine, web.vault, token))
    if chosen is None:
        return False
    if not await web.passwords.verify(chosen, password):
        raise Problem(401, "WRONG_PASSWORD")
    return await web.storage.ledger(people.confirm(web.engine, web.vault, token)) is not None


async def confirm_email(web: Web, ask: Ask) -> Response:
    """POST /confirm/email/{token}."""
    token = ask.request.path_params["token"]
    await forms.admit(web, ask, "confirm", token[:50])
    done = await web.storage.ledger(recovery.confirm_email(web.engine, web.vault, token))
    what, status = ("email_changed", 200) if done is not None else ("stale", 410)
    return forms.told(web, ask, what, status, path="/account")


async def terms(web: Web, ask: Ask) -> Response:
    """GET /terms: what people agree to, and what becomes of their data."""
    return web.page(ask, "people/terms.html", terms=consents.VERSION)
