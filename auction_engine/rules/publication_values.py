"""Checks of what was decided about a lot: price, increment, deposit, method, times of bidding."""

from collections.abc import Iterator
from datetime import timedelta

from auction_engine.rules import calendar as days
from auction_engine.rules.draft import Draft
from auction_engine.rules.pack import Pack
from auction_engine.rules.pack_base import duration_ms
from auction_engine.rules.pack_words import amount, day_text, duration_text, named, percent
from auction_engine.rules.publication_texts import Fault
from auction_engine.rules.terms import FORFEIT_GROUNDS

_WHOLE = 10_000
Both = tuple[str, str]


def _money(pack: Pack, minor: int) -> str:
    return amount(minor, pack.currency.code, pack.currency.minor_digits)


def _length(ms: int) -> Both:
    """A length in whole seconds, in words; what is left over is dropped."""
    words = duration_text(timedelta(seconds=max(0, ms) // 1_000))
    return words.vi, words.en


def _ceil_share(minor: int, share_bp: int) -> int:
    return -(-minor * share_bp // _WHOLE)


def least_start(pack: Pack, previous_start_minor: int) -> int | None:
    """The least starting price after a cut, in minor units (Law 106/2025 Art. 83(3)).

    None where the pack knows no limit.
    """
    rule = pack.re_auction
    return None if rule is None else _ceil_share(previous_start_minor, _WHOLE - rule.max_cut_bp)


def deposit_band(pack: Pack, draft: Draft) -> tuple[int, int] | None:
    """The least and the most the deposit may be, in minor units; None while the basis is missing.

    A share that is not a whole minor unit may be rounded either way, but never leaves the band
    where the band has a whole unit in it.
    """
    rule = pack.deposit
    basis = draft.valuation_minor if rule.basis == "VALUATION" else draft.starting_price_minor
    if basis is None:
        return None
    least = _ceil_share(basis, rule.min_bp)
    return least, max(least, basis * rule.max_bp // _WHOLE)


def category_and_method(pack: Pack, draft: Draft) -> Iterator[Fault]:
    allowed = next((found for name, found in pack.methods.items() if name == draft.category), None)
    if allowed is None:
        values: dict[str, object] = {"pack": pack.id, "category": named(draft.category)}
        yield Fault("category", "CATEGORY", "methods", values)
    elif draft.method not in allowed:
        values = {
            "method": named(draft.method),
            "category": named(draft.category),
            "allowed": named(*allowed),
        }
        yield Fault("method", "METHOD", "methods", values)


def starting_price(pack: Pack, draft: Draft) -> Iterator[Fault]:
    rule, given = pack.start_price, draft.starting_price_minor
    if rule.public and not draft.starting_price_public:
        yield Fault("starting_price_public", "START_NOT_PUBLIC", "start_price.public", {})
    if given is None:
        yield Fault("starting_price_minor", "START_MISSING", "start_price", {})
        return
    if rule.fixed_minor is not None:
        expected = rule.fixed_minor.get(draft.item_class or "")
        if given != expected:
            amounts = [expected] if expected else sorted(rule.fixed_minor.values())
            text = " / ".join(_money(pack, one) for one in amounts)
            values: dict[str, object] = {"expected": text}
            yield Fault("starting_price_minor", "START_FIXED", "start_price.fixed_minor", values)
        return
    most = pack.re_auction.max_auctions if pack.re_auction else None
    if most is not None and draft.failures >= most:
        yield Fault("failures", "TOO_MANY_AUCTIONS", "re_auction.max_auctions", {"most": most})
    elif follows_valuation(pack, draft):
        yield from _start_from_valuation(pack, draft, given)
    else:
        yield from _start_after_cut(pack, draft, given)


def follows_valuation(pack: Pack, draft: Draft) -> bool:
    """Whether the starting price is a share of the valuation, not a cut of the one before."""
    shares = pack.start_price.of_basis_bp or ()
    return bool(shares) and (draft.cuts == 0 or draft.failures < len(shares))


def _start_from_valuation(pack: Pack, draft: Draft, given: int) -> Iterator[Fault]:
    if draft.valuation_minor is None:
        yield Fault("valuation_minor", "VALUATION_MISSING", "start_price.basis", {})
        return
    shares = pack.start_price.of_basis_bp or ()
    share = shares[min(draft.failures, len(shares) - 1)]
    expected = draft.valuation_minor * share // _WHOLE
    most = _ceil_share(draft.valuation_minor, share)
    if given < expected or (given > most and not pack.start_price.may_be_higher):
        values: dict[str, object] = {
            "given": _money(pack, given),
            "share": percent(share),
            "expected": _money(pack, most),
        }
        path = "start_price.of_basis_bp"
        yield Fault("starting_price_minor", "START_OFF_VALUE", path, values)


def _start_after_cut(pack: Pack, draft: Draft, given: int) -> Iterator[Fault]:
    if pack.re_auction is None or draft.cuts == 0:
        return
    if draft.previous_start_minor is None:
        yield Fault("previous_start_minor", "PREVIOUS_START_MISSING", "re_auction.base", {})
        return
    least = least_start(pack, draft.previous_start_minor)
    if least is not None and given < least:
        values: dict[str, object] = {
            "given": _money(pack, given),
            "least": _money(pack, least),
            "cut": percent(pack.re_auction.max_cut_bp),
        }
        yield Fault("starting_price_minor", "CUT_TOO_DEEP", "re_auction.max_cut_bp", values)


def increment(pack: Pack, draft: Draft) -> Iterator[Fault]:
    rule = pack.increment
    chosen = draft.increment_rule or rule.default
    if chosen not in rule.allowed:
        values: dict[str, object] = {"given": named(chosen), "allowed": named(*rule.allowed)}
        yield Fault("increment_rule", "INCREMENT_RULE", "increment.allowed", values)
    if chosen == "TABLE" and not draft.increment_table and not rule.table:
        yield Fault("increment_table", "INCREMENT_TABLE", "increment.allowed", {})
    given = draft.increment_minor
    if given is None:
        yield Fault("increment_minor", "INCREMENT_MISSING", "increment", {})
        return
    if rule.fixed_minor is not None:
        expected = rule.fixed_minor.get(draft.item_class or "")
        if expected is not None and given != expected:
            values = {"expected": _money(pack, expected)}
            yield Fault("increment_minor", "INCREMENT_FIXED", "increment.fixed_minor", values)
    least = max(1, _ceil_share(draft.starting_price_minor or 0, rule.min_of_start_bp or 0))
    if given < least:
        values = {"given": _money(pack, given), "least": _money(pack, least)}
        yield Fault("increment_minor", "INCREMENT_SMALL", "increment", values)


def deposit(pack: Pack, draft: Draft) -> Iterator[Fault]:
    given, band = draft.deposit_minor, deposit_band(pack, draft)
    if given is None:
        yield Fault("deposit_minor", "DEPOSIT_MISSING", "deposit", {})
        return
    if band is None:
        return
    least, most = band
    if given < least:
        share = percent(pack.deposit.min_bp)
        values: dict[str, object] = {
            "given": _money(pack, given),
            "share": share,
            "least": _money(pack, least),
        }
        yield Fault("deposit_minor", "DEPOSIT_LOW", "deposit.min_bp", values)
    if given > most:
        share = percent(pack.deposit.max_bp)
        values = {"given": _money(pack, given), "share": share, "most": _money(pack, most)}
        yield Fault("deposit_minor", "DEPOSIT_HIGH", "deposit.max_bp", values)


def reserve(pack: Pack, draft: Draft) -> Iterator[Fault]:
    if draft.reserve is None:
        return
    given = "PUBLIC" if draft.reserve.minor is not None else "SECRET"
    if given not in pack.reserve.allowed:
        values: dict[str, object] = {"given": named(given), "allowed": named(*pack.reserve.allowed)}
        yield Fault("reserve", "RESERVE", "reserve.allowed", values)


def descent_and_keys(pack: Pack, draft: Draft) -> Iterator[Fault]:
    if draft.method == "DESCENDING" and pack.descending is not None:
        if draft.descent is None:
            if pack.descending.floor == "REQUIRED":
                yield Fault("descent", "DESCENT_MISSING", "descending", {})
        elif draft.descent.shape not in pack.descending.shapes:
            values: dict[str, object] = {
                "given": named(draft.descent.shape),
                "allowed": named(*pack.descending.shapes),
            }
            yield Fault("descent", "DESCENT_SHAPE", "descending.shapes", values)
    sealed_phase = any(phase.kind == "SEALED" for phase in pack.phases or ())
    public_keys = draft.keys.public_keys if draft.keys is not None else ()
    if not public_keys and (draft.method == "SEALED" or sealed_phase):
        yield Fault("keys.public_keys", "KEYS_MISSING", "sealed", {})
    commitments = draft.keys.commitments if draft.keys is not None else ()
    by_lot = draft.method == "DESCENDING" and pack.tie.descending == "DRAW_LOTS"
    if not commitments and by_lot:
        yield Fault("keys.commitments", "COMMITMENTS_MISSING", "tie.descending", {})


def window(pack: Pack, draft: Draft) -> Iterator[Fault]:
    if draft.opening_ms is None:
        yield Fault("opening_ms", "OPENING_MISSING", "window", {})
        return
    opening = days.local_day(draft.opening_ms, pack.timezone)
    until = pack.in_force.until
    if opening < pack.in_force.since or (until is not None and opening > until):
        values: dict[str, object] = {"day": day_text(opening), "pack": pack.id}
        yield Fault("opening_ms", "NOT_IN_FORCE", "in_force", values)
    if draft.method == "DESCENDING":
        return
    if draft.end_ms is None:
        yield Fault("end_ms", "END_MISSING", "window", {})
        return
    lasts = draft.end_ms - draft.opening_ms
    kind = draft.kind
    from_minor = pack.window.movable_as_immovable_from_minor
    if from_minor is not None and (draft.valuation_minor or 0) >= from_minor:
        kind = "immovable"
    least = duration_ms(pack.window.min.of(kind))
    if lasts < least:
        values = {"given": _length(lasts), "least": _length(least)}
        yield Fault("end_ms", "WINDOW_SHORT", f"window.min.{kind}", values)
    if pack.window.max is not None and lasts > (most := duration_ms(pack.window.max.of(kind))):
        values = {"given": _length(lasts), "most": _length(most)}
        yield Fault("end_ms", "WINDOW_LONG", f"window.max.{kind}", values)


def extension(pack: Pack, draft: Draft) -> Iterator[Fault]:
    rule = pack.extension
    if draft.extension is not None and draft.extension not in rule.allowed:
        values: dict[str, object] = {
            "given": named(draft.extension),
            "allowed": named(*rule.allowed),
        }
        yield Fault("extension", "EXTENSION", "extension.allowed", values)
    own = ("extension_trigger_ms", "extension_by_ms", "extension_max_count")
    if "NONE" not in rule.allowed:
        for name in own:
            if getattr(draft, name) is not None:
                yield Fault(name, "EXTENSION_FIXED", "extension", {})
    if draft.automatic_bids and not pack.automatic_bids.allowed:
        yield Fault("automatic_bids", "AUTOMATIC", "automatic_bids.allowed", {})


def clauses(pack: Pack, draft: Draft) -> Iterator[Fault]:
    for ground in draft.forfeit_grounds or ():
        if ground not in FORFEIT_GROUNDS or ground not in pack.forfeit.grounds:
            yield Fault(
                "forfeit_grounds", "FORFEIT_GROUND", "forfeit.grounds", {"given": named(ground)}
            )
    if pack.pause_stop is not None and pack.pause_stop.clause_required:
        if not draft.pause_stop_clause:
            path = "pause_stop.clause_required"
            yield Fault("pause_stop_clause", "PAUSE_STOP_CLAUSE", path, {})
    if draft.vat_excluded and not draft.vat_note and pack.fees is not None:
        if pack.fees.vat_note_required:
            yield Fault("vat_note", "VAT_NOTE", "fees.vat_note_required", {})


CHECKS = (
    category_and_method,
    starting_price,
    increment,
    deposit,
    reserve,
    descent_and_keys,
    window,
    extension,
    clauses,
)
