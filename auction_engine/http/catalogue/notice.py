"""The notice of a lot: everything that must be published, printable, and what changed in it."""

from datetime import UTC
from typing import Any

from starlette.responses import Response

from auction_engine.desk.search import codes, differences, similar
from auction_engine.desk.search import notices as record
from auction_engine.desk.search.notices import Version
from auction_engine.http.catalogue import linked, plot
from auction_engine.http.catalogue.lists import lot_of
from auction_engine.http.catalogue.parts import base_of, page, parts_of
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web

_TERMS = (
    ("starting_price_minor", "money"), ("increment_minor", "money"), ("deposit_minor", "money"),
    ("method", "method"), ("registration_open_ms", "when"), ("registration_close_ms", "when"),
    ("start_ms", "when"), ("end_ms", "when"),
)  # fmt: skip
# What a description may leave out.
_EMPTY: dict[str, Any] = dict.fromkeys(
    ("summary", "quantity", "place", "facts", "disclosure", "documents", "photos")
)
_TEXTS = ("title", "place", "quantity", "summary", "form")


def viewing_of(content: dict[str, Any]) -> dict[str, Any] | None:
    """When and where the property can be seen; None where the description does not say it."""
    said = content.get("viewing")
    if not isinstance(said, dict) or type(said.get("from_ms")) is not int:
        return None
    to_ms = said.get("to_ms")
    return {
        "from_ms": said["from_ms"],
        "to_ms": to_ms if type(to_ms) is int else None,
        "place": said.get("place") if isinstance(said.get("place"), dict) else None,
    }


async def _versions(web: Web, lot: int) -> list[Version]:
    async with web.apart() as connection:
        return await record.versions(connection, lot)


def _asked(ask: Ask, name: str, versions: list[Version]) -> Version | None:
    typed = ask.request.query_params.get(name, "")
    return next((one for one in versions if str(one.n) == typed), None)


async def notice(web: Web, ask: Ask) -> Response:
    """GET /lots/{lot}/notice: a version of the notice, and what it changed of another one."""
    number = ask.request.path_params["lot"]
    search = parts_of(web).search
    row = await web.storage.ledger(search.lot(number))
    if row is None:
        raise Problem(404, "UNKNOWN_LOT")
    versions = await web.storage.ledger(_versions(web, number))
    if not versions:
        raise Problem(404, "UNKNOWN_LOT")
    shown = _asked(ask, "version", versions) or versions[0]
    against = _asked(ask, "against", versions)
    if against is not None and against.n > shown.n:
        shown, against = against, shown
    lot = lot_of(web, row)
    prices = await web.storage.ledger(
        similar.prices(
            web.engine, lot["kind"], row["province"], lot["currency"], web.now_ms(), number
        )
    )
    session = await web.storage.ledger(web.catalogue.session(lot["session"]))
    here = f"/lots/{number}/notice"
    if shown is not versions[0] or against is not None:
        here += f"?version={shown.n}"
        here += "" if against is None or against is shown else f"&against={against.n}"

    def context() -> dict[str, Any]:
        return {
            "lot": {**lot, **shown.terms},
            "session": None if session is None else session.texts(),
            "content": _EMPTY | shown.content,
            "viewing": viewing_of(shown.content),
            "edition": _told(shown),
            "against": None if against is None or against is shown else _told(against),
            "newest": shown is versions[0],
            "versions": [_told(one) for one in versions],
            "changes": []
            if against is None or against is shown
            else changes(web, ask.lang, against, shown),
            "prices": prices,
            "plot": None if prices is None else plot.drawn(prices, lot["price_minor"]),
            "codes": codes,
            "origin": base_of(web),
            "linked": linked.lot(base_of(web), ask.lang, lot),
        }

    stamp = (row["seq"], versions[0].n, prices)
    changed_at = max(row["updated_at"], versions[0].at)
    return page(web, ask, "catalogue/notice.html", here, changed_at, stamp, context)


def _told(version: Version) -> dict[str, Any]:
    return {
        "n": version.n,
        "at_ms": int(version.at.astimezone(UTC).timestamp() * 1000),
        "by_person": version.account is not None,
        "hash": version.hash.hex(),
        "material": version.material,
    }


def changes(web: Web, lang: str, before: Version, after: Version) -> list[dict[str, Any]]:
    """What differs: each with its name, its pieces, and as what it is a material change."""
    found = []
    material = record.material(
        {"content": before.content, "terms": before.terms},
        {"content": after.content, "terms": after.terms},
    )

    def add(name: str, label: str, old: str, new: str) -> None:
        if old != new:
            code = record.code_of(name)
            found.append(
                {
                    "label": label,
                    "material": code if code in material else None,
                    "pieces": differences.pieces(old, new),
                }
            )

    say = web.presenter.text
    for name, how in _TERMS:
        old, new = (_term(web, lang, version, name, how) for version in (before, after))
        add(name, say(lang, f"catalogue.term.{name}"), old, new)
    for name in _TEXTS:
        old, new = (differences.texts_of(v.content.get(name), lang) for v in (before, after))
        add(name, say(lang, f"catalogue.term.{name}"), old, new)
    for name in ("facts", "disclosure", "documents"):
        for label, old, new in _rows(before.content.get(name), after.content.get(name), lang):
            add(name, label, old, new)
    old, new = (_photos(version.content) for version in (before, after))
    add("photos", say(lang, "lot.photos"), old, new)
    old, new = (_viewing(web, lang, version.content) for version in (before, after))
    add("viewing", say(lang, "catalogue.term.viewing"), old, new)
    return found


def _term(web: Web, lang: str, version: Version, name: str, how: str) -> str:
    value = version.terms.get(name)
    if value is None:
        return "–"
    shown = web.presenter.shown(lang)
    if how == "money":
        return str(shown["money"](value, version.terms))
    if how == "when":
        return str(shown["when"](value))
    return web.presenter.text(lang, f"catalogue.method.{value}")


def _photos(content: dict[str, Any]) -> str:
    return " · ".join(f"{one['alt']} ({one['file']})" for one in content.get("photos") or ())


def _viewing(web: Web, lang: str, content: dict[str, Any]) -> str:
    viewing = viewing_of(content)
    if viewing is None:
        return ""
    when = web.presenter.shown(lang)["when"]
    parts = [when(viewing["from_ms"])]
    parts += [] if viewing["to_ms"] is None else [when(viewing["to_ms"])]
    parts += [(viewing["place"] or {}).get(lang, "")]
    return " · ".join(part for part in parts if part)


def _rows(before: Any, after: Any, lang: str) -> list[tuple[str, str, str]]:
    """(label, old value, new value) of lists of {"label" or "title", "value" or "note"}."""

    def read(rows: Any) -> dict[str, str]:
        found = {}
        for row in rows or ():
            label = differences.texts_of(row.get("label") or row.get("title"), lang)
            found[label] = differences.texts_of(row.get("value") or row.get("note"), lang)
        return found

    old, new = read(before), read(after)
    return [(label, old.get(label, ""), new.get(label, "")) for label in {**old, **new}]
