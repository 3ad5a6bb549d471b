"""A person's complaints: filing one, its receipt and course, taking it back."""

import uuid
from datetime import UTC, date, datetime
from typing import Any, cast

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.afterwards import own as own_lots
from auction_engine.desk.complaints import answering, filing, groups, holding, reading, record
from auction_engine.desk.complaints.answering import Said
from auction_engine.desk.complaints.record import About, ComplaintError
from auction_engine.http.afterwards import forms
from auction_engine.http.afterwards.own import Own
from auction_engine.http.afterwards.own import own as own_request
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web
from auction_engine.rules import complaints
from auction_engine.rules.calendar import CalendarError
from auction_engine.rules.pack_complaints import Addressee

ADDRESSEES: tuple[Addressee, ...] = ("ORGANISATION", "AGENCY")
ABOUT: tuple[About, ...] = ("LOT", "BID", "ACT")


async def form(own: Own) -> Response:
    """GET /mine/complaints/new?lot=…&seq=…: what to complain of, to whom, until when."""
    return await _draw(own, own.query_number("lot"), {"seq": own.query_number("seq") or ""})


async def _draw(
    own: Own,
    number: int | None,
    typed: dict[str, Any],
    problem: str | None = None,
    status: int = 200,
) -> Response:
    found = None if number is None else await own.lot(number)
    if number is not None and found is None:
        raise Problem(404, "UNKNOWN_LOT")
    numbers = await own_lots.lots_of(own.connection, own.account)
    return own.page(
        "complain.html",
        status,
        lot=None if found is None else found[0],
        limits=[] if found is None else _limits(own, found[1].state),
        choices=await own.titles(set(numbers)),
        typed={"key": str(uuid.uuid4()), "addressee": "ORGANISATION", "about": "", **typed},
        today=datetime.now(UTC).astimezone(record.ZONE).date(),
        most=(record.MOST_GROUNDS, record.MOST_REMEDY),
        problem=problem,
    )


def _limits(own: Own, state: Any) -> list[dict[str, Any]]:
    """How long each body's complaint takes, counted from today."""
    pack, today = filing.pack_of(state.params.pack), datetime.now(UTC).astimezone(record.ZONE)
    made = []
    for addressee in ADDRESSEES:
        for step in cast(tuple[complaints.Step, ...], ("FILE", "ACCEPT", "DECIDE")):
            try:
                found = complaints.limit(pack, addressee, step, today.date())
            except CalendarError:
                found = None
            if found is not None:
                made.append(
                    {
                        "addressee": addressee,
                        "step": step,
                        "day": found.day,
                        "rule": own.words.article(found.rule),
                        "verified": found.verified,
                    }
                )
    return made


async def submit(web: Web, ask: Ask) -> Response:
    """POST /mine/complaints: received, with a number; or drawn again with what is wrong."""
    await forms.checked(web, ask)
    try:
        return await _submit(web, ask)
    finally:
        forms.forget(ask)


@own_request
async def _submit(own: Own) -> Response:
    typed = {name: own.field(name, most) for name, most in _FIELDS.items()}
    number = int(typed["lot"]) if typed["lot"].isdecimal() else 0
    found = await own.lot(number) if 0 < number < 2**53 else None
    if found is None:
        raise Problem(404, "UNKNOWN_LOT")
    state = found[1].state
    assert state is not None
    try:
        if code := own.ask.body.get("file_refused"):
            raise ComplaintError(code, "A document cannot be taken.")
        given = _given(own, number, typed)
        filed = await filing.file(
            own.connection, own.web.vault, given, state.params.pack, datetime.now(UTC)
        )
    except ComplaintError as refused:
        return await _draw(own, number, typed, in_words(own, refused), 422)
    return RedirectResponse(f"/mine/complaints/{filed.id}?done=filed", 303)


_FIELDS = {
    "lot": 16, "key": 36, "addressee": 20, "about": 10, "seq": 10, "known_on": 10,
    "grounds": record.MOST_GROUNDS, "remedy": record.MOST_REMEDY,
}  # fmt: skip


def _given(own: Own, lot: int, typed: dict[str, str]) -> filing.Given:
    """The complaint as it was typed. Raises ComplaintError for what no complaint can say."""
    try:
        key, known_on = uuid.UUID(typed["key"]), date.fromisoformat(typed["known_on"])
    except ValueError:
        raise ComplaintError("BAD_DAY", "Give the day as it is asked for.") from None
    seq = int(typed["seq"]) if typed["seq"].isdecimal() and len(typed["seq"]) <= 9 else None
    about = typed["about"] if typed["about"] in ABOUT else "LOT"
    if typed["addressee"] not in ADDRESSEES:
        raise ComplaintError("BAD_ADDRESSEE", "Choose to whom you complain.")
    return filing.Given(
        key=key,
        lot=lot,
        account=own.account,
        addressee=typed["addressee"],
        about=about,
        about_seq=None if about == "LOT" else seq,
        known_on=known_on,
        grounds=typed["grounds"],
        remedy=typed["remedy"],
        documents=own.ask.body.get("documents", ()),
    )


def in_words(own: Own, refused: ComplaintError) -> str:
    """Why something was refused, in the page's language."""
    key = f"after.complaint.error.{refused.code}"
    return own.words.t(key) if own.words.has(key) else str(refused)


async def receipt(own: Own) -> Response:
    """GET /mine/complaints/{complaint}: the receipt, and what has become of it."""
    whole = await mine(own)
    return await show(own, whole)


async def mine(own: Own) -> reading.Whole:
    """The complaint named in the address, if it is one's own. Raises Problem 404."""
    whole = await reading.whole(own.connection, own.web.vault, own.number("complaint"))
    if whole is None or whole.head.filed_by != own.account:
        raise Problem(404, "NOT_FOUND")
    return whole


async def show(
    own: Own, whole: reading.Whole, problem: str | None = None, status: int = 200
) -> Response:
    """The receipt of a complaint; `problem` is why what was asked for was not done."""
    titles, head = await own.titles({whole.head.lot}), whole.head
    group = await groups.of(own.connection, head.id)
    link = None if group is None else groups.token_of(own.web.vault, head.id)
    return own.page(
        "complaint.html",
        status,
        one=whole,
        head=head,
        title=titles[head.lot],
        base="/mine/complaints",
        answers=(),
        may_withdraw="WITHDRAWN" in complaints.NEXT[head.state],
        may_appeal_until=await appeal_until(own, whole),
        may_group=group is None and head.state in complaints.OPEN,
        group=group,
        link=None if link is None else own.link(f"/mine/complaints/join/{link}"),
        filer=None,
        members=(),
        waits=await waits_of(own, whole),
        problem=problem,
        typed={},
    )


async def waits_of(own: Own, whole: reading.Whole) -> list[str]:
    """What waits for the end of this complaint now."""
    if whole.head.state not in complaints.OPEN:
        return []
    found = await holding.all_waiting(own.connection, whole.head.lot)
    return [what for what, numbers in found.items() if whole.head.number in numbers]


async def appeal_until(own: Own, whole: reading.Whole) -> date | None:
    """The last day to ask for a second instance, while that day has not passed."""
    if "APPEALED" not in complaints.NEXT[whole.head.state]:
        return None
    pack = await pack_of(own, whole.head.lot)
    until = answering.may_appeal_until(pack, whole.head.addressee, whole.head.since)
    today = datetime.now(UTC).astimezone(record.ZONE).date()
    return until if until is not None and today <= until else None


async def pack_of(own: Own, lot: int) -> str | None:
    """The rule pack of a lot."""
    found = await own.lot(lot)
    return None if found is None or found[1].state is None else found[1].state.params.pack


async def withdraw(own: Own) -> Response:
    """POST /mine/complaints/{complaint}/withdraw."""
    return await _act(own, "WITHDRAWN", "withdrawn")


async def appeal(own: Own) -> Response:
    """POST /mine/complaints/{complaint}/appeal: a second instance is asked for."""
    return await _act(own, "APPEALED", "appealed")


async def _act(own: Own, kind: answering.Answer, done: str) -> Response:
    whole = await mine(own)
    said = Said(own.field("reason", record.MOST_REASON))
    pack = await pack_of(own, whole.head.lot)
    try:
        await answering.answer(
            own.connection, own.web.vault, whole.head.id, own.account, kind, said, pack,
            datetime.now(UTC),
        )  # fmt: skip
    except ComplaintError as refused:
        status = 422 if refused.code in ("NO_REASON", "TOO_LONG") else 409
        return await show(own, whole, in_words(own, refused), status)
    return RedirectResponse(f"/mine/complaints/{whole.head.id}?done={done}", 303)


async def paper(own: Own) -> Response:
    """GET /mine/complaints/{complaint}/papers/{paper}: a document one has handed in."""
    await mine(own)
    return await send_paper(own)


async def send_paper(own: Own) -> Response:
    """A document of the complaint in the address; who asks may read it. Raises Problem 404."""
    found = await reading.document(
        own.connection, own.web.vault, own.number("complaint"), own.number("paper")
    )
    if found is None:
        raise Problem(404, "NOT_FOUND")
    told, body = found
    suffix = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
    name = f"document-{told.n}.{suffix.get(told.media_type, 'bin')}"
    return Response(
        body,
        media_type=told.media_type,
        headers={
            # Never drawn by the browser in our place: what people send is theirs.
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "sandbox",
        },
    )
