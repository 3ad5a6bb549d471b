"""The agency's register: list and file, one line with everything, and the two ways to answer it."""

from datetime import UTC, datetime
from typing import Any, cast

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.cases.record import CaseError
from auction_engine.desk.intake import deciding, opening, reading, record, trust
from auction_engine.desk.intake.deciding import Opened
from auction_engine.desk.intake.reading import Line, Whole
from auction_engine.desk.intake.record import Ground, IntakeError
from auction_engine.http import exports
from auction_engine.http.exports import Column, Table
from auction_engine.http.intake import asking
from auction_engine.http.intake.parts import BASE, Desk
from auction_engine.http.problems import Problem


class _NoMoney:
    """The register has no amounts."""

    currency, minor_digits = "VND", 0


def _days_left(line: Line) -> int | None:
    """Working days left for an answer, today with them; None where there is nothing to say."""
    if line.state != "RECEIVED" or line.answer_by is None:
        return None
    return record.days_left(record.today(), line.answer_by)


async def register(desk: Desk) -> Response:
    """GET /agency/intake: the register, filtered; with `format` as a file."""
    given = desk.ask.request.query_params
    filters, page = asking.filters_of(given), asking.page_of(given)
    if wanted := given.get("format", ""):
        return await _file(desk, filters, wanted[:4])
    connection = desk.connection
    count = await reading.count(connection, desk.agency, filters)
    skip = (page - 1) * reading.PAGE
    lines = await reading.lines(connection, desk.web.vault, desk.agency, filters, skip)
    return desk.page(
        "register.html",
        lines=lines,
        left={line.id: _days_left(line) for line in lines},
        waiting=await reading.waiting(connection, desk.agency),
        count=count,
        pages=max(1, -(-count // reading.PAGE)),
        page_number=page,
        query_of=lambda **more: asking.query_of(given, **more),
        asked={name: given.get(name, "") for name in asking.NAMES},
        filtered=any(given.get(name) for name in asking.NAMES),
        senders=await trust.senders(connection, desk.agency),
        states=record.STATES,
        kinds=record.KINDS,
    )


async def _file(desk: Desk, filters: reading.Filters, wanted: str) -> Response:
    lines = await reading.lines(
        desk.connection, desk.web.vault, desk.agency, filters, 0, reading.MOST
    )
    t = desk.words.t
    names = (
        ("number", "text"), ("received", "moment"), ("kind", "text"), ("sender", "text"),
        ("issuer", "text"), ("document", "text"), ("issued_on", "day"), ("parties", "text"),
        ("answer_by", "day"), ("state", "text"), ("decided", "moment"), ("ground", "text"),
        ("case", "text"),
    )  # fmt: skip
    table = Table(
        "intake",
        t("intake.title"),
        [Column(t(f"intake.column.{name}"), cast(exports.Kind, kind)) for name, kind in names],
        [_row(desk, line) for line in reading.every(lines)],
        [(t("intake.made_at"), desk.words.moment(datetime.now(UTC)))],
    )
    return exports.answer(wanted, [table], _NoMoney(), desk.ask.lang)


def _row(desk: Desk, line: Line) -> list[Any]:
    t = desk.words.t
    return [
        line.number, line.received_at, t(f"intake.kind.{line.kind}"), line.sender, line.issuer,
        line.document_number, line.issued_on, "; ".join(line.parties), line.answer_by,
        t(f"intake.state.{line.state}"), line.decided_at,
        t(f"intake.ground.{line.ground}") if line.ground else None, line.case_number,
    ]  # fmt: skip


async def _whole(desk: Desk) -> Whole:
    """The line in the address. Raises Problem 404."""
    found = await reading.whole(desk.connection, desk.web.vault, desk.agency, desk.item)
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found


async def one(desk: Desk) -> Response:
    """GET /agency/intake/{intake}: one line with everything."""
    whole = await _whole(desk)
    return desk.page(
        "one.html",
        one=whole,
        line=whole.line,
        cited=opening.judgment_of(whole.document),
        left=_days_left(whole.line),
        article=desk.words.article(record.ARTICLE),
    )


async def paper(desk: Desk) -> Response:
    """GET /agency/intake/{intake}/papers/{paper}: a file as it came, to be kept, never shown."""
    n = desk.ask.request.path_params["paper"]
    try:
        name, media_type, body = await reading.paper(
            desk.connection, desk.web.vault, desk.agency, desk.item, n
        )
    except IntakeError:
        raise Problem(404, "NOT_FOUND") from None
    del name  # what another system called it goes into no header
    return Response(
        body,
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="intake-{desk.item}-{n}.pdf"',
            "Cache-Control": "private, no-store",
        },
    )


async def accept_form(desk: Desk) -> Response:
    """GET /agency/intake/{intake}/accept: what a case is opened with, and what follows."""
    return await _draw(desk, "accept.html", await _whole(desk))


async def refuse_form(desk: Desk) -> Response:
    """GET /agency/intake/{intake}/refuse: why, and what follows."""
    return await _draw(desk, "refuse.html", await _whole(desk))


async def _draw(
    desk: Desk, template: str, whole: Whole, faults: list[tuple[str, str]] | None = None
) -> Response:
    cited = opening.judgment_of(whole.document)
    usual = {
        "how": str(whole.cases[0].id) if whole.cases else "new",
        "number": "",
        "title_vi": desk.web.presenter.text("vi", "intake.case_title", number=cited["number"]),
        "title_en": desk.web.presenter.text("en", "intake.case_title", number=cited["number"]),
        "decision_number": "",
        "decision_on": "",
        "opened_on": record.today().isoformat(),
        # A box without a tick is not sent.
        "add": "" if desk.ask.body else "yes",
        "ground": "",
        "reason": "",
    }
    return desk.page(
        template,
        422 if faults else 200,
        one=whole,
        line=whole.line,
        cited=cited,
        parties=opening.parties_of(whole.document),
        left=_days_left(whole.line),
        grounds=record.GROUNDS,
        faults=faults or [],
        wrong={path for path, _ in faults or ()},
        typed=usual | {name: desk.field(name, 4_000) for name in usual if name in desk.ask.body},
    )


def opened_of(desk: Desk) -> Opened:
    """What the form says of the case."""
    return Opened(
        desk.field("number"),
        {"vi": desk.field("title_vi"), "en": desk.field("title_en")},
        desk.field("decision_number"),
        desk.field("decision_on"),
        desk.field("opened_on"),
    )


async def accept(desk: Desk) -> Response:
    """POST /agency/intake/{intake}/accept: a case is made of it, or it joins one."""
    how = desk.field("how", 20)
    agency, account, item = desk.agency, desk.account, desk.item
    connection, vault = desk.connection, desk.web.vault
    try:
        if how == "new":
            await deciding.accept(connection, vault, agency, account, item, opened_of(desk))
        elif how.isascii() and how.isdecimal():
            add = desk.field("add", 3) == "yes"
            await deciding.join(connection, vault, agency, account, item, int(how[:16]), add)
        else:
            raise Problem(400, "BAD_MESSAGE")
    except CaseError as refused:
        faults = [(_place(fault.path), _said(desk, fault)) for fault in refused.faults]
        return await _draw(desk, "accept.html", await _whole(desk), faults)
    except IntakeError as refused:
        return await _moved_on(desk, "accept.html", refused)
    return RedirectResponse(f"{BASE}/{item}?done=accepted", 303)


async def refuse(desk: Desk) -> Response:
    """POST /agency/intake/{intake}/refuse: refused, with its reason; its sender can read it."""
    ground, reason = desk.field("ground", 30), desk.field("reason", record.MOST_REASON)
    try:
        await deciding.refuse(
            desk.connection, desk.web.vault, desk.agency, desk.account, desk.item,
            cast(Ground, ground), reason,
        )  # fmt: skip
    except IntakeError as refused:
        return await _moved_on(desk, "refuse.html", refused)
    return RedirectResponse(f"{BASE}/{desk.item}?done=refused", 303)


_FIELDS = {"NO_GROUND": "ground", "NO_REASON": "reason", "TOO_LONG": "reason"}


async def _moved_on(desk: Desk, template: str, refused: IntakeError) -> Response:
    """The form again; what somebody else has decided meanwhile is shown instead."""
    if refused.code == "DECIDED":
        return RedirectResponse(f"{BASE}/{desk.item}?done=decided", 303)
    field = _FIELDS.get(refused.code, "how")
    faults = [(field, desk.words.t(f"intake.error.{refused.code}"))]
    return await _draw(desk, template, await _whole(desk), faults)


def _place(path: str) -> str:
    """The form's field for a path of a case."""
    names = {"title.vi": "title_vi", "title.en": "title_en", "decision.on": "decision_on"}
    return names.get(path, path.replace(".", "_"))


def _said(desk: Desk, fault: Any) -> str:
    """A fault of a case in the reader's language, with the name of its field where it has one."""
    key = f"case.fault.{fault.code}"
    told = desk.words.t(key) if desk.words.has(key) else fault.cure
    name = f"intake.field.{_place(fault.path)}"
    if not desk.words.has(name):
        return told
    return desk.words.t("intake.fault", field=desk.words.t(name), text=told)
