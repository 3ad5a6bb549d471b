"""Sections of a rule pack about complaints: to whom, until when, and when an answer is due."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from auction_engine.rules.pack_base import Part, Span, refuse, without_repeats

Addressee = Literal["ORGANISATION", "AGENCY"]
# What can wait for the end of a complaint; never the bidding. PAYOUT: forfeited deposits and what
# leaves for anybody but a bidder. SINGLE_BIDDER follows from that section of the pack.
Held = Literal["ANNOUNCEMENT", "PAYOUT", "DISTRIBUTION"]


class ComplaintHold(Part):
    """What waits while a complaint is open, from its filing or from its being taken up on."""

    what: Annotated[tuple[Held, ...], Field(min_length=1), AfterValidator(without_repeats)]
    since: Literal["FILED", "ACCEPTED"]


class ComplaintAppeal(Part):
    """The second instance: from the decision, until it is asked for; then until it is decided."""

    within: Span
    decide_within: Span


class ComplaintRule(Part):
    """The times of a complaint to one body.

    `file_within`: from the day on which the complainant received the decision or learned of the
    act. `accept_within`: from the filing, until the complaint is taken up or refused for its form.
    `decide_within`: from its being taken up, until it is decided.
    """

    file_within: Span
    accept_within: Span
    decide_within: Span
    hold: ComplaintHold | None = None
    appeal: ComplaintAppeal | None = None


class Complaints(Part):
    """Complaints to the auction organisation and, where there is one, to the agency that sells."""

    organisation: ComplaintRule | None = None
    agency: ComplaintRule | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.organisation is None and self.agency is None:
            refuse([("organisation", "name at least one body that hears complaints")])
        return self

    def of(self, addressee: Addressee) -> ComplaintRule | None:
        """The times of complaints to this body; None where the pack knows of none."""
        return self.organisation if addressee == "ORGANISATION" else self.agency
