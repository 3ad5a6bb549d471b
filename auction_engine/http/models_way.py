"""What the way in answers over the API."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Whole = Field(ge=0, le=2**53)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WayStep(_Model):
    """One step. `place`: DONE, NOW (do it), WAITING (others do), LATER, STOPPED."""

    code: Literal["SIGN_IN", "DOSSIER", "DEPOSIT", "DECISION", "ROOM"]
    place: Literal["DONE", "NOW", "WAITING", "LATER", "STOPPED"]
    text: str


class Way(_Model):
    """Where whoever asks stands. `window` is registration's: NONE where there are no dossiers."""

    lot: int = Whole
    window: Literal["NONE", "BEFORE", "OPEN", "OVER"]
    opens_ms: int | None
    closes_ms: int | None
    start_ms: int
    now_ms: int
    steps: list[WayStep]
    next: str | None


class DossierPerson(_Model):
    """Who takes part, and for whom; empty where nothing was said."""

    name: str = ""
    id_number: str = ""
    phone: str = ""
    for_another: bool = False
    principal: str = ""
    principal_id: str = ""
    relation: str = ""


class DossierDeclaration(_Model):
    """A declaration, the article it follows from, and whether it was made."""

    code: str
    article: str
    declared: bool


class DossierPaper(_Model):
    """A file of a dossier."""

    id: int
    kind: Literal["IDENTITY", "AUTHORITY", "CAPACITY", "OTHER"]
    media_type: Literal["application/pdf", "image/jpeg", "image/png"]
    size: int
    sha256: str


DossierState = Literal["NONE", "DRAFT", "SENT", "RETURNED", "ADMITTED", "REFUSED", "WITHDRAWN"]
DossierRecorded = Literal["REGISTERED", "ADMITTED", "REFUSED", "WITHDRAWN"]


class OwnDossier(_Model):
    """The own dossier. `entry_seq` and `entry_ms`: the journal's entry that has received it."""

    lot: int
    number: str | None
    state: DossierState
    recorded: DossierRecorded | None
    version: int
    entry_seq: int | None
    entry_ms: int | None
    ground: str | None
    reason: str | None
    person: DossierPerson
    declarations: list[DossierDeclaration]
    papers: list[DossierPaper]
    lacks: list[str]


class DossierSaved(_Model):
    """What is to be kept; `version` is the dossier's that was seen, 0 before it is begun."""

    version: int = Field(ge=0, le=999_999_999)
    declared: list[str]
    person: DossierPerson


class DossierShort(_Model):
    """A dossier without who it is of."""

    id: int
    lot: int
    number: str
    state: DossierState
    recorded: DossierRecorded | None
    version: int
    sent_ms: int | None
    ground: str | None


class Dossiers(_Model):
    """What is to be decided, oldest first."""

    dossiers: list[DossierShort]


class DossierConflict(_Model):
    """Somebody of either house to whom a person of the dossier is related; `ground` bars."""

    kind: str
    colleague: str
    ground: str | None


class DossierActDone(_Model):
    """One act with a dossier."""

    at_ms: int
    kind: str
    state: DossierState
    ground: str | None
    reason: str | None


class ReadDossier(DossierShort):
    """A dossier as its house reads it. `readable`: false once it is decided and until two people
    have opened the list together; `can`: the decisions that are possible now."""

    reason: str | None
    readable: bool
    person: DossierPerson | None
    papers: list[DossierPaper]
    declarations: list[DossierDeclaration]
    conflicts: list[DossierConflict]
    deposit_held: bool
    can: list[Literal["ADMIT", "RETURN", "REFUSE", "UNDO"]]
    history: list[DossierActDone]


class DossierDecision(_Model):
    """A decision about the dossier as it was at `version`."""

    do: Literal["ADMIT", "RETURN", "REFUSE", "UNDO"]
    version: int = Field(ge=0, le=999_999_999)
    ground: str | None = None
    reason: str | None = None


class PaperKept(_Model):
    """The number of the file that was kept."""

    id: int


class PracticeBegun(_Model):
    """The practice lot."""

    lot: int


class CostLine(_Model):
    """One line; `adds` is false for what is a part of another."""

    code: str
    amount_minor: int
    source: Literal["LOT", "PACK", "ASSUMED"]
    adds: bool
    basis: str | None


class CostAssumptions(_Model):
    """Shares in basis points of the price, amounts in minor units."""

    vat_bp: int
    registration_bp: int
    dossier_minor: int
    other_minor: int


class Cost(_Model):
    """What buying for a price costs in all."""

    lot: int
    currency: str
    minor_digits: int
    price_minor: int
    total_minor: int
    assumed: CostAssumptions
    lines: list[CostLine]
