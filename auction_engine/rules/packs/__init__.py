"""The rule packs that are shipped: reading them, and choosing the one in force.

A step is taken under the pack in force on its day. Steps validly done before a change of law stay
done; what is still to do follows the new pack (Law 106/2025/QH15 Art. 116(3)-(4)).
"""

from datetime import date
from functools import cache
from importlib import resources

from auction_engine.rules.pack import Pack, parse
from auction_engine.rules.pack_errors import Fault, PackError


class NoPackError(LookupError):
    """No pack, or more than one, answers the question. The text says which there are."""


def ids() -> tuple[str, ...]:
    """The packs that are shipped, in order."""
    files = resources.files(__package__).iterdir()
    return tuple(sorted(f.name.removesuffix(".yaml") for f in files if f.name.endswith(".yaml")))


def text_of(pack_id: str) -> str:
    """The YAML of a shipped pack as it is read by people. Raises NoPackError."""
    if pack_id not in ids():
        raise NoPackError(f"{pack_id} is not a rule pack; there are {', '.join(ids())}")
    return resources.files(__package__).joinpath(f"{pack_id}.yaml").read_text("utf-8")


@cache
def load(pack_id: str) -> Pack:
    """The shipped pack of this id. Raises NoPackError; PackError if the file is broken."""
    name = f"{pack_id}.yaml"
    pack = parse(text_of(pack_id), name)
    if pack.id != pack_id:
        raise PackError(name, [Fault("id", "must be the name of the file")])
    return pack


def every() -> tuple[Pack, ...]:
    """All shipped packs, in order of id."""
    return tuple(load(pack_id) for pack_id in ids())


def in_force(pack: Pack, on: date) -> bool:
    """Whether a step on this local day is taken under `pack`."""
    until = pack.in_force.until
    return pack.in_force.since <= on and (until is None or on <= until)


def select(country_or_family: str, on: date, category: str | None = None) -> Pack:
    """The pack for a step on the local day `on`.

    `country_or_family` is a family such as `vn-enforcement` or a country such as `VN`; a country
    with several families needs the asset's `category` as well. Raises NoPackError when no pack or
    more than one is in force.
    """
    named = [pack for pack in every() if country_or_family in (pack.family, pack.country)]
    if not named:
        known = sorted({pack.family for pack in every()} | {pack.country for pack in every()})
        raise NoPackError(f"no rule packs for {country_or_family}; there are {', '.join(known)}")
    found = [
        pack
        for pack in named
        if in_force(pack, on) and (category is None or category in pack.methods)
    ]
    if len(found) == 1:
        return found[0]
    about = f"{country_or_family} on {on}" + (f" for {category}" if category else "")
    if not found:
        ids_of = ", ".join(pack.id for pack in named)
        raise NoPackError(f"no rule pack is in force for {about}; known are {ids_of}")
    raise NoPackError(
        f"several rule packs are in force for {about}; name a family or the asset's category:"
        f" {', '.join(pack.id for pack in found)}"
    )


def check(text: str, name: str) -> list[str]:
    """What is wrong with a pack's YAML, one line `name: path: sentence` each; empty if nothing."""
    try:
        parse(text, name)
    except PackError as error:
        return error.lines()
    return []
