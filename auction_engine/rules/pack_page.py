"""The page of a rule pack: every parameter with its value in words and its article.

`python -m auction_engine.rules.pack_page docs/rules` writes the pages anew.
"""

import sys
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from auction_engine.rules import packs
from auction_engine.rules.pack import Pack, has_source, pack_hash, reference
from auction_engine.rules.pack_base import Part, Span, Text
from auction_engine.rules.pack_words import (
    amount,
    citation,
    code_text,
    day_text,
    duration_text,
    label,
    percent,
    span_text,
)

_HEAD = ("id", "family", "title", "legal_basis", "sources", "unverified")
_FRAME = ("country", "in_force", "currency", "timezone", "calendar", "form")
_START, _END = "<!-- packs -->", "<!-- /packs -->"
Row = tuple[str, Text, Text]  # dotted path, name, value


def page(pack: Pack) -> str:
    """The Markdown page of a pack, Vietnamese and English side by side."""
    lines = [
        f"# {pack.title.vi}",
        "",
        f"**{pack.title.en}**",
        "",
        f"`{pack.id}` · {_dates(pack)} · SHA-256 `{pack_hash(pack)}`",
        "",
        "Sinh từ tệp YAML của bộ quy tắc; không phải tư vấn pháp lý. Số trong ngoặc vuông dẫn đến",
        "điều chưa xác minh ở cuối trang.",
        "",
        "Generated from the pack's YAML; not legal advice. A number in square brackets leads to",
        "what is unverified, at the end of the page.",
        "",
        "## Căn cứ pháp lý · Legal basis",
        "",
        "| Văn bản · Instrument | Nội dung · Content | Mức xác minh · Verdict |",
        "|---|---|---|",
    ]
    for basis in pack.legal_basis:
        verdict = code_text(basis.verdict)
        lines.append(f"| {_cite(basis.ref)} | {_both(basis.text)} | {_both(verdict)} |")
    lines += _section(pack, Text(vi="Khung chung", en="Frame"), _FRAME)
    for name in type(pack).model_fields:
        if name not in (*_HEAD, *_FRAME) and getattr(pack, name) is not None:
            lines += _section(pack, _name(name), (name,))
    lines += ["", "## Chưa xác minh · Unverified", ""]
    for number, entry in enumerate(pack.unverified, 1):
        lines.append(f"{number}. `{entry.path}`: {entry.note.vi} · {entry.note.en}")
    return "\n".join(lines) + "\n"


def table() -> str:
    """The list of packs for the README, between its two marks."""
    lines = [
        _START,
        "| Bộ quy tắc · Pack | Tên · Title | Áp dụng · In force | Chưa xác minh · Unverified |",
        "|---|---|---|---|",
    ]
    for pack in packs.every():
        cells = (f"[{pack.id}]({pack.id}.md)", _both(pack.title), _dates(pack))
        lines.append(f"| {' | '.join(cells)} | {len(pack.unverified)} |")
    return "\n".join([*lines, _END])


def with_table(readme: str) -> str:
    """The README with the present list of packs between its marks."""
    before, _, rest = readme.partition(_START)
    return before + table() + rest.partition(_END)[2]


def rows(section: str, pack: Pack) -> Iterator[Row]:
    """Every parameter of a section (or the one it is): path, name, value in words.

    Raises KeyError for a parameter or a value that has no name in `pack_words.yaml`.
    """
    yield from _rows(section, getattr(pack, section), pack, _name(section))


def _rows(path: str, value: Any, pack: Pack, name: Text) -> Iterator[Row]:
    if isinstance(value, Part) and not isinstance(value, Span):
        fields = type(value).model_fields
        by_kind = list(fields) == ["movable", "immovable"]
        for field in fields:
            inner, own = getattr(value, field), _name(f"{path}.{field}")
            if inner is not None:
                yield from _rows(
                    f"{path}.{field}", inner, pack, _joined(name, own) if by_kind else own
                )
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _rows(f"{path}.{key}", inner, pack, _joined(name, code_text(key)))
    elif isinstance(value, tuple) and value and isinstance(value[0], Part):
        for number, item in enumerate(value):
            found = list(_rows(f"{path}.{number}", item, pack, name))
            words = Text(
                vi="; ".join(f"{n.vi.lower()} {v.vi}" for _, n, v in found),
                en="; ".join(f"{n.en.lower()} {v.en}" for _, n, v in found),
            )
            yield f"{path}.{number}", _joined(name, _same(str(number + 1))), words
    else:
        yield path, name, _words(path, value, pack)


def _section(pack: Pack, title: Text, names: tuple[str, ...]) -> list[str]:
    lines = [
        "",
        f"## {_both(title)}",
        "",
        "| Tham số · Parameter | Giá trị · Value | Căn cứ · Source |",
        "|---|---|---|",
    ]
    for path, name, words in chain.from_iterable(rows(section, pack) for section in names):
        source = _cite(reference(pack, path)) if has_source(pack, path) else ""
        marks = "".join(f" [{number}]" for number in _marks(pack, path))
        lines.append(f"| {_both(name)} | {_both(words)}{marks} | {source} |")
    return lines


def _marks(pack: Pack, path: str) -> Iterator[int]:
    for number, entry in enumerate(pack.unverified, 1):
        if path == entry.path or path.startswith(f"{entry.path}."):
            yield number


def _name(path: str) -> Text:
    named = ".".join(step for step in path.split(".") if not step.isdecimal())
    return label("counting_of" if named.endswith(".counting") else named)


def _joined(one: Text, other: Text) -> Text:
    return Text(vi=f"{one.vi}: {other.vi}", en=f"{one.en}: {other.en}")


def _same(text: str) -> Text:
    return Text(vi=text, en=text)


def _words(path: str, value: Any, pack: Pack) -> Text:
    if isinstance(value, bool):
        return Text(vi="có", en="yes") if value else Text(vi="không", en="no")
    if isinstance(value, int):
        return _same(_number(path, value, pack))
    if isinstance(value, Span):
        return span_text(value)
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, date):
        return _same(day_text(value))
    if isinstance(value, tuple):
        words = [_words(path, item, pack) for item in value]
        if not words:
            return code_text("NONE")
        return Text(vi="; ".join(w.vi for w in words), en="; ".join(w.en for w in words))
    return code_text(value) if _is_code(path, value) else _same(str(value))


def _is_code(path: str, value: str) -> bool:
    return value.isupper() and path not in ("country", "currency.code")


def _number(path: str, value: int, pack: Pack) -> str:
    last = path.rpartition(".")[2]
    if last.endswith("_bp"):
        return percent(value)
    if last.endswith("_minor") or ".fixed_minor." in path:
        return amount(value, pack.currency.code, pack.currency.minor_digits)
    return str(value)


def _both(text: Text) -> str:
    return text.vi if text.vi == text.en else f"{text.vi} · {text.en}"


def _cite(reference_: str) -> str:
    return _both(citation(reference_))


def _dates(pack: Pack) -> str:
    until = pack.in_force.until
    return f"{day_text(pack.in_force.since)} – {day_text(until) if until else '…'}"


def main() -> None:
    """Write the page of every pack and the list in README.md into the directory named."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m auction_engine.rules.pack_page DIRECTORY")
    directory = Path(sys.argv[1])
    for pack in packs.every():
        (directory / f"{pack.id}.md").write_text(page(pack), "utf-8")
    readme = directory / "README.md"
    readme.write_text(with_table(readme.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
