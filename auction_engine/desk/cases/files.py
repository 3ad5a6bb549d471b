"""Photographs and documents of an asset: checked, sealed, with their checksums and versions.

A file is checked and written anew before it comes here (`desk.admission.checking`); its checksum is
of what is kept. A new version stands beside the old one; what is taken away leaves its checksum.
"""

from datetime import datetime
from typing import Any, NamedTuple

from auction_engine.desk.admission.checking import Checked
from auction_engine.desk.cases import record
from auction_engine.desk.cases.record import Sealer, refused
from auction_engine.desk.search import notices as published

KINDS = ("PHOTO", "DOCUMENT")
# What a document is, and whether bidders may read it without more.
PAPERS = {
    "SEIZURE_RECORD": ("Biên bản kê biên", "Record of seizure"),
    "VALUATION": ("Chứng thư, biên bản định giá", "Valuation certificate or minutes"),
    "TITLE": ("Giấy chứng nhận, đăng ký", "Title or registration"),
    "DECISION": ("Quyết định", "Decision"),
    "INSPECTION": ("Biên bản kiểm tra", "Inspection report"),
    "OTHER": ("Tài liệu khác", "Other paper"),
}
_MOST = 60
_STATES = ("PREPARING", "READY", "OFFERED", "TAKEN", "LISTED", "FAILED", "WITHDRAWN", "SOLD")


class File(NamedTuple):
    """A file of an asset. `replaced`: a newer version stands beside it; `gone`: taken away."""

    id: int
    asset_id: int
    kind: str
    name: str
    paper: str | None
    media_type: str
    sha256: str
    size_bytes: int
    version: int
    replaces: int | None
    public: bool
    at: datetime
    removed_at: datetime | None
    replaced: bool


class Described(NamedTuple):
    """What its officer says of a file."""

    kind: str
    name: str
    paper: str | None
    public: bool


def described(kind: str, name: str, paper: str, public: bool) -> Described:
    """What was typed beside the file, checked. Raises CaseError."""
    if kind not in KINDS:
        raise refused("UNKNOWN_CHOICE", "Say whether it is a photograph or a document.", "kind")
    if not name.strip():
        raise refused("NEEDED", "Say what it shows.", "name")
    if kind == "DOCUMENT" and paper not in PAPERS:
        raise refused("UNKNOWN_CHOICE", "Say what paper it is.", "paper")
    return Described(
        kind, name.strip()[: record.LINE], paper if kind == "DOCUMENT" else None, public
    )


async def add(
    connection: Any,
    vault: Sealer,
    asset: int,
    account: int,
    said: Described,
    file: Checked,
    replaces: int | None = None,
) -> int:
    """Keep a file; the same contents again are the same file. Returns its number.

    As another paper they are a file of its own: one scan may hold several. Kept already but public
    where it was not, or the other way about, it is refused: the mark does not change in silence.
    `replaces` makes it the next version of another, which stays on record.
    Raises CaseError.
    """
    found = await record.locked(connection, asset, _STATES)
    if said.kind == "PHOTO" and not file.media_type.startswith("image/"):
        raise refused("NOT_A_PICTURE", "A photograph is a JPEG or PNG file.", "file")
    kept = await of_asset(connection, asset)
    for one in kept:
        same = one.sha256 == file.sha256.hex() and (one.kind, one.paper) == (said.kind, said.paper)
        if same and one.removed_at is None:
            if not one.replaced and one.public != said.public:
                raise refused(
                    "FILE_HERE", "Kept already, marked otherwise; remove it first.", "file"
                )
            return one.id
    live = [one for one in kept if not one.replaced and one.removed_at is None]
    if len(live) >= _MOST:
        raise refused("TOO_MANY_FILES", f"An asset has {_MOST} files at most.", "file")
    version = 1
    if replaces is not None:
        older = next((one for one in live if one.id == replaces), None)
        if older is None or older.kind != said.kind:
            raise refused("UNKNOWN_FILE", "There is no such file to replace.", "replaces")
        version = older.version + 1
    made = int(
        await connection.fetchval(
            "INSERT INTO asset_file (asset_id, kind, name, paper, media_type, sha256, size_bytes,"
            " version, replaces, public, sealed)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
            asset, said.kind, said.name, said.paper, file.media_type, file.sha256,
            len(file.body), version, replaces, said.public,
            vault.seal(file.body, record.of_asset(asset, "file")),
        )
    )  # fmt: skip
    body = {"file": made, "sha256": file.sha256.hex(), "version": version, "replaces": replaces}
    await _listed(connection, found)
    await record.noted(connection, asset, account, "filed", body)
    return made


async def remove(connection: Any, asset: int, account: int, file: int, reason: str) -> None:
    """Take a file away: its contents go, its checksum stays. Twice is once. Raises CaseError."""
    if not reason.strip():
        raise refused("REASON_NEEDED", "Give the reason.", "reason")
    found = await record.locked(connection, asset, _STATES)
    gone = await connection.fetchval(
        "UPDATE asset_file SET sealed = NULL, removed_at = now()"
        " WHERE id = $1 AND asset_id = $2 AND removed_at IS NULL RETURNING id",
        file,
        asset,
    )
    if gone is None:
        return
    await _listed(connection, found)
    if found.lot_id is not None:
        await _unlisted(connection, found.lot_id, account, file)
    await record.noted(connection, asset, account, "unfiled", {"file": file}, reason)


async def _listed(connection: Any, found: record.Asset) -> None:
    """What the lot's page says of the files: the public ones, in their newest version."""
    if found.lot_id is not None:
        return
    live = [
        one
        for one in await of_asset(connection, found.id)
        if one.public and not one.replaced and one.removed_at is None
    ]
    papers = [
        {
            "title": {"vi": PAPERS[one.paper][0], "en": PAPERS[one.paper][1]},
            "note": {"vi": one.name, "en": one.name},
            "file": one.id,
            "sha256": one.sha256,
        }
        for one in live
        if one.paper
    ]
    photos = [{"file": one.id, "alt": one.name} for one in live if one.kind == "PHOTO"]
    content = {**found.content, "documents": papers, "photos": photos}
    await record.changed(connection, found, content=content)


async def _unlisted(connection: Any, lot: int, account: int, file: int) -> None:
    """The lot's description names the file no more: a further version of its notice."""
    content = record.loaded(
        await connection.fetchval("SELECT content FROM lot WHERE id = $1 FOR NO KEY UPDATE", lot)
    )
    left = {
        name: [one for one in content[name] if one.get("file") != file]
        for name in ("documents", "photos")
        if name in content
    }
    if content == content | left:
        return
    try:
        async with connection.transaction():
            await published.publish(connection, lot, content | left, account)
    except published.NoticeError:  # nobody has read it yet
        await connection.execute(
            "UPDATE lot SET content = $2::jsonb WHERE id = $1", lot, record.dumped(content | left)
        )


_ROWS = """
    SELECT f.id, f.asset_id, f.kind, f.name, f.paper, f.media_type, encode(f.sha256, 'hex'),
           f.size_bytes, f.version, f.replaces, f.public, f.at, f.removed_at,
           EXISTS (SELECT FROM asset_file g WHERE g.replaces = f.id)
      FROM asset_file f
"""


async def of_asset(connection: Any, asset: int) -> list[File]:
    """Every file of an asset, also replaced and removed ones, oldest first."""
    rows = await connection.fetch(_ROWS + " WHERE f.asset_id = $1 ORDER BY f.id", asset)
    return [File(*row) for row in rows]


async def contents(connection: Any, vault: Sealer, file: int) -> tuple[File, bytes] | None:
    """A file and its bytes; None where there is none or it was taken away."""
    row = await connection.fetchrow(_ROWS + " WHERE f.id = $1", file)
    if row is None:
        return None
    found = File(*row)
    sealed = await connection.fetchval("SELECT sealed FROM asset_file WHERE id = $1", file)
    if sealed is None:
        return None
    return found, vault.open(bytes(sealed), record.of_asset(found.asset_id, "file"))
