"""Photographs and documents of an asset: put in, replaced, fetched, taken away."""

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.cases import files
from auction_engine.desk.cases.record import Asset
from auction_engine.http.cases import assets, cases, forms
from auction_engine.http.cases.parts import Desk, acted
from auction_engine.http.problems import Problem


async def add(desk: Desk) -> Response:
    """POST /agency/assets/{asset}/files: keep a file, or a new version of one."""
    asset = await assets.found(desk)
    _, refused = await acted(desk, _add(desk, asset))
    if refused is not None:
        return await assets.draw(desk, asset, refused)
    return RedirectResponse(f"/agency/assets/{asset.id}?done=filed#files", 303)


async def _add(desk: Desk, asset: Asset) -> None:
    said = files.described(
        desk.typed("kind"), desk.typed("name"), desk.typed("paper"), desk.typed("public") == "yes"
    )
    file = await forms.checked_file(desk)
    replaces = desk.typed_number("replaces") or None
    await files.add(desk.connection, desk.web.vault, asset.id, desk.account, said, file, replaces)


async def fetch(desk: Desk) -> Response:
    """GET /agency/assets/{asset}/files/{paper}: a file as it is kept."""
    return await _sent(desk, desk.number("asset"), public=False)


async def fetch_public(desk: Desk) -> Response:
    """GET /lots/{lot}/files/{paper}: a photograph or paper that the lot's description names."""
    lot = desk.number("lot")
    asset = await desk.connection.fetchval(
        "SELECT f.asset_id FROM lot l JOIN lot_head h ON h.lot_id = l.id"
        " JOIN asset_file f ON f.id = $2 WHERE l.id = $1"
        " AND h.status NOT IN ('DRAFT', 'CONTRACTED') AND (l.content @> jsonb_build_object("
        " 'documents', jsonb_build_array(jsonb_build_object('file', f.id)))"
        " OR l.content @> jsonb_build_object("
        " 'photos', jsonb_build_array(jsonb_build_object('file', f.id))))",
        lot,
        desk.number("paper"),
    )
    if asset is None:
        raise Problem(404, "NOT_FOUND")
    return await _sent(desk, asset, public=True)


async def _sent(desk: Desk, asset: int, *, public: bool) -> Response:
    found = await files.contents(desk.connection, desk.web.vault, desk.number("paper"))
    if found is None or found[0].asset_id != asset or (public and not found[0].public):
        raise Problem(404, "NOT_FOUND")
    one, body = found
    return cases.sent(body, one.media_type, f"{one.kind.lower()}-{one.id}")


async def remove(desk: Desk) -> Response:
    """POST /agency/assets/{asset}/files/{paper}: take a file away; its checksum stays."""
    asset = await assets.found(desk)
    back = f"/agency/assets/{asset.id}"
    if desk.typed("reason"):
        asked = desk.sure("remove", back)
        if asked is not None:
            return asked
    _, refused = await acted(
        desk,
        files.remove(
            desk.connection, asset.id, desk.account, desk.number("paper"), desk.typed("reason")
        ),
    )
    if refused is not None:
        return await assets.draw(desk, asset, refused)
    return RedirectResponse(f"{back}?done=removed#files", 303)
