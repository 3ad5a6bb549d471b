"""The state of one lot, as far as the rules need it."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from auction_engine.rules.increments import step_minor
from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.rules.params import LotParams
from auction_engine.rules.parts import Method

Status = Literal[
    "DRAFT",
    "CONTRACTED",
    "PUBLISHED",
    "REGISTRATION_OPEN",
    "REGISTRATION_CLOSED",
    "READY",
    "POSTPONED",
    "RUNNING",
    "PAUSED",
    "BIDDING_CLOSED",
    "AWAIT_OWNER_CONSENT",
    "LEADER_DETERMINED",
    "ANNOUNCED",
    "RUNNER_UP_OFFERED",
    "AWAIT_PAYMENT",
    "PAYMENT_DEFAULT",
    "PAID",
    "DELIVERED",
    "TITLE_FILED",
    "PROCEEDS_DISTRIBUTED",
    "CLOSED",
    "FAILED",
    "STOPPED",
    "WITHDRAWN",
    "PRICE_CUT",
    "IN_KIND_OFFER",
    "TAKEN_BY_CREDITOR",
    "RETURNED_BLOCKED",
    "RESCINDED",
    "RESCINDED_BY_BUYER",
    "ANNULLED",
]
Phase = Literal["scheduled", "open", "paused", "closed"]
Awaited = Literal["KEYS", "DRAW", "RESERVE"]

BEFORE_OPENING: tuple[Status, ...] = (
    "DRAFT",
    "CONTRACTED",
    "PUBLISHED",
    "REGISTRATION_OPEN",
    "REGISTRATION_CLOSED",
    "READY",
    "POSTPONED",
)
# Statuses in which something happens by itself when `Life.due_ms` has come.
WAITING: tuple[Status, ...] = (
    "BIDDING_CLOSED",
    "AWAIT_OWNER_CONSENT",
    "ANNOUNCED",
    "RUNNER_UP_OFFERED",
    "AWAIT_PAYMENT",
)
# What a lot whose bidding is closed waits for from the turn of this kind on.
AWAITS: dict[str, Awaited] = {
    "keys.awaited": "KEYS",
    "reserve.awaited": "RESERVE",
    "draw.awaited": "DRAW",
    "draw.overdue": "DRAW",
    "seed.revealed": "DRAW",
}
_PHASES: dict[str, Phase] = {"RUNNING": "open", "PAUSED": "paused"} | dict.fromkeys(
    BEFORE_OPENING, "scheduled"
)  # type: ignore[assignment]


# Never changed in place, like every dict of a state.
_NONE: dict[int, str] = {}
_NO_MAXIMA: dict[int, tuple[int, int]] = {}
_NO_BOXES: dict[int, tuple[str, str]] = {}
_NO_DEPOSITS: dict[int, "Deposit"] = {}


class Bidder(NamedTuple):
    code: str
    robot: bool


class Deposit(NamedTuple):
    """A deposit on record; `transfer` is its number in the books, 0 where no money came."""

    amount_minor: int
    means: str  # one of `terms.DEPOSIT_MEANS`
    transfer: int


class Standing(NamedTuple):
    """A valid bid and those it stands on: `below` was the best before it."""

    bidder: int
    amount_minor: int
    n: int
    below: "Standing | None"


class Falling(NamedTuple):
    """A descending price: step `step` begins at `from_ms`; `taken` is the step accepted last."""

    step: int
    from_ms: int
    taken: int | None = None


class Sealed(NamedTuple):
    """A sealed round: each bidder's last box, and what is known once it is opened.

    `base_minor` is the price when the round began, which its bids must beat. `tied` are those who
    bid again, None in a first round. `received` are the public keys whose private keys the house
    has; `keys` the private keys once the boxes are opened, before that ().
    """

    round: int = 1
    base_minor: int | None = None
    boxes: dict[int, tuple[str, str]] = _NO_BOXES  # bidder: (bid id, box), as recorded
    tied: tuple[int, ...] | None = None
    received: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def closed_boxes(self) -> bool:
        """Whether there are bids that nobody can read yet."""
        return bool(self.boxes) and not self.keys


class Lots(NamedTuple):
    """Lots to be drawn (bốc thăm) in this phase: among whom and from what; `done` when drawn.

    `entrants` are None until it is known who is tied. `commitments` are those of entrants, beside
    those in the parameters.
    """

    entrants: tuple[int, ...] | None = None
    commitments: tuple[tuple[str, str], ...] = ()  # (holder, commitment)
    entropy: tuple[tuple[int, str], ...] = ()
    seeds: tuple[tuple[str, str], ...] = ()  # (holder, seed)
    done: bool = False


class Life(NamedTuple):
    """What bidding itself does not change with each bid; no dict in it is changed in place.

    `due_ms`: when something happens by itself in this status, `awaits` what a lot whose bidding is
    closed waits for; `late_ms` an earlier such moment that the house let pass; `lost_ms` time
    given back since the award. `resume`: where a pause goes back to, `since_ms` when it began,
    `ground` why; `beneath` the ground of a pause that an incident came on top of. `holds` are
    complaints and suits, since `held_ms`.
    `registered` says REGISTERED, REFUSED or WITHDRAWN of each dossier; `refund_right` are those
    who may withdraw because what was published has changed.
    `out`: bidders whose bids are void, with the ground. `absent`: who did not take part, known at
    the end of the bidding; they may claim force majeure until `claims_until_ms`.
    `round` counts ROUNDS' further rounds, `in_round` those who may bid in it, `round_from` the bid
    before its first, `round_leader` who led then. `stage` is the phase of a hybrid lot, 0 for the
    first; `front` the leader when the first phase ended. `unsigned` are representatives who did not
    sign the minutes. `deposits` are those held, where the journal records them.
    """

    due_ms: int | None = None
    awaits: Awaited | None = None
    resume: Status | None = None
    since_ms: int | None = None
    paused_ms: int = 0
    ground: str | None = None
    beneath: str | None = None
    registered: dict[int, str] = _NONE
    present: frozenset[int] = frozenset()
    out: dict[int, str] = _NONE
    forfeits: dict[int, str] = _NONE
    absent: frozenset[int] = frozenset()
    claims_until_ms: int | None = None
    claims: frozenset[int] = frozenset()
    excused: frozenset[int] = frozenset()
    holds: tuple[str, ...] = ()
    held_ms: int | None = None
    auctioneer: int | None = None
    round: int = 0
    round_called: bool = False
    round_from: int = 0
    round_leader: int | None = None
    in_round: frozenset[int] | None = None
    stage: int = 0
    front: int | None = None
    maxima: dict[int, tuple[int, int]] = _NO_MAXIMA  # bidder: (maximum, order in which it was set)
    falling: Falling | None = None
    sealed: Sealed | None = None
    lots: Lots | None = None
    reserve_minor: int | None = None
    winner: int | None = None
    award_minor: int | None = None
    awarded_ms: int | None = None
    late_ms: int | None = None
    lost_ms: int = 0
    offers: int = 0
    signed: tuple[str, ...] = ()
    unsigned: tuple[str, ...] = ()
    paid_minor: int = 0
    refund_right: frozenset[int] = frozenset()
    failure: str | None = None
    next_start_minor: int | None = None
    deposits: dict[int, Deposit] = _NO_DEPOSITS


PLAIN = Life()


class LotState(NamedTuple):
    """A value: every event gives a new one, so a batch that fails is simply forgotten.

    `accepted` counts accepted bids (the last one's number), `refused` the refused ones.
    `end_ms` is the end in force, None when the auctioneer closes. `book` holds the valid bids,
    best first.
    """

    params: LotParams
    status: Status
    end_ms: int | None
    admitted: dict[int, Bidder]  # never changed in place
    price_minor: int | None = None
    leader: int | None = None
    accepted: int = 0
    refused: int = 0
    extensions: int = 0
    extended_by: int | None = None
    book: Standing | None = None
    life: Life = PLAIN

    @property
    def phase(self) -> Phase:
        """Whether bids are possible: not yet, now, not for a while, no more."""
        return _PHASES.get(self.status, "closed")

    @property
    def leader_code(self) -> str | None:
        return None if self.leader is None else self.admitted[self.leader].code

    @property
    def method(self) -> Method:
        """The method of the phase the lot is in."""
        stage = self.life.stage
        return self.params.phases[stage - 1].method if stage else self.params.method

    @property
    def settled(self) -> bool:
        """Whether nothing will happen to the lot by itself any more."""
        return self.phase == "closed" and self.life.due_ms is None


def standings(state: LotState) -> Iterator[Standing]:
    """Each bidder's best valid bid, best first."""
    seen: set[int] = set()
    node = state.book
    while node is not None:
        if node.bidder not in seen:
            seen.add(node.bidder)
            yield node
        node = node.below


def minimum_minor(state: LotState) -> int | None:
    """The lowest amount a new bidder could validly bid, or None when nothing would do.

    Law 01/2016 Arts. 5(1), 41(2)b: the first bid may equal the starting price, each later one
    must exceed the last by at least the increment. For a descending lot None: its price is
    accepted, not outbid (`descending.price_at`).
    """
    if _PHASES.get(state.status) is None:
        return None
    if state.params.descent is not None and state.method == "DESCENDING":
        return None
    return least_minor(state)


def least_minor(state: LotState) -> int | None:
    """The same whatever the lot's status; in a sealed round what a readable box must hold.

    Those who bid again after a tie must bid higher, by however little (Law 01/2016 Art. 42(2)d).
    """
    price, sealed = state.price_minor, state.life.sealed
    if sealed is not None and state.method == "SEALED":
        price = sealed.base_minor
    if price is None:
        return state.params.starting_price_minor
    again = sealed is not None and sealed.tied is not None
    minimum = price + (1 if again else step_minor(state.params, price))
    return minimum if minimum <= MAX_AMOUNT_MINOR else None
