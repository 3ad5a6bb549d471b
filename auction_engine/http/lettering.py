"""Letters in words: the texts of the locales, filled in as the pages fill them in."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from auction_engine.http import presenting, presenting_amounts
from auction_engine.http.presenting import Presenter
from auction_engine.post.message import Written
from auction_engine.settings import Settings


class Lettering:
    """Writes letters. `base` is the public address that links in them begin with."""

    def __init__(self, presenter: Presenter, base: str) -> None:
        self._presenter = presenter
        self._base = base

    def write(self, kind: str, lang: str, name: str | None, values: dict[str, Any]) -> Written:
        """The letter `kind` to `name` in `lang`. Raises KeyError for a text there is none of.

        A paragraph that is only a link becomes a button that says `letter.KIND.button`.
        """
        text = self._presenter.text
        links = {key: self._base + one["path"] for key, one in values.items() if _is(one, "link")}
        shown = {key: self._shown(value, lang) for key, value in values.items()} | links
        subject = text(lang, f"letter.{kind}.subject", **shown)
        body = text(lang, f"letter.{kind}.text", **shown)
        greeting = "letter.greeting" if name else "letter.greeting.nobody"
        paragraphs = [text(lang, greeting, name=name or ""), *body.split("\n\n")]
        foot = text(lang, "letter.foot", brand=text(lang, "brand"), base=self._base)
        parts = [self._part(lang, kind, one, links) for one in paragraphs]
        page = _template(self._presenter.web).render(
            lang=lang, subject=subject, parts=parts, foot=foot, brand=text(lang, "brand")
        )
        plain = "\n\n".join([*paragraphs, "-- ", foot]).replace("-- \n\n", "-- \n") + "\n"
        return Written(lang, text(lang, "brand"), subject, plain, page)

    def _part(
        self, lang: str, kind: str, paragraph: str, links: Mapping[str, str]
    ) -> dict[str, Any]:
        if paragraph not in links.values():
            return {"link": None, "lines": paragraph.split("\n")}
        label = f"letter.{kind}.button"
        known = self._presenter.has_text(lang, label)
        return {
            "link": paragraph,
            "label": self._presenter.text(lang, label if known else "letter.button"),
        }

    def _shown(self, value: Any, lang: str) -> Any:
        """One value (`post.values`) as its reader sees it."""
        if not isinstance(value, dict):
            return value
        match value["t"]:
            case "moment":
                return presenting.when(value["ms"], lang)
            case "day":
                return _day(date.fromisoformat(value["on"]), lang)
            case "money":
                minor, digits = value["minor"], value["digits"]
                return presenting_amounts.money(minor, value["currency"], digits, lang)
            case "either":
                return value["text"][lang]
            case "key":
                return self._presenter.text(lang, value["key"])
            case "link":
                return self._base + value["path"]
        raise KeyError(value["t"])


def public_base(settings: Settings) -> str:
    """The address links begin with: what people open, never what a request said its host was."""
    if settings.public_url is not None:
        return settings.public_url
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://{host}:{settings.port}"


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, dict) and value["t"] == kind


def _day(on: date, lang: str) -> str:
    return on.strftime("%d/%m/%Y") if lang == "vi" else f"{on.day} {on:%B %Y}"


@lru_cache(maxsize=2)
def _template(web: Any) -> Any:
    environment = Environment(
        loader=FileSystemLoader(web / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("post/letter.html")
