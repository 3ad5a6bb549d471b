"""A case for programs, where it changes: put right, closed, parties leaving, proofs, files."""

from starlette.responses import Response

from auction_engine.desk.cases import checks, closing, files, notices, parties, record
from auction_engine.desk.cases.record import CaseError, Fault
from auction_engine.http import bodies
from auction_engine.http.cases import api, cases, forms
from auction_engine.http.cases import assets as pages
from auction_engine.http.cases import files as kept
from auction_engine.http.cases.parts import Desk
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer

_MOST_FILE = 10 * 1024 * 1024


async def change_case(desk: Desk) -> Response:
    """POST /api/agency/cases/{case}/change: title, judgment, decision put right."""
    case, said = await cases.found(desk), dict(desk.ask.body)
    seen = said.pop("version")
    if type(seen) is not int:
        raise CaseError(Fault("version", "NOT_AN_AMOUNT", "Send the version that was read."))
    await closing.change(desk.connection, case.id, desk.account, seen, said)
    return await api.agency_case(desk)


async def close_case(desk: Desk) -> Response:
    """POST /api/agency/cases/{case}/close: nothing being open; twice is once."""
    case = await cases.found(desk)
    await closing.close(desk.connection, case.id, desk.account, _reason(desk))
    return await api.agency_case(desk)


async def reopen_case(desk: Desk) -> Response:
    """POST /api/agency/cases/{case}/reopen: twice is once."""
    case = await cases.found(desk)
    await closing.reopen(desk.connection, case.id, desk.account, _reason(desk))
    return await api.agency_case(desk)


def _reason(desk: Desk) -> str:
    return checks.Reader(desk.ask.body).paragraph("reason", needed=False)


async def leave_case(desk: Desk) -> Response:
    """POST /api/agency/cases/{case}/parties/{party}/leave: a party no longer; twice is once."""
    case = await cases.found(desk)
    await parties.leave(desk.connection, case.id, desk.account, desk.number("party"))
    return await api.agency_case(desk)


async def prove_case_notice(desk: Desk) -> Response:
    """POST /api/agency/cases/{case}/notices/{notice}/proofs: the body is the file."""
    case, notice = await cases.found(desk), desk.number("notice")
    await cases.of_case(desk, case.id, notice)
    asked = desk.ask.request.query_params
    reader = checks.Reader({"shown_on": asked.get("shown_on", "")})
    day = reader.past_day("shown_on", desk.today)
    reader.done()
    assert day is not None
    file = await forms.checked(desk, await _body(desk))
    made = await notices.prove(
        desk.connection, desk.web.vault, notice, desk.account, asked.get("kind", ""), day,
        file.media_type, file.body,
    )  # fmt: skip
    valid = await notices.valid_on(desk.connection, notice)
    return json_answer({"id": made, "valid_on": api.plain(valid)}, 201)


async def _body(desk: Desk) -> bytes:
    if bodies.media_type(desk.ask.request) not in api.FILES:
        raise Problem(415, "UNSUPPORTED_TYPE")
    return await bodies.read(desk.ask.request, _MOST_FILE)


async def case_notice_proof(desk: Desk) -> Response:
    """GET /api/agency/cases/{case}/notices/{notice}/proofs/{paper}: what proves a notice."""
    return await cases.proof(desk)


async def fetch_asset_file(desk: Desk) -> Response:
    """GET /api/agency/assets/{asset}/files/{paper}: a file as it is kept."""
    return await kept.fetch(desk)


async def remove_asset_file(desk: Desk) -> Response:
    """POST /api/agency/assets/{asset}/files/{paper}/removal: its checksum stays; twice is once."""
    asset, file = await pages.found(desk), desk.number("paper")
    own = {one.id for one in await files.of_asset(desk.connection, asset.id)}
    if file not in own:
        raise record.refused("UNKNOWN_FILE", "The asset has no such file.")
    await files.remove(desk.connection, asset.id, desk.account, file, _reason(desk))
    return json_answer({"id": file})
