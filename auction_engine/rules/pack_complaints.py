"""Sections of a rule pack about complaints: to whom, until when, and when an answer is due."""

from typing import Literal, Self

from pydantic import model_validator

from auction_engine.rules.pack_base import Part, Span, refuse

Addressee = Literal["ORGANISATION", "AGENCY"]


class ComplaintRule(Part):
    """The times of a complaint to one body.

    `file_within`: from the day on which the complainant received the decision or learned of the
    act. `accept_within`: from the filing, until the complaint is taken up or refused for its form.
    `decide_within`: from its being taken up, until it is decided.
    """

    file_within: Span
    accept_within: Span
    decide_within: Span


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
