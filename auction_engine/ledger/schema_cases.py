"""The tables of cases: parties, seized assets, their papers, notices, rights and contracts.

Rows are written with plain SQL by `desk.cases`. Records of seizure, valuations, disclosures,
custody, notices and entries are append-only: a correction is a further row; the last one counts.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from auction_engine.ledger.marking import sealed as seals
from auction_engine.ledger.schema import Base


def _id() -> Mapped[int]:
    return mapped_column(BigInteger, Identity(), primary_key=True)


def _to(target: str) -> Mapped[int]:
    return mapped_column(BigInteger, ForeignKey(target))


def _maybe(target: str) -> Mapped[int | None]:
    return mapped_column(BigInteger, ForeignKey(target))


def _day() -> Mapped[date]:
    return mapped_column(Date)


def _maybe_day() -> Mapped[date | None]:
    return mapped_column(Date)


def _now() -> Mapped[datetime]:
    return mapped_column(server_default=func.now())


class EnforcementCase(Base):
    """A case of an agency: the judgment it enforces and the decision that orders it."""

    __tablename__ = "enforcement_case"
    id: Mapped[int] = _id()
    agency_id: Mapped[int] = _to("body.id")
    number: Mapped[str]
    title: Mapped[dict[str, Any]]
    judgment: Mapped[dict[str, Any]]
    decision: Mapped[dict[str, Any]]
    opened_on: Mapped[date] = _day()
    state: Mapped[str] = mapped_column(server_default="OPEN")
    created_by: Mapped[int] = _to("account.id")
    created_at: Mapped[datetime] = _now()
    __table_args__ = (UniqueConstraint("agency_id", "number", name="enforcement_case_number"),)


class ServiceContract(Base):
    """An agency's offer to an organisation, and the contract it becomes. `terms`: the fee."""

    __tablename__ = "service_contract"
    id: Mapped[int] = _id()
    number: Mapped[str]
    agency_id: Mapped[int] = _to("body.id")
    organisation_id: Mapped[int] = _to("body.id")
    state: Mapped[str] = mapped_column(server_default="OFFERED")
    terms: Mapped[dict[str, Any]]
    signed_on: Mapped[date | None] = _maybe_day()
    offered_by: Mapped[int] = _to("account.id")
    offered_at: Mapped[datetime] = _now()
    taken_by: Mapped[int | None] = _maybe("account.id")
    taken_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    __table_args__ = (
        UniqueConstraint("agency_id", "number", name="service_contract_number"),
        Index("service_contract_of_organisation", "organisation_id", "id"),
    )


class Asset(Base):
    """A seized asset: what its lot's page will say, and where it stands on its way.

    `state` follows the lot once there is one; `followed_seq` is the entry of the lot's journal it
    was followed to. `previous_start_minor` is the start of the last auction of it, `cuts` how often
    the price was cut since the first. `version` rises with each change.
    """

    __tablename__ = "asset"
    id: Mapped[int] = _id()
    case_id: Mapped[int] = _to("enforcement_case.id")
    agency_id: Mapped[int] = _to("body.id")
    reference: Mapped[str | None]
    kind: Mapped[str]
    movable: Mapped[bool] = mapped_column(Boolean)
    state: Mapped[str] = mapped_column(server_default="PREPARING")
    content: Mapped[dict[str, Any]]
    organisation_id: Mapped[int | None] = _maybe("body.id")
    contract_id: Mapped[int | None] = _maybe("service_contract.id")
    session_id: Mapped[int | None] = _maybe("auction_session.id")
    lot_id: Mapped[int | None] = _maybe("lot.id")
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    cuts: Mapped[int] = mapped_column(Integer, server_default="0")
    previous_start_minor: Mapped[int | None]
    followed_seq: Mapped[int] = mapped_column(Integer, server_default="0")
    created_at: Mapped[datetime] = _now()
    __table_args__ = (
        Index("asset_of_case", "case_id", "id"),
        Index("asset_of_agency", "agency_id", "id"),
        Index("asset_of_organisation", "organisation_id", "state"),
        Index("asset_of_contract", "contract_id"),
        Index(
            "asset_reference",
            "agency_id",
            "reference",
            unique=True,
            postgresql_where=text("reference IS NOT NULL"),
        ),
        Index("asset_of_lot", "lot_id", unique=True, postgresql_where=text("lot_id IS NOT NULL")),
    )


class CaseParty(Base):
    """Somebody the case is about. `name` and `contact` (JSON) are sealed; `asset_id` is null where
    the party's right is not in one asset only. `requested_on`: when a creditor asked."""

    __tablename__ = "case_party"
    id: Mapped[int] = _id()
    case_id: Mapped[int] = _to("enforcement_case.id")
    asset_id: Mapped[int | None] = _maybe("asset.id")
    kind: Mapped[str]
    name: Mapped[bytes] = mapped_column(info=seals("case/{case_id}/party.name"))
    contact: Mapped[bytes | None] = mapped_column(info=seals("case/{case_id}/party.contact"))
    rank: Mapped[str | None]
    claim_minor: Mapped[int | None]
    currency: Mapped[str | None]
    requested_on: Mapped[date | None] = _maybe_day()
    at: Mapped[datetime] = _now()
    left_at: Mapped[datetime | None]
    __table_args__ = (Index("case_party_of_case", "case_id", "id"),)


class AssetSeizure(Base):
    """A record of seizure. `found`: what was found; `people` (who was there) is sealed."""

    __tablename__ = "asset_seizure"
    id: Mapped[int] = _id()
    asset_id: Mapped[int] = _to("asset.id")
    number: Mapped[str]
    seized_on: Mapped[date] = _day()
    place: Mapped[str]
    found: Mapped[dict[str, Any]]
    people: Mapped[bytes] = mapped_column(info=seals("asset/{asset_id}/seizure"))
    at: Mapped[datetime] = _now()
    __table_args__ = (Index("asset_seizure_of_asset", "asset_id", "id"),)


class AssetValuation(Base):
    """What an asset is worth, by whom, until when. `valuer` is a firm or a council, no person."""

    __tablename__ = "asset_valuation"
    id: Mapped[int] = _id()
    asset_id: Mapped[int] = _to("asset.id")
    amount_minor: Mapped[int]
    currency: Mapped[str]
    valued_on: Mapped[date] = _day()
    expires_on: Mapped[date | None] = _maybe_day()
    basis: Mapped[str]
    document: Mapped[str]
    valuer: Mapped[str | None]
    replaces: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("asset_valuation.id"), unique=True
    )
    at: Mapped[datetime] = _now()
    __table_args__ = (Index("asset_valuation_of_asset", "asset_id", "id"),)


class AssetDisclosure(Base):
    """What a buyer must know, answer by answer (`desk.cases.disclosing`)."""

    __tablename__ = "asset_disclosure"
    asset_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("asset.id"), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    body: Mapped[dict[str, Any]]
    at: Mapped[datetime] = _now()


class AssetCustody(Base):
    """Who keeps a movable since when, where and in which condition. `keeper` is sealed."""

    __tablename__ = "asset_custody"
    id: Mapped[int] = _id()
    asset_id: Mapped[int] = _to("asset.id")
    how: Mapped[str]
    keeper: Mapped[bytes] = mapped_column(info=seals("asset/{asset_id}/custody"))
    place: Mapped[str]
    since: Mapped[date] = _day()
    condition: Mapped[str]
    at: Mapped[datetime] = _now()
    __table_args__ = (Index("asset_custody_of_asset", "asset_id", "id"),)


class AssetFile(Base):
    """A photograph or document, sealed; `sha256` is of what is kept. `replaces`: its older version.

    `paper` says what a document is (`desk.cases.files.PAPERS`), `public` whether bidders see it.
    """

    __tablename__ = "asset_file"
    id: Mapped[int] = _id()
    asset_id: Mapped[int] = _to("asset.id")
    kind: Mapped[str]
    name: Mapped[str]
    paper: Mapped[str | None]
    media_type: Mapped[str]
    sha256: Mapped[bytes]
    size_bytes: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer)
    replaces: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("asset_file.id"), unique=True
    )
    public: Mapped[bool] = mapped_column(Boolean)
    sealed: Mapped[bytes | None] = mapped_column(info=seals("asset/{asset_id}/file"))
    at: Mapped[datetime] = _now()
    removed_at: Mapped[datetime | None]
    __table_args__ = (Index("asset_file_of_asset", "asset_id", "id"),)


class CaseNotice(Base):
    """A notice to a party. `valid_on` is null until the channel makes it valid; `until_on` ends a
    posting; `article` is where that stands. `subject` says what it told."""

    __tablename__ = "case_notice"
    id: Mapped[int] = _id()
    key: Mapped[Any] = mapped_column(Uuid, unique=True)
    case_id: Mapped[int] = _to("enforcement_case.id")
    asset_id: Mapped[int | None] = _maybe("asset.id")
    party_id: Mapped[int] = _to("case_party.id")
    kind: Mapped[str]
    channel: Mapped[str]
    sent_at: Mapped[datetime | None]
    valid_on: Mapped[date | None] = _maybe_day()
    until_on: Mapped[date | None] = _maybe_day()
    article: Mapped[str | None]
    subject: Mapped[str]
    at: Mapped[datetime] = _now()
    __table_args__ = (Index("case_notice_of_case", "case_id", "id"),)


class NoticeProof(Base):
    """What shows that a notice was given: a receipt, a photograph of the posting. Sealed."""

    __tablename__ = "notice_proof"
    id: Mapped[int] = _id()
    notice_id: Mapped[int] = _to("case_notice.id")
    kind: Mapped[str]
    shown_on: Mapped[date] = _day()
    media_type: Mapped[str]
    sha256: Mapped[bytes]
    size_bytes: Mapped[int] = mapped_column(Integer)
    sealed: Mapped[bytes] = mapped_column(info=seals("notice/{notice_id}/proof"))
    at: Mapped[datetime] = _now()
    __table_args__ = (Index("notice_proof_of_notice", "notice_id", "id"),)


class AssetRevaluation(Base):
    """A party's request to value an asset again; pending, it keeps the asset from being offered."""

    __tablename__ = "asset_revaluation"
    id: Mapped[int] = _id()
    asset_id: Mapped[int] = _to("asset.id")
    valuation_id: Mapped[int] = _to("asset_valuation.id")
    party_id: Mapped[int] = _to("case_party.id")
    asked_on: Mapped[date] = _day()
    state: Mapped[str]
    reason: Mapped[str | None]
    at: Mapped[datetime] = _now()
    settled_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("valuation_id", "party_id", name="asset_revaluation_once"),)


class AssetPriority(Base):
    """The right of a co-owner or another to buy first, for one round: until when, and its use."""

    __tablename__ = "asset_priority"
    id: Mapped[int] = _id()
    asset_id: Mapped[int] = _to("asset.id")
    party_id: Mapped[int] = _to("case_party.id")
    notice_id: Mapped[int] = _to("case_notice.id")
    round: Mapped[int] = mapped_column(Integer)
    until_on: Mapped[date] = _day()
    pay_by: Mapped[date] = _day()
    article: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    at: Mapped[datetime] = _now()
    settled_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("asset_id", "party_id", "round", name="asset_priority_once"),
    )


class AssetEntry(Base):
    """Who did what with an asset, when and why; `account_id` is null for the program."""

    __tablename__ = "asset_entry"
    asset_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("asset.id"), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = _now()
    account_id: Mapped[int | None] = _maybe("account.id")
    kind: Mapped[str]
    reason: Mapped[str | None]
    body: Mapped[dict[str, Any]]


class CaseEntry(Base):
    """Who did what with a case, when and why. Append-only, like `asset_entry`."""

    __tablename__ = "case_entry"
    case_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("enforcement_case.id"), primary_key=True
    )
    n: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = _now()
    account_id: Mapped[int | None] = _maybe("account.id")
    kind: Mapped[str]
    reason: Mapped[str | None]
    body: Mapped[dict[str, Any]]
