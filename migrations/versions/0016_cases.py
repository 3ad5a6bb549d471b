"""Cases, parties, seized assets and their papers

A case and an asset say where they stand; what was done with them is append-only (`case_entry`,
`asset_entry`), and so are records of seizure, valuations, disclosures, custody and notices: a
correction is a further row. Names and addresses of people are sealed before they come here.

Revision: 0016; after: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")
_CHANGING = (
    "enforcement_case", "service_contract", "asset", "case_party", "asset_file",
    "asset_revaluation", "asset_priority",
)  # fmt: skip
# Of these only the sealed column may change, when the keys do (`keys reseal`).
_APPENDED = {
    "asset_seizure": "people",
    "asset_valuation": None,
    "asset_disclosure": None,
    "asset_custody": "keeper",
    "case_notice": None,
    "notice_proof": "sealed",
    "asset_entry": None,
    "case_entry": None,
}
_STATES = (
    "('PREPARING', 'READY', 'OFFERED', 'TAKEN', 'LISTED', 'SOLD', 'FAILED', 'WITHDRAWN',"
    " 'RETURNED', 'IN_KIND')"
)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _to(name: str, target: str, null: bool = False, **kw: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), nullable=null, **kw)


def _text(name: str, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=null)


def _json(name: str) -> sa.Column:
    return sa.Column(name, postgresql.JSONB, nullable=False)


def _bytes(name: str, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.LargeBinary, nullable=null)


def _day(name: str, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.Date, nullable=null)


def _int(name: str, null: bool = False, default: str | None = None) -> sa.Column:
    return sa.Column(
        name,
        sa.Integer,
        nullable=null,
        server_default=None if default is None else sa.text(default),
    )


def _at(name: str = "at", null: bool = False) -> sa.Column:
    return sa.Column(
        name, sa.DateTime(timezone=True), nullable=null, server_default=None if null else _NOW
    )


def upgrade() -> None:
    _cases()
    _assets()
    _parties()
    _papers()
    _notices()
    _rights()
    _entries()
    for table in _CHANGING:
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO auction_app")
    for table, sealed in _APPENDED.items():
        refused = "DELETE OR TRUNCATE" if sealed else "UPDATE OR DELETE OR TRUNCATE"
        _trigger(table, f"{table}_append_only", refused, "STATEMENT", "journal_is_append_only()")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO auction_app")
        if sealed:
            _trigger(table, f"{table}_resealed", "UPDATE", "ROW", f"only_resealed('{sealed}')")
            op.execute(f"GRANT UPDATE ({sealed}) ON {table} TO auction_app")


def _trigger(table: str, name: str, on: str, each: str, does: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {on} ON {table} FOR EACH {each} EXECUTE FUNCTION {does}"
    )
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def _cases() -> None:
    op.create_table(
        "enforcement_case",
        _id(),
        _to("agency_id", "body.id"),
        _text("number"),
        _json("title"),
        _json("judgment"),
        _json("decision"),
        _day("opened_on"),
        sa.Column("state", sa.Text, nullable=False, server_default="OPEN"),
        _to("created_by", "account.id"),
        _at("created_at"),
        sa.UniqueConstraint("agency_id", "number", name="enforcement_case_number"),
        sa.CheckConstraint("state IN ('OPEN', 'CLOSED')", name="enforcement_case_state"),
    )
    op.create_table(
        "service_contract",
        _id(),
        _text("number"),
        _to("agency_id", "body.id"),
        _to("organisation_id", "body.id"),
        sa.Column("state", sa.Text, nullable=False, server_default="OFFERED"),
        _json("terms"),
        _day("signed_on", null=True),
        _to("offered_by", "account.id"),
        _at("offered_at"),
        _to("taken_by", "account.id", null=True),
        _at("taken_at", null=True),
        _text("reason", null=True),
        sa.UniqueConstraint("agency_id", "number", name="service_contract_number"),
        sa.CheckConstraint(
            "state IN ('OFFERED', 'TAKEN', 'DECLINED', 'WITHDRAWN', 'ENDED')",
            name="service_contract_state",
        ),
        sa.CheckConstraint(
            "state NOT IN ('TAKEN', 'ENDED') OR signed_on IS NOT NULL",
            name="service_contract_signed",
        ),
    )
    op.create_index(
        "service_contract_of_organisation", "service_contract", ["organisation_id", "id"]
    )


def _assets() -> None:
    op.create_table(
        "asset",
        _id(),
        _to("case_id", "enforcement_case.id"),
        _to("agency_id", "body.id"),
        _text("reference", null=True),
        _text("kind"),
        sa.Column("movable", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="PREPARING"),
        _json("content"),
        _to("organisation_id", "body.id", null=True),
        _to("contract_id", "service_contract.id", null=True),
        _to("session_id", "auction_session.id", null=True),
        _to("lot_id", "lot.id", null=True),
        _int("version", default="1"),
        _int("failures", default="0"),
        _int("cuts", default="0"),
        sa.Column("previous_start_minor", sa.BigInteger, nullable=True),
        _int("followed_seq", default="0"),
        _at("created_at"),
        sa.CheckConstraint(f"state IN {_STATES}", name="asset_state_known"),
        sa.CheckConstraint(
            "state NOT IN ('OFFERED', 'TAKEN', 'LISTED')"
            " OR (organisation_id IS NOT NULL AND contract_id IS NOT NULL)",
            name="asset_with_organisation",
        ),
        sa.CheckConstraint(
            "state <> 'LISTED' OR (session_id IS NOT NULL AND lot_id IS NOT NULL)",
            name="asset_listed_in_lot",
        ),
    )
    op.create_index("asset_of_case", "asset", ["case_id", "id"])
    op.create_index("asset_of_agency", "asset", ["agency_id", "id"])
    op.create_index("asset_of_organisation", "asset", ["organisation_id", "state"])
    op.create_index("asset_of_contract", "asset", ["contract_id"])
    op.create_index(
        "asset_reference", "asset", ["agency_id", "reference"], unique=True,
        postgresql_where=sa.text("reference IS NOT NULL"),
    )  # fmt: skip
    op.create_index(
        "asset_of_lot", "asset", ["lot_id"], unique=True,
        postgresql_where=sa.text("lot_id IS NOT NULL"),
    )  # fmt: skip


def _parties() -> None:
    op.create_table(
        "case_party",
        _id(),
        _to("case_id", "enforcement_case.id"),
        # Null where somebody is a party to the whole case, not to one asset of it.
        _to("asset_id", "asset.id", null=True),
        _text("kind"),
        _bytes("name"),
        _bytes("contact", null=True),
        _text("rank", null=True),
        sa.Column("claim_minor", sa.BigInteger, nullable=True),
        _text("currency", null=True),
        _day("requested_on", null=True),
        _at(),
        _at("left_at", null=True),
        sa.CheckConstraint(
            "kind IN ('CREDITOR', 'DEBTOR', 'CO_OWNER', 'SECURED', 'RELATED')",
            name="case_party_kind",
        ),
        sa.CheckConstraint("claim_minor >= 0", name="case_party_claim"),
        sa.CheckConstraint(
            "(claim_minor IS NULL) = (currency IS NULL)", name="case_party_claim_currency"
        ),
    )
    op.create_index("case_party_of_case", "case_party", ["case_id", "id"])


def _papers() -> None:
    op.create_table(
        "asset_seizure",
        _id(),
        _to("asset_id", "asset.id"),
        _text("number"),
        _day("seized_on"),
        _text("place"),
        _json("found"),
        _bytes("people"),
        _at(),
    )
    op.create_index("asset_seizure_of_asset", "asset_seizure", ["asset_id", "id"])
    op.create_table(
        "asset_valuation",
        _id(),
        _to("asset_id", "asset.id"),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        _text("currency"),
        _day("valued_on"),
        _day("expires_on", null=True),
        _text("basis"),
        _text("document"),
        _text("valuer", null=True),
        _to("replaces", "asset_valuation.id", null=True, unique=True),
        _at(),
        sa.CheckConstraint(
            "basis IN ('AGREED', 'FIRM', 'COUNCIL', 'OFFICER')", name="asset_valuation_basis"
        ),
        sa.CheckConstraint("amount_minor > 0", name="asset_valuation_amount"),
        sa.CheckConstraint("expires_on >= valued_on", name="asset_valuation_expires"),
    )
    op.create_index("asset_valuation_of_asset", "asset_valuation", ["asset_id", "id"])
    op.create_table(
        "asset_disclosure",
        sa.Column("asset_id", sa.BigInteger, sa.ForeignKey("asset.id"), primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        _json("body"),
        _at(),
    )
    op.create_table(
        "asset_custody",
        _id(),
        _to("asset_id", "asset.id"),
        _text("how"),
        _bytes("keeper"),
        _text("place"),
        _day("since"),
        _text("condition"),
        _at(),
        sa.CheckConstraint(
            "how IN ('AGENCY', 'WAREHOUSE', 'DEBTOR', 'RELATIVE', 'OTHER')",
            name="asset_custody_how",
        ),
    )
    op.create_index("asset_custody_of_asset", "asset_custody", ["asset_id", "id"])
    op.create_table(
        "asset_file",
        _id(),
        _to("asset_id", "asset.id"),
        _text("kind"),
        # What the officer calls it, not what the file was called on somebody's computer.
        _text("name"),
        _text("paper", null=True),
        _text("media_type"),
        _bytes("sha256"),
        _int("size_bytes"),
        _int("version"),
        _to("replaces", "asset_file.id", null=True, unique=True),
        sa.Column("public", sa.Boolean, nullable=False),
        _bytes("sealed", null=True),
        _at(),
        _at("removed_at", null=True),
        sa.CheckConstraint("kind IN ('PHOTO', 'DOCUMENT')", name="asset_file_kind"),
        # What was taken away again leaves its checksum, not its contents.
        sa.CheckConstraint(
            "(removed_at IS NULL) = (sealed IS NOT NULL)", name="asset_file_gone_or_there"
        ),
        sa.CheckConstraint("(replaces IS NULL) = (version = 1)", name="asset_file_version"),
    )
    op.create_index("asset_file_of_asset", "asset_file", ["asset_id", "id"])


def _notices() -> None:
    op.create_table(
        "case_notice",
        _id(),
        # What the form carried: the same one sent twice is one notice.
        sa.Column("key", sa.Uuid, nullable=False, unique=True),
        _to("case_id", "enforcement_case.id"),
        _to("asset_id", "asset.id", null=True),
        _to("party_id", "case_party.id"),
        _text("kind"),
        _text("channel"),
        _at("sent_at", null=True),
        _day("valid_on", null=True),
        _day("until_on", null=True),
        _text("article", null=True),
        _text("subject"),
        _at(),
        sa.CheckConstraint(
            "channel IN ('DIGITAL', 'BY_HAND', 'BY_POST', 'POSTING', 'MEDIA', 'ABROAD')",
            name="case_notice_channel",
        ),
    )
    op.create_index("case_notice_of_case", "case_notice", ["case_id", "id"])
    op.create_table(
        "notice_proof",
        _id(),
        _to("notice_id", "case_notice.id"),
        _text("kind"),
        _day("shown_on"),
        _text("media_type"),
        _bytes("sha256"),
        _int("size_bytes"),
        _bytes("sealed"),
        _at(),
    )
    op.create_index("notice_proof_of_notice", "notice_proof", ["notice_id", "id"])


def _rights() -> None:
    op.create_table(
        "asset_revaluation",
        _id(),
        _to("asset_id", "asset.id"),
        _to("valuation_id", "asset_valuation.id"),
        _to("party_id", "case_party.id"),
        _day("asked_on"),
        _text("state"),
        _text("reason", null=True),
        _at(),
        _at("settled_at", null=True),
        sa.UniqueConstraint("valuation_id", "party_id", name="asset_revaluation_once"),
        sa.CheckConstraint(
            "state IN ('PENDING', 'REVALUED', 'REFUSED')", name="asset_revaluation_state"
        ),
    )
    op.create_table(
        "asset_priority",
        _id(),
        _to("asset_id", "asset.id"),
        _to("party_id", "case_party.id"),
        _to("notice_id", "case_notice.id"),
        _int("round"),
        _day("until_on"),
        _day("pay_by"),
        _text("article"),
        _text("state"),
        _text("reason", null=True),
        _at(),
        _at("settled_at", null=True),
        sa.UniqueConstraint("asset_id", "party_id", "round", name="asset_priority_once"),
        sa.CheckConstraint(
            "state IN ('OPEN', 'WAIVED', 'CLAIMED', 'BOUGHT', 'LAPSED')",
            name="asset_priority_state",
        ),
    )


def _entries() -> None:
    for table, of, target in (
        ("asset_entry", "asset_id", "asset.id"),
        ("case_entry", "case_id", "enforcement_case.id"),
    ):
        op.create_table(
            table,
            sa.Column(of, sa.BigInteger, sa.ForeignKey(target), primary_key=True),
            sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
            _at(),
            _to("account_id", "account.id", null=True),  # null: the program by itself
            _text("kind"),
            _text("reason", null=True),
            _json("body"),
        )


def downgrade() -> None:
    for table in (
        "case_entry", "asset_entry", "asset_priority", "asset_revaluation", "notice_proof",
        "case_notice", "asset_file", "asset_custody", "asset_disclosure", "asset_valuation",
        "asset_seizure", "case_party", "asset", "service_contract", "enforcement_case",
    ):  # fmt: skip
        op.drop_table(table)
