"""Pages as people see them: templates, texts in two languages, money and time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from auction_engine.http import presenting_amounts as amounts
from auction_engine.http import presenting_life, presenting_room
from auction_engine.http.presenting_amounts import AmountError, parse_amount

__all__ = [
    "LANGUAGES",
    "AmountError",
    "AssetsMissing",
    "Presenter",
    "choose_language",
    "parse_amount",
    "presenter",
]

LANGUAGES = ("vi", "en")
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
ZONE_NAME = {"vi": "giờ Việt Nam, UTC+7", "en": "Vietnam time, UTC+7"}
WEB = Path(__file__).resolve().parents[2] / "web"
STATIC_PREFIX = "/static/"
_KNOWN_ERROR_PAGES = frozenset({400, 401, 403, 404, 405, 413, 429, 500, 503})

Lot = Mapping[str, Any]


class AssetsMissing(RuntimeError):
    """The web assets have not been built."""


def choose_language(query: str | None, cookie: str | None) -> str:
    """The language asked for in the address, else the remembered one, else Vietnamese."""
    for wanted in (query, cookie):
        if wanted in LANGUAGES:
            return str(wanted)
    return "vi"


def load_texts(web: Path, lang: str) -> dict[str, str | dict[str, str]]:
    """All texts of a language: those of the rules, over them the pages' own, and one file for each
    group of pages (`GROUP.LANG.json`), which repeats no key.

    `web/build.mjs` reads the first two once more, for the room's script.
    """
    first = [web / "locales" / name for name in (f"rules.{lang}.json", f"{lang}.json")]
    texts: dict[str, str | dict[str, str]] = {}
    for file in first:
        if file.is_file():
            texts |= json.loads(file.read_text("utf-8"))
    for file in sorted((web / "locales").glob(f"*.{lang}.json")):
        if file not in first:
            more = json.loads(file.read_text("utf-8"))
            twice = sorted(texts.keys() & more.keys())
            assert not twice, f"{file.name} repeats {twice[0]}"
            texts |= more
    return texts


def translate(texts: Mapping[str, str | dict[str, str]], key: str, values: dict[str, Any]) -> str:
    text = texts[key]
    if isinstance(text, dict):
        text = text["one" if values.get("n") == 1 and "one" in text else "other"]
    return text.format_map(values) if values else text


def local_time(ms: int, lang: str, *, with_ms: bool = False) -> str:
    """Time of day, to the second or to the millisecond."""
    moment = datetime.fromtimestamp(ms // 1000, tz=UTC).astimezone(ZONE)
    text = moment.strftime("%H:%M:%S")
    return f"{text}{amounts.DECIMAL_MARK[lang]}{ms % 1000:03d}" if with_ms else text


def local_date(ms: int, lang: str) -> str:
    moment = datetime.fromtimestamp(ms // 1000, tz=UTC).astimezone(ZONE)
    return moment.strftime("%d/%m/%Y") if lang == "vi" else f"{moment.day} {moment:%B %Y}"


def when(ms: int, lang: str, *, with_ms: bool = False) -> str:
    moment = f"{local_time(ms, lang, with_ms=with_ms)}"
    joint = ", ngày " if lang == "vi" else ", "
    return f"{moment}{joint}{local_date(ms, lang)} ({ZONE_NAME[lang]})"


def iso(ms: int) -> str:
    moment = datetime.fromtimestamp(ms // 1000, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


class Presenter:
    """Renders the pages of one web directory. Safe to share: it holds no state of a request."""

    def __init__(self, web: Path = WEB) -> None:
        self.web = web
        self.static_dir = web / "dist"
        self._texts = {lang: load_texts(web, lang) for lang in LANGUAGES}
        manifest = self.static_dir / "manifest.json"
        if not manifest.is_file():
            raise AssetsMissing(
                f"{manifest} is missing: build the web assets first (make assets, or "
                f"npm ci && npm run build in {web})"
            )
        self._manifest: dict[str, str] = json.loads(manifest.read_text("utf-8"))
        self._environment = Environment(
            loader=FileSystemLoader(web / "templates"),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def asset(self, name: str) -> str:
        """The address of a built file, e.g. asset("app.css")."""
        try:
            return STATIC_PREFIX + self._manifest[name]
        except KeyError:
            raise AssetsMissing(f"no built asset is called {name!r}") from None

    def text(self, lang: str, key: str, **values: Any) -> str:
        return translate(self._texts[lang], key, values)

    def has_text(self, lang: str, key: str) -> bool:
        return key in self._texts[lang]

    def texts(self, lang: str, beginnings: tuple[str, ...]) -> dict[str, Any]:
        """The texts whose keys begin so, for a page's script."""
        return {k: v for k, v in self._texts[lang].items() if k.startswith(beginnings)}

    def refusal(
        self, lang: str, reason: str, minimum_minor: int | None, lot: Lot
    ) -> tuple[str, str]:
        """Why a bid was refused: shortly, and in a sentence with the one thing to do next."""
        minimum = "" if minimum_minor is None else self._money(lang)(minimum_minor, lot)
        known = reason if f"live.refused.{reason}" in self._texts[lang] else "OTHER"
        what = self.text(lang, f"live.refused.{known}")
        key = f"rules.reason.{reason}"
        if key not in self._texts[lang]:
            key = "live.refused.OTHER.text"
        return what, self.text(lang, key, minimum=minimum, price=minimum)

    def failure(self, lang: str, code: str) -> str:
        """What an error code of a bid means for the person who sent it."""
        known = code if f"live.error.{code}" in self._texts[lang] else "BAD_MESSAGE"
        return self.text(lang, f"live.error.{known}")

    def render(
        self,
        template: str,
        *,
        lang: str,
        path: str,
        viewer: Mapping[str, Any] | None = None,
        csrf: str = "",
        now_ms: int,
        **context: Any,
    ) -> str:
        """One page. `context` is what the template asks for (docs/protocol/http.md)."""
        helpers = self._helpers(lang)
        page = {**_DEFAULTS.get(template, {}), **context}
        page |= {"lang": lang, "path": path, "viewer": viewer, "csrf": csrf, "now_ms": now_ms}
        for row in page.get("lots", page.get("rows", ())):
            row["state"] = {"life": None, **row["state"]}
            row.setdefault("fall", None)
        if template == "room.html":
            words = self._words(lang, page["lot"])
            page |= presenting_room.told(page, words, lang)
        elif template == "record.html":
            words = self._words(lang, page["lot"])
            page["lines"] = words.lines(page["bids"], page["turns"], len(page["bids"]))
        page["boot"] = self._boot(template, lang, page)
        return self._environment.get_template(template).render({**helpers, **page})

    def render_error(self, status: int, *, lang: str, path: str, now_ms: int, **rest: Any) -> str:
        known = status if status in _KNOWN_ERROR_PAGES else (500 if status >= 500 else 400)
        return self.render(
            "error.html", lang=lang, path=path, now_ms=now_ms, status=status, known=known, **rest
        )

    def _money(self, lang: str) -> Callable[[int, Lot], str]:
        return lambda minor, lot: amounts.money(minor, lot["currency"], lot["minor_digits"], lang)

    @lru_cache(maxsize=8)  # noqa: B019 - one presenter lives as long as the program
    def _helpers(self, lang: str) -> dict[str, Any]:
        def pick(text: Mapping[str, str]) -> str:
            return text[lang]

        def parts(minor: int, lot: Lot) -> dict[str, str]:
            before, after = amounts.affixes(lot["currency"], lang)
            shown = amounts.number(minor, lot["minor_digits"], lang)
            return {"before": before, "number": shown, "after": after}

        return {
            "t": lambda key, **values: self.text(lang, key, **values),
            "asset": self.asset,
            "pick": pick,
            "money": self._money(lang),
            "money_parts": parts,
            "words": lambda minor, lot: amounts.words(
                minor, lot["currency"], lot["minor_digits"], lang
            ),
            "when": lambda ms, with_ms=False: when(ms, lang, with_ms=with_ms),
            "clock_time": lambda ms, with_ms=False: local_time(ms, lang, with_ms=with_ms),
            "date": lambda ms: local_date(ms, lang),
            "iso": iso,
            "duration": lambda ms: self._duration(lang, ms),
            "failure": lambda code: self.failure(lang, code),
            "refusal": lambda reason, minimum, lot: self.refusal(lang, reason, minimum, lot),
        }

    def shown(self, lang: str) -> dict[str, Any]:
        """What templates show values with (`money`, `when`, `duration`, ...), for other answers."""
        return self._helpers(lang)

    def life_words(self, lang: str, lot: Lot) -> presenting_life.Words:
        """The sentences about a lot's life, for pages that show it in their own way."""
        return self._words(lang, lot)

    def _words(self, lang: str, lot: Lot) -> presenting_life.Words:
        texts = self._texts[lang]
        return presenting_life.Words(
            lambda key, **values: translate(texts, key, values),
            texts.__contains__,
            lambda minor: self._money(lang)(minor, lot),
            lambda ms, with_ms=False: local_time(ms, lang, with_ms=with_ms),
            lambda ms: local_date(ms, lang),
            lambda ms: self._duration(lang, ms),
        )

    def _duration(self, lang: str, ms: int) -> str:
        seconds = max(0, -(-ms // 1000))
        if seconds < 60:
            return self.text(lang, "live.span.s", s=seconds)
        minutes, rest = divmod(seconds, 60)
        if minutes < 60:
            key = "live.span.ms" if rest else "live.span.m"
            return self.text(lang, key, m=minutes, s=rest)
        hours, minutes = divmod(minutes, 60)
        if hours < 24:
            return self.text(lang, "live.span.hm", h=hours, m=minutes)
        return self.text(lang, "live.span.dh", d=hours // 24, h=hours % 24)

    def _boot(self, template: str, lang: str, page: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the script needs to follow the page live; None where it has nothing to follow."""
        kind = {
            "room.html": "room",
            "session.html": "board",
            "desk.html": "board",
            "agency.html": "board",
            "oversight/now.html": "board",
            "oversight/session.html": "board",
        }.get(template)
        if kind is None:
            return None
        rows = [page] if kind == "room" else page["lots" if "lots" in page else "rows"]
        viewer = page["viewer"]
        boot: dict[str, Any] = {
            "kind": kind,
            "lang": lang,
            "now_ms": page["now_ms"],
            "csrf": page["csrf"],
            "bidder": viewer is not None and viewer["role"] == "bidder",
            "zone": ZONE.key,
            "lots": [self.lot_for_script(row["lot"], lang) for row in rows],
        }
        if kind == "room":
            boot["snapshot"] = page["snapshot"]
        else:
            boot["states"] = {row["lot"]["id"]: row["state"] for row in rows}
        return boot

    @staticmethod
    def lot_for_script(lot: Lot, lang: str) -> dict[str, Any]:
        """What a script must know of a lot."""
        before, after = amounts.affixes(lot["currency"], lang)
        rules = presenting_room.PLAIN_RULES | lot.get("rules", {})
        return {
            "id": lot["id"],
            "title": lot["title"][lang],
            "minor_digits": lot["minor_digits"],
            "before": before,
            "after": after,
            "unit": amounts.unit_name(lot["currency"], lang),
            "starting_price_minor": lot["starting_price_minor"],
            "increment_minor": lot["increment_minor"],
            "increment_rule": rules["increment_rule"],
            "increment_table": rules["increment_table"],
            "deposit_minor": lot["deposit_minor"],
            "withdrawal": rules["withdrawal"],
            "extension": lot["extension"],
        }


_DEFAULTS: dict[str, dict[str, Any]] = {
    "room.html": {
        "outcome": None,
        "demo": False,
        "typed": "",
        "typed_step": None,
        "typed_automatic": False,
        "fall": None,
        "notices": (),
    },
    "session.html": {"demo_logins": None, "session": None},
    "login.html": {"failed": None, "demo_logins": None, "next": "/"},
    "record.html": {"older": None, "turns": [], "outcomes": [], "notices": []},
    "error.html": {"retry_s": None},
}


@lru_cache(maxsize=1)
def presenter() -> Presenter:
    """The program's one presenter, made at first use."""
    return Presenter()
