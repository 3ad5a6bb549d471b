"""What may be done with a dossier, and what it becomes. Pure.

Two things stand beside each other: what people made of the dossier (`State`), and what the lot's
journal says of its bidder (`Recorded`). People come first, the journal follows; what it has
recorded is not undone (Law 01/2016 Art. 38).
"""

from typing import Literal, NamedTuple

from auction_engine.errors import AuctionError

State = Literal["DRAFT", "SENT", "RETURNED", "ADMITTED", "REFUSED", "WITHDRAWN"]
Recorded = Literal["REGISTERED", "ADMITTED", "REFUSED", "WITHDRAWN"]
Kind = Literal[
    "BEGIN", "SAVE", "ADD", "REMOVE", "SEND", "LATE", "RETURN", "ADMIT", "REFUSE", "UNDO",
    "WITHDRAW", "OPEN", "RECORDED",
]  # fmt: skip
# A dossier that is in somebody's hands: its bidder takes part, or may yet.
LIVE: tuple[State, ...] = ("SENT", "RETURNED", "ADMITTED")
# What the organisation still has to decide.
TO_DECIDE: tuple[State, ...] = ("SENT", "RETURNED")
_ANY: tuple[State, ...] = ("DRAFT", "SENT", "RETURNED", "ADMITTED", "REFUSED", "WITHDRAWN")


class Move(NamedTuple):
    """From which states, and to which; None stays where it is.

    `open_only`: not after registration has closed. `unrecorded`: only while the journal knows
    nothing of a decision.
    """

    sources: tuple[State, ...]
    target: State | None
    open_only: bool = False
    unrecorded: bool = False


MOVES: dict[Kind, Move] = {
    "SAVE": Move(("DRAFT", "RETURNED"), None, open_only=True),
    "ADD": Move(("DRAFT", "RETURNED"), None, open_only=True),
    "REMOVE": Move(("DRAFT", "RETURNED"), None, open_only=True),
    "SEND": Move(("DRAFT", "RETURNED"), "SENT", open_only=True),
    "LATE": Move(("SENT",), "DRAFT"),
    "RETURN": Move(("SENT",), "RETURNED", open_only=True, unrecorded=True),
    "ADMIT": Move(("SENT", "RETURNED"), "ADMITTED", unrecorded=True),
    "REFUSE": Move(("SENT", "RETURNED", "ADMITTED"), "REFUSED", unrecorded=True),
    "UNDO": Move(("ADMITTED", "REFUSED"), "SENT", open_only=True, unrecorded=True),
    "WITHDRAW": Move(("SENT", "RETURNED", "ADMITTED", "REFUSED"), "WITHDRAWN"),
    "OPEN": Move(_ANY, None),
}
# What the organisation decides, and what it must say with it.
DECISIONS: tuple[Kind, ...] = ("ADMIT", "RETURN", "REFUSE", "UNDO")
NEEDS_REASON: tuple[Kind, ...] = ("RETURN", "REFUSE", "UNDO")

# Grounds of a refusal that no barred group is: each is a rule of the law, none is the house's own
# (Law 01/2016 Art. 38(3): nobody may add conditions).
OTHER_GROUNDS = (
    "RELATIVE_BIDS_TOO",
    "PROXY_RULES",
    "PAPERS_MISSING",
    "PAPERS_FALSE",
    "DEPOSIT_MISSING",
)


class AdmissionError(AuctionError):
    """Something that cannot be done with a dossier. `code` is stable; `values` are for the text."""

    def __init__(self, code: str, text: str, **values: int | str) -> None:
        super().__init__(text)
        self.code = code
        self.values = values


def moved(kind: Kind, state: State, recorded: Recorded | None, is_open: bool) -> State:
    """The state after `kind`; `is_open`: registration is open by the log's clock.

    Raises AdmissionError RECORDED, REGISTRATION_CLOSED or WRONG_STATE, in that order.
    """
    move = MOVES[kind]
    if move.unrecorded and recorded not in (None, "REGISTERED"):
        raise AdmissionError(
            "RECORDED", "This dossier's outcome is in the lot's record; it stands there for good."
        )
    if move.open_only and not is_open:
        raise AdmissionError(
            "REGISTRATION_CLOSED", "Registration for this lot has closed; nothing was changed."
        )
    if state not in move.sources:
        raise AdmissionError("WRONG_STATE", f"A dossier that is {state} cannot be changed so.")
    return move.target or state
