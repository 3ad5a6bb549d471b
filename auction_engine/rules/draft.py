"""What an organisation has decided and done about a lot it is going to publish."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from auction_engine.rules.pack_base import Kind
from auction_engine.rules.pack_bidding import ExtensionMode
from auction_engine.rules.parts import Descent, IncrementRule, Method, Reserve


@dataclass(frozen=True, slots=True)
class Notice:
    """One public notice: its local day, its channels (`pack_before.Channel`), and the proof."""

    on: date
    channels: tuple[str, ...]
    proof: str | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """Who opens sealed bids and whose seeds draw lots: keys and commitments of their holders.

    `commitments` are (holder, commitment); `rebid_public_keys` are other keys for a re-bid.
    """

    public_keys: tuple[str, ...] = ()
    rebid_public_keys: tuple[str, ...] = ()
    commitments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A lot before publication. None or empty is "not decided" or "not done yet".

    Amounts are minor units, `*_ms` UTC milliseconds, `*_on` days local to the pack. `category` is
    one of `pack_before.Category`. `failures` and `cuts` count what happened to the property since
    its last valuation; `previous_start_minor` is the starting price of the auction just before.
    `session_start_total_minor` is the sum of the starting prices of the session;
    `session_opening_ms` its opening, from which days are counted, where a lot's turn comes later.
    What is None and has a default in the pack (increment rule, extension, automatic bids) follows
    the pack.
    """

    category: str
    movable: bool
    method: Method = "ASCENDING"
    item_class: str | None = None
    lot: int | None = None  # the lot's own number, to which sealed bids and seeds are bound

    starting_price_minor: int | None = None
    starting_price_public: bool = True
    increment_minor: int | None = None
    increment_rule: IncrementRule | None = None
    increment_table: tuple[tuple[int | None, int], ...] = ()
    deposit_minor: int | None = None
    deposits: Literal["OUTSIDE", "RECORDED"] = "OUTSIDE"  # who knows that they are held
    reserve: Reserve | None = None
    descent: Descent | None = None
    keys: Keys | None = None

    opening_ms: int | None = None
    session_opening_ms: int | None = None
    end_ms: int | None = None
    extension: ExtensionMode | None = None
    extension_trigger_ms: int | None = None
    extension_by_ms: int | None = None
    extension_max_count: int | None = None
    automatic_bids: bool | None = None

    valuation_minor: int | None = None
    valuation_expires_on: date | None = None
    revaluation_pending: bool = False
    priority_pending: bool = False
    service_contract_on: date | None = None
    failures: int = 0
    cuts: int = 0
    previous_start_minor: int | None = None
    short_procedure: bool = False
    session_start_total_minor: int | None = None

    posting_on: date | None = None
    posting_proof: str | None = None
    notices: tuple[Notice, ...] = ()
    viewing_on: tuple[date, ...] = ()
    registration_open_ms: int | None = None
    registration_close_ms: int | None = None
    deposit_open_ms: int | None = None
    deposit_close_ms: int | None = None
    deposit_window_agreed: bool = False  # owner and organisation agreed on another window

    forfeit_grounds: tuple[str, ...] | None = None
    pause_stop_clause: bool = False
    vat_excluded: bool = False
    vat_note: bool = False

    @property
    def kind(self) -> Kind:
        return "movable" if self.movable else "immovable"
