"""/demo/mail: the letters of one address, in the demonstration without a mail server."""

import re

from starlette.responses import Response

from auction_engine.http.lettering import Lettering, public_base
from auction_engine.http.people import forms
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web
from auction_engine.identity.personal import Wrong, email
from auction_engine.post import mailbox
from auction_engine.post.mailbox import Item

_LINK = re.compile(r"https?://[^\s<>]+")


async def show(web: Web, ask: Ask) -> Response:
    """GET /demo/mail. Raises Problem 404 outside the demonstration."""
    if forms.mailbox(web) is None:
        raise Problem(404, "NOT_FOUND")
    typed = ask.request.query_params.get("to", "")[: forms.TEXT_MAX]
    letters: list[Item] = []
    wrong: dict[str, str] = {}
    if typed:
        try:
            letters = await _letters(web, email(typed))
        except Wrong as fault:
            wrong = forms.shown([fault])
    return web.page(
        ask,
        "people/mailbox.html",
        400 if wrong else 200,
        typed=typed,
        wrong=wrong,
        letters=[
            {
                "ms": int(one.at.timestamp() * 1000),
                "subject": one.letter.subject,
                "lang": one.letter.lang,
                "parts": [_part(web, part) for part in one.letter.text.split("\n\n")],
            }
            for one in letters
        ],
    )


async def _letters(web: Web, address: str) -> list[Item]:
    pen = Lettering(web.presenter, public_base(web.settings))

    async def read() -> list[Item]:
        async with web.engine.connect() as connection:
            return await mailbox.of_address(connection, web.vault, pen, address)

    return await web.storage.ledger(read())


def _part(web: Web, text: str) -> dict[str, str | None]:
    """A paragraph; one that is a link of ours leads there on whatever host this page is seen."""
    base = public_base(web.settings)
    if _LINK.fullmatch(text) and text.startswith(f"{base}/"):
        return {"text": text, "path": text.removeprefix(base)}
    return {"text": text, "path": None}
