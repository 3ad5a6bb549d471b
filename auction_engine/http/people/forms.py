"""What people type into the forms of their account, as values; and what is wrong with it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Literal

from starlette.responses import Response

from auction_engine.http.presenting import ZONE
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web
from auction_engine.identity import passwords_rules, throttle
from auction_engine.identity.personal import Kind, Personal, Wrong, faults

Purpose = Literal["register", "recover", "confirm", "email"]
TEXT_MAX = 400
REGISTER = ("kind", "name", "email", "identity", "phone")
PROFILE = ("phone", "born_on", "address", "bank", "bank_account", "bank_holder")


def today() -> date:
    """The day it is where the auctions are."""
    return datetime.now(UTC).astimezone(ZONE).date()


def texts(body: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    """The fields as they were typed, missing ones empty. Raises Problem 400."""
    found = {}
    for name in names:
        value = body.get(name) or ""
        if not isinstance(value, str) or len(value) > TEXT_MAX or "\0" in value:
            raise Problem(400, "BAD_MESSAGE", f"`{name}` is a text of at most {TEXT_MAX} letters.")
        found[name] = value
    return found


def password_of(body: Mapping[str, Any], name: str = "password") -> str:
    """A typed password. Raises Problem 400."""
    value = body.get(name) or ""
    if not isinstance(value, str) or len(value) > 4 * TEXT_MAX:
        raise Problem(400, "BAD_MESSAGE", f"`{name}` is a text.")
    return value


def kind_of(typed: str) -> Kind:
    """Whether a person or a company is meant; a person unless it says otherwise."""
    return "COMPANY" if typed == "COMPANY" else "PERSON"


def day_of(typed: str) -> date | None:
    """A date as browsers send it or people write it. Raises Wrong."""
    text = typed.strip()
    if not text:
        return None
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise Wrong("born_on", "wrong")


def registration(body: Mapping[str, Any]) -> tuple[Personal, str, list[Wrong]]:
    """Who asks for an account, the password, and all that is wrong. Raises Problem 400."""
    typed, password = texts(body, REGISTER), password_of(body)
    personal = Personal(
        kind_of(typed["kind"]), typed["name"], typed["identity"], typed["email"], typed["phone"]
    )
    found = faults(personal, today())
    try:
        passwords_rules.check(password, typed["name"], typed["email"], typed["identity"])
    except Wrong as wrong:
        found.append(wrong)
    return personal, password, found


def new_password(body: Mapping[str, Any], *own: str | None) -> tuple[str, list[Wrong]]:
    """A password to be set, and what is wrong with it. Raises Problem 400."""
    password = password_of(body)
    try:
        passwords_rules.check(password, *own)
    except Wrong as wrong:
        return password, [wrong]
    return password, []


async def admit(web: Web, ask: Ask, what: Purpose, subject: str) -> None:
    """Count one try. Raises Problem 429; 503 when it cannot be counted."""
    redis = web.gateway.redis
    let_in = await web.storage.log(lambda: throttle.admit_asking(redis, what, subject, ask.address))
    if not let_in:
        raise Problem(429, "RATE_LIMITED", retry_s=600)


def refused(wrong: list[Wrong]) -> Problem:
    """For programs: the first thing that is wrong."""
    return Problem(400, "BAD_FIELDS", wrong[0].sentence)


def shown(wrong: list[Wrong]) -> dict[str, str]:
    """For pages: for each field the text that says what is wrong."""
    found: dict[str, str] = {}
    for one in wrong:
        found.setdefault(one.field, f"people.wrong.{one.field}.{one.code}")
    return found


def told(web: Web, ask: Ask, what: str, status: int = 200, **more: Any) -> Response:
    """A page that says one thing and where to go from there (people.told.WHAT)."""
    return web.page(ask, "people/told.html", status, what=what, **({"mailbox": None} | more))


def mailbox(web: Web, address: str | None = None) -> str | None:
    """The address of the demonstration's mailbox, where there is one."""
    if not web.settings.demo or web.settings.smtp_url is not None:
        return None
    from urllib.parse import urlencode

    return "/demo/mail" + ("?" + urlencode({"to": address}) if address else "")
