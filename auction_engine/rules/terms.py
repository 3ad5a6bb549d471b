"""What the auction rules say about a lot's life around the bidding: its terms."""

from dataclasses import dataclass
from typing import Literal

from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.rules.parts import BASIS_POINTS, MAX_MS, ParamsError, one_of, whole

ForfeitGround = Literal["ABSENT", "DISQUALIFIED", "REFUSED_MINUTES", "WITHDREW", "REFUSED_WIN"]
# Law 01/2016 Art. 39(6): a closed list; Art. 39(7): nobody may add to it.
FORFEIT_GROUNDS: tuple[ForfeitGround, ...] = (
    "ABSENT",
    "DISQUALIFIED",
    "REFUSED_MINUTES",
    "WITHDREW",
    "REFUSED_WIN",
)
# Who gets a lost deposit (Law 01/2016 Art. 39(8); Decree 152/2026 Art. 65(4)-(5)).
BENEFICIARIES = (
    "OWNER",
    "STATE_BUDGET_AFTER_COSTS",
    "ENFORCEMENT_AGENCY",
    "ESTATE",
    "NOT_FORFEITED",
)
# How a deposit is there: money, a bank's promise, a hold on a card, or a creditor who needs none.
DEPOSIT_MEANS = ("TRANSFER", "CASH", "GUARANTEE", "CARD_HOLD", "EXEMPT")
SIGNATORIES = ("AUCTIONEER", "RECORDER", "WINNER", "OWNER", "REPRESENTATIVE")
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Terms:
    """How a lot lives before and after the bidding; frozen with the other parameters.

    Moments are UTC milliseconds, `*_ms` otherwise durations. `registration_open_ms` and
    `registration_close_ms` are both None where bidders are admitted without a dossier window.
    `single_bidder`: whether one sole bidder may buy (Art. 49): NEVER, with the owner's CONSENT, or
    ALWAYS; only after `single_after_failures` failed auctions of the same property.
    `runner_up`: NONE; DEPOSIT_COVERS, if the next bid plus the deposit reaches the refused one
    (Art. 51(1)); NEXT_BID, without that condition; `runner_up_depth` steps down at most.
    `failures`, `cuts` and `previous_start_minor` tell what happened to the property before.
    `forfeit_beneficiaries` are (ground, who gets the deposit); see `beneficiary`.
    `deposits`: OUTSIDE, where whoever admits answers for them, or RECORDED, where the journal says
    that each is held (see `rules.deposits`) in one of the ways in `deposit_means`.
    """

    deposit_minor: int = 0
    min_participants: int = 2
    single_bidder: Literal["NEVER", "CONSENT", "ALWAYS"] = "CONSENT"
    single_after_failures: int = 1
    failures: int = 0
    cuts: int = 0
    previous_start_minor: int | None = None
    max_cut_bp: int = 1_000
    in_kind_after_cuts: int | None = 2
    registration_open_ms: int | None = None
    registration_close_ms: int | None = None
    withdrawal: bool = True
    announcement: Literal["AUCTIONEER", "IMMEDIATE"] = "AUCTIONEER"
    runner_up: Literal["NONE", "DEPOSIT_COVERS", "NEXT_BID"] = "DEPOSIT_COVERS"
    runner_up_depth: int = 1
    offer_ms: int = 3 * DAY_MS
    consent_ms: int = 3 * DAY_MS
    signatories: tuple[str, ...] = ("AUCTIONEER", "RECORDER", "WINNER")
    minutes_ms: int = 3 * DAY_MS
    payment_ms: int = 30 * DAY_MS
    payment_extended_ms: int | None = 60 * DAY_MS
    delivery_ms: int = 60 * DAY_MS
    claim_ms: int = 3 * DAY_MS
    forfeit_grounds: tuple[str, ...] = FORFEIT_GROUNDS
    incident_choices: tuple[str, ...] = ("CONTINUE", "ANNUL")
    forfeit_beneficiaries: tuple[tuple[str, str], ...] = ()
    deposits: Literal["OUTSIDE", "RECORDED"] = "OUTSIDE"
    deposit_means: tuple[str, ...] = ("TRANSFER",)

    def __post_init__(self) -> None:
        whole("deposit_minor", self.deposit_minor, 0, MAX_AMOUNT_MINOR)
        whole("min_participants", self.min_participants, 1, MAX_MS)
        one_of("single_bidder", self.single_bidder, ("NEVER", "CONSENT", "ALWAYS"))
        for name in ("single_after_failures", "failures", "cuts", "runner_up_depth"):
            whole(name, getattr(self, name), 0, MAX_MS)
        if self.previous_start_minor is not None:
            whole("previous_start_minor", self.previous_start_minor, 1, MAX_AMOUNT_MINOR)
        whole("max_cut_bp", self.max_cut_bp, 0, BASIS_POINTS)
        if self.in_kind_after_cuts is not None:
            whole("in_kind_after_cuts", self.in_kind_after_cuts, 0, MAX_MS)
        _check_registration(self)
        one_of("announcement", self.announcement, ("AUCTIONEER", "IMMEDIATE"))
        one_of("runner_up", self.runner_up, ("NONE", "DEPOSIT_COVERS", "NEXT_BID"))
        if type(self.withdrawal) is not bool:
            raise ParamsError("withdrawal", "must be true or false")
        for name in ("offer", "consent", "minutes", "payment", "delivery", "claim"):
            whole(f"{name}_ms", getattr(self, f"{name}_ms"), 1, MAX_MS)
        if self.payment_extended_ms is not None:
            whole("payment_extended_ms", self.payment_extended_ms, self.payment_ms, MAX_MS)
        _check_lists(self)
        _check_deposits(self)

    def beneficiary(self, ground: str) -> str:
        """Who gets a deposit lost on one of the five grounds, or by PAYMENT_DEFAULT.

        For what is not said: the State budget after costs, and the enforcement agency where the
        winner does not pay (Decree 152/2026 Art. 65(4)-(5)).
        """
        other = "ENFORCEMENT_AGENCY" if ground == "PAYMENT_DEFAULT" else "STATE_BUDGET_AFTER_COSTS"
        return dict(self.forfeit_beneficiaries).get(ground, other)


def _check_registration(terms: Terms) -> None:
    opens, closes = terms.registration_open_ms, terms.registration_close_ms
    if (opens is None) != (closes is None):
        raise ParamsError("registration_close_ms", "opening and closing go together")
    if opens is not None and closes is not None:
        whole("registration_open_ms", opens, 0, MAX_MS)
        whole("registration_close_ms", closes, opens + 1, MAX_MS)


def _check_deposits(terms: Terms) -> None:
    one_of("deposits", terms.deposits, ("OUTSIDE", "RECORDED"))
    if terms.deposits == "RECORDED" and not terms.deposit_minor:
        raise ParamsError("deposits", "a lot without a deposit has none to record")
    if not terms.deposit_means:
        raise ParamsError("deposit_means", "name at least one way to make a deposit")
    for number, means in enumerate(terms.deposit_means):
        one_of(f"deposit_means[{number}]", means, DEPOSIT_MEANS)


def _check_lists(terms: Terms) -> None:
    for number, ground in enumerate(terms.forfeit_grounds):
        if ground not in FORFEIT_GROUNDS:
            raise ParamsError(
                f"forfeit_grounds[{number}]",
                f"{ground} is not one of the five of Art. 39(6); nobody may add to them",
            )
    for number, signatory in enumerate(terms.signatories):
        one_of(f"signatories[{number}]", signatory, SIGNATORIES)
    if "WINNER" not in terms.signatories:
        raise ParamsError("signatories", "the winner signs the minutes")
    for number, choice in enumerate(terms.incident_choices):
        one_of(f"incident_choices[{number}]", choice, ("CONTINUE", "ANNUL"))
    for number, pair in enumerate(terms.forfeit_beneficiaries):
        path = f"forfeit_beneficiaries[{number}]"
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise ParamsError(path, "must be [ground, beneficiary]")
        one_of(f"{path}[0]", pair[0], (*FORFEIT_GROUNDS, "PAYMENT_DEFAULT"))
        one_of(f"{path}[1]", pair[1], BENEFICIARIES)
