"""The link of an invitation: choose a password, and work for the house."""

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.house import inviting
from auction_engine.desk.house.inviting import Invitation
from auction_engine.desk.house.people import HouseError
from auction_engine.http.people import forms
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web
from auction_engine.identity import passwords_rules
from auction_engine.identity.personal import Wrong


async def show(web: Web, ask: Ask) -> Response:
    """GET /join/{token}: what one is invited to."""
    found = await _found(web, ask)
    if found is None:
        return _page(web, ask, None, [], 410)
    return _page(web, ask, found, [])


async def submit(web: Web, ask: Ask) -> Response:
    """POST /join/{token}: the account is made."""
    token = ask.request.path_params["token"]
    try:
        await forms.admit(web, ask, "confirm", token[:50])
    except Problem as problem:
        if problem.status != 429:
            raise
        return forms.told(web, ask, "too_often", 429, path="/login")
    found = await _found(web, ask)
    if found is None:
        return _page(web, ask, None, [], 410)
    password, wrong = forms.new_password(ask.body, found.name, found.address)
    if wrong:
        return _page(web, ask, found, wrong, 400)
    hashed = await web.passwords.hash(password)
    try:
        made = await web.storage.ledger(
            inviting.take(web.engine, web.vault, token, hashed, ask.lang)
        )
    except HouseError as refused:
        return _page(web, ask, found, [], 409, refused.code)
    if made is None:
        return _page(web, ask, None, [], 410)
    return RedirectResponse("/login?joined=1", 303)


async def _found(web: Web, ask: Ask) -> Invitation | None:
    token = ask.request.path_params["token"]
    return await web.storage.ledger(inviting.look(web.engine, web.vault, token))


def _page(
    web: Web, ask: Ask, found: Invitation | None, wrong: list[Wrong], status: int = 200,
    problem: str | None = None,
) -> Response:  # fmt: skip
    return web.page(
        ask, "house/join.html", status, path=ask.request.scope["path"], invitation=found,
        wrong=forms.shown(wrong), least=passwords_rules.PASSWORD_MIN, problem=problem,
        headers={"Cache-Control": "private, no-store"},
    )  # fmt: skip
