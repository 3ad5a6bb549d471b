"""A lot as it is searched: one row made of its description, its rules and where it stands."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from auction_engine.desk.search import codes
from auction_engine.desk.search.words import LANGUAGES, Texts, vector
from auction_engine.rules.lot import LotState

# Nobody outside the house knows of a lot before it is posted.
NOT_PUBLIC = ("DRAFT", "CONTRACTED")
# What the public is told of a lot's state, in the order in which it passes them.
ACTIVE = ("announced", "registration", "coming", "postponed", "live", "deciding")
ENDED = ("sold", "failed", "stopped")
STATES = (*ACTIVE, *ENDED)
_OF_STATUS = {
    "REGISTRATION_OPEN": "registration",
    "REGISTRATION_CLOSED": "coming",
    "READY": "coming",
    "POSTPONED": "postponed",
    "RUNNING": "live",
    "PAUSED": "live",
    **dict.fromkeys(
        ("BIDDING_CLOSED", "AWAIT_OWNER_CONSENT", "LEADER_DETERMINED", "RUNNER_UP_OFFERED"),
        "deciding",
    ),
    **dict.fromkeys(
        ("FAILED", "PRICE_CUT", "IN_KIND_OFFER", "TAKEN_BY_CREDITOR", "RETURNED_BLOCKED"), "failed"
    ),
    **dict.fromkeys(
        ("STOPPED", "WITHDRAWN", "PAYMENT_DEFAULT", "RESCINDED", "RESCINDED_BY_BUYER", "ANNULLED"),
        "stopped",
    ),
    **dict.fromkeys(
        (
            "ANNOUNCED", "AWAIT_PAYMENT", "PAID", "DELIVERED", "TITLE_FILED",
            "PROCEEDS_DISTRIBUTED", "CLOSED",
        ),
        "sold",
    ),
}  # fmt: skip
# Ended lots come after all others, the last ended first.
AFTER = 2**52
_TEXTS = ("place", "summary", "agency", "organisation")
_LISTS = ("facts", "disclosure")

Content = dict[str, Any]


class Row(NamedTuple):
    """The columns of `lot_search` that follow from the lot alone, in the order of `indexing`."""

    lot: int
    session: int
    seq: int
    notice: int
    kind: str
    province: str
    state: str
    method: str
    status: str
    failure: str | None
    currency: str
    starting_minor: int
    price_minor: int
    deposit_minor: int
    bids: int
    opens_ms: int
    closes_ms: int | None
    registration_ms: int | None
    ended_ms: int | None
    place: int
    card: dict[str, Any]
    words: str


def state_of(state: LotState) -> str:
    """What the public is told of where a lot stands: one of STATES."""
    if state.status == "PUBLISHED":
        terms = state.params.terms
        waits = terms is not None and terms.registration_open_ms is not None
        return "announced" if waits else "coming"
    if state.params.terms is None and state.settled:
        # Only its bidding is conducted here: with it everything we know has ended.
        return "failed" if state.price_minor is None else "sold"
    return _OF_STATUS[state.status]


def price_minor(state: LotState) -> int:
    """The award, else the price reached, else the starting price."""
    award = state.life.award_minor if state.life.winner is not None else None
    if award is not None:
        return award
    reached = state.price_minor
    return state.params.starting_price_minor if reached is None else reached


def place_of(state: str, opens_ms: int, closes_ms: int | None, ended_ms: int | None) -> int:
    """Where a lot stands in the order of what happens next; smaller is sooner."""
    if state in ENDED:
        return 2 * AFTER - (ended_ms or opens_ms)
    return closes_ms if state == "live" and closes_ms is not None else opens_ms


def row(
    lot: int,
    session: dict[str, Any],
    content: Content,
    seq: int,
    state: LotState,
    notice: int,
    ended_ms: int | None,
) -> Row:
    """The lot's row. `session` has id and demo; `ended_ms` is asked for only when it has ended."""
    params, told = state.params, state_of(state)
    terms = params.terms
    closes_ms = state.end_ms
    ended = ended_ms if told in ENDED else None
    deposit = content.get("deposit_minor", 0) if terms is None else terms.deposit_minor
    return Row(
        lot, int(session["id"]), seq, notice, codes.kind_of(content), codes.province_of(content),
        told, params.method, state.status, state.life.failure, params.currency,
        params.starting_price_minor, price_minor(state), int(deposit or 0), state.accepted,
        params.start_ms, closes_ms,
        None if terms is None else terms.registration_close_ms, ended,
        place_of(told, params.start_ms, closes_ms, ended),
        _card(content, session, state),
        _words(lot, content),
    )  # fmt: skip


def _card(content: Content, session: dict[str, Any], state: LotState) -> dict[str, Any]:
    """What a list shows of the lot beside the columns."""
    return {
        "title": content["title"],
        "place": content.get("place"),
        "image": codes.picture(content),
        "photos": (content.get("photos") or [])[:1],
        "organisation": content.get("organisation"),
        "agency": content.get("agency"),
        "minor_digits": state.params.minor_digits,
        "demo": bool(session["demo"]),
    }


def _words(lot: int, content: Content) -> str:
    province = codes.province_of(content)
    said: list[Any] = [codes.kinds()[codes.kind_of(content)]]
    said += [codes.province_name(province)] if province else []
    said += [content.get(name) for name in _TEXTS]
    said += [fact.get("value") for name in _LISTS for fact in content.get(name) or ()]
    return vector(
        {
            lang: Texts(_in(lang, [content["title"]]), [str(lot), *_in(lang, said)])
            for lang in LANGUAGES
        }
    )


def _in(lang: str, texts: Iterable[Any]) -> list[str]:
    """Those texts that are said in a language."""
    return [str(text[lang]) for text in texts if isinstance(text, dict) and text.get(lang)]
