"""The models of cases, assets and service contracts in the API."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from auction_engine.http.models import Amount, Model, Problem, Texts, Whole

AssetState = Literal[
    "PREPARING", "READY", "OFFERED", "TAKEN", "LISTED", "SOLD", "FAILED", "WITHDRAWN", "RETURNED",
    "IN_KIND",
]  # fmt: skip
_Open = ConfigDict(extra="allow")


class CaseFault(Model):
    """One thing that is wrong: where, its stable code, and what to do."""

    path: str
    code: str
    cure: str


class CaseProblem(Problem):
    """A refusal with everything that is wrong; nothing was recorded."""

    faults: list[CaseFault] = Field(default_factory=list)


class Made(Model):
    """The number of what was made; of what the same call made before, if it was sent again."""

    model_config = _Open

    id: Whole


class Ruling(Model):
    """A judgment or a decision."""

    number: str
    court: str | None = None
    on: str = Field(description="YYYY-MM-DD")
    note: str | None = None


class NewParty(Model):
    """A party; rank and claim are for creditors."""

    kind: Literal["CREDITOR", "DEBTOR", "CO_OWNER", "SECURED", "RELATED"]
    name: str
    contact: dict[str, str] | None = Field(None, description="address, phone, email")
    rank: str | None = None
    claim_minor: Amount | None = None
    currency: str | None = None
    requested_on: str | None = None
    asset_id: Whole | None = Field(
        None, description="Where the party's right is in one asset only."
    )


class NewCase(Model):
    """A case with its parties."""

    number: str
    title: Texts | str
    judgment: Ruling
    decision: Ruling
    opened_on: str
    parties: list[NewParty] | None = None


class NewNotice(Model):
    """A notice that was given. `key` is the caller's own, new for each notice."""

    key: str
    party_id: Whole
    asset_id: Whole | None = None
    kind: str
    channel: Literal["DIGITAL", "BY_HAND", "BY_POST", "POSTING", "MEDIA", "ABROAD"]
    given_on: str
    second_on: str | None = None
    received_on: str | None = None
    subject: str


class NewAsset(Model):
    """An asset in the shape of a lot's content; `valuation` and `disclosure` may come with it."""

    kind: str
    title: Texts | str
    place: Texts | str
    summary: Texts | str
    facts: list[dict[str, Any]] | None = None
    movable: bool | None = Field(None, description="Where the kind does not say it.")
    reference: str | None = None
    province: str | None = None
    quantity: str | None = None
    image: str | None = None
    currency: str | None = None
    valuation: dict[str, Any] | None = None
    disclosure: dict[str, Any] | None = None


class AssetAct(Model):
    """What is done with an asset, its data by the names of the asset's page, and the reason."""

    do: str
    data: dict[str, Any] | None = None
    reason: str | None = None


class AssetAfter(Model):
    """The asset after an act."""

    id: Whole
    state: AssetState
    version: Whole


class CaseRow(Model):
    """A case in the list. `states`: how many of its assets are in each state."""

    id: Whole
    number: str
    title: Texts
    opened_on: str
    state: Literal["OPEN", "CLOSED"]
    states: dict[str, Whole]


class CaseRows(Model):
    """A page of cases."""

    cases: list[CaseRow]
    more: bool


class OpenThing(Model):
    """What keeps a case open; `number` of that asset, lot, complaint, finding or payout."""

    code: Literal["OPEN_ASSET", "OPEN_SALE", "OPEN_COMPLAINT", "OPEN_FINDING", "OPEN_PAYOUT"]
    number: Whole


class WholeCase(Model):
    """A case with its parties, assets and notices, and what keeps it open."""

    model_config = _Open

    id: Whole
    number: str
    title: Texts
    state: Literal["OPEN", "CLOSED"]
    parties: list[dict[str, Any]]
    assets: list[dict[str, Any]]
    notices: list[dict[str, Any]]
    version: Whole
    open: list[OpenThing]


class AssetStep(Model):
    """A step before the asset may be offered; `day`: what it waits for; `parties`: whom to tell."""

    key: str
    done: bool
    anchor: str
    day: str | None
    parties: list[Whole]


class WholeAsset(Model):
    """An asset: content, what it lacks, papers, files, rights and the days that count."""

    model_config = _Open

    id: Whole
    case_id: Whole
    kind: str
    movable: bool
    state: AssetState
    content: dict[str, Any]
    version: Whole
    lot_id: Whole | None
    steps: list[AssetStep]
    files: list[dict[str, Any]]
    deadlines: list[dict[str, Any]]


class FileKept(Model):
    """A file as it is kept: its checksum is of what was written anew."""

    id: Whole
    sha256: str


class NewOffer(Model):
    """Assets offered under terms. `stop_clause` must be true (Law 106/2025 Art. 84(3))."""

    number: str
    organisation_id: Whole
    assets: list[Whole]
    base_minor: Amount
    stop_clause: bool
    over_start_bp: Whole | None = None
    cap_minor: Amount | None = None
    currency: str | None = None
    note: str | None = None


class ContractRow(Model):
    """An offer or a contract; `assets` are number, title and state of each."""

    model_config = _Open

    id: Whole
    number: str
    state: Literal["OFFERED", "TAKEN", "DECLINED", "WITHDRAWN", "ENDED"]
    terms: dict[str, Any]
    signed_on: str | None


class ContractRows(Model):
    """Offers and contracts, the newest first."""

    contracts: list[ContractRow]


class Organisation(Model):
    """An organisation by its number."""

    id: Whole
    name: Texts


class Organisations(Model):
    """Whom assets can be offered to."""

    organisations: list[Organisation]


class OfferedAsset(Model):
    """An asset of an offer; `content` is what a lot of it would say."""

    id: Whole
    kind: str
    movable: bool
    state: AssetState
    content: dict[str, Any]


class Offer(ContractRow):
    """An offer with its assets."""

    offered: list[OfferedAsset]


class ContractAfter(Model):
    """A contract after an answer."""

    id: Whole
    state: Literal["OFFERED", "TAKEN", "DECLINED", "WITHDRAWN", "ENDED"]
    signed_on: str | None


class Why(Model):
    """A reason."""

    reason: str


class OfferAnswer(Model):
    """The organisation's answer; a refusal needs its reason."""

    do: Literal["take", "decline"]
    reason: str | None = None


class CaseChange(Model):
    """What is put right; the rest stays. `version` is that of the case that was read."""

    version: Whole
    title: Texts | str | None = None
    judgment: Ruling | None = None
    decision: Ruling | None = None


class ProofKept(Model):
    """A proof of a notice, and from which day the notice is valid now."""

    id: Whole
    valid_on: str | None


class FileGone(Model):
    """A file whose contents are gone; its checksum stays."""

    id: Whole
