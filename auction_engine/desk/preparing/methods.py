"""How the lots of a session are bid, as far as that can be prepared here. Pure.

Sealed bids and lots drawn among equals need keys and commitments of their holders, prices fixed by
class the thing's class: none of them is asked for in a draft.
"""

from auction_engine.desk.preparing.choices import (
    FALL_SHAPES,
    METHODS,
    Choices,
    LotChoice,
    Method,
)
from auction_engine.rules.pack import Pack
from auction_engine.rules.pack_base import duration_ms
from auction_engine.rules.params import ParamsError
from auction_engine.rules.parts import Descent


def category_of(pack: Pack) -> str:
    """As what property seized in enforcement is sold under the pack."""
    names = [str(name) for name in pack.methods]
    return "ENFORCEMENT" if "ENFORCEMENT" in names else names[0]


def methods_of(pack: Pack) -> tuple[Method, ...]:
    """The methods of the pack that a session prepared here can have; none for some packs."""
    if pack.phases or pack.start_price.fixed_minor:
        return ()
    drawn = pack.tie.descending == "DRAW_LOTS"
    offered = _offered(pack)
    return tuple(one for one in METHODS if one in offered and not (one == "DESCENDING" and drawn))


def not_here(pack: Pack) -> tuple[str, ...]:
    """The methods of the pack that cannot be prepared here."""
    return tuple(one for one in _offered(pack) if one not in methods_of(pack))


def _offered(pack: Pack) -> tuple[str, ...]:
    category = category_of(pack)
    return next((found for name, found in pack.methods.items() if name == category), ())


def method_of(pack: Pack, choices: Choices) -> Method:
    """How the lots of the session are bid: as chosen, else the first the pack offers."""
    first: Method = next(iter(methods_of(pack)), "ASCENDING")
    return choices.rules.method or first


def descent_of(pack: Pack, choices: Choices, lot: LotChoice) -> tuple[Descent | None, str | None]:
    """How the lot's price falls, as far as that is chosen; and what makes it no way to fall."""
    rule, rules = pack.descending, choices.rules
    if method_of(pack, choices) != "DESCENDING" or rule is None or rule.floor == "BY_STEPS":
        return None, None
    shape = rules.fall_shape or rule.default
    step = lot.increment_minor if shape == "LINEAR" else rules.fall_step_bp or rule.step_bp
    if lot.floor_minor is None or step is None or shape not in FALL_SHAPES:
        return None, None  # the check says so
    every_ms = rules.fall_every_s * 1_000 if rules.fall_every_s else duration_ms(rule.interval)
    linear = shape == "LINEAR"
    minor, share = (step, None) if linear else (None, step)
    try:
        return Descent(shape, every_ms, lot.floor_minor, step_minor=minor, step_bp=share), None
    except ParamsError as error:
        return None, str(error)
